"""What the page says, worked out of views, exemptions and audit lines. Pure: it asks nobody."""

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from resource_repair.exemptions import Exemption, Exemptions
from resource_repair.openness import PRIVATE
from resource_repair.values import DENIED, FAILED, TOLD, WOULD_REPAIR
from scripts.account.audit_trail import AuditLine
from scripts.account.live_exemptions import allows
from scripts.decide.view import ACCOUNT, BUCKET, Unread, View

OPEN, UNKNOWN, BLOCKED, EXEMPT, CLOSED, GONE = (
    "open",
    "unknown",
    "blocked",
    "exempt",
    "closed",
    "gone",
)
STANDINGS = (OPEN, UNKNOWN, BLOCKED, EXEMPT, CLOSED, GONE)  # the worst first

_DAILY = 31  # longer spans are counted by the week
_CLOSED = "closed"
_UNSETTLED = (FAILED, DENIED, *sorted(TOLD))


class Reopened(NamedTuple):
    """A bucket that was repaired more than once, how often, and when last."""

    bucket: str
    repairs: int
    last: datetime


class Row(NamedTuple):
    """A bucket and how it stands: one of `STANDINGS`."""

    view: View
    standing: str


class Held(NamedTuple):
    """An exemption, and the days for which it holds on; negative once it has ended."""

    exemption: Exemption
    days_left: int


class Period(NamedTuple):
    """A day, or the week that begins with it, and how many audit lines of each kind it had."""

    begins: date
    repaired: int
    would_repair: int
    unsettled: int


class Fixes(NamedTuple):
    """How long it took from Cloud Config's report to the repair, in seconds."""

    repairs: int
    median: float
    nine_of_ten: float
    slowest: float


@dataclass(frozen=True)
class Posture:
    """All that the page says. `fixes` is None if no repair tells when it was reported."""

    rows: tuple[Row, ...]
    exemptions: tuple[Held, ...]
    periods: tuple[Period, ...]
    fixes: Fixes | None
    reopened: tuple[Reopened, ...]

    def count(self, standing: str) -> int:
        """How many buckets stand so."""
        return sum(row.standing == standing for row in self.rows)

    @property
    def weekly(self) -> bool:
        """Whether the periods are weeks."""
        return len(self.periods) > 1 and (self.periods[1].begins - self.periods[0].begins).days > 1


def posture(
    views: Iterable[View],
    exemptions: Exemptions,
    lines: Sequence[AuditLine],
    since: datetime,
    now: datetime,
) -> Posture:
    """The posture now, and since when; `lines` are oldest first, and all of that time."""
    today = now.date()
    rows = [Row(view, standing(view, today)) for view in views]
    rows.sort(key=lambda row: (STANDINGS.index(row.standing), row.view.bucket))
    held = [Held(each, (each.expires - today).days) for each in exemptions.entries]
    return Posture(
        rows=tuple(rows),
        exemptions=tuple(sorted(held, key=lambda each: (each.days_left, each.exemption.bucket))),
        periods=tuple(_periods(lines, since.date(), today)),
        fixes=_fixes(lines),
        reopened=tuple(reopened(lines)),
    )


def standing(view: View, today: date) -> str:
    """How open a bucket is, whatever made it so; UNKNOWN where that may not be read."""
    if view.acl is None:
        return GONE
    if isinstance(view.acl, Unread):
        return UNKNOWN
    if view.acl == PRIVATE and view.public_by_policy is not True:
        return UNKNOWN if isinstance(view.public_by_policy, Unread) else CLOSED
    if view.blocked_by in (ACCOUNT, BUCKET):
        return BLOCKED  # what is granted to the public is ignored
    return EXEMPT if _is_exempt(view, view.acl, today) else OPEN


def _is_exempt(view: View, acl: str, today: date) -> bool:
    """Whether that is known; else it counts as open."""
    exemption = view.exemption
    if exemption is None or isinstance(exemption, Unread):
        return False
    return exemption.covers(view.bucket, today) and allows(exemption, acl)


def _periods(lines: Sequence[AuditLine], first: date, last: date) -> Iterable[Period]:
    """From the first to the last, those without any line too."""
    step = timedelta(days=1 if (last - first).days <= _DAILY else 7)
    counts: Counter[tuple[int, str]] = Counter(
        ((line.at.date() - first) // step, _CLOSED if line.closed else line.outcome)
        for line in lines
    )
    for n in range((last - first) // step + 1):
        unsettled = sum(counts[n, outcome] for outcome in _UNSETTLED)
        yield Period(first + n * step, counts[n, _CLOSED], counts[n, WOULD_REPAIR], unsettled)


def _fixes(lines: Iterable[AuditLine]) -> Fixes | None:
    # A line's time is cut to the second: one that seems early took less than one.
    took = sorted(
        max(0.0, line.at.timestamp() - line.reported_at / 1000)
        for line in lines
        if line.closed and line.reported_at is not None
    )
    if not took:
        return None
    slow = took[max(0, -(-len(took) * 9 // 10) - 1)]  # the nearest rank
    return Fixes(len(took), statistics.median(took), slow, took[-1])


def reopened(lines: Sequence[AuditLine]) -> list[Reopened]:
    """The buckets repaired more than once, most often first; `lines` are oldest first."""
    repairs = [line for line in lines if line.closed]
    last = {line.bucket: line.at for line in repairs}
    counted = Counter(line.bucket for line in repairs).most_common()
    return [Reopened(bucket, count, last[bucket]) for bucket, count in counted if count > 1]
