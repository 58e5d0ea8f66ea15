"""What is due by now, and what is left for later."""

from datetime import datetime, timedelta, timezone

import pytest

from scripts.localcloud import Fail
from scripts.verbs.sweep import VERB
from tests.account import Account
from tests.contract.test_sweep import DENIED, answered, invoked, open_buckets

__all__ = ["open_buckets"]


def test_due_is_what_failed_and_was_not_tried_since(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that failed is due, and one that nobody heard of, once neither may be under way."""
    product.plant(unheard="public-read")
    product.cloud.faults.add("oss:PutBucketAcl", DENIED, times=1000)
    product.cloud.oss.create("denied", acl="public-read")
    product.rest()
    product.cloud.faults.clear()
    # Log Service finds lines a second late.
    assert product.run("sweep", "--due", "--grace", "600", "--yes", "--json") == 0
    assert answered(capsys)["buckets"] == []
    product.cloud.clock.advance(2)

    assert (
        product.run("sweep", "--due", "--grace", "0", "--yes", "--json", may=VERB.permissions) == 0
    )

    due = {each["bucket"]: each["due"] for each in answered(capsys)["buckets"]}
    assert due == {
        "denied": "denied, and not tried since",
        "unheard": "no audit line since it was found",
    }
    assert set(product.acls().values()) == {"private"}


def test_due_is_what_was_only_reported(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """What came while the function was in mode report is due once it enforces, and not before."""
    with product.deployed_with(repairMode="report"):
        product.cloud.oss.create("reported", acl="public-read")
        product.rest()
        product.cloud.clock.advance(2)
        assert product.run("sweep", "--due", "--grace", "0", "--yes", "--json") == 0
        assert answered(capsys)["buckets"] == []
    assert product.run("sweep", "--due", "--grace", "0", "--yes", "--json") == 0
    (bucket,) = answered(capsys)["buckets"]
    assert bucket["due"].startswith("it was only reported")
    assert product.acls() == {"reported": "private"}


def test_a_tag_exempts_as_it_does_for_the_function(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a tag counts, a bucket that it exempts is left; one whose tag is over is closed."""
    today = datetime.now(timezone.utc).date()
    product.plant(tagged="public-read", over="public-read")
    product.tag("public-until", tagged=str(today + timedelta(days=2)), over="2026-01-01")
    with product.deployed_with(exemptTag="public-until"):
        assert product.run("sweep", "--yes", "--json", may=VERB.permissions) == 0
    document = answered(capsys)
    assert document["exempt"] == ["tagged"]
    assert [each["bucket"] for each in document["buckets"]] == ["over"]
    assert product.acls() == {"tagged": "public-read", "over": "private"}


@pytest.mark.parametrize("operation", ["GetBucketTagging", "GetBucketWebsite", "ListCname"])
def test_a_bucket_that_goes_while_it_is_read_is_gone(
    product: Account, capsys: pytest.CaptureFixture[str], operation: str
) -> None:
    """Deleted after its ACL was read, it is one that is not there, and no failure to read one."""
    product.plant(deleted="public-read")
    gone = Fail(404, "NoSuchBucket")
    product.cloud.faults.add(f"oss:{operation}", gone, subject="deleted", times=9)

    with product.deployed_with(exemptTag="public-until"):
        assert product.run("sweep", "--dry-run", "--json") == 0

    (bucket,) = answered(capsys)["buckets"]
    assert (bucket["acl"], bucket["expected"]) == (None, "gone")


def test_the_grace_is_kept_and_told(product: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """What happened within the last minutes may be under way: nothing is begun, which is said."""
    product.plant(alpha="public-read")
    before = invoked(product)
    assert product.run("sweep", "--due", "--yes") == 0
    assert invoked(product) == before
    assert "--grace may be under way: alpha" in capsys.readouterr().out


def test_what_fails_every_night_leaves_the_others_their_turn(product: Account) -> None:
    """With --due what failed before comes last, so that no limit is used up by it for ever."""
    product.plant(alpha="public-read", zulu="public-read")
    product.cloud.faults.add("oss:PutBucketAcl", DENIED, subject="alpha")
    assert product.run("sweep", "--bucket", "alpha", "--yes") == 1
    product.cloud.clock.advance(2)  # Log Service finds lines a second late

    assert product.run("sweep", "--due", "--yes", "--grace", "0", "--limit", "1") == 1

    assert product.acls() == {"alpha": "public-read", "zulu": "private"}
