"""What happened in the local cloud, in order: requests, messages delivered, functions run."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .rewinding import Rewindable


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
    """A list of entries that grows, unless the cloud is rolled back, and can be waited on."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._changed = threading.Condition()

    def record(self, service: str, action: str, subject: str, **details: Any) -> Entry:
        """Append an entry and wake whoever waits."""
        entry = Entry(time.monotonic(), service, action, subject, details)
        with self._changed:
            self._entries.append(entry)
            self._changed.notify_all()
        return entry

    def entries(self, service: str = "", action: str = "", subject: str = "") -> list[Entry]:
        """The entries so far, filtered by whatever is given."""
        with self._changed:
            return [e for e in self._entries if _matches(e, service, action, subject)]

    def wait_for(self, predicate: Callable[[list[Entry]], bool], timeout: float) -> bool:
        """Wait until `predicate(entries)` holds; False after `timeout` real seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: predicate(self._entries), timeout)


def _matches(entry: Entry, service: str, action: str, subject: str) -> bool:
    return (
        (not service or entry.service == service)
        and (not action or entry.action == action)
        and (not subject or entry.subject == subject)
    )
