"""What a report of all non-compliant buckets leads to."""

from datetime import date, datetime, timezone

import pytest

from resource_repair.exemptions import Exemptions, parse
from scripts.account.findings import IGNORED, NON_COMPLIANT, Result
from scripts.decide import prospect

TODAY = date(2026, 6, 1)

EXEMPTIONS: Exemptions = parse(
    [
        {"bucket": "website-*", "reason": "r", "owner": "o", "expires": "2026-06-01"},
        {"bucket": "expired-site", "reason": "r", "owner": "o", "expires": "2026-05-31"},
    ]
)


def result(bucket: str, compliance: str = NON_COMPLIANT, acl: str = "public-read") -> Result:
    """What Cloud Config may hold about a bucket."""
    now = datetime(2026, 6, 1, tzinfo=timezone.utc)
    return Result(bucket, "cn-shanghai", compliance, now, acl, "")


@pytest.mark.parametrize(
    ("found", "sorted_as"),
    [
        (result("config-snapshot"), "to_close"),
        (result("website-a"), "exempt"),
        (result("website-a", acl="public-read-write"), "to_close"),
        (result("website-a", acl=""), "to_close"),
        (result("expired-site"), "to_close"),
        (result("config-snapshot", acl=""), "to_close"),
        (result("config-snapshot", acl="public-write"), "to_close"),
        (result("config-snapshot", acl="private"), "private"),
        (result("website-a", acl="private"), "exempt"),
        (result("expired-site", acl="private"), "private"),
        (result("config-snapshot", IGNORED), "ignored"),
        (result("config-snapshot", IGNORED, "private"), "ignored"),
        (result("website-a", IGNORED), "ignored"),
        (result("config-snapshot", "COMPLIANT", ""), ""),
        (result("config-snapshot", "INSUFFICIENT_DATA", ""), ""),
    ],
)
def test_findings_are_sorted_by_what_follows(found: Result, sorted_as: str) -> None:
    """An exemption is a ceiling until its last day: what is more open, or may be, is closed.

    What is private by its ACL is not: there is nothing that the function could set.
    """
    groups = prospect.sort([found], EXEMPTIONS, TODAY)._asdict()
    assert {name for name, those in groups.items() if those} == ({sorted_as} - {""})
