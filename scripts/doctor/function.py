"""The function: whether it is there, and acts on the findings of the rule."""

from collections.abc import Iterator

from resource_repair.values import ENFORCE
from scripts.doctor.chain import Chain
from scripts.doctor.model import Link, Remark, not_yet, sound, undeployed
from scripts.verb import Permission


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
    else:
        mode = live.get("environmentVariables.repairMode", ENFORCE)
        yield sound(f"{name} runs in mode {mode}")


FUNCTION = Link(
    "function", (Permission("fc:GetFunction", "acs:fc:{region}:{account}:*"),), _examine
)
