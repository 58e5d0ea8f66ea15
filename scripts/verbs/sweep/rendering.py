"""Tells people and programs what a sweep would do, and what it did."""

from collections.abc import Collection
from dataclasses import dataclass

from resource_repair.exemptions import Exemption
from resource_repair.remediations import ACL
from resource_repair.values import IGNORED, REPORT, WOULD_REPAIR
from scripts.account import findings
from scripts.account.audit_trail import AuditLine
from scripts.context import Context
from scripts.decide import candidates
from scripts.decide.candidates import Candidate
from scripts.decide.prospect import counted, left_alone
from scripts.flows.audit_lines import cut, tell_person
from scripts.flows.deliver import Ending
from scripts.flows.parallel_run import ParallelRun
from scripts.flows.sweep_plan import SweepPlan
from scripts.terminal import Console


@dataclass(frozen=True)
class BucketReport:
    """A bucket of the plan, and what became of it; without an outcome it was not tried."""

    bucket: str
    remediation: str
    region: str
    acl: str | None
    exemption: Exemption | None
    expected: str
    website: bool | None
    domains: tuple[str, ...] | None
    blocks: bool
    due: str | None
    outcome: str | None
    reason: str | None
    settled: bool | None


@dataclass(frozen=True)
class Report:
    """What a sweep would do, and if it was started, what it did."""

    rule_ids: tuple[str, ...]
    mode: str
    paused: bool
    closes: int
    started: bool
    stopped: str | None
    buckets: tuple[BucketReport, ...]
    later: tuple[str, ...]
    unconfirmed: tuple[str, ...]
    exempt: tuple[str, ...]
    ignored: tuple[str, ...]


def about(left: Collection[Candidate]) -> str:
    """So many buckets, in words, or so many findings about them."""
    return candidates.counted(left, "findings about")


def show(console: Console, plan: SweepPlan, *, due_only: bool) -> None:
    """The plan, for people."""
    live = plan.live
    console.say(f"function {live.spec.function_in_cloud}, {live.pause or f'in mode {live.mode}'}")
    rows = [_row(each, plan, "") for each in plan.chosen]
    rows += [_row(each, plan, "next time: --limit") for each in plan.later]
    rows += [_row(each, plan, f"left: {plan.why[each.label]}") for each in plan.unconfirmed]
    rows += [_row(each, plan, "left: exempt") for each in plan.exempt]
    if rows:
        heads = ("bucket", "region", _state_of(plan), "exemption", "will be", "breaks")
        console.table((*heads, "due because" if due_only else "now"), rows)
    if plan.fresh:
        names = ", ".join(plan.fresh)
        console.say(f"not due yet, as what happened within --grace may be under way: {names}")
    idle = f", as {_why_idle(plan)}" if live.mode == REPORT and not plan.closes else ""
    left = left_alone(len(plan.exempt), len(plan.ignored))
    if not plan.chosen:
        due = "is due yet" if plan.fresh else "is due"
        what = due if due_only else "is non-compliant that is not exempt"
        if not plan.unconfirmed:
            style = "yellow" if idle else "green"
            console.say(f"nothing to do: no bucket {what}{idle}; {left}", style)
        return
    hurt = sum(bool(each.hurts) for each in plan.chosen if each.closes)
    missed = idle or f", {hurt} of which somebody may miss"
    console.say(f"this {plan.does}s {plan.told}{missed}; {left}", "bold")


def asked_about(new: int, closes: int, told: str = "") -> str:
    """What is asked where `new` of those that are closed are open unknown to the audit trail.

    `told` says how many these are, where they are not that many buckets.
    """
    if closes == 1:
        its = "This bucket is open although its last audit line says otherwise: to close it"
        return f"{its}, type how many buckets that is:"
    which = "All" if new == closes else f"{new} of these"
    is_open = (
        "is open although its last audit line says"
        if new == 1
        else ("are open although their last audit lines say")
    )
    them = f"{which} {told or counted(closes)} {is_open} otherwise: to close all of them"
    return f"{them}, type how many they are:"


def show_unconfirmed(console: Console, plan: SweepPlan, command: str) -> None:
    """What was left for want of a number, and how to confirm it; nothing if nothing was."""
    if plan.unconfirmed:
        left = len(plan.unconfirmed)
        console.say(
            f"{about(plan.unconfirmed)} left open, although the last audit line says otherwise: "
            f"look at {'it' if left == 1 else 'them'}, and confirm the number by {command}",
            "red",
        )


def show_later(console: Console, plan: SweepPlan) -> None:
    """That there is work left, as the last that is said; nothing if there is none."""
    if plan.later:
        closes = sum(each.closes for each in plan.later)
        console.say(left_by_limit(len(plan.later), closes, about(plan.later)), "red")


