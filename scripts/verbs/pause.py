"""Pause the live function: findings are recorded from now on, and nothing is closed.

It goes into mode report, by its environment alone: nothing is built, and nothing is asked. Since
when and why is kept on the function itself. Safe to repeat: the first pause holds until resume. It
binds the function alone: where Cloud Config's own remediation acts on the same findings, that is
told. While our function is on both Function Computes, as in a move, both are paused.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Annotated

from cyclopts import Parameter

from resource_repair.values import REPORT, WOULD_REPAIR
from scripts.account import moving
from scripts.account.deployed_function import (
    GET,
    MODE,
    PAUSED,
    UPDATE,
    ChangedError,
    DeployedFunction,
    Pause,
)
from scripts.context import Acting, Context, Ended, Verb
from scripts.flows import beside
from scripts.patience import patiently
from scripts.terminal import Exit

_TRIES = 5  # somebody else may be changing the function too


@dataclass(frozen=True, kw_only=True)
class Options(Acting):
    """What it takes."""

    reason: Annotated[str, Parameter(help="kept with the pause"), "WHY"] = ""


@dataclass(frozen=True)
class Report:
    """How the function stands, and whether that is this run's doing; `also` is that of the other.

    The other is that on the other Function Compute, if it is there.
    """

    function: str
    mode: str
    paused: Pause | None
    changed: bool
    acting_beside: tuple[str, ...] | None = None
    also: tuple["Report", ...] = ()


def _pause(context: Context) -> Ended:
    now = datetime.now(timezone.utc).replace(microsecond=0)
    paused = list[Report]()
    for each in moving.deployed(context.spec, context.clients):
        paused.append(_pause_one(context._replace(spec=each), now))
        context.act()  # one that comes from now on sees that pause
    first, *also = paused
    others = beside.tell(context, VERB)
    return Ended(Exit.DONE, replace(first, acting_beside=others, also=tuple(also)))


def _pause_one(context: Context, now: datetime) -> Report:
    console, name = context.console, context.spec.function_in_cloud
    live, changed = _paused(context, now)
    if changed:
        console.say(
            f"{name} is {live.pause}: findings are recorded as {WOULD_REPAIR}, and nothing is "
            "closed",
            "green",
        )
        console.say(
            f"what had begun before ends as it began, within {live.timeout:g} s; "
            "`resource-repair resume` undoes it, and until then a deploy stops"
        )
    elif live.pause:
        console.say(f"{name} is {live.pause} already: nothing was changed")
        _tell_of_reason(context, live.pause)
    else:
        console.say(f"would pause {name}: from mode {live.mode} it would go to {REPORT}")
    return Report(name, live.mode, live.pause, changed)


def _tell_of_reason(context: Context, pause: Pause) -> None:
    """What became of a reason that was given beside a pause that holds already."""
    given = context.options.reason.strip()
    if given and given != pause.reason:
        context.console.say(
            f"the reason given now ({given}) is not kept: the first pause holds, with "
            f"{'its own' if pause.reason else 'none'}, until `resource-repair resume`",
            "yellow",
        )


def _paused(context: Context, now: datetime) -> tuple[DeployedFunction, bool]:
    """The function as it is then, and whether that is this run's doing."""
    left = _TRIES
    while True:
        try:
            return patiently(lambda: _pause_once(context, now))
        except ChangedError:
            left -= 1
            if not left:
                raise


def _pause_once(context: Context, now: datetime) -> tuple[DeployedFunction, bool]:
    live = DeployedFunction.read(context.spec, context.clients)
    reason = context.options.reason.strip()
    if live.pause:
        # An earlier try may have been applied, and its answer lost.
        return live, (live.pause.since, live.pause.reason) == (now, reason)
    if context.console.dry_run:
        return live, False
    pause = Pause(now, reason, live.mode)
    changed = {**live.environment, MODE: REPORT, PAUSED: pause.variable()}
    return live.set_environment(changed), True


VERB = Verb(
    "pause",
    __doc__ or "",
    (GET, UPDATE, *beside.PERMISSIONS),
    Options,
    _pause,
    rule_id_known=False,
)
