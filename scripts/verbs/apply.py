"""Bring s.yaml to Function Compute and RAM: role, policies, service, function, trigger.

Shows what would change, asks, and applies. Safe to repeat: a second run finds nothing to do. It
stops where it would end a pause, drop an exemption that is live, or bring a new one whose glob is
too wide. It tells which buckets it newly closes, and which it newly leaves open, beside what is
live. If it would close more than 20, or one that is exempt by what is live, their number must be
typed at the terminal, or given as EXPECT_CLOSE in the environment; likewise EXPECT_LEAVE_OPEN, if
it would leave one open that the exemptions do not name in full. So must be how many a further
remediation newly changes, as EXPECT_ENCRYPTION, or by another's name, and how many Block Public
Access newly closes, as EXPECT_BLOCK. While our function is on the other Function Compute too, and
is paused there, that pause is taken over.
"""

from dataclasses import dataclass
from typing import NamedTuple

from resource_repair.settings import BLOCK
from scripts.account import deploy_plan, moving
from scripts.account.deploy_plan import Step, plan
from scripts.account.deployed_function import GET_CODE
from scripts.account.permission import union
from scripts.bundling import fresh
from scripts.context import Acting, Context, Ended, Verb
from scripts.decide.chain import Standing, remediations
from scripts.decide.chain.buckets import (
    BUCKETS,
    Changed,
    begins_to_enforce,
    changes,
    evaluating,
    idle,
    judges_alike,
    rules_are_there,
)
from scripts.decide.chain.facts import known
from scripts.decide.chain.remediations import FURTHER
from scripts.decide.deploy_effect import EXPECT_CLOSE, EXPECT_LEAVE_OPEN, expect
from scripts.declared import Spec, dotenv
from scripts.errors import Problem, UsageError
from scripts.flows import carry_out
from scripts.flows.carry_out import StepReport
from scripts.flows.compare import stops
from scripts.flows.facts import Survey, permissions_of
from scripts.flows.follow import until_evaluated
from scripts.terminal import Exit


@dataclass(frozen=True)
class Report:
    """What is different, what was done about it, and what stood against that."""

    steps: list[StepReport]
    stopped: list[str]


def _apply(context: Context) -> Ended:
    console = context.console
    if told := fresh.build(context.spec.function):
        console.say(told)
    planned = plan(context.spec, context.clients)
    carry_out.show(console, planned, "what a deploy makes")
    _tell_of_pause(context)
    if planned.changes:
        _wait_for_results(context)
    rests_on = _rests_on(context) if planned.changes else _RestsOn((), [])
    stopped = rests_on.stopped
    for why in stopped:
        console.fail(why)
    _check_numbers(context, rests_on)
    applied: list[Step] = []
    end = Exit.PROBLEM if stopped else Exit.DONE
    if planned.changes and not stopped and not console.dry_run:
        if console.confirm("Apply this?"):
            context.act()
            if _rests_on(context) != rests_on:
                raise Problem(
                    "what this closes, or what stands against it, changed meanwhile, so nothing "
                    "was applied: run again"
                )
            carry_out.carry_out(console, planned, applied)
        else:
            console.say("nothing was applied")
            end = Exit.PROBLEM
    return Ended(end, Report(carry_out.report(planned, applied), stopped))


def _tell_of_pause(context: Context) -> None:
    """That nothing is closed by what is applied, as long as the other one is paused."""
    spec = context.spec
    if moving.with_pause(spec, context.clients) != spec:
        other = moving.elsewhere(spec, context.clients)
        context.console.say(
            f"{other and other.spec.qualified_name} is {other and other.pause}, and so is "
            f"{spec.qualified_name}, until `resource-repair resume`",
            "bold",
        )


class _RestsOn(NamedTuple):
    """What was looked at beside what is to be changed, and must be the same after the yes."""

    changed: tuple[Changed, ...]
    stopped: list[str]
    spec: Spec | None = None


def _rests_on(context: Context) -> _RestsOn:
    spec = moving.with_pause(context.spec, context.clients)
    return _RestsOn(_what_changes(context), list(stops(context)), spec)


def _wait_for_results(context: Context) -> None:
    """Where this begins to enforce, let the rule end what it evaluates, as after it was made."""
    facts = _survey(context).facts("running", "rules")
    if begins_to_enforce(facts) and rules_are_there(facts) and evaluating(facts):
        until_evaluated(context)


def _survey(context: Context) -> Survey:
    settings = dotenv.environment(context.options.spec.parent / ".env", context.environ)
    # The exemptions of the bundle that it deploys, whatever has become of their file since.
    spec = moving.with_pause(context.spec, context.clients)
    return Survey(spec, context.clients, settings)


def _what_changes(context: Context) -> tuple[Changed, ...]:
    """Which buckets this newly closes or leaves open, as the doctor tells it."""
    survey = _survey(context)
    facts = survey.facts("running", "exemptions", "live_exemptions")
    known(facts.exemptions)  # or raises why they cannot be
    further = tuple(remediations.changes(survey.facts(*FURTHER.looks_at)))
    if judges_alike(facts):
        return further
    facts = survey.facts(*BUCKETS.looks_at)
    unknown = idle(facts)
    return (*([Changed(unknown)] if unknown else changes(facts)), *further)


def _check_numbers(context: Context, rests_on: _RestsOn) -> None:
    """Say what changes; have the numbers typed that are wanted, or raise Problem with all of them.

    That is where nobody is asked, or something else stops it in any case.
    """
    wanted = []
    for each in rests_on.changed:
        if each.remark.standing is Standing.SOUND and not each.remark.deploy_stops:
            context.console.say(each.remark.what)
        else:
            wanted.append(each)
    told = [f"{each.what}: {each.mend}" if each.mend else each.what for each, *_ in wanted]
    unasked = context.options.yes or context.console.dry_run or rests_on.stopped
    if wanted and (unasked or not all(each.setting for each in wanted)):
        raise Problem(f"nothing was applied, since {'; and since '.join(told)}")
    meant = " ".join(f"{each.setting}={each.number}" for each in wanted)
    for each in wanted:
        _ask_number(context, each, f"set {meant} if that is meant")


def _ask_number(context: Context, changed: Changed, instead: str) -> None:
    """Have a number typed; raises UsageError for another one, or where nobody is there."""
    context.console.say(changed.remark.what, "bold")
    verbs = {EXPECT_CLOSE: "closed", EXPECT_LEAVE_OPEN: "left open", expect(BLOCK): "blocked"}
    verb = verbs.get(changed.setting, "changed")
    question = f"To go on, type how many buckets will be {verb}:"
    typed = context.console.ask(question, instead)
    if typed != str(changed.number):
        raise UsageError(
            f"{changed.number} would be {verb}, and {typed or 'nothing'} was typed: nothing was "
            "applied"
        )


VERB = Verb(
    "apply",
    __doc__ or "",
    union(deploy_plan.READING, deploy_plan.MAKING, (GET_CODE,), permissions_of(BUCKETS, FURTHER)),
    Acting,
    _apply,
    on_fc3=union(
        deploy_plan.READING_ALONE,
        deploy_plan.MAKING_ALONE,
        (GET_CODE,),
        permissions_of(BUCKETS, FURTHER),
    ),
)
