"""The function: whether it is there, and acts on the findings of the rule."""

from collections.abc import Iterator

from resource_repair.values import ENFORCE
from scripts.account.deployed_function import Pause
from scripts.decide import deploy_conflicts
from scripts.decide.chain.facts import CODE, Facts, known
from scripts.decide.chain.model import (
    RESUME,
    Link,
    Remark,
    sound,
    stopping,
    undeployed,
    unlike,
)


def _examine(facts: Facts) -> Iterator[Remark]:
    name, live = facts.spec.function.name, known(facts.function).live
    if live is None:
        yield undeployed(f"there is no function {name}")
        return
    waits_for, declared = live.get("environmentVariables.prepareRuleId", ""), facts.rule_ids
    if {each.strip() for each in waits_for.split(",")} != set(declared):
        yield undeployed(
            f"{name} acts on findings of the rule {waits_for or '(none)'}, and not of "
            f"{','.join(declared)}"
        )
        return
    wrong, running = [*_differing(facts)], known(facts.running)
    yield from wrong
    if running and running.pause:
        yield _paused(facts, running.pause)
    elif not wrong:
        mode = live.get("environmentVariables.repairMode", ENFORCE)
        unbuilt = "" if CODE in live else "; its code was not compared: none is built here"
        yield sound(f"{name} runs in mode {mode}{unbuilt}")


def _differing(facts: Facts) -> Iterator[Remark]:
    name, differing = facts.spec.function.name, facts.function_differences
    yield from unlike(name, (each for each in differing if each.field != CODE))
    if CODE in (each.field for each in differing):
        yield undeployed(f"{name} runs other code than is built here")
    for step in known(facts.undeclared):
        told = ", ".join(f"{each.field} {each.live}" for each in step.differences)
        what = f"{step.kind} {step.name} ({told})"
        yield undeployed(f"{name} has what s.yaml does not declare: {what}")


def _paused(facts: Facts, pause: Pause) -> Remark:
    name = facts.spec.function.name
    what = f"{name} is {pause}: findings are recorded, nothing is closed"
    ended = deploy_conflicts.ended_pause(pause, facts.spec)
    # A deploy that stays in mode report ends a pause too, and closes nothing.
    return stopping(what, RESUME) if ended else sound(what)._replace(mend=RESUME)


FUNCTION = Link("function", ("function", "running", "undeclared"), _examine)
