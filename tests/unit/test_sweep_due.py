"""Which buckets are due, by what was done about them last."""

from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_repair.exemptions import Exemption
from resource_repair.openness import PUBLIC_READ
from resource_repair.values import (
    ALREADY_PRIVATE,
    DENIED,
    ENFORCE,
    EXEMPT,
    EXPOSED,
    FAILED,
    GONE,
    IGNORED,
    REPAIRED,
    REPORT,
    SETTLED,
    WOULD_REPAIR,
)
from scripts.account.audit_trail import AuditLine
from scripts.account.findings import NON_COMPLIANT, Result
from scripts.decide.candidates import Candidate, in_order
from scripts.decide.due import due, last_lines, overlooked

NOW = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)
GRACE = timedelta(minutes=5)
LONG, JUST = timedelta(hours=3), timedelta(minutes=1)


def candidate(
    name: str = "b",
    expected: str = REPAIRED,
    evaluated: timedelta = LONG,
    acl: str | None = PUBLIC_READ,
    *,
    website: bool | None = False,
    domains: tuple[str, ...] | None = (),
    sure: bool = True,
) -> Candidate:
    """A bucket that was evaluated so long ago."""
    result = Result(name, "cn-shanghai", NON_COMPLIANT, NOW - evaluated, PUBLIC_READ, "")
    exemption = Exemption(name, "site", "web", date(2026, 6, 1)) if expected == EXEMPT else None
    return Candidate(result, acl, exemption, expected, website, domains, sure)


def line(outcome: str, ago: timedelta) -> AuditLine:
    """An audit line from so long ago."""
    return AuditLine(NOW - ago, outcome, "b")


@pytest.mark.parametrize(
    ("last", "evaluated", "mode", "is_due"),
    [
        (None, LONG, ENFORCE, True),
        (None, JUST, ENFORCE, False),
        ((EXEMPT, LONG), LONG, ENFORCE, True),
        ((EXEMPT, JUST), JUST, ENFORCE, True),
        ((EXEMPT, LONG), LONG, REPORT, True),
        ((WOULD_REPAIR, LONG), LONG, ENFORCE, True),
        ((WOULD_REPAIR, LONG), LONG, REPORT, False),
        ((FAILED, LONG), LONG, ENFORCE, True),
        ((FAILED, JUST), LONG, ENFORCE, False),
        ((DENIED, LONG), LONG, ENFORCE, True),
        ((DENIED, JUST), LONG, ENFORCE, False),
        ((REPAIRED, LONG), LONG + JUST, ENFORCE, False),  # Cloud Config has not looked since
        ((REPAIRED, LONG), LONG - JUST, ENFORCE, True),
        ((REPAIRED, LONG), JUST, ENFORCE, False),
        ((EXPOSED, LONG), LONG + JUST, ENFORCE, False),
        ((EXPOSED, LONG), LONG - JUST, ENFORCE, True),  # and opened since, by its ACL
        ((ALREADY_PRIVATE, LONG), LONG - JUST, ENFORCE, True),
        ((GONE, LONG), LONG - JUST, ENFORCE, True),
    ],
)
def test_what_came_last_decides(
    last: tuple[str, timedelta] | None, evaluated: timedelta, mode: str, is_due: bool
) -> None:
    """An open bucket is due unless what came last explains why it is open, or is under way."""
    found = candidate(evaluated=evaluated)
    assert bool(due(found, last and line(*last), mode, NOW, GRACE)) == is_due


@pytest.mark.parametrize(
    ("last", "evaluated", "mode", "is_overlooked"),
    [
        ((REPAIRED, LONG), LONG + JUST, ENFORCE, True),  # and opened since, unseen by Cloud Config
        ((ALREADY_PRIVATE, LONG), LONG + JUST, ENFORCE, True),
        ((EXPOSED, LONG), LONG + JUST, ENFORCE, True),
        ((GONE, LONG), LONG + JUST, ENFORCE, True),
        ((REPAIRED, LONG), LONG + JUST, REPORT, False),
        ((REPAIRED, JUST), LONG, ENFORCE, False),  # may be under way
        ((REPAIRED, LONG), JUST, ENFORCE, False),
        ((FAILED, JUST), LONG, ENFORCE, False),
        (None, JUST, ENFORCE, False),
    ],
)
def test_what_is_open_all_the_same_is_due_too(
    last: tuple[str, timedelta] | None, evaluated: timedelta, mode: str, is_overlooked: bool
) -> None:
    """In mode enforce whatever reads as open, is not exempt and past the grace is due."""
    found = candidate(evaluated=evaluated)
    why = overlooked(found, last and line(*last), mode, NOW, GRACE)
    assert bool(why) == is_overlooked
    if last and why:
        assert why == f"open, although its last audit line says {last[0]}"


@given(
    st.none() | st.sampled_from(sorted({*SETTLED, EXPOSED, DENIED, FAILED} - {IGNORED})),
    st.timedeltas(GRACE + timedelta(seconds=1), timedelta(days=30)),
    st.timedeltas(GRACE + timedelta(seconds=1), timedelta(days=30)),
)
def test_nothing_open_slips_through(last: str | None, ago: timedelta, found: timedelta) -> None:
    """Whatever the last line says, one of both reasons holds; and not for what was not read."""
    told = line(last, ago) if last else None
    asked = (told, ENFORCE, NOW, GRACE)
    read, unread = candidate(evaluated=found), candidate(evaluated=found, sure=False)
    assert due(read, *asked) or overlooked(read, *asked)
    assert not overlooked(unread, *asked)


@given(
    st.sampled_from([EXEMPT, GONE, ALREADY_PRIVATE]),
    st.none() | st.sampled_from([EXEMPT, FAILED, DENIED, EXPOSED, REPAIRED, WOULD_REPAIR]),
    st.timedeltas(timedelta(0), timedelta(days=30)),
)
def test_what_is_not_open_is_never_due(expected: str, last: str | None, ago: timedelta) -> None:
    """Whatever came last: an exempt, private or deleted bucket has nothing to be closed."""
    found = candidate(expected=expected)
    asked = (found, line(last, ago) if last else None, ENFORCE, NOW, GRACE)
    assert due(*asked) == overlooked(*asked) == ""


def test_ignored_findings_say_nothing() -> None:
    """A finding of another rule about the bucket hides nothing of what was done before it."""
    lines = [line(EXEMPT, LONG), line(IGNORED, JUST)]
    assert last_lines(lines)["b"].outcome == EXEMPT


def test_what_hurts_nobody_comes_first() -> None:
    """Then what may hurt, then what does; the more open before the less; unclosed ones last."""
    found = [
        candidate("private", ALREADY_PRIVATE, acl="private"),
        candidate("domain", domains=("www.example.com",)),
        candidate("site", website=True, acl="public-read-write"),
        candidate("unread", website=None),
        candidate("readable"),
        candidate("writable", acl="public-read-write"),
    ]
    assert [each.bucket for each in in_order(found)] == [
        "writable",
        "readable",
        "unread",
        "site",
        "domain",
        "private",
    ]
