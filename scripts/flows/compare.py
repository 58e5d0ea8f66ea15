"""Reads what is live beside what s.yaml declares, and what stands against bringing that back."""

from collections.abc import Iterator
from datetime import datetime, timezone
from functools import partial

from resource_repair.exemptions import Exemptions
from scripts.account import moving
from scripts.account.clients import Clients
from scripts.account.deploy_plan import plan
from scripts.account.deployed_function import DeployedFunction
from scripts.account.package import bundled_exemptions, checksum
from scripts.context import Context
from scripts.decide import deploy_conflicts
from scripts.decide.chain.buckets import begins_to_enforce
from scripts.decide.drift import Comparison, comparison
from scripts.declared import Spec, dotenv
from scripts.errors import CloudError, Problem
from scripts.flows.facts import Survey


def find_drift(spec: Spec, clients: Clients) -> Comparison:
    """Compare what is live with the spec, the code by its checksum; raises as `plan`."""
    planned = plan(spec, clients)
    live = DeployedFunction.find(spec, clients)
    return comparison(planned, live.pause if live else None, spec)


def stops(context: Context) -> Iterator[str]:
    """Why apply stops, each with what mends it: what it would undo, or may not bring.

    What it would undo was set on the live function by hand. Raises CloudError.
    """
    spec = moving.with_pause(context.spec, context.clients)
    live = moving.overruled(spec, context.clients)
    for each in live:
        if pause := deploy_conflicts.ended_pause(each.pause, spec):
            told = deploy_conflicts.told_pause(pause, each.spec.function_in_cloud)
            yield f"{told}: `resource-repair resume` first, or let s.yaml say mode report"
    built = checksum(spec.function.code.read_bytes())
    if live and all(each.checksum == built for each in live):
        return
    held = [each for each in map(partial(_held, spec), live) if each is not None]
    if held or not live:
        entries = dict.fromkeys(entry for each in held for entry in each.entries)
        yield from _of_exemptions(context, Exemptions(tuple(entries)))


def _held(spec: Spec, live: DeployedFunction) -> Exemptions | None:
    """The exemptions that it goes by; None if it cannot read them: new code is what helps."""
    if live.checksum == checksum(spec.function.code.read_bytes()):
        return bundled_exemptions(spec.function.code)
    try:
        return live.exemptions()
    except CloudError:
        raise
    except Problem:
        return None


def begins_to_close(context: Context) -> bool:
    """Whether apply has the function close buckets that it leaves alone now; raises CloudError."""
    return begins_to_enforce(Survey(context.spec, context.clients, {}).facts("running"))


def _of_exemptions(context: Context, live: Exemptions) -> Iterator[str]:
    """Why those of the bundle may not follow the live ones."""
    today = datetime.now(timezone.utc).date()
    settings = dotenv.environment(context.options.spec.parent / ".env", context.environ)
    ours = bundled_exemptions(context.spec.function.code)
    lost = deploy_conflicts.dropped(live, ours, today)
    for each in deploy_conflicts.unexpected(lost, settings):
        yield f"{deploy_conflicts.told_exemption(each)}: {deploy_conflicts.mend_exemption(each)}"
    for each in deploy_conflicts.too_wide(ours, live, today):
        yield f"{deploy_conflicts.told_too_wide(each)}: {deploy_conflicts.MEND_TOO_WIDE}"
