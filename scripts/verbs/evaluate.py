"""Evaluate the rule on demand, and follow until its results settle.

Cloud Config evaluates no single bucket: it reports every non-compliant one of the account again,
and in mode enforce the function closes all of them that are not exempt. How many those are is said
first, and must be given back: typed at the terminal, or as --expect N. Buckets that are ignored in
Cloud Config stay ignored; one that is private by its ACL, and public by its policy, is for a person
to close. The exemptions that count are those of the live function, which findings must reach. Exit
code 1 if a bucket could not be closed, or its end did not come in time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, NamedTuple

from cyclopts import Parameter

from resource_repair.values import REPORT
from scripts import CODE
from scripts.account import audit_trail, findings
from scripts.account.deployed_function import GET, GET_CODE, DeployedFunction
from scripts.account.findings import Result
from scripts.account.live_exemptions import LiveExemptions, differing
from scripts.account.permission import union
from scripts.account.rule import LIST_RULES
from scripts.context import LONGEST, Acting, Context, Ended, Verb, finite, whole
from scripts.decide.chain import Standing
from scripts.decide.chain.channel import CHANNEL
from scripts.decide.chain.trigger import TRIGGER
from scripts.decide.prospect import Prospect, check_expected, counted, left_alone
from scripts.declared import dotenv
from scripts.declared.exemptions import reviewed_exemptions
from scripts.errors import Problem, UsageError
from scripts.flows.facts import Survey, permissions_of
from scripts.flows.follow import End, Following, until_evaluated
from scripts.flows.foresee import BY_WAYS, foresee_by_ways
from scripts.patience import TWICE
from scripts.terminal import Console, Exit

# The links of the chain without which nothing that is reported reaches the function.
_LINKS = (CHANNEL, TRIGGER)
_LOST = (Standing.FAULT, Standing.NOT_YET)


_GONE = "gone"
_MOST = 1_000_000  # buckets
_PRIVATE = "private, public by policy or otherwise: not closed, kept for a person"


class EvaluationPlan(NamedTuple):
    """What an evaluation would lead to, in the mode in which the deployed function runs.

    `unlike` says how its exemptions differ from those that are here; empty if they do not.
    """

    mode: str
    found: Prospect
    unlike: str

    @property
    def closes(self) -> int:
        """How many buckets would be closed."""
        return 0 if self.mode == REPORT else len(self.found.to_close)

    @property
    def reported(self) -> tuple[Result, ...]:
        """What is followed: those that are reported and not exempt."""
        return (*self.found.to_close, *self.found.private)

    def same_as(self, other: "EvaluationPlan") -> bool:
        """Whether both lead to the same for the same buckets."""
        return self.mode == other.mode and _names(self.found) == _names(other.found)


@dataclass(frozen=True, kw_only=True)
class Options(Acting):
    """What it takes."""

    expect: Annotated[
        int | None,
        Parameter(help="how many buckets will be closed", converter=whole(0, _MOST)),
        "N",
    ] = None
    exemptions: Annotated[Path, Parameter(help="default: the project's")] = CODE / "exemptions.yaml"
    timeout: Annotated[
        float, Parameter(help=f"default: {TWICE:g}", converter=finite(0, LONGEST)), "SECONDS"
    ] = TWICE


@dataclass(frozen=True)
class BucketReport:
    """A bucket before and after; None for what did not come, or was not waited for."""

    bucket: str
    region: str
    acl: str
    before: str
    after: str | None
    closed: bool | None
    outcome: str | None
    reason: str | None


@dataclass(frozen=True)
class Report:
    """What an evaluation would lead to, and if it was started, what became of it."""

    rule_ids: tuple[str, ...]
    mode: str
    closes: int
    private: tuple[str, ...]
    exempt: tuple[str, ...]
    ignored: tuple[str, ...]
    started: bool
    buckets: tuple[BucketReport, ...]
    settled: bool | None


def _evaluate(context: Context) -> Ended:
    console = context.console
    until_evaluated(context, context.options.timeout)
    plan = _plan(context)
    _show(console, plan)
    check_expected(context.options.expect, plan.closes)
    if plan.reported:
        _check_chain(context)
        if not console.dry_run:
            return _carry_out(context, plan)
    else:
        console.say("nothing to do: no bucket is non-compliant that is not exempt", "green")
    return Ended(Exit.DONE, _report(context, plan, None))


def _carry_out(context: Context, plan: EvaluationPlan) -> Ended:
    if not _agreed(context, plan):
        context.console.say("nothing was started")
        return Ended(Exit.PROBLEM, _report(context, plan, None))
    context.act()
    following = Following(context, plan.reported, plan.mode)
    following.begin()
    if not _plan(context).same_as(plan):
        raise Problem("results changed meanwhile, so nothing was started: run again")
    _start(context)
    settled = following.wait()
    _show_ends(context, plan.mode, following.ends, settled=settled)
    report = _report(context, plan, following.ends, settled=settled)
    closed = plan.mode == REPORT or all(end.closed for end in following.ends)
    return Ended(Exit.DONE if settled and closed else Exit.PROBLEM, report)


def _plan(context: Context) -> EvaluationPlan:
    spec, clients, path = context.spec, context.clients, context.options.exemptions
    today = datetime.now(timezone.utc).date()
    reviewed = reviewed_exemptions(path, today)
    deployed = _deployed(context)
    told, held = deployed.settings, deployed.exemptions()
    exempting = LiveExemptions(held, told.exempt_tag, today)
    found = foresee_by_ways(spec, clients, exempting, told.ways)
    return EvaluationPlan(told.mode, found, differing(held, reviewed, path))


def _deployed(context: Context) -> DeployedFunction:
    """The function that will get the findings, if it acts on them: s.yaml may tell what is to come.

    Raises Problem if it does not.
    """
    spec, name = context.spec, context.spec.function_in_cloud
    deployed = DeployedFunction.find(spec, context.clients)
    if deployed is None:
        raise Problem(f"{name} is not deployed, so nobody acts on an evaluation: deploy it first")
    read, ours = deployed.settings, findings.rule_ids(spec)
    if read.problems:
        raise Problem(
            f"{name} is deployed with wrong settings, so it repairs nothing "
            f"({'; '.join(read.problems)}): correct them, and deploy"
        )
    if read.rule_ids != set(ours):
        raise Problem(
            f"{name} is deployed for {', '.join(sorted(read.rule_ids))}, and PREPARE_RULE_ID is "
            f"{', '.join(ours)}: correct that, or deploy"
        )
    return deployed


def _check_chain(context: Context) -> None:
    """Raise Problem, in the doctor's words, if what is reported would not reach the function."""
    options = context.options
    settings = dotenv.environment(options.spec.parent / ".env", context.environ)
    survey = Survey(context.spec, context.clients, settings, options.exemptions)
    for link in _LINKS:
        remarks = list(link.examine(survey.facts(*link.looks_at)))
        if lost := [each for each in remarks if each.standing in _LOST]:
            what = "; ".join(each.what for each in lost)
            mends = ", then ".join(dict.fromkeys(each.mend for each in lost))
            raise Problem(
                f"nothing was started, since findings would be lost ({link.name}: {what}): {mends}"
            )
        for each in remarks:
            if each.standing is Standing.UNSEEN:
                context.console.say(f"{link.name}: {each.what}", "yellow")


