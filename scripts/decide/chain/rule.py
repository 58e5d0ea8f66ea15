"""Cloud Config: whether it is on, and whether the function waits for the right rule's findings."""

from collections.abc import Iterator

from scripts.account.findings import LIST_RULES
from scripts.account.inventory import Rule, RuleFound
from scripts.account.permission import Permission
from scripts.account.recorder import recorder
from scripts.account.rule import MANAGED_RULE
from scripts.decide.chain.facts import Chain
from scripts.decide.chain.model import PROVISION, Link, Remark, changing, fault, in_the_way, sound
from scripts.declared import rule_ids
from scripts.declared.rule_ids import RULE_ID


def _examine_recorder(chain: Chain) -> Iterator[Remark]:
    found = recorder(chain.clients)
    obstacle, _, mend = found.obstacle().partition(": ")
    yield fault(obstacle, mend) if obstacle else sound(f"it is on: {found.status}")


def _examine_rule(chain: Chain) -> Iterator[Remark]:
    wrong = [*_about_rule(chain), *_about_id(chain)]
    yield from wrong or [sound(f"{each.name} is {each.id}") for each in _waited_for(chain)]


def _about_rule(chain: Chain) -> Iterator[Remark]:
    rule, resource = chain.rule, Rule(chain.spec, chain.clients)
    live = resource.live()
    if obstacles := [*in_the_way(resource)]:
        yield from obstacles
    elif rule is None or live is None:
        yield fault(f"there is no rule {resource.name}", PROVISION)
    else:
        told = {"state": f"is {rule.state}, and evaluates nothing"}
        yield from changing(resource, live, told)


def _about_id(chain: Chain) -> Iterator[Remark]:
    value, rule = ",".join(chain.rule_ids), chain.rule
    mend = f"{PROVISION}, which writes {RULE_ID}={rule.id if rule else '<its id>'} to .env"
    if wrong := rule_ids.problem(value):
        yield fault(wrong.partition(": ")[0], mend)
    elif rule and rule.id not in chain.rule_ids:
        yield fault(
            f"{RULE_ID} is {value}, the id of another rule ({_told(chain)}), "
            f"and {rule.name} is {rule.id}",
            mend,
        )
    elif len(_waited_for(chain)) < len(chain.rule_ids):
        yield fault(f"{RULE_ID} is {value}: {_told(chain)}", f"correct {RULE_ID} in .env")
    else:
        yield from _about_others(chain)


def _about_others(chain: Chain) -> Iterator[Remark]:
    """The rules beside the one that s.yaml names: nothing is to be awaited of an unfit one."""
    for rule in _waited_for(chain):
        if rule == chain.rule:
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


def _told(chain: Chain) -> str:
    names = {rule.id: rule.name for rule in chain.rules}
    return ", ".join(
        names.get(each, f"{each} is none of this account's") for each in chain.rule_ids
    )


def _waited_for(chain: Chain) -> list[RuleFound]:
    return [rule for rule in chain.rules if rule.id in chain.rule_ids]


CLOUD_CONFIG = Link(
    "Cloud Config", (Permission("config:GetConfigurationRecorder"),), _examine_recorder
)
RULE = Link("rule", (LIST_RULES,), _examine_rule)
