"""Reads what is live beside what s.yaml declares."""

from scripts.account.clients import Clients
from scripts.account.deployment import plan
from scripts.account.function import Live
from scripts.decide.drift import Comparison, comparison
from scripts.declared import Spec


def compare(spec: Spec, clients: Clients) -> Comparison:
    """Compare what is live with the spec, the code by its checksum; raises as `plan`."""
    planned = plan(spec, clients)
    live = Live.find(spec, clients)
    return comparison(planned, live.pause if live else None, spec)
