"""Resume the paused function in the mode that it had before.

Into mode enforce it says first which buckets are reported and not exempt: a new finding on one of
them closes it. If they are more than 20, their number must be typed at the terminal, or given as
EXPECT_CLOSE in the environment; they are read again after the yes. What came while it was paused is
closed by no resuming, but by `resource-repair sweep --due`. While our function is on both Function
Computes, as in a move, both are resumed.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timezone

from resource_repair import settings
from resource_repair.exemptions import Exemptions
from resource_repair.values import REPORT, WOULD_REPAIR
from scripts.account import moving
from scripts.account.deployed_function import (
    GET,
    GET_CODE,
    MODE,
    PAUSED,
    UPDATE,
    DeployedFunction,
    Pause,
)
from scripts.account.live_exemptions import LiveExemptions
from scripts.context import Acting, Context, Ended, Verb
from scripts.decide.deploy_effect import EXPECT_CLOSE, Effect, closing_wants
from scripts.decide.prospect import Prospect, counted
from scripts.declared import dotenv
from scripts.errors import Problem, UsageError
from scripts.flows.foresee import BY_WAYS, foresee_by_ways
from scripts.patience import patiently
from scripts.terminal import Exit
from scripts.words import listed

_RULE_IDS = "prepareRuleId"
_NAMED = 20


@dataclass(frozen=True)
class Report:
    """How the function stands, whether that is this run's doing, and what a new finding closes.

    `to_close` is None where that was not looked at. `also` is that of the other Function Compute's.
    """

    function: str
    mode: str
    paused: Pause | None
    changed: bool
    to_close: list[str] | None
    also: tuple["Report", ...] = ()


def _resume(context: Context) -> Ended:
    """The spec's own last: as long as it is paused, a deploy of it leaves it so."""
    end, found = Exit.DONE, list[Report]()
    for each in reversed([*moving.deployed(context.spec, context.clients)]):
        end, report = _resume_one(context._replace(spec=each))
        found.insert(0, report)
        if end is not Exit.DONE:
            break
    first, *also = found
    return Ended(end, replace(first, also=tuple(also)))


def _resume_one(context: Context) -> tuple[Exit, Report]:
    console, name = context.console, context.spec.function_in_cloud
    live = DeployedFunction.read(context.spec, context.clients)
    pause = live.pause
    if pause is None:
        _check_unreadable(live)
        console.say(f"{name} is not paused: it runs in mode {live.mode}")
        return Exit.DONE, Report(name, live.mode, None, changed=False, to_close=None)
    console.say(f"{name} is {pause}, and was in mode {pause.mode_before} before")
    further = _enforcing(live)
    if further:
        console.say(f"once resumed it enforces {listed(further)} again, as before", "bold")
    reported = None
    if pause.mode_before != REPORT:
        reported = _reported(context, live)
        _show(context, reported)
    return _go_on(context, live, pause, reported, asks=bool(reported is not None or further))


def _enforcing(live: DeployedFunction) -> list[str]:
    """The further remediations that only the pause keeps from changing buckets."""
    unpaused = {name: value for name, value in live.environment.items() if name != PAUSED}
    return [
        each.remediation for each in settings.load(unpaused).others or () if each.mode != REPORT
    ]


def _go_on(
    context: Context,
    live: DeployedFunction,
    pause: Pause,
    reported: Prospect | None,
    *,
    asks: bool,
) -> tuple[Exit, Report]:
    """Ask where it is dangerous, change, and tell."""
    console, before, end = context.console, live, Exit.DONE
    if not console.dry_run:
        if asks and not _agreed(context, pause, reported):
            console.say("it stays paused")
            end = Exit.PROBLEM
        else:
            context.act()
            if reported is not None:
                _check_same(reported, _reported(context, live))
            live = patiently(lambda: _resumed(context, before, pause))
            console.say(f"resumed: {live.spec.function_in_cloud} runs in mode {live.mode}", "green")
    told = None if reported is None else [each.bucket for each in reported.to_close]
    name, changed = live.spec.function_in_cloud, live is not before
    return end, Report(name, live.mode, live.pause, changed, told)


