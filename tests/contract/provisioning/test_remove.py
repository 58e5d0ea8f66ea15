"""Remove on the local cloud: what goes, and what stops it."""

import json
import re
from typing import Any

import pytest

from scripts.localcloud import Drop, Fail
from scripts.localcloud.mns.queue import QueueAttributes
from scripts.localcloud.ram import policies
from scripts.verbs.provision import VERB as PROVISION
from scripts.verbs.remove import VERB
from tests.account import QUEUE, RULE, TOPIC, Account
from tests.contract.spoil import MANAGED
from tests.parts import EITHER, sampled

# What a run on a whole deployment deletes, in order; what is done several times is there once.
WRITES = [
    "fc:DeleteTrigger",
    "fc:DeleteFunctionAsyncInvokeConfig",
    "fc:DeleteFunction",
    "fc:DeleteService",
    "ram:DetachPolicyFromRole",
    "ram:DeleteRole",
    "ram:DeletePolicy",
    "config:DeleteConfigDeliveryChannel",
    "config:DeleteConfigRules",
    "mns:DeleteTopic",
    "mns:DeleteQueue",
    "log:DeleteLogStore",
    "log:DeleteProject",
]

# Names in s.yaml, and what they become.
RENAMED = {
    f"topic: {TOPIC}": "topic: Renamed",
    f"failureQueue: {QUEUE}": "failureQueue: renamed",
    f"ruleName: {RULE}": "ruleName: renamed",
    "logProject: resource-repair-": "logProject: renamed-",
}

# Everything that it looks at, but for tags: those of the log store are not needed here. Jobs have
# no operation of theirs in it: they are what an alert's may be asked for as well.
READS = [
    permission.action
    for permission in VERB.permissions
    if re.search(":(Get|List|Peek)(?!Tag|Job)", permission.action)
]


MNS_POLICY = "AliyunFcGeneratedMNSPolicy-cn-shanghai-resource-repair"


def nothing(account: Account) -> bool:
    """Whether the account is empty."""
    return not any(account.state().values())


@pytest.mark.parametrize(("others", "left"), [("", ""), ("cr-other,", "cr-other")])
def test_the_id_of_a_rule_that_is_gone_leaves_the_settings(
    provisioned: Account, others: str, left: str
) -> None:
    """Other ids, and all else that stands in .env, stay; so does the id of a rule that stays."""
    rule_id, before = provisioned.rule_id, provisioned.env.read_text()
    provisioned.env.write_text(before.replace(rule_id, f"{others}{rule_id}"))
    assert provisioned.run("remove", "--dry-run") == 0
    assert rule_id in provisioned.env.read_text()
    assert provisioned.run("remove", "--yes") == 0
    assert provisioned.env.read_text() == before.replace(rule_id, left)


