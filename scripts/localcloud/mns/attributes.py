"""The attributes of topics and queues as requests give them, checked against their limits."""

import re
from collections.abc import Mapping
from typing import TypedDict

from .delivery import BACKOFF_RETRY, STRATEGIES
from .endpoints import CONTENT_FORMATS
from .errors import invalid_argument
from .queue import DEFAULT_PRIORITY, QueueAttributes
from .topic import TopicAttributes

# Pages "CreateQueue", "CreateTopic", "SendMessage", "ReceiveMessage" and "ChangeMessageVisibility".
_LIMITS = {
    "DelaySeconds": (0, 604800),
    "MaximumMessageSize": (1024, 65536),
    "MessageRetentionPeriod": (60, 604800),
    "VisibilityTimeout": (1, 43200),
    "PollingWaitSeconds": (0, 30),
    "Priority": (1, 16),
    "WaitSeconds": (0, 30),
    "NumOfMessages": (1, 16),
    "x-mns-ret-number": (1, 1000),
}


class SubscriptionAttributes(TypedDict):
    """What a subscription is told when it is made."""

    endpoint: str
    strategy: str
    content_format: str
    filter_tag: str


def queue_attributes(given: Mapping[str, str], base: QueueAttributes) -> QueueAttributes:
    """`base` with what is given, by the names of the XML interface; raises ApiError."""
    return QueueAttributes(
        delay_seconds=number(given, "DelaySeconds", base.delay_seconds),
        maximum_message_size=number(given, "MaximumMessageSize", base.maximum_message_size),
        message_retention_period=number(
            given, "MessageRetentionPeriod", base.message_retention_period
        ),
        visibility_timeout=number(given, "VisibilityTimeout", base.visibility_timeout),
        polling_wait_seconds=number(given, "PollingWaitSeconds", base.polling_wait_seconds),
        logging_enabled=_flag(given, "LoggingEnabled", base.logging_enabled),
    )


def topic_attributes(given: Mapping[str, str], base: TopicAttributes) -> TopicAttributes:
    """`base` with what is given, by the names of the XML interface; raises ApiError."""
    return TopicAttributes(
        maximum_message_size=number(given, "MaximumMessageSize", base.maximum_message_size),
        logging_enabled=_flag(given, "LoggingEnabled", base.logging_enabled),
    )


def subscription_attributes(
    *, endpoint: str, strategy: str, content_format: str, filter_tag: str
) -> SubscriptionAttributes:
    """The attributes given, or the defaults for empty ones; raises ApiError."""
    if not endpoint:
        raise invalid_argument("The value of Endpoint should not be empty.")
    if content_format not in ("", *CONTENT_FORMATS):
        raise invalid_argument(f"The value of NotifyContentFormat is unknown: {content_format}.")
    return {
        "endpoint": endpoint,
        "strategy": notify_strategy(strategy, BACKOFF_RETRY),
        "content_format": content_format or CONTENT_FORMATS[0],
        "filter_tag": filter_tag,
    }


def notify_strategy(given: str, default: str) -> str:
    """A retry strategy; raises ApiError for an unknown one."""
    if given not in ("", *STRATEGIES):
        raise invalid_argument(f"The value of NotifyStrategy is unknown: {given}.")
    return given or default


def priority(given: Mapping[str, str]) -> int:
    """A message's priority, 1 the most urgent; raises ApiError."""
    return number(given, "Priority", DEFAULT_PRIORITY)


def number(given: Mapping[str, str], name: str, default: int) -> int:
    """An integer within the limits that MNS has for `name`; raises ApiError."""
    text = given.get(name, "").strip()
    if not text:
        return default
    low, high = _LIMITS[name]
    if not (re.fullmatch(r"[0-9]{1,9}", text) and low <= int(text) <= high):
        raise invalid_argument(f"The value of {name} should between {low} and {high}.")
    return int(text)


def _flag(given: Mapping[str, str], name: str, default: bool) -> bool:
    text = given.get(name, "").strip().lower()
    if text not in ("", "true", "false"):
        raise invalid_argument(f"The value of {name} should be True or False.")
    return text == "true" if text else default
