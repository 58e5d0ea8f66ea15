"""Provision on the local cloud: what it makes, and what it brings back."""

import json
from typing import Any

import pytest

from scripts.declared.dotenv import environment
from scripts.localcloud.mns.queue import QueueAttributes
from scripts.localcloud.mns.state import TopicAttributes
from scripts.localcloud.ram import policies
from scripts.verbs.provision import VERB
from tests.account import QUEUE, ROLE, RULE, TOPIC, Account
from tests.contract import spoil
from tests.contract.spoil import MANAGED, Plant

MARK = "made-by resource-repair-provision"
TAG = {"made-by": "resource-repair-provision"}
BUCKETS_ONLY = [{"filterType": "ResourceType", "values": ["ACS::OSS::Bucket"], "multiple": True}]


def test_an_empty_account_gets_everything(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """All that s.yaml presumes is made as it must be, each with its mark, and .env says how."""
    assert account.run("provision", "--yes") == 0

    state, rule = account.state(), account.cloud.config.rules()[0]
    assert state["topics"] == {TOPIC: (TopicAttributes(), TAG)}
    assert state["queues"] == {QUEUE: (QueueAttributes(message_retention_period=604800), TAG)}
    policy = ("System", "AliyunMNSNotificationRolePolicy")
    trust = policies.trust("mns.aliyuncs.com")
    assert state["roles"] == {ROLE: (trust, f"Lets MNS invoke functions ({MARK})", [policy])}
    assert state["rules"] == {RULE: (MANAGED, True, TAG)}
    days, index, _ = state["logs"][f"{account.log_project}/audit"]
    assert (days, sorted(index["line"])) == (365, ["caseSensitive", "chn", "token"])
    assert MARK in state["logs"][account.log_project]
    (channel,) = account.cloud.config.channels()
    assert channel.target_arn == account.topic_arn
    assert (channel.active, channel.non_compliant_notification) == (True, True)
    assert json.loads(channel.condition) == BUCKETS_ONLY
    assert MARK in channel.description
    assert environment(account.env, {}) == {
        "PREPARE_RULE_ID": rule.id,
        "s_default_fc_endpoint": account.cloud.endpoints.fc,
        "s_default_enable_fc_endpoint": "true",
    }
    said = capsys.readouterr()
    assert said.out.startswith(f"account {account.cloud.account_id}, region cn-shanghai\n")
    assert f"created rule {RULE}\n" in said.out
    assert account.cloud.credentials.access_key_secret not in said.out + said.err


def test_there_is_nothing_to_do_the_second_time(
    provisioned: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second run asks nobody, writes nothing, and says so."""
    before, said = provisioned.writes(), provisioned.env.read_bytes()
    capsys.readouterr()

    assert provisioned.run("provision") == 0

    assert "nothing to do" in capsys.readouterr().out
    assert (provisioned.writes(), provisioned.env.read_bytes()) == (before, said)


def test_a_dry_run_only_shows(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """With --dry-run the plan is told, in JSON too, and nothing is made: not even .env."""
    assert account.run("provision", "--dry-run", "--json") == 0

    document = json.loads(capsys.readouterr().out)
    assert {step["verdict"] for step in document["steps"]} == {"create"}
    assert [step["kind"] for step in document["steps"]] == [
        "topic",
        "queue",
        "role",
        "log project",
        "log store",
        "log index",
        "rule",
        "delivery channel",
        "settings",
    ]
    assert account.writes() == []
    assert not account.env.exists()


def test_the_knobs_of_the_spec_are_used(account: Account) -> None:
    """The retention of the log and the bucket for oversized messages are those of s.yaml."""
    text = account.path.read_text()
    text = text.replace("logRetention: 365", "logRetention: 30")
    account.path.write_text(text.replace("# oversizedBucket:", "oversizedBucket:"))
    account.run("provision", "--yes")

    (channel,) = account.cloud.config.channels()
    assert channel.oversized_data_oss_target_arn == (
        f"acs:oss:cn-shanghai:{account.cloud.account_id}:resource-repair-oversized"
    )
    assert account.cloud.log.store(account.log_project, "audit").settings["ttl"] == 30


def test_the_permissions_that_it_lists_are_enough(account: Account, made: dict[str, Any]) -> None:
    """Who has no other permission can make everything, and mend everything."""
    key = account.key_of(VERB.permissions)
    assert account.run("provision", "--yes", key=key) == 0
    for plant in DRIFT.values():
        plant(account)
    assert account.run("provision", "--yes", key=key) == 0

    state = account.state()
    del state["roles"]["operator"], state["policies"]["operator"]
    assert state == made


def _spoil_store(account: Account) -> None:
    account.cloud.log.update_store(account.log_project, "audit", {"ttl": 7})


CRITICAL = '[{"filterType":"RuleRiskLevel","value":"1"}]'
DRIFT: dict[str, Plant] = {
    "maxMessageSize: 2048 -> 65536": spoil.small_topic_messages,
    "messageRetentionPeriod: 345600 -> 604800": spoil.short_retention,
    "trusts: fc.aliyuncs.com -> mns.aliyuncs.com": spoil.trust(ROLE, "fc.aliyuncs.com"),
    "policy: nothing -> AliyunMNSNotificationRolePolicy": spoil.detached(
        ROLE, "AliyunMNSNotificationRolePolicy"
    ),
    "ttl: 7 -> 365": _spoil_store,
    "create  log index": spoil.no_index,
    "state: INACTIVE -> ACTIVE": spoil.inactive_rule,
    "status: off -> on": spoil.channel(active=False, condition=CRITICAL),
}


@pytest.mark.parametrize("shown", DRIFT)
def test_what_has_drifted_is_shown_and_mended(
    provisioned: Account, made: dict[str, Any], shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What differs from what it made is told by field, live and declared, and brought back."""
    DRIFT[shown](provisioned)
    assert provisioned.state() != made
    capsys.readouterr()

    assert provisioned.run("provision", "--yes") == 0

    assert shown in capsys.readouterr().out
    assert provisioned.state() == made
