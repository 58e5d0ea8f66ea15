"""Cloud Config: whether it is on, and whether the function waits for the right rule's findings."""

from collections.abc import Iterator

from resource_repair.values import REPORT
from scripts.account.inventory import RuleFound
from scripts.account.rule import MANAGED_RULE
from scripts.decide.chain.facts import Answer, Facts, Running, known
from scripts.decide.chain.model import (
    PAUSE,
    PROVISION,
    Link,
    Remark,
    changing,
    fault,
    in_the_way,
    sound,
)
from scripts.declared import rule_ids
from scripts.declared.rule_ids import RULE_ID


def _examine_recorder(facts: Facts) -> Iterator[Remark]:
    found = known(facts.recorder)
    obstacle, _, mend = found.obstacle().partition(": ")
    yield fault(obstacle, mend) if obstacle else sound(f"it is on: {found.status}")


def _examine_rule(facts: Facts) -> Iterator[Remark]:
    wrong = [*_about_rule(facts), *_about_id(facts)]
    yield from wrong or [sound(f"{each.name} is {each.id}") for each in _waited_for(facts)]


def _about_rule(facts: Facts) -> Iterator[Remark]:
    rule, seen = facts.named_rule, known(facts.rule)
    if obstacles := [*in_the_way(seen)]:
        yield from obstacles
    elif rule is None or seen.live is None:
        yield fault(f"there is no rule {seen.name}", PROVISION)
    else:
        told = {"state": f"is {rule.state}, and evaluates nothing"}
        refused = closes_once_on(rule, facts.running)
        for each in changing(seen, told):
            yield each._replace(mend=f"{PAUSE}, then {PROVISION}") if refused else each


def closes_once_on(rule: RuleFound, running: Answer[Running | None]) -> bool:
    """Whether provision does not switch it on: all that it then reports would be closed."""
    off = rule.state == "INACTIVE"
    return off and isinstance(running, Running) and running.settings.mode != REPORT


def _about_id(facts: Facts) -> Iterator[Remark]:
    value, rule = ",".join(facts.rule_ids), facts.named_rule
    mend = f"{PROVISION}, which writes {RULE_ID}={rule.id if rule else '<its id>'} to .env"
    if wrong := rule_ids.problem(value):
        yield fault(wrong.partition(": ")[0], mend)
    elif rule and rule.id not in facts.rule_ids:
        yield fault(
            f"{RULE_ID} is {value}, the id of another rule ({_told(facts)}), "
            f"and {rule.name} is {rule.id}",
            mend,
        )
    elif len(_waited_for(facts)) < len(facts.rule_ids):
        yield fault(f"{RULE_ID} is {value}: {_told(facts)}", f"correct {RULE_ID} in .env")
    else:
        yield from _about_others(facts)


def _about_others(facts: Facts) -> Iterator[Remark]:
    """The rules beside the one that s.yaml names: nothing is to be awaited of an unfit one."""
    for rule in _waited_for(facts):
        if rule == facts.named_rule:
            continue
        drop = f"take {rule.id} out of {RULE_ID} in .env"
        if rule.source != MANAGED_RULE:
            yield fault(
                f"{RULE_ID} has {rule.id}: {rule.name} is an instance of {rule.source}, "
                f"not of {MANAGED_RULE}",
                drop,
            )
        if not rule.at_work:
            yield fault(
                f"{RULE_ID} has {rule.id}: {rule.name} is {rule.state}, and evaluates nothing",
                f"switch it on in the Cloud Config console, or {drop}",
            )


def _told(facts: Facts) -> str:
    names = {rule.id: rule.name for rule in known(facts.rules)}
    return ", ".join(
        names.get(each, f"{each} is none of this account's") for each in facts.rule_ids
    )


def _waited_for(facts: Facts) -> list[RuleFound]:
    return [rule for rule in known(facts.rules) if rule.id in facts.rule_ids]


CLOUD_CONFIG = Link("Cloud Config", ("recorder",), _examine_recorder)
RULE = Link("rule", ("rules", "rule", "running"), _examine_rule)
