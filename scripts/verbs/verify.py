"""Verify that what is live is what s.yaml declares, field by field, and the code by its checksum.

With --loop, then also that the loop closes: on a bucket of its own, which is taken away again. What
it needs of oss, config and log it needs for that alone.
"""

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from scripts.account import deploy_plan
from scripts.account.deployed_function import GET_CODE
from scripts.account.package import about_byte_code
from scripts.bundling import fresh
from scripts.context import LONGEST, Acting, Context, Ended, Verb, finite
from scripts.decide.drift import Compared, Comparison, Drift
from scripts.errors import Problem
from scripts.flows import proof
from scripts.flows.compare import begins_to_close, find_drift, stops
from scripts.patience import TWICE
from scripts.terminal import Exit

COMPARING = deploy_plan.READING


@dataclass(frozen=True, kw_only=True)
class Options(Acting):
    """What it takes."""

    loop: Annotated[bool, Parameter(help="then prove the loop on a bucket of its own")] = False
    timeout: Annotated[
        float,
        Parameter(help=f"for the loop to close; default: {TWICE:g}", converter=finite(0, LONGEST)),
        "SECONDS",
    ] = TWICE


@dataclass(frozen=True)
class Report:
    """What was compared, and where it differs; what a proof tells goes beside it."""

    compared: tuple[Compared, ...]
    drift: tuple[Drift, ...]
    paused: str | None


def _verify(context: Context) -> Ended:
    if told := fresh.build(context.spec.function):
        context.console.say(told)
    found = find_drift(context.spec, context.clients)
    _show(context, found)
    report = Report(found.compared, found.drift, str(found.pause) if found.pause else None)
    if context.options.loop and found.pause:
        raise Problem(
            "the loop cannot be proved while nothing is closed: `resource-repair resume` first"
        )
    if context.options.loop and not found.drift:
        context.console.so_far(lambda: report)
        return proof.prove(context)
    return Ended(Exit.PROBLEM if found.drift else Exit.DONE, report)


def _show(context: Context, found: Comparison) -> None:
    console = context.console
    if found.pause:
        console.say(
            f"{found.pause}: findings are recorded, nothing is closed; resource-repair resume",
            "bold",
        )
    if not found.drift:
        console.table(("what", "name"), found.compared)
        console.say("all of this is live as s.yaml declares it", "green")
        return
    rows = [[cell or "nothing" for cell in each] for each in found.drift]
    console.table(("what", "name", "field", "live", "declared"), rows)
    if stopped := list(stops(context)):
        console.say(
            "what is live is not what s.yaml declares, and `resource-repair apply` brings it back "
            "once this is seen to:",
            "red",
        )
        for told in stopped:
            console.say(told)
    else:
        console.say(
            "what is live is not what s.yaml declares: `resource-repair apply` brings it back",
            "red",
        )
    if begins_to_close(context):
        console.say(
            "that begins to close buckets: `resource-repair doctor` says how many, and what apply "
            "wants first"
        )
    for each in found.drift:
        if (each.kind, each.field) == ("function", "code"):
            built = context.spec.function.code.read_bytes()
            console.say(
                about_byte_code(built, each.live)
                or "the code differs by more than byte code, or another Python compiled it"
            )


VERB = Verb(
    "verify",
    __doc__ or "",
    (*COMPARING, GET_CODE, *proof.PERMISSIONS),
    Options,
    _verify,
    on_fc3=(*deploy_plan.READING_ALONE, GET_CODE, *proof.PERMISSIONS),
)