def left_by_limit(left: int, closes: int, told: str = "") -> str:
    """How many are left for the next run, and how many of them it closes; `told` likewise."""
    which = f"{closes} of them"
    if closes == left:
        which = "it" if left == 1 else "them"
    then = f", which closes {which}" if closes else ""
    return f"--limit left {told or counted(left)} for the next run{then}"


def show_end(console: Console, plan: SweepPlan, done: ParallelRun[Candidate]) -> None:
    """What became of each, for people."""
    endings = {each.label: ending for each, ending in done.endings}
    rows = [_end_row(each, endings.get(each.label)) for each in plan.chosen]
    console.table(("bucket", "outcome", _state_of(plan), "reason"), rows)
    left = [each for each, ending in done.endings if failed((each, ending))]
    untried = len(plan.chosen) - len(endings)
    if untried:
        were = "was" if untried == 1 else "were"
        console.say(f"{untried} of {len(plan.chosen)} {were} not tried: {done.stopped}", "red")
    if left:
        console.say(
            f"{about(left)} not settled: nobody tries them again; mend that, and sweep again",
            "red",
        )
    reported = [
        each.remediation for each, ending in done.endings if outcome(ending) == WOULD_REPAIR
    ]
    for name in dict.fromkeys(reported):
        many = reported.count(name)
        stay = "stays" if many == 1 else "stay"
        open_yet = "open" if name == ACL else "as before"
        console.say(f"{counted(many)} {stay} {open_yet}, as {_why_idle(plan, name)}", "yellow")
    told = tell_person(console, lines_of(done))
    if not (told or left or untried or reported):
        console.say(f"{_all(len(endings))} settled", "green")


def _why_idle(plan: SweepPlan, remediation: str = ACL) -> str:
    if plan.live.pause:
        return "the function is paused"
    return f"{'the function' if remediation == ACL else remediation} runs in mode {REPORT}"


def _all(number: int) -> str:
    return "it is" if number == 1 else f"all {number} are"


def lines_of(done: ParallelRun[Candidate]) -> list[AuditLine]:
    """All that the function wrote."""
    return [line for _, ending in done.endings for line in ending.lines]


def failed(ended: tuple[Candidate, Ending]) -> bool:
    """Whether somebody must see to it: what was to be closed, and was not, is as open as before."""
    candidate, ending = ended
    left_open = (IGNORED, WOULD_REPAIR) if candidate.closes else (IGNORED,)
    return not ending.settled or outcome(ending) in left_open


def outcome(ending: Ending) -> str:
    """What the function says that became of it."""
    line = _line(ending)
    return (line and line.outcome) or "not known"


def report(context: Context, plan: SweepPlan, done: ParallelRun[Candidate] | None) -> Report:
    """The same for programs; without `done` nothing was started."""
    endings = {each.label: ending for each, ending in done.endings} if done else {}
    return Report(
        tuple(findings.rule_ids(context.spec)),
        plan.live.mode,
        plan.live.pause is not None,
        plan.closes,
        done is not None,
        done.stopped or None if done else None,
        tuple(_bucket(each, plan, endings.get(each.label)) for each in plan.chosen),
        *(
            tuple(each.bucket for each in left)
            for left in (plan.later, plan.unconfirmed, plan.exempt, plan.ignored)
        ),
    )


def _state_of(plan: SweepPlan) -> str:
    """What a bucket's state is called: of further remediations it is not the ACL alone."""
    every = (*plan.chosen, *plan.later, *plan.unconfirmed, *plan.exempt)
    return "ACL" if all(each.remediation == ACL for each in every) else "state"


def _row(each: Candidate, plan: SweepPlan, note: str) -> tuple[str, ...]:
    exemption = each.exemption
    return (
        each.label,
        each.result.region,
        "no such bucket" if each.acl is None else each.acl,
        f"{exemption.allow} until {exemption.expires}" if exemption else "none",
        f"{each.expected}, by Block Public Access" if each.blocks else each.expected,
        each.hurts or "nothing known",
        note or plan.why.get(each.label, ""),
    )


def _end_row(each: Candidate, ending: Ending | None) -> tuple[str, ...]:
    if ending is None:
        return each.label, "not tried", "", ""
    line = _line(ending)
    return each.label, outcome(ending), line.change if line else "", cut(_reason(ending))


def _bucket(each: Candidate, plan: SweepPlan, ending: Ending | None) -> BucketReport:
    return BucketReport(
        each.bucket,
        each.remediation,
        each.result.region,
        each.acl,
        each.exemption,
        each.expected,
        each.website,
        each.domains,
        each.blocks,
        plan.why.get(each.label),
        ending and outcome(ending),
        ending and _reason(ending),
        ending and not failed((each, ending)),
    )


def _line(ending: Ending) -> AuditLine | None:
    return ending.lines[-1] if ending.lines else None


def _reason(ending: Ending) -> str:
    line = _line(ending)
    return (line and line.reason) or ending.problem
