"""What wants a person: which buckets, why, and what mends each."""

from datetime import date, datetime, timezone
from typing import Any

import pytest

from resource_repair.exemptions import Exemption
from resource_repair.settings import load
from scripts.account.audit_trail import AuditLine
from scripts.account.deployed_function import Pause
from scripts.account.findings import Result
from scripts.decide.attention import needs, totals
from scripts.decide.brake import Brake, brake
from scripts.decide.view import ACCOUNT, BUCKET, NOBODY, Unread, View

NOW = datetime(2027, 1, 15, 12, tzinfo=timezone.utc)
TODAY = NOW.date()
UNREAD = Unread("oss:GetBucketInfo")
PAUSE = Brake("paused", "resource-repair resume")
SITE = Exemption("site", "the website", "web", TODAY)
POLICY = "see to its policy, or switch Block Public Access on for it"


def view(acl: str | Unread | None, said: str = "", compliance: str = "", **fields: object) -> View:
    """A bucket, what its last audit line said, and what Cloud Config holds."""
    result = Result("site", "cn-shanghai", compliance, NOW, "", "") if compliance else None
    line = AuditLine(NOW, said, "site") if said else None
    plain = {"public_by_policy": False, "blocked_by": NOBODY, "exemption": None}
    names = {"bucket": "site", "region": "cn-shanghai", "result": result, "line": line}
    return View(acl=acl, **{**names, **plain, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seen", "brake", "standing", "why", "mend"),
    [
        (
            view("private", "already_private", public_by_policy=True),
            None,
            "open",
            "public by its policy alone, which no rule about its ACL sees",
            POLICY,
        ),
        (
            view("public-read", compliance="NON_COMPLIANT"),
            None,
            "open",
            "public-read",
            "resource-repair sweep --bucket site",
        ),
        (
            view("public-read", "repaired", "NON_COMPLIANT"),
            PAUSE,
            "open",
            "public-read, though its last audit line says repaired",
            "resource-repair resume; then resource-repair sweep --bucket site",
        ),
        (
            view("public-read", compliance="COMPLIANT", public_by_policy=True),
            None,
            "open",
            "public-read, and public by its policy",
            f"resource-repair evaluate, as Cloud Config has not seen it; {POLICY}",
        ),
        (
            view("public-read", compliance="IGNORED"),
            None,
            "open",
            "public-read",
            "end its ignoring in Cloud Config, or exempt it in code/exemptions.yaml",
        ),
        (
            view("public-read", "exempt", exemption=SITE._replace(expires=date(2027, 1, 1))),
            None,
            "open",
            "public-read, its exemption ended on 2027-01-01, "
            "though its last audit line says exempt",
            "resource-repair evaluate, as Cloud Config has not seen it",
        ),
        (
            view("public-read-write", compliance="NON_COMPLIANT", exemption=SITE),
            None,
            "open",
            "public-read-write, more open than its exemption allows (public-read)",
            "resource-repair sweep --bucket site",
        ),
        (
            view("public-read", compliance="NON_COMPLIANT", exemption=UNREAD),
            None,
            "open",
            "public-read, whether it is exempt was not read",
            "resource-repair sweep --bucket site",
        ),
        (
            view(UNREAD),
            None,
            "unknown",
            "its ACL was not read",
            "see why its ACL could not be read, and run again",
        ),
        (
            view("private", public_by_policy=UNREAD),
            None,
            "unknown",
            "its policy was not read",
            "see why its policy could not be read, and run again",
        ),
        (
            view("private", "blocked", public_by_policy=True, blocked_by=ACCOUNT),
            None,
            "blocked",
            "its policy is public, and Block Public Access overrules it",
            "take that away, before somebody lifts Block Public Access",
        ),
        (
            view("public-read", blocked_by=BUCKET),
            None,
            "blocked",
            "its ACL is public-read, and Block Public Access overrules it",
            "take that away, before somebody lifts Block Public Access",
        ),
        (view("private", "repaired"), PAUSE, "closed", "", ""),
        (view("public-read", "exempt", exemption=SITE), None, "exempt", "", ""),
        (
            view("private", public_by_policy=True, exemption=SITE._replace(of=("policy",))),
            None,
            "exempt",
            "",
            "",
        ),
        (view(None), None, "gone", "", ""),
    ],
)
def test_each_bucket_tells_why_and_what_mends_it(
    seen: View, brake: Brake | None, standing: str, why: str, mend: str
) -> None:
    """Whatever is open or not known has both; what is in order has neither."""
    (found,) = needs([seen], brake, TODAY)
    assert (found.standing, found.told, found.why, found.mend) == (standing, "", why, mend)


@pytest.mark.parametrize(
    ("outcome", "so", "no_more"),
    [
        ("exposed", view("private", "exposed", public_by_policy=True), view("private", "exposed")),
        (
            "unproven",
            view("private", "unproven", public_by_policy=UNREAD),
            view("private", "unproven"),
        ),
        ("recreated", view("private", "recreated"), view(None, "recreated")),
        ("theirs", view(UNREAD, "theirs"), view("private", "theirs")),
        ("disabled", view(UNREAD, "disabled"), view("private", "disabled")),
        (
            "ceiling_refused",
            view("public-read-write", "ceiling_refused", blocked_by=BUCKET, exemption=SITE),
            view("private", "ceiling_refused", exemption=SITE),
        ),
    ],
)
def test_what_was_told_is_named_for_as_long_as_it_is_so(
    outcome: str, so: View, no_more: View
) -> None:
    """A person was told once; the totals name the bucket until it is so no more."""
    found = needs([so, no_more], None, TODAY)
    assert [each.told for each in found if each.view is so] == [outcome]
    assert [each.told for each in found if each.view is no_more] == [""]
    assert totals(found).told == {outcome: ("site",)}
    assert all(each.why and each.mend for each in found if each.told)


def of(remediation: str, said: str, acl: str | Unread | None = "private", **fields: Any) -> View:
    """A bucket that a further remediation told of last; it says whether the policy was public."""
    public = fields.pop("said_public", True)
    before = acl if remediation == "public-write" and isinstance(acl, str) else None
    line = AuditLine(
        NOW, said, "site", remediation=remediation, public_by_policy=public, acl_before=before
    )
    return view(acl, **{"line": line, **fields})


@pytest.mark.parametrize(
    ("so", "no_more"),
    [
        (
            of("policy", "exposed", public_by_policy=True),
            of("policy", "exposed", public_by_policy=True, blocked_by=BUCKET),
        ),
        # Its ACL is left open, which is another rule's.
        (
            of("public-write", "exposed", "public-read", public_by_policy=True),
            of("public-write", "exposed", "public-read"),
        ),
        (
            of("policy", "unproven", public_by_policy=UNREAD, said_public="unknown"),
            of("policy", "unproven", said_public="unknown"),
        ),
        # What somebody else wrote is perhaps lost, though all is closed.
        (of("policy", "unproven", said_public=False), of("policy", "unproven", None)),
        (
            of("public-write", "ceiling_refused", "public-read-write", blocked_by=BUCKET),
            of("public-write", "ceiling_refused", "private", blocked_by=BUCKET),
        ),
        (of("policy", "ceiling_refused", blocked_by=ACCOUNT), of("policy", "ceiling_refused")),
        (of("encryption", "theirs", UNREAD), of("encryption", "theirs")),
        (of("encryption", "disabled", UNREAD), of("encryption", "disabled", None)),
    ],
)
def test_what_a_further_remediation_told_is_named_for_as_long_as_it_is_so(
    so: View, no_more: View
) -> None:
    """By what it told of, and not by how open the ACL is, which it may leave as it is."""
    (need,) = needs([so], None, TODAY)
    assert isinstance(so.line, AuditLine)
    assert need.label == f"site ({so.line.remediation})"
    assert (need.told, need.why) == (
        so.line.outcome,
        f"was told as {so.line.outcome}, and is still so",
    )
    assert need.mend
    assert needs([no_more], None, TODAY)[0].told == ""


@pytest.mark.parametrize(
    ("told", "mend"),
    [
        (of("https", "unproven", said_public=None), "look into its policy for what somebody else"),
        (
            of("policy", "unproven", said_public=False),
            "look into its policy for what somebody else",
        ),
        (
            of("policy", "unproven", said_public="unknown", public_by_policy=True),
            "allow oss:GetBucketPolicyStatus",
        ),
        (
            of("https", "ceiling_refused", blocked_by=BUCKET),
            "take out of its policy what is public",
        ),
        (
            of("public-write", "ceiling_refused", "public-read-write", blocked_by=BUCKET),
            "set it private",
        ),
    ],
)
def test_what_mends_it_is_by_what_the_remediation_told_of(told: View, mend: str) -> None:
    """Another permission of the function's role brings back nothing that was lost."""
    assert needs([told], None, TODAY)[0].mend.startswith(mend)


def test_the_totals_come_with_names() -> None:
    """All are counted, and those that no sweep would mend, or that their last line hides, named."""
    found = needs(
        [
            view("private", bucket="in-order"),
            view("private", "already_private", bucket="by-policy", public_by_policy=True),
            view("public-read", "repaired", bucket="again"),
            view("public-read-write", "would_repair", bucket="reported"),
            view("public-read", "ignored", bucket="ignored"),
        ],
        None,
        TODAY,
    )
    counted = totals(found)
    assert found[0].view.bucket == "reported", "the most open is the worst"
    assert found[-1].view.bucket == "in-order"
    assert counted.buckets == 5
    assert {each: n for each, n in counted.standings.items() if n} == {"open": 4, "closed": 1}
    assert counted.public_by_policy == ("by-policy",)
    assert counted.open_though_settled == ("again", "by-policy")
    assert counted.told == {}


@pytest.mark.parametrize(
    ("environment", "pause", "why"),
    [
        ({}, None, ""),
        ({"repairMode": "report"}, None, "only reporting"),
        ({"repairMode": "report"}, Pause(NOW, "the site moves", "enforce"), "(the site moves)"),
        ({"repairMode": "nonsense"}, None, "misconfigured (repairMode"),
    ],
)
def test_what_keeps_the_function_from_closing_is_told(
    environment: dict[str, str], pause: Pause | None, why: str
) -> None:
    """A pause, the mode report and wrong settings each say what changes that."""
    found = brake(load({"prepareRuleId": "cr-1", **environment}), pause)
    assert why in (found.why if found else "")
    assert bool(found) == bool(found and found.mend) == bool(why)


@pytest.mark.parametrize(
    ("acl", "before"),
    [
        ("public-read", "public-read, not blocked"),
        ("public-read", "public-read, blocked"),
        ("private", "private, not blocked"),
    ],
)
def test_what_the_function_blocks_wants_nobody(acl: str, before: str) -> None:
    """By its ACL or its policy, at once or found again: it is not open, nor anybody's to mend."""
    line = AuditLine(NOW, "repaired", "site", before=before, after=f"{acl}, blocked")
    seen = view(acl, blocked_by=BUCKET, public_by_policy=acl == "private", line=line)
    (need,) = needs([seen], None, TODAY)
    assert (need.standing, need.why, need.told) == ("blocked", "", "")
    by_others = view(acl, "already_private", blocked_by=BUCKET, public_by_policy=True)
    (need,) = needs([by_others], None, TODAY)
    assert need.mend == "take that away, before somebody lifts Block Public Access"
    lifted = view(acl, blocked_by=NOBODY, public_by_policy=acl == "private", line=line)
    (need,) = needs([lifted], None, TODAY)
    assert need.standing == "open"
