"""The delivery channel: whether it publishes the rule's findings to the topic."""

from collections.abc import Iterator

from scripts.account.inventory import ChannelFound
from scripts.account.rule import RISK_LEVEL
from scripts.decide.chain.facts import Facts, known
from scripts.decide.chain.model import (
    PROVISION,
    Link,
    Remark,
    Standing,
    changing,
    fault,
    in_the_way,
    sound,
)

_CONSOLE = "https://config.console.aliyun.com"


def _examine(facts: Facts) -> Iterator[Remark]:
    channel, target = known(facts.channel), facts.spec.trigger.source_arn
    found = known(facts.channel_found)
    if found is None:
        yield fault(_astray(facts, target), PROVISION)
        yield from in_the_way(channel)
        return
    wrong = [*_about(found, facts), *_about_unknown_filters(found, facts)]
    yield from wrong or [sound(f"{found.name or found.id} publishes to {target}")]


def _astray(facts: Facts, target: str) -> str:
    """Where findings go instead, as a topic of the same name is in another region or account."""
    there = (each.target for each in known(facts.channels))
    if elsewhere := [each for each in there if each.endswith(f":/topics/{facts.spec.topic}")]:
        return f"findings go to {', '.join(elsewhere)}, and the topic here is {target}"
    return f"no delivery channel publishes to {target}"


def _about(found: ChannelFound, facts: Facts) -> Iterator[Remark]:
    """What provision would change in it: nothing is lost where another publishes all the same."""
    risk = _risk(facts)
    told = {
        "deliveryChannelTargetArn": "publishes to another topic",
        "status": "is switched off",
        "nonCompliantNotification": "does not send non-compliance",
        "condition": f"filters away findings about buckets of the rule's risk level, {risk}",
    }
    harmless = {"furtherDeliveries"}
    if found.lets_through(risk) is not False:
        harmless.add("condition")
        del told["condition"]
    if _others_publish(facts, found):
        harmless.update(told)
    yield from changing(known(facts.channel), told, harmless)


def _about_unknown_filters(found: ChannelFound, facts: Facts) -> Iterator[Remark]:
    """Whether findings pass a filter of a form that no page tells: nobody here can say."""
    if found.lets_through(_risk(facts)) is None and not _others_publish(facts, found):
        yield Remark(
            Standing.UNSEEN,
            f"{found.name or found.id} has filters that are not known here, so that whether our "
            f"findings pass cannot be told: {found.condition}",
            f"look at it in {_CONSOLE}, and let findings about buckets pass",
            deploy_goes_on=True,
        )


def _others_publish(facts: Facts, found: ChannelFound) -> bool:
    """Whether the findings come by a further channel to the topic."""
    target, risk = facts.spec.trigger.source_arn, _risk(facts)
    return any(
        each.active and each.non_compliant and each.lets_through(risk) is True
        for each in known(facts.channels)
        if each.target == target and each.id != found.id
    )


def _risk(facts: Facts) -> int:
    rule = facts.named_rule
    return rule.risk_level if rule else RISK_LEVEL


CHANNEL = Link("channel", ("rules", "channels", "channel_found", "channel"), _examine)
