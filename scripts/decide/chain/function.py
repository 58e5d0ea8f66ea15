"""The function: whether it is there, and acts on the findings of the rule."""

import re
from collections.abc import Iterator

from resource_repair.values import ENFORCE
from scripts.account.deployed_function import Pause
from scripts.account.resource import Difference
from scripts.decide import deploy_conflicts
from scripts.decide.chain.facts import CODE, Facts, known
from scripts.decide.chain.model import (
    APPLY,
    RESUME,
    Link,
    Remark,
    fault,
    sound,
    stopping,
    undeployed,
    unlike,
)
from scripts.declared import Generation

# What s.yaml says of a function, variables aside.
_DECLARED = re.compile("description|runtime|handler|memorySize|cpu|diskSize|timeout|code")


def _examine(facts: Facts) -> Iterator[Remark]:
    name, live = facts.spec.function_in_cloud, known(facts.function).live
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
    name, differing = facts.spec.function_in_cloud, facts.function_differences
    emptied = [each for each in differing if _is_emptied(facts, each)]
    yield from unlike(
        name, (each for each in differing if each.field != CODE and each not in emptied)
    )
    for each in emptied:
        yield fault(
            f"{name} has {each.field} {each.live}, which s.yaml does not declare: a deploy by the "
            "Serverless Devs client would empty it without a word",
            f"{APPLY}, which does so too, and shows it before",
        )
    if CODE in (each.field for each in differing):
        yield undeployed(f"{name} runs other code than is built here")
    for step in known(facts.undeclared):
        told = ", ".join(f"{each.field} {each.live}" for each in step.differences)
        what = f"{step.kind} {step.name} ({told})"
        yield undeployed(f"{name} has what s.yaml does not declare: {what}")


def _is_emptied(facts: Facts, each: Difference) -> bool:
    """Whether it is there, and nobody declared it: the client for 3.0 empties what it is not told.

    (The client for 2.0 leaves most of it alone.)
    """
    if facts.spec.generation is Generation.FC2 or _DECLARED.fullmatch(each.field):
        return False
    return not (each.field.startswith("environmentVariables.") and each.declared)


def _paused(facts: Facts, pause: Pause) -> Remark:
    name = facts.spec.function_in_cloud
    what = f"{name} is {pause}: findings are recorded, nothing is closed"
    ended = deploy_conflicts.ended_pause(pause, facts.spec)
    # A deploy that stays in mode report ends a pause too, and closes nothing.
    return stopping(what, RESUME) if ended else sound(what)._replace(mend=RESUME)


FUNCTION = Link("function", ("function", "running", "undeclared"), _examine)
