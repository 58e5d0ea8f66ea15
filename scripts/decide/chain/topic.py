"""The topic, and whether the trigger is subscribed to it."""

import enum
import re
from collections.abc import Iterator

from scripts.decide.chain.facts import Facts, known
from scripts.decide.chain.model import (
    APPLY,
    PROVISION,
    Link,
    Remark,
    Standing,
    changing,
    fault,
    not_yet,
    sound,
)
from scripts.declared import Spec

# Whom people let subscribe: a server of theirs, a queue, mail, or a phone.
_OTHERS = ("http://", "https://", "acs:mns:", "mail:", "sms:", "smq-ep:")

_FUNCTION = re.compile(r"acs:fc:([^:]*):([^:]*):services/([^/.]+)(?:\.([^/]+))?/functions/([^/]+)")
_OF_FUNCTIONS = re.compile(r"acs:fc:|https?://[^/]*\.fc\.aliyuncs\.com\b", re.I)
_NAMES = re.compile(r"services/([^/.]+)(?:\.[^/]+)?/functions/([^/]+)")


def _examine_topic(facts: Facts) -> Iterator[Remark]:
    name, region = facts.spec.topic, facts.spec.region
    topic = known(facts.topic)
    if topic.live is None:
        yield fault(f"there is no topic {name} in {region}", PROVISION)
        return
    wrong = list(changing(topic))
    yield from wrong or [sound(f"{name}, in {region}")]


def _examine_subscription(facts: Facts) -> Iterator[Remark]:
    name = facts.spec.topic
    if not listens(facts):
        yield not_yet("it comes with the trigger", "see there")
    elif known(facts.topic).live is None:
        yield fault(f"there is no topic {name} to be subscribed to", PROVISION)
    else:
        yield _about_subscriptions(facts, name)


def listens(facts: Facts) -> bool:
    """Whether the trigger is there and is the topic's; raises what reading did."""
    trigger = known(facts.trigger).live
    return trigger is not None and trigger["sourceArn"] == facts.spec.trigger.source_arn


def _about_subscriptions(facts: Facts, topic: str) -> Remark:
    """Whether one of them is our trigger's, by where it leads."""
    there: dict[_Whose, list[str]] = {whose: [] for whose in _Whose}
    for name, endpoint in known(facts.subscriptions):
        whose = _whose(endpoint, facts.spec)
        leads = f" (to {endpoint or 'an endpoint that is not told'})"
        there[whose].append(name if whose is _Whose.OURS else f"{name}{leads}")
    if ours := there[_Whose.OURS]:
        return sound(f"{topic} has {', '.join(ours)}, to the function")
    if unclear := there[_Whose.UNCLEAR]:
        return Remark(
            Standing.UNSEEN,
            f"whether {', '.join(unclear)}, subscribed to {topic}, is the trigger's cannot be told:"
            f" it does not lead to {_arn(facts.spec)}, as one to the function is documented to",
            "resource-repair verify --loop, which proves that findings arrive",
            deploy_goes_on=True,
        )
    others = ", ".join(there[_Whose.OTHERS])
    # Neither apply nor a deploy makes it again as long as the trigger is there.
    return fault(
        f"{f'only {others}, not the trigger,' if others else 'nobody'} is subscribed to {topic}, "
        "although the trigger is there",
        f"s remove trigger -y, then {APPLY}",
    )


class _Whose(enum.Enum):
    """Whom a subscription is for."""

    OURS = enum.auto()
    OTHERS = enum.auto()
    UNCLEAR = enum.auto()


def _whose(endpoint: str, spec: Spec) -> _Whose:
    """Whom a subscription is for, by its endpoint.

    Page "Subscribe" documents that of a function. Guessed: that a trigger's subscription has one of
    that form. Where triggers are made by way of EventBridge it may have another, or tell none.
    """
    if named := _FUNCTION.fullmatch(endpoint):
        return _Whose.OURS if _is_ours(named, spec) else _Whose.OTHERS
    if _OF_FUNCTIONS.match(endpoint):
        names, ours = _NAMES.search(endpoint), (spec.service.name, spec.function.name)
        others = spec.account_id not in endpoint or (names and names.groups() != ours)
        return _Whose.OTHERS if others else _Whose.UNCLEAR
    return _Whose.OTHERS if endpoint.lower().startswith(_OTHERS) else _Whose.UNCLEAR


def _is_ours(named: re.Match[str], spec: Spec) -> bool:
    region, account, service, qualifier, function = named.groups()
    return (
        region in ("", spec.region)
        and account in ("", spec.account_id)
        and (service, function) == (spec.service.name, spec.function.name)
        and qualifier in (None, "LATEST")
    )


def _arn(spec: Spec) -> str:
    place = f"services/{spec.service.name}/functions/{spec.function.name}"
    return f"acs:fc:{spec.region}:{spec.account_id}:{place}"


TOPIC = Link("topic", ("topic",), _examine_topic)
SUBSCRIPTION = Link("subscription", ("trigger", "topic", "subscriptions"), _examine_subscription)
