"""Close the buckets that were open before anybody looked, through the deployed function.

Lists what Cloud Config holds as non-compliant (without what it ignores), with exemptions, what the
function will make of each, and what closing it breaks: static websites and bound domains. After a
yes the function gets each as a finding, one a synchronous invocation, and judges for itself: rule,
mode and exemptions are its own. Buckets whose closing breaks nothing come first, of these the most
open; --limit leaves the rest for the next run. When more than --max-failures are not settled, no
further one is begun, nor when the function was changed or paused meanwhile: it is read again before
each. Whatever is not settled is told (exit code 1): nobody else tries it again. What --limit leaves
is told last, and is exit code 1 too where nobody was asked (--yes, --expect). So is it where the
function is paused or in mode report, and closes none of what it gets.

What further remediations are for is swept likewise, each in its own mode. Where several of them
change one bucket, each change counts: for --expect, --limit and --max-failures.

With --due only what is due by now, for a schedule: its exemption is over, it was only reported and
the function enforces by now, it failed and was not tried since, or no audit line ever came. What is
open although its last audit line says that all is well is due too, and listed; it is closed only by
who confirms the number, by --expect or at the terminal: with --yes alone it is left (exit code 1).
"""

import threading
import uuid
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Annotated

from cyclopts import Parameter

from resource_repair import naming
from resource_repair.values import REPORT
from scripts.account import audit_trail, findings
from scripts.account.compute import compute
from scripts.account.deployed_function import GET, GET_CODE
from scripts.context import Acting, Context, Ended, Verb, finite, show_unread, whole
from scripts.decide.candidates import Candidate
from scripts.decide.non_compliance_event import non_compliance_event
from scripts.decide.prospect import check_expected
from scripts.errors import UsageError
from scripts.flows import candidates
from scripts.flows.audit_lines import for_a_person
from scripts.flows.deliver import PERMISSIONS as SETTLING
from scripts.flows.deliver import Ending, submit
from scripts.flows.left_open import DAYS, GRACE
from scripts.flows.parallel_run import ParallelRun, run_parallel
from scripts.flows.sweep_plan import SweepPlan, plan_sweep
from scripts.terminal import Exit
from scripts.verbs.sweep import rendering
from scripts.words import count

_PARALLEL, _LIMIT, _MAX_FAILURES = 8, 20, 3
_GRACE = GRACE.total_seconds() / 60  # minutes
_MOST = 1_000_000
_MOST_PARALLEL = 100  # as many instances as an account has in a region, if nobody else runs
_LONGEST_GRACE = 7 * 24 * 60


@dataclass(frozen=True, kw_only=True)
class Options(Acting):
    """What it takes."""

    bucket: Annotated[
        tuple[str, ...], Parameter(help="only this one; may be repeated"), "NAME"
    ] = ()
    due: Annotated[bool, Parameter(help="only what is due by now")] = False
    expect: Annotated[
        int | None,
        Parameter(
            help="how many buckets will be closed, or how many changes made; does not ask",
            converter=whole(0, _MOST),
        ),
        "N",
    ] = None
    limit: Annotated[
        int, Parameter(help=f"at most N; default: {_LIMIT}", converter=whole(1, _MOST)), "N"
    ] = _LIMIT
    parallel: Annotated[
        int,
        Parameter(
            help=f"so many at once; default: {_PARALLEL}", converter=whole(1, _MOST_PARALLEL)
        ),
        "N",
    ] = _PARALLEL
    max_failures: Annotated[
        int,
        Parameter(
            help=f"begin none after more; default: {_MAX_FAILURES}", converter=whole(0, _MOST)
        ),
        "N",
    ] = _MAX_FAILURES
    grace: Annotated[
        float,
        Parameter(
            help=f"with --due: what happened within these may be under way; default: {_GRACE:g}",
            converter=finite(0, _LONGEST_GRACE),
        ),
        "MINUTES",
    ] = _GRACE
    days: Annotated[
        float,
        Parameter(
            help=f"with --due: look so far back for audit lines; default: {DAYS:g}",
            converter=finite(0, _MOST),
        ),
        "DAYS",
    ] = DAYS

    def check(self) -> None:
        """Raise UsageError for what cannot be meant."""
        for bucket in self.bucket:
            if not naming.is_bucket_name(bucket):
                raise UsageError(f"{bucket!r} is no bucket's name: 3 to 63 of a-z, 0-9 and hyphens")
        audit_trail.since(self.days, datetime.now(timezone.utc))