def _agreed(context: Context, pause: Pause, reported: Prospect | None) -> bool:
    """Whether to resume; where a number is wanted, it is typed, or raises what apply does."""
    if reported is not None:
        _check_number(context, reported)
    return context.console.confirm(f"Resume in mode {pause.mode_before}?")


def _check_number(context: Context, reported: Prospect) -> None:
    console, number = context.console, len(reported.to_close)
    given_here = dotenv.environment(context.options.spec.parent / ".env", context.environ)
    # What is exempt stays so, as nothing but the mode is changed.
    if closing_wants(Effect(reported.to_close), Exemptions(), given_here):
        mend = f"set {EXPECT_CLOSE}={number} if all of them may be closed"
        if context.options.yes:
            given = given_here.get(EXPECT_CLOSE, "")
            but = f", and {EXPECT_CLOSE} is {given}" if given else ""
            raise Problem(
                f"it stays paused, since new findings would close {counted(number)}{but}: {mend}"
            )
        typed = console.ask("To go on, type how many buckets new findings would close:", mend)
        if typed != str(number):
            raise UsageError(
                f"new findings would close {number}, and {typed or 'nothing'} was typed: it stays "
                "paused"
            )


def _check_same(before: Prospect, now: Prospect) -> None:
    """Raise Problem where more would be closed now than was agreed to; fewer are no danger."""
    agreed, found = ({each.bucket for each in seen.to_close} for seen in (before, now))
    if found - agreed:
        names = ", ".join(sorted(found - agreed)[:_NAMED])
        raise Problem(f"new findings would close {names} too by now: it stays paused, so run again")


def _check_unreadable(live: DeployedFunction) -> None:
    if live.mode == REPORT and PAUSED in live.environment:
        raise Problem(
            f"the variable {PAUSED} of {live.spec.function_in_cloud} cannot be read, so the mode "
            "to go back to is not known: deploy, which brings what is declared"
        )


def _reported(context: Context, live: DeployedFunction) -> Prospect:
    """What the rules that the live function acts on report, by the exemptions that it has."""
    if not live.environment.get(_RULE_IDS):
        raise Problem(f"{live.spec.function_in_cloud} acts on no rule: deploy it anew")
    function = replace(context.spec.function, environment=live.environment)
    spec = replace(context.spec, function=function)
    today = datetime.now(timezone.utc).date()
    exempting = LiveExemptions(live.exemptions(), live.settings.exempt_tag, today)
    return foresee_by_ways(spec, context.clients, exempting, live.settings.ways)


def _show(context: Context, reported: Prospect) -> None:
    console, count = context.console, len(reported.to_close)
    rows = [(each.bucket, each.region, each.acl) for each in reported.to_close]
    if rows:
        console.table(("non-compliant", "region", "ACL"), rows)
    console.say(
        f"{count} reported and not exempt, {len(reported.exempt)} exempt: once resumed, a new "
        "finding on one that is not exempt closes it",
        "bold",
    )
    console.say(
        f"findings that came meanwhile were recorded as {WOULD_REPAIR}, and do not come again: "
        "`resource-repair sweep --due` closes those"
    )


def _resumed(context: Context, live: DeployedFunction, pause: Pause) -> DeployedFunction:
    """The function after: what was agreed to, on what was looked at, is what is changed."""
    now = DeployedFunction.read(context.spec, context.clients)
    wanted = {name: value for name, value in live.environment.items() if name != PAUSED}
    wanted[MODE] = pause.mode_before
    # An earlier try may have been applied, and its answer lost.
    return now if now.environment == wanted else live.set_environment(wanted)


VERB = Verb(
    "resume",
    __doc__ or "",
    (GET, UPDATE, GET_CODE, *BY_WAYS),
    Acting,
    _resume,
    rule_id_known=False,
)
