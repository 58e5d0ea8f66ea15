"""Delivery channels: to which topic which findings go."""

import json
import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..mns.state import MnsState
from ..service import Core
from .errors import InvalidConditionError, InvalidTopicArnError, TopicUnreachableError
from .rules import RESOURCE_TYPE, Rule

_TOPIC_ARN = re.compile(r"acs:mns:([a-z0-9-]+):(\d+):/topics/([A-Za-z0-9-]{1,255})")


class TopicArn(NamedTuple):
    """`acs:mns:<region>:<account>:/topics/<topic>`, taken apart."""

    region: str
    account_id: str
    topic: str


@dataclass(frozen=True)
class Channel:
    """A channel to a topic; `condition` is the JSON that filters it, `active` its Status.

    `also` names what else it delivers, which is on record alone. The id is given by the state that
    takes the channel in.
    """

    target_arn: str
    id: str = ""
    name: str = ""
    description: str = ""
    condition: str = ""
    oversized_data_oss_target_arn: str = ""
    non_compliant_notification: bool = True
    active: bool = True
    also: tuple[str, ...] = ()

    @property
    def topic(self) -> str:
        """The name of the topic."""
        return parse_topic_arn(self.target_arn).topic

    def takes(self, rule: Rule) -> bool:
        """Whether findings of `rule` go through this channel."""
        return self.active and self.non_compliant_notification and self._passes(rule)

    def _passes(self, rule: Rule) -> bool:
        try:
            return all(_passes(part, rule) for part in parse_condition(self.condition))
        except InvalidConditionError:
            return False  # a filter that is not known here, kept by `keep_channel`


def parse_topic_arn(text: str) -> TopicArn:
    """The parts of a topic's ARN; raises InvalidTopicArnError."""
    match = _TOPIC_ARN.fullmatch(text)
    if match is None:
        raise InvalidTopicArnError(text)
    return TopicArn(*match.groups())


def parse_condition(text: str) -> list[dict[str, Any]]:
    """The filters of a DeliveryChannelCondition; raises InvalidConditionError.

    Page "CreateConfigDeliveryChannel": `RuleRiskLevel` has the lowest risk as its `value`, 1 being
    the highest; `ResourceType` has `values`. One filter need not be in a list.
    """
    try:
        filters = json.loads(text or "[]")
    except (ValueError, RecursionError):
        raise InvalidConditionError(text) from None
    if isinstance(filters, dict):
        filters = [filters]
    if not isinstance(filters, list) or not all(_is_filter(part) for part in filters):
        raise InvalidConditionError(text)
    return filters


def _is_filter(part: object) -> bool:
    match part:
        case {"filterType": "RuleRiskLevel", "value": "1" | "2" | "3"}:
            return True
        case {"filterType": "ResourceType", "values": [*values]}:
            return all(isinstance(value, str) for value in values)
    return False


def _passes(part: dict[str, Any], rule: Rule) -> bool:
    if part["filterType"] == "RuleRiskLevel":
        return rule.risk_level <= int(part["value"])
    return RESOURCE_TYPE in part["values"]


def check(channel: Channel, before: Channel | None, core: Core, mns: MnsState) -> None:
    """Raise what is wrong about it. Page "PutDeliveryChannel": a new topic is tried."""
    parse_condition(channel.condition)
    arn = channel.target_arn
    if before and before.target_arn == arn:
        return
    target = parse_topic_arn(arn)
    there = target[:2] == (core.region, core.account_id) and target.topic in mns.topics()
    if not there or core.spreading.misses(arn):
        raise TopicUnreachableError(arn)