def _show(console: Console, plan: EvaluationPlan) -> None:
    to_close, private, exempt, ignored = plan.found
    if plan.unlike:
        console.say(plan.unlike, "yellow")
    if to_close:
        rows = [(each.bucket, each.region, each.acl) for each in to_close]
        console.table(("non-compliant", "region", "ACL"), rows)
    if private:
        console.table((_PRIVATE, "region"), [(each.bucket, each.region) for each in private])
    left = left_alone(len(exempt), len(ignored))
    if plan.mode == REPORT:
        console.say(
            f"nothing will be closed: the function runs in mode {REPORT}, and will report "
            f"{counted(len(to_close))}; {left}"
        )
    else:
        console.say(f"an evaluation now closes {counted(plan.closes)}; {left}", "bold")


def _agreed(context: Context, plan: EvaluationPlan) -> bool:
    if context.options.expect is not None:
        return True
    if not plan.closes:
        return context.console.confirm("Start the evaluation?")
    typed = context.console.ask(
        "To go on, type how many buckets will be closed:",
        f"say --expect {plan.closes} if that is meant (--yes is not enough)",
    )
    if typed != str(plan.closes):
        raise UsageError(
            f"{counted(plan.closes)} would be closed, and {typed or 'nothing'} was typed: "
            "nothing was started"
        )
    return True


def _start(context: Context) -> None:
    for rule_id in findings.rule_ids(context.spec):
        findings.start_evaluation(context.clients, rule_id)
        context.console.say(f"started an evaluation of {rule_id}")


def _names(found: Prospect) -> list[list[str]]:
    return [[each.bucket for each in group] for group in (found.to_close, found.private)]


def _show_ends(context: Context, mode: str, ends: Sequence[End], *, settled: bool) -> None:
    console, queue = context.console, context.spec.failure_queue
    rows = [(end.before.bucket, end.before.compliance, _after(end), _said(end)) for end in ends]
    console.table(("bucket", "before", "after", "the function said"), rows)
    still_open = [end for end in ends if not end.closed]
    if not settled:
        console.say(
            "results have not settled: look with `resource-repair status --bucket name` at what "
            "became of each",
            "red",
        )
    elif still_open and mode != REPORT:
        console.say(
            f"{counted(len(still_open))} could not be closed: a person must look; what the "
            f"function could not settle is kept in {queue or 'no queue, since none is declared'}",
            "red",
        )
    else:
        console.say("results have settled", "green")


def _after(end: End) -> str:
    return end.now.compliance if end.now else _GONE


def _said(end: End) -> str:
    return f"{end.line.outcome}: {end.line.reason}" if end.line else ""


def _report(
    context: Context,
    plan: EvaluationPlan,
    ends: Sequence[End] | None,
    *,
    settled: bool | None = None,
) -> Report:
    """Without `ends` no evaluation was started."""
    found = plan.found
    of_bucket = {end.before.bucket: end for end in ends or ()}
    return Report(
        tuple(findings.rule_ids(context.spec)),
        plan.mode,
        plan.closes,
        tuple(each.bucket for each in found.private),
        tuple(each.bucket for each in found.exempt),
        tuple(each.bucket for each in found.ignored),
        ends is not None,
        tuple(_bucket(each, of_bucket.get(each.bucket)) for each in plan.reported),
        settled,
    )


def _bucket(before: Result, end: End | None) -> BucketReport:
    line = end.line if end else None
    return BucketReport(
        before.bucket,
        before.region,
        before.acl,
        before.compliance,
        _after(end) if end else None,
        end.closed if end else None,
        line.outcome if line else None,
        line.reason if line else None,
    )


VERB = Verb(
    "evaluate",
    __doc__ or "",
    union(
        (GET, GET_CODE, LIST_RULES),
        BY_WAYS,
        permissions_of(*_LINKS),
        (findings.START,),
        audit_trail.PERMISSIONS,
    ),
    Options,
    _evaluate,
)
