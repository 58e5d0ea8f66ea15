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
from scripts.context import Acting, Situation, Verb, finite
from scripts.decide.drift import Comparison
from scripts.errors import Problem
from scripts.flows import proof
from scripts.flows.compare import find_drift, stops
from scripts.patience import TIMEOUT
from scripts.terminal import Exit

COMPARING = deploy_plan.READING


@dataclass(frozen=True, kw_only=True)
class Options(Acting):
    """What it takes."""

    loop: Annotated[bool, Parameter(help="then prove the loop on a bucket of its own")] = False
    timeout: Annotated[
        float,
        Parameter(help=f"for the loop to close; default: {TIMEOUT}", converter=finite),
        "SECONDS",
    ] = TIMEOUT


def _verify(situation: Situation) -> Exit:
    if told := fresh.build(situation.spec.function.code):
        situation.console.say(told)
    found = find_drift(situation.spec, situation.clients)
    document = _document(found)
    situation.console.so_far(lambda: document)
    _show(situation, found)
    if situation.options.loop and found.pause:
        raise Problem(
            "the loop cannot be proved while nothing is closed: `resource-repair resume` first"
        )
    if situation.options.loop and not found.drift:
        return proof.prove(situation, document)
    situation.console.answer(document)
    return Exit.PROBLEM if found.drift else Exit.DONE


def _show(situation: Situation, found: Comparison) -> None:
    console = situation.console
    if found.pause:
        console.say(
            f"{found.pause}: findings are recorded, nothing is closed; resource-repair resume",
            "bold",
        )
    if not found.drift:
        console.table(("what", "name"), found.compared)
        console.say("what is live is what s.yaml declares", "green")
        return
    rows = [[cell or "nothing" for cell in each] for each in found.drift]
    console.table(("what", "name", "field", "live", "declared"), rows)
    if stopped := list(stops(situation)):
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
    for each in found.drift:
        if (each.kind, each.field) == ("function", "code"):
            built = situation.spec.function.code.read_bytes()
            console.say(
                about_byte_code(built, each.live)
                or "the code differs by more than byte code, or another Python compiled it"
            )


def _document(found: Comparison) -> dict[str, object]:
    return {
        "compared": [{"kind": kind, "name": name} for kind, name in found.compared],
        "drift": [each._asdict() for each in found.drift],
        "paused": found.pause and str(found.pause),
    }


VERB = Verb(
    "verify",
    __doc__ or "",
    (*COMPARING, GET_CODE, *proof.PERMISSIONS),
    Options,
    _verify,
)
