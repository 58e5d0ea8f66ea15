"""One MNS topic, and the limits and names of topics, queues and subscriptions."""

import re
from collections.abc import Mapping, Sized
from dataclasses import dataclass, field

from .delivery import Subscription
from .errors import InvalidNameError, NameLengthError, TooManyError
from .queue import SIZE_LIMIT

TOPIC_RETENTION_SECONDS = 86400

# Pages "Limits", "CreateQueue", "Topic" (topics begin with a letter) and "Subscribe".
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_LONGEST = {"Queue": 120, "Topic": 120, "Subscription": 255}
_MOST = {"Queue": 1000, "Topic": 1000, "Subscription": 100}


@dataclass(frozen=True)
class TopicAttributes:
    """What a topic can be told; the defaults are those of the page "CreateTopic"."""

    maximum_message_size: int = SIZE_LIMIT
    logging_enabled: bool = False


@dataclass
class Topic:
    """A topic and its subscriptions by name; times are seconds since the epoch."""

    name: str
    attributes: TopicAttributes
    created_at: float
    modified_at: float
    tags: Mapping[str, str] = field(default_factory=dict)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)


def check_name(kind: str, name: str) -> None:
    """Raise NameLengthError or InvalidNameError for what cannot be a name of this kind."""
    if len(name) > _LONGEST[kind]:
        raise NameLengthError(kind, _LONGEST[kind])
    if not _NAME.fullmatch(name) or (kind == "Topic" and not name[0].isalpha()):
        raise InvalidNameError(kind, name)


def check_number(kind: str, there: Sized) -> None:
    """Raise TooManyError if there can be no more of this kind."""
    if len(there) >= _MOST[kind]:
        raise TooManyError(kind, _MOST[kind])
