"""Reads what is live beside what s.yaml declares."""

from scripts.account.clients import Clients
from scripts.account.deploy_plan import plan
from scripts.account.deployed_function import DeployedFunction
from scripts.decide.drift import Comparison, comparison
from scripts.declared import Spec


def find_drift(spec: Spec, clients: Clients) -> Comparison:
    """Compare what is live with the spec, the code by its checksum; raises as `plan`."""
    planned = plan(spec, clients)
    live = DeployedFunction.find(spec, clients)
    return comparison(planned, live.pause if live else None, spec)
