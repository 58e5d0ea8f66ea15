"""Block Public Access that was just lifted refuses a public ACL for a while: that is waited for."""

from collections.abc import Callable
from types import SimpleNamespace

import oss2
import pytest

from scripts import patience
from scripts.verbs import undo
from tests.contract.undo.site import OPEN, WHY, Site, closed
from tests.parts import without

LOOKS = 3
REFUSED = "oss:PutBucketAcl on site-1 is refused for now (AccessDenied), since Block Public Access"


def lifted(site: Site) -> None:
    """From the bucket."""
    bucket = site.account.bucket(site.name)
    bucket.put_bucket_public_access_block(True)
    bucket.put_bucket_public_access_block(False)


def lifted_from_the_account(site: Site) -> None:
    """From all buckets."""
    bucket = site.account.bucket(site.name)
    service = oss2.Service(bucket.auth, bucket.endpoint, region=site.account.cloud.region)
    service.put_public_access_block(True)
    service.put_public_access_block(False)


def let_pass(
    site: Site, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object] = lambda: None
) -> None:
    """Whoever waits lets OSS's clock go on, and `meanwhile` something is done."""
    clock = site.account.cloud.clock

    def sleep(seconds: float) -> None:
        meanwhile()
        clock.advance(seconds)

    monkeypatch.setattr(patience, "time", SimpleNamespace(sleep=sleep, monotonic=clock.now))


@pytest.mark.parametrize("lift", [lifted, lifted_from_the_account])
def test_a_bucket_that_is_blocked_no_more_is_opened_as_soon_as_oss_takes_it(
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    lift: Callable[[Site], None],
) -> None:
    """Each further try is told, and comes directly after a fresh read."""
    closed(site)
    let_pass(site, monkeypatch)
    site.account.cloud.spreading.looks = LOOKS
    lift(site)
    calls = site.account.calls()
    assert site.undo(*OPEN, *WHY, "--yes") == 0
    assert site.acl == "public-read"
    assert capsys.readouterr().err.count(REFUSED) == LOOKS
    done = [each for each in calls() if each.startswith("oss:")]
    tries = [nth for nth, each in enumerate(done) if each == "oss:PutBucketAcl"]
    assert len(tries) == 1 + LOOKS + 1  # the first writes what it has
    assert {done[nth - 1] for nth in tries} == {"oss:GetBucketInfo"}


def test_a_bucket_that_was_made_again_meanwhile_is_not_opened(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is another one of that name, by its creation date."""
    closed(site)

    def replaced() -> None:
        site.oss.delete(site.name)
        site.oss.create(site.name, acl="private", age=0)

    let_pass(site, monkeypatch, replaced)
    site.account.cloud.spreading.looks = LOOKS
    lifted(site)
    assert site.undo(*OPEN, *WHY, "--yes") == 1
    assert "was deleted and made again meanwhile" in capsys.readouterr().err
    assert site.acl == "private"


def test_a_bucket_that_is_blocked_again_is_not_waited_for(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is looked at each time, and then it is the block that is told."""
    closed(site)
    block = site.oss.set_block_public_access
    let_pass(site, monkeypatch, lambda: block(site.name, blocked=True))
    site.account.cloud.spreading.looks = LOOKS
    lifted(site)
    assert site.undo(*OPEN, *WHY, "--yes") == 1
    told = capsys.readouterr().err
    assert told.count("trying again") == 1
    assert "Block Public Access is on, for the bucket or the account" in told


def test_after_two_minutes_by_oss_s_clock_both_explanations_are_told(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """That it has not spread, or that it is on for whoever is refused; the bucket stays closed."""
    closed(site)
    let_pass(site, monkeypatch)
    site.account.cloud.spreading.looks = 1000
    lifted(site)
    start = site.account.cloud.clock.now()
    assert site.undo(*OPEN, *WHY, "--yes") == 1
    assert 100 < site.account.cloud.clock.now() - start < 150
    last = capsys.readouterr().err.splitlines()[-1]
    assert "refuses a public ACL: lift it" in last
    assert "perhaps just lifted, and that has not spread yet: run again in some minutes" in last
    assert site.acl == "private"


def test_what_another_refusal_of_oss_is_for_is_not_waited_for(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever may not write the ACL is told so at once, though nothing is blocked."""
    closed(site)
    let_pass(site, monkeypatch)
    may = without(undo.VERB.permissions, "oss:PutBucketAcl")
    assert site.undo(*OPEN, *WHY, "--yes", may=may) == 1
    assert "trying again" not in capsys.readouterr().err
