"""Bring s.yaml to Function Compute and RAM: role, policies, service, function, trigger.

Shows what would change, asks, and applies. Safe to repeat: a second run finds nothing to do. It
stops where it would end a pause, drop an exemption that is live, or bring a new one whose glob is
too wide. If it would begin to enforce, and more than 20 buckets are non-compliant and not exempt,
their number must be given as EXPECT_CLOSE in the environment.
"""

from dataclasses import dataclass
from typing import NamedTuple

from scripts.account import deploy_plan
from scripts.account.deploy_plan import Step, plan
from scripts.account.deployed_function import GET_CODE
from scripts.account.permission import union
from scripts.bundling import fresh
from scripts.context import Acting, Context, Ended, Verb
from scripts.decide.chain import Standing
from scripts.decide.chain.buckets import (
    BUCKETS,
    begins_to_enforce,
    closing,
    evaluating,
    rules_are_there,
)
from scripts.decide.chain.facts import known
from scripts.declared import dotenv
from scripts.errors import Problem
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
    if told := fresh.build(context.spec.function.code):
        console.say(told)
    planned = plan(context.spec, context.clients)
    carry_out.show(console, planned, "what a deploy makes")
    if planned.changes:
        _wait_for_results(context)
    rests_on = _rests_on(context) if planned.changes else _RestsOn("", [])
    closes, stopped = rests_on
    if closes:
        console.say(closes)
    for each in stopped:
        console.fail(each)
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


class _RestsOn(NamedTuple):
    """What was looked at beside what is to be changed, and must be the same after the yes."""

    closes: str
    stopped: list[str]


def _rests_on(context: Context) -> _RestsOn:
    return _RestsOn(_what_closes(context), list(stops(context)))


def _wait_for_results(context: Context) -> None:
    """Where this begins to enforce, let the rule end what it evaluates, as after it was made."""
    facts = _survey(context).facts("running", "rules")
    if begins_to_enforce(facts) and rules_are_there(facts) and evaluating(facts):
        until_evaluated(context)


def _survey(context: Context) -> Survey:
    settings = dotenv.environment(context.options.spec.parent / ".env", context.environ)
    # The exemptions of the bundle that it deploys, whatever has become of their file since.
    return Survey(context.spec, context.clients, settings)


def _what_closes(context: Context) -> str:
    """How many buckets this closes if it begins to enforce; or raises Problem as the doctor."""
    survey = _survey(context)
    if not begins_to_enforce(survey.facts("running")):
        return ""
    facts = survey.facts(*BUCKETS.looks_at)
    known(facts.exemptions)  # or raises why they cannot be
    remark = closing(facts)
    if remark.standing is not Standing.SOUND:
        raise Problem(f"nothing was applied, since {remark.what}: {remark.mend}")
    return remark.what


VERB = Verb(
    "apply",
    __doc__ or "",
    union(deploy_plan.READING, deploy_plan.MAKING, (GET_CODE,), permissions_of(BUCKETS)),
    Acting,
    _apply,
)
