"""Where what is live differs from what s.yaml declares.

It is what apply would do, and nothing else: whatever is told here, apply brings back. What nobody
declared is drift too: a policy of the service's role, with which the function may do more than the
file says; a trigger beside the declared one; an asynchronous configuration for a version or an
alias; a setting that s.yaml leaves alone, and with which other code runs, or the same elsewhere.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from scripts.account.deploy_plan import Plan, Step, Verdict
from scripts.account.deployed_function import MODE, PAUSED, Pause
from scripts.declared import Spec


class Drift(NamedTuple):
    """A field of something that is not as declared; an empty text stands for nothing."""

    kind: str
    name: str
    field: str
    live: str
    declared: str


class Compared(NamedTuple):
    """A thing that was compared."""

    kind: str
    name: str


class Comparison(NamedTuple):
    """Everything that was compared, and where it differs.

    A pause is no drift: it is meant, and what counts is the mode that it goes back to.
    """

    compared: tuple[Compared, ...]
    drift: tuple[Drift, ...]
    pause: Pause | None = None


def comparison(planned: Plan, pause: Pause | None, spec: Spec) -> Comparison:
    """What that plan of `apply` tells of what is live, with the pause that holds."""
    compared = tuple(dict.fromkeys(Compared(step.kind, step.name) for step in planned.steps))
    drift = tuple(_differences(planned))
    if pause is None:
        return Comparison(compared, drift)
    return Comparison(compared, tuple(_but_for(pause, drift, spec)), pause)


def _differences(planned: Plan) -> Iterator[Drift]:
    for step in planned.changes:
        yield from _of(step)


def _but_for(pause: Pause, found: Iterable[Drift], spec: Spec) -> Iterator[Drift]:
    """What differs as if there were no pause: in the mode before it."""
    ours = {f"environmentVariables.{name}" for name in (MODE, PAUSED)}
    yield from (each for each in found if each.kind != "function" or each.field not in ours)
    declared = spec.function.environment.get(MODE, "")
    if pause.mode_before != declared:
        name, field = spec.function_in_cloud, f"environmentVariables.{MODE}"
        yield Drift("function", name, field, f"{pause.mode_before}, once resumed", declared)


def _of(step: Step) -> Iterator[Drift]:
    if step.verdict is Verdict.CREATE:
        yield Drift(step.kind, step.name, "is there", "no", "yes")
    for each in step.differences:
        yield Drift(step.kind, step.name, each.field, each.live, each.declared)
