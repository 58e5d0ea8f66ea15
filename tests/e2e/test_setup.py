"""From an account without the product to a verified repair, and away again, verb by verb."""

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from scripts import patience
from scripts.declared import dotenv
from scripts.localcloud import LocalCloud
from scripts.localcloud.ram import policies
from tests.account import Moments
from tests.parts import EITHER


def someone_else_s(cloud: LocalCloud) -> None:
    """What is in the account already, and none of our business."""
    cloud.mns.create_topic("orders")
    cloud.mns.create_queue("orders-failed")
    cloud.ram.create_role("orders-role", policies.trust("fc.aliyuncs.com"))
    cloud.ram.attach("orders-role", "System", "AliyunOSSReadOnlyAccess")
    cloud.log.create_project("orders-logs")
    cloud.oss.create("orders-archive")
    cloud.oss.create("orders-site", acl="public-read")


@EITHER
def test_from_nothing_to_a_verified_repair_and_away(
    tmp_path: Path, moments: Moments, capsys: pytest.CaptureFixture[str]
) -> None:
    """provision, apply, verify --loop, evaluate, status, audit, remove; then all is as it was.

    But for the one bucket that was open, which the evaluation has closed.
    """
    account = moments.nothing(tmp_path, bundle=True)
    someone_else_s(account.cloud)
    before = account.state()

    def run(verb: str, *arguments: str) -> Any:
        assert account.run(verb, *arguments, "--json") == 0, capsys.readouterr()
        return json.loads(capsys.readouterr().out)

    assert all(step["applied"] for step in run("provision", "--yes")["steps"])
    again = run("provision")
    assert {step["verdict"] for step in again["steps"]} == {"keep"}
    assert dotenv.environment(tmp_path / ".env", {})["PREPARE_RULE_ID"].startswith("cr-")

    assert run("doctor", "--before-deploy")["sound"]
    run("apply", "--yes")
    assert run("doctor")["sound"]
    assert run("verify", "--loop")["proved"]

    # It was open before there was anybody to repair it, and has not changed since.
    assert run("evaluate", "--expect", "1")["closes"] == 1
    assert {each["acl"] for each in run("status")["buckets"]} == {"private"}
    assert run("audit")["outcomes"] == {"repaired": 2}

    assert all(each["removed"] for each in run("remove", "--yes", "--roles")["found"])
    closed = {**before["buckets"], "orders-site": "private"}
    assert account.state() == {**before, "buckets": closed}
    assert run("remove", "--yes", "--roles")["found"] == []


def test_it_works_from_nothing_where_what_was_just_made_is_not_known_at_once(
    tmp_path: Path,
    moments: Moments,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """provision, apply, verify --loop and undo, one right after the other, each the first time.

    Three looks of others miss what is new, and Block Public Access that was lifted.
    """
    monkeypatch.setattr(patience, "_FIRST", 0.001)
    account = moments.nothing(tmp_path, bundle=True)
    account.cloud.spreading.looks = 3
    account.cloud.oss.block_new_buckets = True
    assert account.run("provision", "--yes") == 0
    assert account.run("apply", "--yes") == 0
    assert account.run("verify", "--loop", "--yes") == 0
    account.cloud.oss.create("orders-site")
    account.bucket("orders-site").put_bucket_public_access_block(False)
    why = ("--reason", "a site", "--owner", "web", "--expires", in_a_month())
    opening = ("--bucket", "orders-site", "--acl", "public-read", "--watch", "0", *why)
    assert account.run("undo", *opening, "--yes") == 0
    assert account.acls() == {"orders-site": "public-read"}
    told = capsys.readouterr().err
    for waited_for in (
        f"the log project {account.log_project} was just made",
        "the topic MNSTestConfig was just made",
        f"the role {account.spec.service.role.name} was just made or changed",
        "the role AliyunMNSNotificationRole was just made or changed",
        "Block Public Access was just lifted from resource-repair-proof-",
        "Block Public Access is off, perhaps just lifted",
    ):
        assert f"since {waited_for}" in told


def in_a_month() -> str:
    """The day until which a bucket is exempt."""
    return (datetime.now(timezone.utc).date() + timedelta(days=30)).isoformat()
