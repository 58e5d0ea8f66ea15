"""The delivery channel: whether it publishes the rule's findings to the topic."""

from collections.abc import Iterator

from scripts.doctor.chain import Chain
from scripts.doctor.model import PROVISION, Link, Remark, fault, sound
from scripts.resources import ChannelFound
from scripts.resources.channel import channels
from scripts.resources.rule import RISK_LEVEL
from scripts.results import LIST_RULES
from scripts.verb import Permission


def _examine(chain: Chain) -> Iterator[Remark]:
    target = chain.spec.trigger.source_arn
    there = channels(chain.clients)
    ours = [channel for channel in there if channel.target == target]
    if not ours:
        yield fault(_astray(there, target, chain.spec.topic), PROVISION)
        return
    wrong = {channel: _losses(channel, chain) for channel in ours}
    good = next((channel for channel, losses in wrong.items() if not losses), None)
    if good:
        yield sound(f"{good.name or good.id} publishes to {target}")
        return
    for channel, losses in wrong.items():
        for loss in losses:
            yield fault(f"{channel.name or channel.id} {loss}", PROVISION)


def _astray(there: list[ChannelFound], target: str, topic: str) -> str:
    """Where findings go instead, as a topic of the same name is in another region or account."""
    elsewhere = [each.target for each in there if each.target.endswith(f":/topics/{topic}")]
    if elsewhere:
        return f"findings go to {', '.join(elsewhere)}, and the topic here is {target}"
    return f"no delivery channel publishes to {target}"


def _losses(channel: ChannelFound, chain: Chain) -> list[str]:
    risk = chain.rule.risk_level if chain.rule else RISK_LEVEL
    said = {
        "is switched off": not channel.active,
        "does not send non-compliance": not channel.non_compliant,
        f"filters away findings about buckets of the rule's risk level, {risk}: "
        f"{channel.condition}": not channel.lets_through(risk),
    }
    return [loss for loss, lost in said.items() if lost]


CHANNEL = Link("channel", (Permission("config:ListConfigDeliveryChannels"), LIST_RULES), _examine)
