from datetime import datetime, timedelta, timezone

import pytest

from scripts.account.audit_trail import AuditLine
from scripts.context import moment
from scripts.decide.posture import reopened
from scripts.errors import UsageError

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("public-read", "private", "public-read -> private"),
        ("private", "private", "private"),
        ("public-read", None, "public-read"),
        (None, None, ""),
    ],
)
def test_the_acl_shows_what_changed(before: str | None, after: str | None, shown: str) -> None:
    """An ACL that was changed is shown as it was and as it is; one that was not, once."""
    assert AuditLine(NOW, "any", "bucket", acl_before=before, acl_after=after).acl == shown


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("90m", NOW - timedelta(minutes=90)),
        ("24h", NOW - timedelta(days=1)),
        ("7d", NOW - timedelta(days=7)),
        ("2w", NOW - timedelta(days=14)),
        ("2026-02-28", datetime(2026, 2, 28, tzinfo=timezone.utc)),
        ("2026-02-28T06:30:00Z", datetime(2026, 2, 28, 6, 30, tzinfo=timezone.utc)),
        ("2026-02-28T06:30:00+08:00", datetime(2026, 2, 27, 22, 30, tzinfo=timezone.utc)),
        ("yesterday", None),
        ("999999w", None),
        ("24", None),
        ("-1h", None),
        ("", None),
    ],
)
def test_a_time_is_told_as_people_do(text: str, meant: datetime | None) -> None:
    """So long ago, or an ISO time, of UTC unless it says otherwise; else how to say it is told."""
    if meant:
        assert moment(text, NOW) == meant
    else:
        with pytest.raises(UsageError, match="say how long ago"):
            moment(text, NOW)


def test_who_is_repaired_again_and_again_comes_first() -> None:
    """Buckets repaired more than once are counted, most often first; other outcomes are not."""
    outcomes = {
        "once": ["repaired", "already_private", "failed"],
        "twice": ["repaired", "repaired"],
        "thrice": ["repaired", "repaired", "exempt", "repaired"],
    }
    lines = [
        AuditLine(NOW + timedelta(minutes=minute), outcome, bucket)
        for bucket, all_of_it in outcomes.items()
        for minute, outcome in enumerate(all_of_it)
    ]
    assert reopened(lines) == [
        ("thrice", 3, NOW + timedelta(minutes=3)),
        ("twice", 2, NOW + timedelta(minutes=1)),
    ]


@pytest.mark.parametrize(
    ("outcome", "before", "after", "closed"),
    [
        ("repaired", "public-read", "private", True),
        ("repaired", None, None, True),  # an old line that tells no ACL
        ("unproven", "public-read", "private", True),
        ("blocked", "public-read-write", "private", True),
        ("exposed", "private", "private", False),
        ("already_private", "private", "private", False),
        ("would_repair", "public-read", "public-read", False),
        ("failed", "public-read", "public-read", False),
        ("exempt", "public-read", "public-read", False),
    ],
)
def test_what_was_closed_is_told_by_the_acl(
    outcome: str, before: str | None, after: str | None, closed: bool
) -> None:
    """A closing counts as one whatever is left for a person to see to besides."""
    now = datetime(2026, 1, 1, tzinfo=timezone.utc)
    line = AuditLine(now, outcome, "a-bucket", acl_before=before, acl_after=after)
    assert line.closed is closed
