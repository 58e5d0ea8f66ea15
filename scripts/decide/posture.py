"""What the page says, worked out of views, exemptions and audit lines. Pure: it asks nobody."""

import statistics
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from resource_repair.exemptions import Exemption, Exemptions
from resource_repair.openness import PRIVATE
from resource_repair.remediations import ACL
from resource_repair.values import DENIED, FAILED, IGNORED, TOLD, WOULD_REPAIR
from scripts.account.audit_trail import AuditLine
from scripts.account.live_exemptions import allows
from scripts.decide.brake import Brake
from scripts.decide.view import ACCOUNT, BUCKET, POLICY, Unread, View

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
    """A bucket that was repaired more than once, of how many findings, and when last."""

    bucket: str
    repairs: int
    last: datetime


class Row(NamedTuple):
    """A bucket and how it stands: one of `STANDINGS`."""

    view: View
    standing: str


class Held(NamedTuple):
    """An exemption, the days for which it holds on, and the open buckets that are exempt by it.

    The days are negative once it has ended.
    """

    exemption: Exemption
    days_left: int
    covers: tuple[str, ...] = ()


class Period(NamedTuple):
    """A day or a week, its first day and its last, and how many findings ended how in it."""

    begins: date
    ends: date
    repaired: int
    would_repair: int
    unsettled: int


class Fixes(NamedTuple):
    """How long it took from Cloud Config's report to the repair, in seconds, of each finding."""

    repairs: int
    median: float
    nine_of_ten: float
    slowest: float


class Verdict(NamedTuple):
    """The page in one sentence; `standing` is how bad it is, UNKNOWN where not all is known."""

    standing: str
    text: str


@dataclass(frozen=True)
class Posture:
    """All that the page says. `fixes` is None if no repair tells when it was reported.

    `closed` counts the findings of which the function closed a bucket. Where the audit lines could
    not be read (`lines_read`) this, and what follows it, is not known.
    """

    rows: tuple[Row, ...]
    exemptions: tuple[Held, ...]
    closed: int
    periods: tuple[Period, ...]
    fixes: Fixes | None
    reopened: tuple[Reopened, ...]
    lines_read: bool = True

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
    lines: Sequence[AuditLine] | Unread,
    since: datetime,
    now: datetime,
) -> Posture:
    """The posture now, and since when; `lines` are oldest first, and all of that time."""
    today = now.date()
    rows = [Row(view, standing(view, today)) for view in views]
    rows.sort(key=lambda row: (STANDINGS.index(row.standing), row.view.bucket))
    known = [] if isinstance(lines, Unread) else lines
    ended = decisive(line for line in known if line.of_access)
    return Posture(
        rows=tuple(rows),
        exemptions=tuple(_held(exemptions, rows, today)),
        closed=sum(line.closed for line in ended),
        periods=tuple(_periods(ended, since.date(), today)),
        fixes=_fixes(ended),
        reopened=tuple(_reopened(ended)),
        lines_read=not isinstance(lines, Unread),
    )


def verdict(shown: Posture, brake: Brake | None, *, whole: bool) -> Verdict:
    """What is to be known first, the worst of it; `whole` is whether all could be read."""
    count = len(shown.rows) - shown.count(GONE)
    loose, unknown, blocked = (shown.count(each) for each in (OPEN, UNKNOWN, BLOCKED))
    nothing_closed = f"nothing is closed, since the function is {brake.why}" if brake else ""
    if loose:
        told = f"{_buckets(loose)} open, and nothing exempts {'it' if loose == 1 else 'them'}"
        return Verdict(OPEN, f"{told}; {nothing_closed}." if brake else f"{told}.")
    if unknown:
        return Verdict(UNKNOWN, f"{_buckets(unknown)} perhaps open: not all of it could be read.")
    if not count:
        return Verdict(UNKNOWN, "The rule has evaluated no bucket yet: nothing is known of any.")
    if brake:
        return Verdict(UNKNOWN, f"No bucket is open beyond its exemption, but {nothing_closed}.")
    if not whole:
        told = "No bucket is known to be open beyond its exemption, but not all could be read."
        return Verdict(UNKNOWN, told)
    kept = (shown.count(EXEMPT), f"that {_is(shown.count(EXEMPT))} exempt")
    held = (blocked, "that only Block Public Access keeps closed")
    but = " and ".join(f"{n} {words}" for n, words in (kept, held) if n)
    told = f"{_all(count)} closed{f', but for {but}' if but else ''}."
    return Verdict(BLOCKED if blocked else CLOSED, told)


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _buckets(count: int) -> str:
    return f"{count} bucket{'' if count == 1 else 's'} {_is(count)}"


