"""From an account without the product to a verified repair, and away again, verb by verb."""

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.declared import dotenv
from scripts.localcloud import LocalCloud
from scripts.localcloud.ram import policies
from tests.account import Moments


def someone_else_s(cloud: LocalCloud) -> None:
    """What is in the account already, and none of our business."""
    cloud.mns.create_topic("orders")
    cloud.mns.create_queue("orders-failed")
    cloud.ram.create_role("orders-role", policies.trust("fc.aliyuncs.com"))
    cloud.ram.attach("orders-role", "System", "AliyunOSSReadOnlyAccess")
    cloud.log.create_project("orders-logs")
    cloud.oss.create("orders-archive")
    cloud.oss.create("orders-site", acl="public-read")


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
