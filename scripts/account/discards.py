"""What was discarded from the failure queue: by whom, why, and what was in it.

Each is a line of the log store, beside the audit lines and none of them: those tell what became of
a finding, and a bucket that is named here was not looked at.
"""

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone

from scripts.account import audit_trail
from scripts.account.clients import Clients
from scripts.account.log_line import write_line
from scripts.declared import Logs, Spec

_EVENT = "resource_repair_discarded"


@dataclass(frozen=True, kw_only=True)
class Discard:
    """A message that somebody took away unsettled.

    `by` is an ARN, `reason` what was said, and `kept` why it could not be settled, empty if it
    could have been.
    """

    at: datetime
    queue: str
    message_id: str
    buckets: tuple[str, ...]
    by: str
    reason: str
    kept: str


def note(clients: Clients, logs: Logs, discard: Discard) -> None:
    """Write it down, which comes before it is done; raises CloudError."""
    fields = dataclasses.asdict(discard)
    del fields["at"]  # the log's own time
    write_line(clients, logs, _EVENT, **fields)


def read(clients: Clients, spec: Spec, since: datetime, until: datetime) -> list[Discard]:
    """All of that time, the oldest first, each once; raises as `audit_trail.logs_with`."""
    found: dict[str, Discard] = {}
    for log in audit_trail.logs_with(clients, spec, since, until, _EVENT):
        at = datetime.fromtimestamp(int(log["__time__"]), timezone.utc)
        for discard in _in(log.get("message", ""), at):
            found.setdefault(discard.message_id, discard)
    return list(found.values())


def _in(message: str, at: datetime) -> Iterator[Discard]:
    try:
        line = json.loads(message)
    except ValueError:
        return
    if isinstance(line, dict) and line.get("event") == _EVENT:
        texts = ("queue", "message_id", "by", "reason", "kept")
        buckets = line.get("buckets")
        yield Discard(
            at=at,
            buckets=tuple(map(str, buckets)) if isinstance(buckets, list) else (),
            **{name: str(line.get(name) or "") for name in texts},
        )