@EITHER
def test_what_was_made_goes(deployed: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """All that provision and a deploy made goes; the second time there is nothing to do."""
    capsys.readouterr()
    assert deployed.run("remove", "--yes", "--roles") == 0
    assert nothing(deployed)
    assert f"removed topic {TOPIC}\n" in capsys.readouterr().out

    assert deployed.run("remove") == 0
    assert "nothing to do" in capsys.readouterr().out


def test_a_dry_run_only_shows(deployed: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """With --dry-run it tells what would go, in JSON too, and takes nothing away."""
    before = deployed.state()
    capsys.readouterr()
    assert deployed.run("remove", "--dry-run", "--json", "--roles") == 0
    found = json.loads(capsys.readouterr().out)["found"]
    assert len(found) == 13
    assert not any(each["stays"] or each["removed"] for each in found)
    assert deployed.state() == before


def test_a_log_store_in_a_project_of_others_goes(account: Account) -> None:
    """The store that was made in an adopted project has a mark of its own."""
    account.cloud.log.create_project(account.log_project, "theirs")
    assert account.run("provision", "--yes", key=account.key_of(PROVISION.permissions)) == 0
    assert account.run("remove", "--yes", "--roles") == 0
    assert account.state()["logs"] == {account.log_project: "theirs"}


def test_failures_are_not_lost(deployed: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """While messages wait in the failure queue nothing goes, unless they are said to be lost."""
    cloud, before = deployed.cloud, deployed.state()
    cloud.mns.send(QUEUE, "{}")
    cloud.mns.send(QUEUE, "{}")
    cloud.mns.receive(QUEUE)  # one of them is hidden just now

    for mode in ("--yes", "--dry-run"):
        assert deployed.run("remove", mode) == 1
        line = capsys.readouterr().err
        assert f"2 messages wait in the failure queue {QUEUE}" in line
        assert "--discard-failures" in line
    assert deployed.state() == before

    assert deployed.run("remove", "--yes", "--roles", "--discard-failures") == 0
    assert nothing(deployed)


def test_a_run_that_is_refused_halfway_tells_how_far_it_came(
    deployed: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was removed before a refusal is told with it, in the one document."""
    deployed.cloud.faults.add("fc:DeleteService", Fail(403, "AccessDenied"))
    assert deployed.run("remove", "--yes", "--json", "--roles") == 1
    document = json.loads(capsys.readouterr().out)
    gone = [each["kind"] for each in document["found"] if each["removed"]]
    assert gone == ["trigger", "function"]
    assert document["error"].startswith("fc:DeleteService on ")


def test_marked_things_of_other_names_are_named(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was made under names that s.yaml no longer has is told of, in JSON too, and left."""
    account.run("provision", "--yes")
    before = account.state()
    text = account.path.read_text()
    for old, new in RENAMED.items():
        assert old in text
        text = text.replace(old, new)
    account.path.write_text(text)
    capsys.readouterr()

    assert account.run("remove", "--yes") == 0

    said = capsys.readouterr().out
    left = {
        "topic": TOPIC,
        "queue": QUEUE,
        "rule": RULE,
        "log project": account.log_project,
        "delivery channel": "resource-repair",
    }
    for kind, name in left.items():
        assert f"{kind} {name} bears our mark, and is not in s.yaml" in said
    assert said.count("bears our mark") == len(left)
    assert account.state() == before
    account.run("remove", "--json")
    document = json.loads(capsys.readouterr().out)
    assert {each["kind"]: each["name"] for each in document["not_in_spec"]} == left


def test_an_old_topic_is_named_when_the_channel_has_left_it(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Provisioned under one name and then under another, the topic of the first is named."""
    account.run("provision", "--yes")
    account.path.write_text(account.path.read_text().replace(f"topic: {TOPIC}", "topic: Renamed"))
    account.run("provision", "--yes")
    capsys.readouterr()
    assert account.run("remove", "--yes") == 0
    said = capsys.readouterr().out
    assert f"topic {TOPIC} bears our mark" in said
    assert said.count("bears our mark") == 1
    assert list(account.state()["topics"]) == [TOPIC]


def test_what_others_made_is_not_named(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the mark, whatever is there beside what s.yaml names is none of its business."""
    account.cloud.mns.create_topic("once")
    account.cloud.mns.create_queue("once-failed")
    account.cloud.log.create_project("once-logs", "theirs")
    account.cloud.config.create_rule("once", MANAGED)
    assert account.run("remove", "--json") == 0
    assert json.loads(capsys.readouterr().out)["not_in_spec"] == []


def test_failures_in_an_adopted_queue_stop_it_too(account: Account) -> None:
    """In a queue that stays anyway messages stop it too, unless they are said not to matter."""
    week = QueueAttributes(message_retention_period=604800)
    account.cloud.mns.create_queue(QUEUE, attributes=week)
    account.run("provision", "--yes")
    account.cloud.mns.send(QUEUE, "{}")
    assert account.run("remove", "--yes", "--roles") == 1
    assert account.run("remove", "--yes", "--roles", "--discard-failures") == 0
    assert [name for name, held in account.state().items() if held] == ["queues"]


@pytest.mark.parametrize("refused", sampled(WRITES, "ram:DetachPolicyFromRole", "mns:DeleteTopic"))
def test_an_interrupted_run_is_taken_up(
    deployed: Account, refused: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ended at any step for a permission, it names it; run again, nothing is left."""
    deployed.cloud.faults.add(refused, Fail(403, "NoPermission"))
    before = len(deployed.writes())

    assert deployed.run("remove", "--yes", "--roles") == 1

    said = capsys.readouterr()
    assert f"allow {refused}" in said.err
    assert f'"Action": "{refused}"' in said.out
    done = list(dict.fromkeys(each.action for each in deployed.writes()[before:]))
    assert done == [each.partition(":")[2] for each in WRITES[: WRITES.index(refused) + 1]]
    assert deployed.run("remove", "--yes", "--roles") == 0
    assert nothing(deployed)


@pytest.mark.parametrize("refused", sampled(READS, "mns:ListSubscriptionByTopic"))
def test_what_may_not_be_read_stops_it(
    deployed: Account, refused: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Refused a look, it names the permission before it has taken anything away."""
    deployed.cloud.faults.add(refused, Fail(403, "NoPermission"))
    before = deployed.writes()

    assert deployed.run("remove", "--yes", "--roles") == 1

    assert f"allow {refused}" in capsys.readouterr().err
    assert deployed.writes() == before


@pytest.mark.parametrize(
    ("operation", "fault"),
    [
        ("mns:DeleteTopic", Drop()),
        ("fc:DeleteService", Fail(429, "ResourceThrottled")),
        ("ram:DeletePolicy", Fail(400, "Throttling.User")),
    ],
)
def test_what_passes_is_waited_for(deployed: Account, operation: str, fault: Fail | Drop) -> None:
    """Throttled or unanswered it tries again; what is gone by then is no error."""
    deployed.cloud.faults.add(operation, fault)
    assert deployed.run("remove", "--yes", "--roles") == 0
    assert nothing(deployed)


def test_the_permissions_that_it_lists_are_enough(deployed: Account) -> None:
    """Who has no other permission can remove everything, policies with versions included."""
    deployed.clients.ram.create_policy_version(_new_version())
    key = deployed.key_of(VERB.permissions)
    assert deployed.run("remove", "--yes", "--roles", key=key) == 0
    state: dict[str, Any] = deployed.state()
    assert list(state.pop("roles")) == ["operator"]
    assert list(state.pop("policies")) == ["operator"]
    assert not any(state.values())


def _new_version() -> Any:
    from alibabacloud_ram20150501.models import CreatePolicyVersionRequest  # noqa: PLC0415

    document = json.dumps(policies.document(policies.allow("mns:SendMessage")))
    return CreatePolicyVersionRequest(policy_name=MNS_POLICY, policy_document=document)
