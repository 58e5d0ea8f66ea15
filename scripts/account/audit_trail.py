"""The audit trail, read back from the log store: one line of JSON for each finding.

Operation "GetLogsV2" of Log Service: at most 100 logs an answer; an answer can be incomplete, and
is then to be asked for again; what was just written is found within some seconds.
"""

import dataclasses
import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any
from weakref import WeakSet

from resource_repair.openness import OPENNESS
from resource_repair.remediations import ACL, block
from resource_repair.values import REPAIRED, SETTLED, TOLD
from scripts.account.audit_index import GET_INDEX, PROJECTS, finds_audit_lines
from scripts.account.clients import Clients, asked
from scripts.account.permission import Permission
from scripts.declared import Logs, Spec
from scripts.errors import CloudError, Problem, UsageError
from scripts.patience import tallied

# Of GetLogsV2 the operation's own table names a project; of GetLogs, its log store.
SEARCH = Permission("log:GetLogStoreLogs", PROJECTS)

PERMISSIONS = (GET_INDEX, SEARCH)

SKEW = timedelta(minutes=15)
"""By which this machine's clock and Log Service's may be apart; with more, calls are refused."""

_EVENT = "resource_repair"  # what the function calls its audit lines
_NEVER = datetime.fromtimestamp(0, timezone.utc)  # Log Service's times begin here
_PAGE = 100
_INCOMPLETE_ANSWERS = 10  # so often in a row an answer may be


@dataclass(frozen=True)
class AuditLine:
    """What became of one finding: the fields of its line, and the second in which it was logged.

    A function's own log does not tell that second: of a line in one, `at` is when it was read.
    """

    at: datetime
    outcome: str
    bucket: str
    region: str = ""
    reason: str = ""
    rule_id: str = ""
    rule_name: str = ""
    account_id: str = ""
    acl_before: str | None = None
    acl_after: str | None = None
    public_by_policy: bool | str | None = None
    mode: str = ""
    request_id: str = ""
    oss_request_id: str = ""
    duration_ms: int = 0
    reported_at: int | None = None
    remediation: str = ""  # which those of earlier versions do not tell: it was the ACL's
    before: str | None = None
    after: str | None = None

    @property
    def acl(self) -> str:
        """The bucket's ACL, as it was and as it was left; empty if it was not looked at."""
        return _change(self.acl_before, self.acl_after)

    @property
    def change(self) -> str:
        """The same of whatever the remediation changes: the ACL, in lines that tell of none."""
        if not self.remediation:
            return self.acl
        return _change(self.before, self.after)

    @property
    def of_acl(self) -> bool:
        """Whether it is the ACL's remediation that it tells of."""
        return self.remediation in ("", ACL)

    @property
    def of_access(self) -> bool:
        """Whether it tells of who may get in, as far as it tells of anything."""
        return self.before is None or self.acl_before is not None

    @property
    def blocked(self) -> bool:
        """Whether the function switched on Block Public Access of the bucket."""
        return (self.before or "").endswith(block.OFF) and self.stays_blocked

    @property
    def stays_blocked(self) -> bool:
        """Whether it was so afterwards, for a function that closes by that."""
        return (self.after or "").endswith(block.ON)

    @property
    def closed(self) -> bool:
        """Whether the function closed it, whatever is left for a person to see to besides."""
        before, after = (OPENNESS.get(acl or "") for acl in (self.acl_before, self.acl_after))
        less = before is not None and after is not None and after < before
        return less or (self.outcome == REPAIRED and self.of_acl)

    @property
    def settled(self) -> bool:
        """Whether nobody is to try the finding again: settled, or told."""
        return self.outcome in SETTLED | TOLD

    def as_written(self) -> dict[str, object]:
        """As the function wrote it, which is without the time."""
        return {"event": _EVENT, **{name: getattr(self, name) for name in _FIELDS}}


_searchable: WeakSet[Clients] = WeakSet()  # whose log store has an index that finds them

_FIELDS = [each.name for each in dataclasses.fields(AuditLine) if each.name != "at"]
_TEXTS = {each.name for each in dataclasses.fields(AuditLine) if each.type is str}


def read(
    clients: Clients,
    spec: Spec,
    since: datetime,
    until: datetime,
    *,
    bucket: str = "",
    request_id: str = "",
) -> Iterator[AuditLine]:
    """The audit lines from `since` to just before `until`, oldest first.

    `bucket` and `request_id` (the invocation's) narrow it down. Raises as `logs_with`.
    """
    for log in logs_with(clients, spec, since, until, _EVENT, bucket, request_id):
        for line in _lines(log):
            if bucket in ("", line.bucket) and request_id in ("", line.request_id):
                yield line


def logs_with(
    clients: Clients, spec: Spec, since: datetime, until: datetime, event: str, *words: str
) -> Iterator[dict[str, str]]:
    """The logs from `since` to just before `until` that tell of an event, oldest first.

    Raises CloudError; Problem where no log store is declared, or there is none, or its index would
    find nothing, or it gives no whole answer. At the index is looked once for each `clients`.
    """
    if clients not in _searchable:
        _check_index(clients, spec)
        _searchable.add(clients)
    logs = _logs(clients, spec, since, until, _query(event, *words))
    yield from tallied(logs, "audit lines read")


