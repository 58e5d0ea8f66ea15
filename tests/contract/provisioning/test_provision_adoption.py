"""Provision where something is there already: what it adopts, and what it stops at."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from scripts.declared.dotenv import environment
from scripts.localcloud.config.channels import Channel
from scripts.localcloud.mns.queue import QueueAttributes
from scripts.localcloud.mns.state import TopicAttributes
from scripts.localcloud.ram import policies
from tests.account import QUEUE, ROLE, RULE, TOPIC, Account
from tests.contract import spoil
from tests.contract.spoil import MANAGED
from tests.parts import edit


def _take_rule_name(account: Account) -> None:
    account.cloud.config.create_rule(RULE, "oss-bucket-public-write-prohibited")


def _take_role_name(account: Account) -> None:
    account.cloud.ram.create_role(ROLE, policies.trust("ecs.aliyuncs.com"))


def _take_project_name(account: Account) -> None:
    account.cloud.log.create_project(account.log_project, owner="42")


def _take_channel_name(account: Account) -> None:
    _channel_elsewhere(account, "resource-repair")


def _take_all_channels(account: Account) -> None:
    for number in range(5):
        _channel_elsewhere(account, f"channel-{number}")


def _channel_elsewhere(account: Account, name: str) -> None:
    account.cloud.mns.create_topic("elsewhere")
    target = account.topic_arn.replace(TOPIC, "elsewhere")
    account.cloud.config.create_channel(Channel(target, name=name))


def _switch_off(account: Account) -> None:
    account.cloud.config.recorder = "REGISTRABLE"


def _watch_no_buckets(account: Account) -> None:
    account.cloud.config.watched = ("ACS::ECS::Instance",)


def _name_foreign_role(account: Account) -> None:
    text = account.path.read_text()
    account.path.write_text(text.replace("acs:ram::${config(AccountID)}:", "acs:ram::42:"))


OBSTACLES: dict[str, Callable[[Account], None]] = {
    "taken by an instance of oss-bucket-public-write-prohibited": _take_rule_name,
    "taken by one that trusts ecs.aliyuncs.com": _take_role_name,
    "if another account has taken the name": _take_project_name,
    "taken by one to acs:mns:cn-shanghai:1208863178610000:/topics/elsewhere": _take_channel_name,
    "has 5 delivery channels (channel-0, channel-1": _take_all_channels,
    "Cloud Config is not switched on": _switch_off,
    "Cloud Config does not watch ACS::OSS::Bucket": _watch_no_buckets,
    "role in s.yaml is acs:ram::42:role/AliyunMNSNotificationRole": _name_foreign_role,
}


@pytest.mark.parametrize("says", OBSTACLES)
def test_what_is_in_the_way_is_told_first(
    account: Account, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name or a place that is taken is told in a line, with what to do, before all else."""
    OBSTACLES[says](account)

    assert account.run("provision", "--yes") == 1

    line = capsys.readouterr().err
    assert says in line
    assert line.count("\n") == 1
    assert account.writes() == []


def test_every_obstacle_is_told_at_once(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two things in the way are two lines, and a list in JSON."""
    _take_role_name(account)
    _take_rule_name(account)
    assert account.run("provision", "--yes", "--json") == 1
    said = capsys.readouterr()
    assert said.err.count("is taken by") == 2
    assert len(json.loads(said.out)["obstacles"]) == 2


def test_a_rule_that_is_off_stays_off_before_a_function_that_closes(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Switched on it would have buckets closed that nobody counted; in mode report it is."""
    account.run("provision", "--yes")
    account.deploy()
    (rule,) = account.cloud.config.rules()
    account.cloud.config.switch_rule(rule.id, active=False)
    writes = account.writes()
    capsys.readouterr()

    assert account.run("provision", "--yes") == 1
    line = capsys.readouterr().err
    assert f"the rule {RULE} is switched off, and once on it reports every open bucket" in line
    assert line.count("\n") == 1
    assert account.writes() == writes

    edit(account.path, "mode: enforce", "mode: report")
    account.deploy()
    assert account.run("provision", "--yes") == 0
    assert account.cloud.config.rules()[0].active


def test_our_channel_follows_a_renamed_topic(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """With another topic in s.yaml the channel that we made leads there, being the same one."""
    account.run("provision", "--yes")
    (before,) = account.cloud.config.channels()
    account.path.write_text(account.path.read_text().replace(TOPIC, "Renamed"))

    assert account.run("provision", "--yes") == 0

    renamed = account.topic_arn.replace(TOPIC, "Renamed")
    (after,) = account.cloud.config.channels()
    assert after == replace(before, target_arn=renamed)
    said = capsys.readouterr().out
    assert f"deliveryChannelTargetArn: {account.topic_arn} -> {renamed}" in said


def test_what_is_there_is_adopted(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """What others made is found by its name, gets only what it lacks, and no mark."""
    spoil.filled_by_others(account)

    assert account.run("provision", "--yes") == 0

    state = account.state()
    assert state["topics"][TOPIC] == (TopicAttributes(), {})
    assert state["queues"][QUEUE] == (QueueAttributes(message_retention_period=604800), {})
    trust, description, attached = state["roles"][ROLE]
    assert policies.trusts(trust, "fc.aliyuncs.com")
    assert (description, len(attached)) == ("theirs", 2)
    assert state["rules"] == {RULE: (MANAGED, True, {})}
    days, index, tags = state["logs"][f"{account.log_project}/audit"]
    assert (days, tags) == (3650, {})
    assert sorted(index) == ["keys", "line"]
    (channel,) = account.cloud.config.channels()
    assert (channel.name, channel.active, channel.description) == ("theirs", True, "theirs")
    assert json.loads(channel.condition) == [
        {"filterType": "RuleRiskLevel", "value": "3"},
        {"filterType": "ResourceType", "values": ["ACS::ECS::Instance", "ACS::OSS::Bucket"]},
    ]
    capsys.readouterr()
    assert account.run("provision") == 0
    assert "nothing to do" in capsys.readouterr().out


def test_the_rule_is_found_among_many(account: Account) -> None:
    """With more rules than a page has, the one of that name is found, and none is made."""
    for number in range(150):
        account.cloud.config.create_rule(f"other-{number}", MANAGED)
    theirs = account.cloud.config.create_rule(RULE, MANAGED)
    assert account.run("provision", "--yes") == 0
    assert environment(account.env, {})["PREPARE_RULE_ID"] == theirs.id
