"""What there is in Log Service: projects, log stores and logs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scripts.localcloud.log.index import Index

Settings = dict[str, Any]

# Operation "CreateLogStore": what is not said is so.
STORE_DEFAULTS: Settings = {
    "ttl": 0,
    "shardCount": 0,
    "enable_tracking": False,
    "autoSplit": False,
    "maxSplitShard": 0,
    "appendMeta": False,
    "mode": "standard",
    "telemetryType": "",
}


@dataclass(frozen=True)
class Project:
    """A project; `owner` is the account that has it, since names are everybody's."""

    name: str
    description: str
    owner: str
    created_at: float
    modified_at: float
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LogStore:
    """A log store; without `index` nothing in it is found."""

    name: str
    settings: Settings
    created_at: float
    modified_at: float
    index: Index | None = None
    indexed_at: float = 0.0
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Log:
    """A log as it was written: seconds since the epoch, topic, source and named texts.

    `index` is the one that the store had at that time: an index says nothing of older logs.
    `searchable_at` is `time.monotonic()`.
    """

    time: int
    topic: str
    source: str
    fields: Mapping[str, str]
    index: Index | None
    searchable_at: float

    def value(self, name: str) -> str | None:
        """The text of a field, the reserved ones included; None if there is no such field."""
        reserved = {"__topic__": self.topic, "__source__": self.source}
        return reserved.get(name, self.fields.get(name))


@dataclass(frozen=True)
class Found:
    """What a search gives; an incomplete one is to be asked again."""

    logs: tuple[Log, ...]
    complete: bool = True
