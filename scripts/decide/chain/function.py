"""The function: whether it is there, and acts on the findings of the rule."""

from collections.abc import Iterator

from resource_repair.values import ENFORCE
from scripts.account.deployed_function import GET, DeployedFunction
from scripts.decide import deploy_conflicts
from scripts.decide.chain.facts import Chain
from scripts.decide.chain.model import (
    RESUME,
    Link,
    Remark,
    not_yet,
    sound,
    stopping,
    undeployed,
    unlike,
)


def _examine(chain: Chain) -> Iterator[Remark]:
    name, live = chain.spec.function.name, chain.function
    if live is None:
        yield not_yet(f"there is no function {name}")
        return
    waits_for, declared = live.get("environmentVariables.prepareRuleId", ""), chain.rule_ids
    if {each.strip() for each in waits_for.split(",")} != set(declared):
        yield undeployed(
            f"{name} acts on findings of the rule {waits_for or '(none)'}, and not of "
            f"{','.join(declared)}"
        )
        return
    differing = chain.function_differences(live)
    yield from unlike(name, differing)
    if chain.live and chain.live.pause:
        yield _paused(chain, chain.live)
    elif not differing:
        mode = live.get("environmentVariables.repairMode", ENFORCE)
        yield sound(f"{name} runs in mode {mode}")


def _paused(chain: Chain, live: DeployedFunction) -> Remark:
    name = chain.spec.function.name
    what = f"{name} is {live.pause}: findings are recorded, nothing is closed"
    ended = deploy_conflicts.ended_pause(live, chain.spec)
    # A deploy that stays in mode report ends a pause too, and closes nothing.
    return stopping(what, RESUME) if ended else sound(what)._replace(mend=RESUME)


FUNCTION = Link("function", (GET,), _examine)
