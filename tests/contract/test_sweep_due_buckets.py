"""What is due by now, and what is left for later."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from scripts.stage.stage import Stage
from scripts.verbs.sweep import VERB
from tests.contract.test_sweep import DENIED, acls, answered, invoked, open_buckets, shared, stage
from tests.contract.verb_rig import (
    deployed_with,
    plant,
    product,
    run,
    tag,
)

__all__ = ["open_buckets", "shared", "stage"]


def test_due_is_what_failed_and_was_not_tried_since(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that failed is due, and one that nobody heard of, once neither may be under way."""
    plant(stage, unheard="public-read")
    stage.cloud.faults.add("oss:PutBucketAcl", DENIED, times=1000)
    stage.cloud.oss.create("denied", acl="public-read")
    assert stage.wait_idle()
    stage.cloud.faults.clear()
    # Log Service finds lines a second late.
    assert run(stage, "sweep", "--due", "--grace", "600", "--yes", "--json") == 0
    assert answered(capsys)["buckets"] == []
    stage.cloud.clock.advance(2)

    assert (
        run(stage, "sweep", "--due", "--grace", "0", "--yes", "--json", may=VERB.permissions) == 0
    )

    due = {each["bucket"]: each["due"] for each in answered(capsys)["buckets"]}
    assert due == {
        "denied": "denied, and not tried since",
        "unheard": "no audit line since it was found",
    }
    assert set(acls(stage).values()) == {"private"}


def test_due_is_what_was_only_reported(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    """What came while the function was in mode report is due once it enforces, and not before."""
    with deployed_with(stage, repairMode="report"):
        stage.cloud.oss.create("reported", acl="public-read")
        assert stage.wait_idle()
        stage.cloud.clock.advance(2)
        assert run(stage, "sweep", "--due", "--grace", "0", "--yes", "--json") == 0
        assert answered(capsys)["buckets"] == []
    assert run(stage, "sweep", "--due", "--grace", "0", "--yes", "--json") == 0
    (bucket,) = answered(capsys)["buckets"]
    assert bucket["due"].startswith("it was only reported")
    assert acls(stage) == {"reported": "private"}


def test_a_tag_exempts_as_it_does_for_the_function(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a tag counts, a bucket that it exempts is left; one whose tag is over is closed."""
    today = datetime.now(timezone.utc).date()
    plant(stage, tagged="public-read", over="public-read")
    tag(stage, "public-until", tagged=str(today + timedelta(days=2)), over="2026-01-01")
    with deployed_with(stage, exemptTag="public-until"):
        assert run(stage, "sweep", "--yes", "--json", may=VERB.permissions) == 0
    document = answered(capsys)
    assert document["exempt"] == ["tagged"]
    assert [each["bucket"] for each in document["buckets"]] == ["over"]
    assert acls(stage) == {"tagged": "public-read", "over": "private"}


def test_the_grace_is_kept(stage: Stage) -> None:
    """What happened within the last minutes may be under way, and nothing is begun for it."""
    plant(stage, alpha="public-read")
    before = invoked(stage)
    assert run(stage, "sweep", "--due", "--yes") == 0
    assert invoked(stage) == before


def test_what_fails_every_night_leaves_the_others_their_turn(code: Path) -> None:
    """With --due what failed before comes last, so that no limit is used up by it for ever."""
    with product(code) as stage:  # whose clock is not ahead yet
        plant(stage, alpha="public-read", zulu="public-read")
        stage.cloud.faults.add("oss:PutBucketAcl", DENIED, subject="alpha")
        assert run(stage, "sweep", "--bucket", "alpha", "--yes") == 1
        stage.cloud.clock.advance(2)  # Log Service finds lines a second late

        assert run(stage, "sweep", "--due", "--yes", "--grace", "0", "--limit", "1") == 0

        assert acls(stage) == {"alpha": "public-read", "zulu": "private"}
