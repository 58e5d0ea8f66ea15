"""What happened in the local cloud, in order: requests, messages delivered, functions run."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .rewinding import Rewindable

_MOST = 512 * 1024 * 1024  # bytes, as _size counts them
_OF_ENTRY = 2048  # what an entry of a request takes beside the body; happenings take a fifth


@dataclass(frozen=True)
class Entry:
    """One thing that happened.

    `service` is `oss`, `fc`, …; `action` an API operation (`PutBucketAcl`) or a happening in words
    of the service (`delivered`); `subject` the bucket, function or topic it was done to.
    `at` is `time.monotonic()`, for durations. `details` holds what else a reader may want.
    """

    at: float
    service: str
    action: str
    subject: str
    details: dict[str, Any] = field(default_factory=dict)


class Journal(Rewindable):
    """A list of entries that grows, unless the cloud is rolled back, and can be waited on.

    It keeps `most` bytes, each entry counted as 2 KB and the bodies and texts that it holds: a
    quarter of a million entries. Then the oldest go, a tenth at once; positions stay right.
    """

    def __init__(self, most: int = _MOST) -> None:
        self.most = most
        self._entries: list[Entry] = []
        self._forgotten = 0
        self._size = 0
        self._changed = threading.Condition()

    @property
    def position(self) -> int:
        """How many entries there have been: where the next one will stand, for `entries`."""
        with self._changed:
            return self._forgotten + len(self._entries)

    def record(self, service: str, action: str, subject: str, **details: Any) -> Entry:
        """Append an entry and wake whoever waits."""
        entry = Entry(time.monotonic(), service, action, subject, details)
        with self._changed:
            self._entries.append(entry)
            self._size += _size(entry)
            if self._size > self.most:
                self._forget()
            self._changed.notify_all()
        return entry

    def entries(
        self, service: str = "", action: str = "", subject: str = "", *, since: int = 0
    ) -> list[Entry]:
        """The entries there still are, from a position on, filtered by whatever is given."""
        with self._changed:
            known = self._entries[max(since - self._forgotten, 0) :]
        return [e for e in known if _matches(e, service, action, subject)]

    def wait_for(self, predicate: Callable[[list[Entry]], bool], timeout: float) -> bool:
        """Wait until `predicate(entries)` holds; False after `timeout` real seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: predicate(self._entries), timeout)

    def _forget(self) -> None:
        """Let go of the oldest, but never of the last."""
        gone = 0
        while self._size > self.most * 0.9 and gone < len(self._entries) - 1:
            self._size -= _size(self._entries[gone])
            gone += 1
        del self._entries[:gone]
        self._forgotten += gone


def _matches(entry: Entry, service: str, action: str, subject: str) -> bool:
    return (
        (not service or entry.service == service)
        and (not action or entry.action == action)
        and (not subject or entry.subject == subject)
    )


def _size(entry: Entry) -> int:
    held = [*entry.details.values(), getattr(entry.details.get("request"), "body", b"")]
    return _OF_ENTRY + sum(len(each) for each in held if isinstance(each, (bytes, str)))