def recent(clients: Clients, spec: Spec) -> Iterator[AuditLine]:
    """The audit lines around now, oldest first; raises as `read`."""
    now = datetime.now(timezone.utc)
    return read(clients, spec, now - SKEW, now + SKEW)


def since(days: float, now: datetime) -> datetime:
    """The time so many days ago, as `--days` says it; raises UsageError if it is none."""
    try:
        found = now - timedelta(days=days)
    except (OverflowError, ValueError):  # out of the calendar, or no number
        found = _NEVER
    if not _NEVER < found < now:
        raise UsageError(f"--days {days:g} is no time to look back: say a number such as 7")
    return found


def of_log(log: bytes) -> list[AuditLine]:
    """The audit lines in a function's log or its tail, as far as that has them whole."""
    return list(_parsed(log.decode(errors="replace"), datetime.now(timezone.utc)))


def _parsed(log: str, at: datetime) -> Iterator[AuditLine]:
    """The audit lines among the lines of a function's log."""
    for text in log.split("\n"):
        try:
            line = json.loads(text)
        except ValueError:  # some other line, or one that is cut
            continue
        if isinstance(line, dict) and line.get("event") == _EVENT:
            fields: dict[str, Any] = {
                name: str(line[name]) if name in _TEXTS else line[name]
                for name in _FIELDS
                if line.get(name) is not None
            }
            yield AuditLine(at, **{"outcome": "", "bucket": "", **fields})


def _check_index(clients: Clients, spec: Spec) -> None:
    """Raise Problem where a search would find nothing, and say so as if there were nothing."""
    logs = _store(spec)
    index = _asked(GET_INDEX, logs, lambda: clients.log.get_index(logs.project, logs.logstore))
    if not finds_audit_lines(index):
        raise Problem(
            f"the log store {_name(logs)} cannot be searched, since its index does not cover whole "
            "logs: `resource-repair provision` mends it, for what is logged from then on"
        )


def _change(before: str | None, after: str | None) -> str:
    """What it was, and what it became if that is another."""
    changed = after and after != before
    return f"{before} -> {after}" if changed else before or ""


def _query(*words: str) -> str:
    """Page "Search syntax": quoted, since a name may look like an operator (`and`).

    The service's own name is in each of its logs: the name of the event alone is not enough. A word
    that no bucket and no request can be called would have to be escaped: it is left to the reader.
    """
    sought = ["event", *(word for word in words if re.fullmatch(r"[\w-]+", word))]
    return " and ".join(f'"{word}"' for word in sought)


def _logs(
    clients: Clients, spec: Spec, since: datetime, until: datetime, query: str
) -> Iterator[dict[str, str]]:
    """The logs that a query finds, oldest first, page by page.

    Page "Paginate query and analysis results": a page without any is the last, and no other.
    """
    offset, page = 0, _PAGE
    while page:
        logs = _complete_answer(clients, spec, since, until, query, offset)
        yield from logs
        page = len(logs)
        offset += page


def _complete_answer(
    clients: Clients, spec: Spec, since: datetime, until: datetime, query: str, offset: int
) -> list[dict[str, str]]:
    from alibabacloud_sls20201230 import models  # noqa: PLC0415  (a slow import)

    logs = _store(spec)
    request = models.GetLogsV2Request(
        query=query,
        from_=int(since.timestamp()),
        to=math.ceil(until.timestamp()),
        line=_PAGE,
        offset=offset,
    )
    place = (logs.project, logs.logstore, request)
    for _ in range(_INCOMPLETE_ANSWERS):
        body = _asked(SEARCH, logs, lambda: clients.log.get_logs_v2(*place))
        if body.meta.progress == "Complete":
            return list(body.data or ())
    raise Problem(
        f"Log Service did not finish searching {_name(logs)}: ask for a shorter time span"
    )


def _store(spec: Spec) -> Logs:
    if spec.service.logs is None:
        raise Problem(f"{spec.qualified_name} keeps no logs: declare logConfig in s.yaml")
    return spec.service.logs


def _name(logs: Logs) -> str:
    return f"{logs.project}/{logs.logstore}"


def _asked(permission: Permission, logs: Logs, ask: Callable[[], Any]) -> Any:
    """As `asked`; or Problem, with what makes the store, or its index, where that is missing."""
    try:
        return asked(permission.action, _name(logs), ask).body
    except CloudError as error:
        if error.code in ("ProjectNotExist", "LogStoreNotExist"):
            raise Problem(
                f"there is no log store {_name(logs)}: `resource-repair provision` makes it"
            ) from error
        if error.code == "IndexConfigNotExist":
            raise Problem(
                f"the log store {_name(logs)} has no index, so nothing in it is found: "
                "`resource-repair provision` makes it, for what is logged from then on"
            ) from error
        raise


def _lines(log: dict[str, str]) -> Iterator[AuditLine]:
    """The audit lines in a log: one, unless the platform put several lines into one log."""
    at = datetime.fromtimestamp(int(log["__time__"]), timezone.utc)
    yield from _parsed(log.get("message", ""), at)
