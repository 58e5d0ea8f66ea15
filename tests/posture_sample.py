"""Sample data for the posture page: what tests look at in a browser, and the picture in docs.

`python -m tests.posture_sample FILE` writes the page; docs/report.png is that file in a browser
1200 pixels wide.
"""

import itertools
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

from resource_repair.exemptions import Exemption, Exemptions
from scripts.account.audit_trail import AuditLine
from scripts.decide.brake import Brake
from scripts.decide.posture import posture, verdict
from scripts.decide.view import ACCOUNT, NOBODY, View
from scripts.verbs.report.page import Subject, render

NOW = datetime(2026, 11, 23, 8, tzinfo=timezone.utc)
PAUSE = Brake("paused since 2026-11-22 21:40:00 UTC (the site moves)", "resource-repair resume")

# Bucket, reason, owner, ends in so many days.
_EXEMPT = (
    ("campaign-*-media", "pictures of the autumn campaign", "marketing@example.com", 13),
    ("public-datasets", "open data, by contract", "data-office@example.com", 69),
    ("static-site-assets", "serves the product's website", "web-team@example.com", 219),
    ("old-press-kit", "for the press, until the launch", "press@example.com", -5),
)
# Findings a week, of the last thirteen: closed, would be, failed or told.
_WEEKS = (
    *((2, 2, 0), (10, 1, 2), (8, 0, 0), (10, 0, 1), (9, 0, 3), (14, 0, 2), (11, 0, 0)),
    *((11, 0, 3), (4, 0, 2), (10, 0, 1), (1, 0, 0), (1, 0, 1), (1, 0, 1)),
)
_OFTEN = ("export-tmp", "team-1-scratch", "marketing-drop")


def _line(at: datetime, outcome: str, bucket: str, reason: str, took: float = 3) -> AuditLine:
    closed = outcome == "repaired"
    acls = {"acl_before": "public-read", "acl_after": "private"} if closed else {}
    reported = int((at.timestamp() - took) * 1000)
    return AuditLine(
        at, outcome, bucket, "cn-shanghai", reason, "cr-1", reported_at=reported, **acls
    )


def lines() -> Iterator[AuditLine]:
    """The audit lines, oldest first; what failed was tried four times."""
    for week, counts in enumerate(_WEEKS):
        begins = NOW - timedelta(days=89 - 7 * week)
        number = itertools.count()
        for outcome, count in zip(("repaired", "would_repair", "denied"), counts, strict=True):
            for n in range(count):
                at = begins + timedelta(hours=5 * next(number))
                bucket = _OFTEN[n % 3] if n % 2 else f"bucket-{week}-{n}"
                first = _line(at, outcome, bucket, "as it was", (n % 5) ** 2 * 0.9 + 0.4)
                yield first
                for _ in range(3 * (outcome == "denied")):
                    yield first


def views() -> Iterator[View]:
    """How the buckets are now."""

    def view(name: str, acl: str = "private", region: str = "cn-shanghai", **more: object) -> View:
        known = {"public_by_policy": False, "blocked_by": NOBODY, "exemption": None, "line": None}
        return View(name, region, None, acl, **{**known, **more})  # type: ignore[arg-type]

    why = "already_private: private at two looks; but the bucket policy is public"
    told = _line(NOW, "exposed", "legacy-dumps", why)
    denied = _line(NOW, "denied", "partner-upload", "AccessDenied (EC 0003-00000001)")
    yield view("legacy-dumps", public_by_policy=True, line=told)
    yield view("partner-upload", "public-read-write", "cn-beijing", line=denied)
    yield view("old-archive", "public-read", blocked_by=ACCOUNT)
    for n, name in enumerate(("campaign-autumn-media", "campaign-winter-media", "public-datasets")):
        yield view(name, "public-read", exemption=exemptions().entries[n // 2])
    for n in range(41):
        yield view(f"bucket-{n}")


def exemptions() -> Exemptions:
    """The exemptions that are live."""
    today = NOW.date()
    return Exemptions(
        tuple(
            Exemption(bucket, reason, owner, today + timedelta(days=days))
            for bucket, reason, owner, days in _EXEMPT
        )
    )


def page(brake: Brake | None = None) -> str:
    """The page, of a function that closes what it should, or does not."""
    since = NOW - timedelta(days=90)
    shown = posture(views(), exemptions(), list(lines()), since, NOW)
    where = ("1208863178610000", "cn-shanghai", "test-oss-bucket-public-read-prohibited")
    does = f"is {brake.why}" if brake else "runs in mode enforce"
    subject = Subject(*where, does, since, NOW, (), brake)
    return render(subject, shown, verdict(shown, brake, whole=True))


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(PAUSE if "--paused" in sys.argv else None), "utf-8")
