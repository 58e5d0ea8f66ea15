"""How a plan is told, carried out, and written down."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from scripts.account.deploy_plan import Plan, Step, Verdict
from scripts.account.resource import Difference
from scripts.terminal import Console

_PAST = {
    Verdict.CREATE: "created",
    Verdict.CHANGE: "changed",
    Verdict.REPLACE: "replaced",
    Verdict.REMOVE: "removed",
}


def show(console: Console, planned: Plan, what: str) -> None:
    """Each step with what is different; and if no step does anything, that `what` is so."""
    rows = []
    for step in planned.steps:
        first, *further = [str(difference) for difference in step.differences] or [""]
        rows.append((step.verdict.value, step.kind, step.name, first))
        rows.extend(("", "", "", difference) for difference in further)
    console.table(("", "what", "name", "difference"), rows)
    for step in planned.changes:
        if step.warning:
            console.say(step.warning, "yellow")
    if not planned.changes:
        console.say(f"nothing to do: {what} is as s.yaml declares", "green")


def carry_out(console: Console, planned: Plan, applied: list[Step]) -> None:
    """Do the steps that do something, and tell each; `applied` gets those that are done.

    Raises CloudError where a call is refused: what was done until then stays, and is told, as it is
    wherever else it ends early.
    """
    console.so_far(lambda: {"steps": report(planned, applied)})
    try:
        for step in planned.changes:
            step.carry_out()
            applied.append(step)
            console.say(f"{_PAST[step.verdict]} {step.kind} {step.name}", "green")
    except BaseException:
        _show_how_far(console, planned.changes, len(applied))
        raise


def _show_how_far(console: Console, changes: Sequence[Step], done: int) -> None:
    """What was done, what was under way, and what was not begun."""
    past = [_PAST[step.verdict] for step in changes[:done]]
    ends = itertools.chain(past, ["not finished"], itertools.repeat("not begun"))
    rows = [(end, step.kind, step.name) for end, step in zip(ends, changes, strict=False)]
    console.table(("", "what", "name"), rows)


@dataclass(frozen=True)
class StepReport:
    """A step of a plan, and whether it was carried out."""

    verdict: Verdict
    kind: str
    name: str
    differences: tuple[Difference, ...]
    applied: bool


def report(planned: Plan, applied: list[Step]) -> list[StepReport]:
    """The plan and what was done of it."""
    return [
        StepReport(step.verdict, step.kind, step.name, step.differences, step in applied)
        for step in planned.steps
    ]