def _sweep(context: Context) -> Ended:
    console, now = context.console, datetime.now(timezone.utc)
    reader, plan = plan_sweep(context, now)
    rendering.show(console, plan, due_only=context.options.due)
    show_unread(context, VERB, reader.failures.values())
    unasked = context.options.yes or context.options.expect is not None
    left = plan.unconfirmed or (unasked and plan.later)
    end = Exit.PROBLEM if reader.failures or left else Exit.DONE
    would = {"close": "closed", "change": "changed"}.get(plan.does, "made")
    check_expected(context.options.expect, plan.closes, f"{plan.told} would be {would}")
    if not plan.chosen or console.dry_run:
        _show_left(context, plan)
        return Ended(end, rendering.report(context, plan, None))
    if not _agreed(context, plan):
        console.say("nothing was started")
        return Ended(Exit.PROBLEM, rendering.report(context, plan, None))
    context.act()
    plan.live.check_unchanged()  # much may happen before the yes is said
    done = _carry_out(context, plan)
    rendering.show_end(console, plan, done)
    _show_left(context, plan)
    report = rendering.report(context, plan, done)
    if done.refused:
        console.so_far(lambda: report)
        raise done.refused
    unsettled = any(map(rendering.failed, done.endings))
    told = for_a_person(rendering.lines_of(done))
    # Who asks to close wants to know that nothing was.
    idle = plan.live.mode == REPORT and bool(done.endings) and not plan.closes
    return Ended(Exit.PROBLEM if done.stopped or unsettled or told or idle else end, report)


def _show_left(context: Context, plan: SweepPlan) -> None:
    confirming = _confirming(context.options, plan)
    rendering.show_unconfirmed(context.console, plan, confirming)
    rendering.show_later(context.console, plan)


def _agreed(context: Context, plan: SweepPlan) -> bool:
    if context.options.expect is not None:
        return True
    if new := sum(each.label in plan.overlooked for each in plan.chosen):
        typed = context.console.ask(
            rendering.asked_about(new, plan.closes, plan.told),
            f"look at them with --dry-run, and say --expect {plan.closes}",
        )
        return typed == str(plan.closes)
    if plan.closes:
        return context.console.confirm(f"{plan.does.capitalize()} {plan.told}?")
    return context.console.confirm(
        f"Send {count(len(plan.chosen), 'finding')}, with nothing to close?"
    )


def _confirming(options: Options, plan: SweepPlan) -> str:
    """The command that closes what was left for want of a number, once the rest is closed."""
    words = ["--due"]
    for name, default in (("limit", _LIMIT), ("grace", _GRACE), ("days", DAYS)):
        if (given := getattr(options, name)) != default:
            words.append(f"--{name} {given:.12g}")
    words += [f"--bucket {name}" for name in options.bucket]
    number = min(len(plan.unconfirmed), options.limit)
    return f"resource-repair sweep {' '.join(words)} --expect {number}"


def _carry_out(context: Context, plan: SweepPlan) -> ParallelRun[Candidate]:
    console, spec = context.console, context.spec
    timeout = int(plan.live.timeout)
    _ = compute(context.spec, context.clients)  # made once, before many ask for it
    told: list[str] = []
    # Two remediations never change one bucket at once.
    beside = {each.bucket: threading.Lock() for each in plan.chosen}

    def work(candidate: Candidate) -> Ending:
        event = non_compliance_event(candidate.result, spec, str(uuid.uuid4()))
        with beside[candidate.bucket]:
            plan.live.check_unchanged()  # much may happen while it waits for the other
            return submit(context.clients, spec, event, timeout)

    def tell(candidate: Candidate, ending: Ending) -> None:
        told.append(candidate.label)
        failed = rendering.failed((candidate, ending))
        outcome = rendering.outcome(ending)
        words = f"{len(told)} of {len(plan.chosen)}  {candidate.label}: {outcome}"
        console.say(words, "red" if failed else "")

    return run_parallel(
        plan.chosen,
        work,
        parallel=context.options.parallel,
        max_failures=context.options.max_failures,
        tell=tell,
    )


VERB = Verb(
    "sweep",
    __doc__ or "",
    (GET, GET_CODE, findings.LIST_OF_RULE, *candidates.PERMISSIONS, *SETTLING),
    Options,
    _sweep,
)