def _all(count: int) -> str:
    return "The one bucket is" if count == 1 else f"All {_buckets(count)}"


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


def called(standing: str) -> str:
    """What people are told of a standing: a bucket that is not open may never have been so."""
    return "private" if standing == CLOSED else standing


def _is_exempt(view: View, acl: str, today: date) -> bool:
    """Whether that is known; else it counts as open.

    By its policy alone it may be so by an exemption from `policy`, too.
    """
    exemption = view.exemption
    if exemption is None or isinstance(exemption, Unread):
        return False
    from_what = (ACL, POLICY) if acl == PRIVATE else (ACL,)
    holds = any(exemption.covers(view.bucket, today, each) for each in from_what)
    return holds and allows(exemption, acl)


def _held(exemptions: Exemptions, rows: Iterable[Row], today: date) -> list[Held]:
    """Each exemption once, the first to end first; one by tag too, while it covers something."""
    covers: dict[Exemption, list[str]] = {each: [] for each in exemptions.entries}
    for row in rows:
        if row.standing == EXEMPT and isinstance(row.view.exemption, Exemption):
            covers.setdefault(row.view.exemption, []).append(row.view.bucket)
    held = [Held(each, (each.expires - today).days, tuple(covers[each])) for each in covers]
    return sorted(held, key=lambda each: (each.days_left, each.exemption.bucket))


def decisive(lines: Iterable[AuditLine]) -> list[AuditLine]:
    """One line for each finding, however often it was tried; `lines` and these are oldest first.

    It is the first that says that a bucket was closed, else the last: what came after the closing
    found nothing left to do. An ignored try, such as a duplicate, says nothing of the finding.
    """
    found: dict[Hashable, AuditLine] = {}
    for n, line in enumerate(lines):
        key = _finding(line) or n
        if key not in found or not (found[key].closed or line.outcome == IGNORED):
            found[key] = line
    return sorted(found.values(), key=lambda line: line.at)


def _finding(line: AuditLine) -> tuple[str, ...] | None:
    """What the lines of one finding have alike; None if that is not told."""
    if line.reported_at is not None:
        return line.bucket, line.rule_id, str(line.reported_at)
    return (line.bucket, line.rule_id, line.request_id) if line.request_id else None


def _periods(ended: Sequence[AuditLine], first: date, last: date) -> Iterable[Period]:
    """From the first to the last, those without any finding too."""
    step = timedelta(days=1 if (last - first).days <= _DAILY else 7)
    counts: Counter[tuple[int, str]] = Counter(
        ((line.at.date() - first) // step, _CLOSED if line.closed else line.outcome)
        for line in ended
    )
    for n in range((last - first) // step + 1):
        begins = first + n * step
        ends = min(begins + step - timedelta(days=1), last)
        unsettled = sum(counts[n, outcome] for outcome in _UNSETTLED)
        yield Period(begins, ends, counts[n, _CLOSED], counts[n, WOULD_REPAIR], unsettled)


def _fixes(ended: Iterable[AuditLine]) -> Fixes | None:
    # A line's time is cut to the second: one that seems early took less than one.
    took = sorted(
        max(0.0, line.at.timestamp() - line.reported_at / 1000)
        for line in ended
        if line.closed and line.reported_at is not None
    )
    if not took:
        return None
    slow = took[max(0, -(-len(took) * 9 // 10) - 1)]  # the nearest rank
    return Fixes(len(took), statistics.median(took), slow, took[-1])


def reopened(lines: Iterable[AuditLine]) -> list[Reopened]:
    """The buckets repaired more than once, most often first; `lines` are oldest first."""
    return _reopened(decisive(lines))


def _reopened(ended: Iterable[AuditLine]) -> list[Reopened]:
    repairs = [line for line in ended if line.closed]
    last = {line.bucket: line.at for line in repairs}
    counted = Counter(line.bucket for line in repairs).most_common()
    return [Reopened(bucket, count, last[bucket]) for bucket, count in counted if count > 1]
