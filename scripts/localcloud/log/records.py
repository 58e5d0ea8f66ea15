"""Records of the account: JSON under a resource's name and an id. Operation "CreateResourceRecord".

Page "Data structure of alert resource data" has those that alerts go by.
"""

import json
import re
import threading
from dataclasses import dataclass, replace
from typing import Any

from ..clock import Clock
from ..rewinding import Rewindable
from .errors import LogError, invalid

_RESOURCE = re.compile(r"[a-z][\w.-]{2,126}")


@dataclass(frozen=True)
class Record:
    """A record; `value` is a JSON object as text."""

    id: str
    tag: str
    value: str
    created_at: float
    modified_at: float

    @property
    def fields(self) -> dict[str, Any]:
        """What the value says."""
        return dict(json.loads(self.value))


class Records(Rewindable):
    """All records of the account. All methods raise LogError."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._records: dict[tuple[str, str], Record] = {}

    def create(self, resource: str, id_: str, tag: str, value: str) -> Record:
        """A new record."""
        _check(resource, id_, value)
        now = self._clock.now()
        with self._lock:
            if (resource, id_) in self._records:
                raise LogError("ResourceRecordAlreadyExist", f"record {id_} already exists")
            record = self._records[resource, id_] = Record(id_, tag, value, now, now)
        return record

    def get(self, resource: str, id_: str) -> Record:
        """A record."""
        with self._lock:
            if (resource, id_) not in self._records:
                raise LogError("ResourceRecordNotExist", f"record {id_} does not exist")
            return self._records[resource, id_]

    def all(self, resource: str) -> list[Record]:
        """The records of a resource, by id."""
        with self._lock:
            found = (each for (of, _), each in self._records.items() if of == resource)
            return sorted(found, key=lambda record: record.id)

    def update(self, resource: str, id_: str, tag: str, value: str) -> None:
        """Put another tag and value in place of a record's own."""
        _check(resource, id_, value)
        there = self.get(resource, id_)
        changed = replace(there, tag=tag, value=value, modified_at=self._clock.now())
        with self._lock:
            self._records[resource, id_] = changed

    def delete(self, resource: str, id_: str) -> None:
        """Remove a record."""
        self.get(resource, id_)
        with self._lock:
            self._records.pop((resource, id_), None)


def _check(resource: str, id_: str, value: str) -> None:
    try:
        is_object = isinstance(json.loads(value), dict)
    except (ValueError, RecursionError):
        is_object = False
    if not (_RESOURCE.fullmatch(resource) and id_ and is_object):
        raise invalid("a record needs an id, and a value that is a JSON object")
