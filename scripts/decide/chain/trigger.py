"""The trigger: whether it is the declared one, and whether MNS may call the function."""

from collections.abc import Iterator

from scripts.account.deploy_plan import Difference
from scripts.account.notification_role import POLICY, PRINCIPAL
from scripts.account.trigger import SUBSCRIPTION
from scripts.decide.chain.facts import Facts, Seen, known
from scripts.decide.chain.model import (
    APPLY,
    PROVISION,
    Link,
    Remark,
    changing,
    fault,
    in_the_way,
    sound,
    undeployed,
)


def _examine_trigger(facts: Facts) -> Iterator[Remark]:
    name, seen = facts.spec.trigger.name, known(facts.trigger)
    if seen.live is None:
        yield undeployed(f"there is no trigger {name}")
        return
    role = facts.spec.trigger.role_arn
    differences = [each for each in seen.differences if each.field != SUBSCRIPTION]  # a link itself
    for difference in differences:
        yield fault(f"{name} {_told(difference, role)}; a deploy never updates it", APPLY)
    if not differences:
        yield sound(f"{name} listens to {seen.live['sourceArn']}")


def _told(difference: Difference, role: str) -> str:
    live, declared = difference.live, difference.declared
    if difference.field == "sourceArn":
        return f"listens to {live}, and s.yaml names {declared}"
    if difference.field == "role" and not live:
        return "has no role, so MNS may not call the function"
    if difference.field == "role" and not live.startswith("acs:ram::"):
        return f"has the bare name {live} as its role, which means nothing: it takes {role}"
    return f"has {difference.field} {live or 'empty'}, and s.yaml says {declared or 'nothing'}"


def _examine_role(facts: Facts) -> Iterator[Remark]:
    role = known(facts.trigger_role)
    live = role.live
    if live is None:
        yield fault(f"there is no role {role.name}, so MNS cannot call the function", PROVISION)
        return
    wrong = [*in_the_way(role)] or [*_about_role(role, live["trusts"])]
    yield from wrong or [sound(f"{role.name} trusts {live['trusts']} and has {live['policy']}")]


def _about_role(role: Seen, trusts: str) -> Iterator[Remark]:
    trusted = PRINCIPAL in trusts.split(", ")
    told = {"policy": f"lacks {POLICY}, so that MNS may not call the function"}
    if not trusted:
        told["trusts"] = f"trusts {trusts or 'nobody'}, and not {PRINCIPAL}"
    yield from changing(role, told, ["trusts"] if trusted else ())


TRIGGER = Link("trigger", ("trigger",), _examine_trigger)
TRIGGER_ROLE = Link("trigger's role", ("trigger_role",), _examine_role)
