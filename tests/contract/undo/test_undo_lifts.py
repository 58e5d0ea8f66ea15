"""Block Public Access that the function set is lifted with its repair, and no other is."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial
from itertools import groupby

import pytest

from scripts.account import buckets
from scripts.account.audit_trail import AuditLine
from scripts.account.buckets import Info
from scripts.flows import lifting
from scripts.localcloud import Fail, Hold, Lag
from scripts.localcloud.faults import Fault
from scripts.verbs import undo
from tests.contract.undo.site import ENTRY, OPEN, WHY, Site
from tests.parts import at, ways, without

PUT = "oss:PutBucketPublicAccessBlock"


@pytest.mark.parametrize("options", [(), OPEN], ids=["by its line", "by hand"])
def test_it_is_lifted_after_the_exemption_is_live_and_before_the_acl(
    site: Site, options: tuple[str, ...]
) -> None:
    """OSS refuses a public ACL under it; and a finding in between would set it again."""
    site.blocked()
    calls = site.account.calls()
    assert site.undo(*options, *WHY, "--yes", may=undo.VERB.permissions) == 0
    assert (site.acl, site.flag) == ("public-read", False)
    assert ENTRY in site.live
    writes = [each for each in calls() if each in ("fc:UpdateFunction", PUT, "oss:PutBucketAcl")]
    # First what is there is written again, to see that it may be. What was lifted is refused yet.
    assert [each for each, _ in groupby(writes)] == [
        PUT,
        "oss:PutBucketAcl",
        "fc:UpdateFunction",
        PUT,
        "oss:PutBucketAcl",
    ]


def test_whoever_may_not_lift_it_changes_nothing(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither file nor code; the statement is told."""
    site.blocked()
    untouched = site.untouched()
    may = without(undo.VERB.permissions, buckets.PUT_BLOCK.action)
    assert site.undo(*WHY, "--yes", may=may) == 1
    assert f'"Action": "{PUT}"' in capsys.readouterr().out
    assert untouched()
    assert site.flag


@pytest.mark.parametrize("account", [True, False], ids=["the account's", "the owner's"])
def test_what_others_set_stays(
    site: Site, account: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Beside the function's own, too; and nothing is changed."""
    if account:
        site.blocked()
        site.oss.block_account(site.account.cloud.account_id, blocked=True)
    else:
        site.repaired()
        site.oss.set_block_public_access(site.name, True)
    untouched = site.untouched()
    assert site.undo(*WHY, "--yes") == 1
    whose = "account" if account else "bucket"
    said = capsys.readouterr().err
    assert f"stays closed: Block Public Access is on for the {whose}" in said
    assert ("--days 30" in said) is not account  # it may be the function's, of longer ago
    assert untouched()
    assert site.flag


OFF, ON, SET = (
    ("a", "b, not blocked"),
    ("a, blocked", "a, blocked"),
    ("a, not blocked", "b, blocked"),
)
BY_ACL = ("public-read", "private")  # a line of a function that has no other way


@pytest.mark.parametrize(
    ("lines", "ours"),
    [
        ([], False),
        ([BY_ACL], False),
        ([ON], False),
        ([SET], True),
        ([SET, ON, BY_ACL], True),
        ([SET, OFF], False),
        ([SET, OFF, ON], False),  # it was off, and somebody else has set it since
        ([OFF, SET], True),
        ([SET, OFF, SET, ON], True),
    ],
)
def test_whose_it_is_the_lines_say(lines: list[tuple[str, str]], ours: bool) -> None:
    """Of this bucket, and not of one of its name before it; nor by another remediation."""
    made = datetime(2026, 6, 1, tzinfo=timezone.utc)
    at = made + timedelta(seconds=1)
    said = [AuditLine(at, "repaired", "a", before=was, after=now) for was, now in lines]
    assert lifting.set_by_us(said, Info("private", "cn-shanghai", made)) is ours
    later = Info("private", "cn-shanghai", made + timedelta(hours=1))
    assert not lifting.set_by_us(said, later)
    other = [replace(each, remediation="encryption") for each in said]
    assert not lifting.set_by_us(other, Info("private", "cn-shanghai", made))


@pytest.mark.parametrize(
    ("operation", "fault", "ends"),
    [
        (PUT, Lag(reads=3), 0),
        (PUT, Fail(503, "ServiceUnavailable"), 0),
        ("fc:UpdateFunction", Fail(403, "AccessDenied"), 1),
        ("oss:GetBucketPublicAccessBlock", Fail(403, "AccessDenied"), 1),
    ],
    ids=str,
)
def test_stopped_anywhere_another_run_goes_on(
    site: Site, operation: str, fault: Fault, ends: int
) -> None:
    """Late and throttled it is overcome; refused, it stays as closed as it was."""
    site.blocked()
    site.account.cloud.faults.add(operation, fault)
    assert site.undo(*WHY, "--yes") == ends
    assert site.flag is (ends == 1)
    assert site.undo(*WHY, "--yes") == 0
    assert (site.acl, site.flag) == ("public-read", False)


def block_alone(site: Site, acl: str) -> None:
    """A bucket that is found by a function which blocks it, and leaves its ACL."""
    ways(site.account.path, close="block")
    site.account.deploy()
    site.oss.create(site.name, acl=acl)


def test_what_is_more_open_than_is_wished_is_narrowed_before_it_is_lifted(site: Site) -> None:
    """No more than the exemption allows is open at any moment, and nobody is asked for more."""
    block_alone(site, "public-read-write")
    site.account.rest()
    assert (site.acl, site.flag) == ("public-read-write", True)
    seen: list[str] = []
    with at(site.account.cloud, PUT.__eq__, 1, lambda: seen.append(site.acl)):
        assert site.undo(*OPEN, *WHY, "--yes") == 0
    assert (seen, site.acl, site.flag) == (["private"], "public-read", False)
    assert ENTRY in site.live


def test_who_lifted_it_before_the_yes_is_not_overruled(site: Site) -> None:
    """To see whether it may be written nothing is written that is not there."""
    site.blocked()
    lift = partial(site.oss.set_block_public_access, site.name, blocked=False)
    site.account.cloud.faults.add("fc:UpdateFunction", Fail(403, "AccessDenied"))
    with at(site.account.cloud, "oss:GetBucketInfo".__eq__, 1, lift):
        assert site.undo(*WHY, "--yes") == 1
    assert not site.flag


@pytest.mark.parametrize("theirs", [False, True], ids=["the function's", "somebody's"])
def test_what_is_blocked_meanwhile_is_not_told_as_open(
    site: Site, theirs: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """By a repair that had begun before it is lifted; by whoever else, it is told."""
    faults, late = site.account.cloud.faults, Hold()
    site.account.deliver(on=not theirs)
    faults.add(PUT, late, may_be_unmet=theirs)

    def block() -> None:
        late.released.set()
        if theirs:
            site.oss.set_block_public_access(site.name, blocked=True)

    block_alone(site, "public-read")
    if not theirs:
        site.account.cloud.journal.wait_for(
            lambda log: any(e.action == "ListCname" for e in log), 30
        )
    with at(site.account.cloud, "fc:GetFunction".__eq__, 2, block):
        assert site.undo(*OPEN, *WHY, "--yes", "--watch", "0" if theirs else "3") == int(theirs)
    site.account.rest()
    assert site.flag is theirs
    if theirs:
        assert "Block Public Access was switched on meanwhile" in capsys.readouterr().err
