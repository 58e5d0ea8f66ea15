"""Provision when something goes wrong on the way, or has not ended yet."""

import json
import re
import signal
import threading
from itertools import groupby
from typing import Any

import pytest

from scripts.declared.dotenv import environment
from scripts.localcloud import Drop, Fail, Hold
from tests.account import Account
from tests.parts import at, sampled

# What a run on an empty account writes, in order.
WRITES = [
    "mns:CreateTopic",
    "mns:CreateQueue",
    "ram:CreateRole",
    "ram:AttachPolicyToRole",
    "log:CreateProject",
    "log:CreateLogStore",
    "log:CreateIndex",
    "config:CreateConfigRule",
    "config:CreateConfigDeliveryChannel",
]
READS = [
    "config:GetConfigurationRecorder",
    "mns:GetTopicAttributes",
    "mns:GetQueueAttributes",
    "ram:GetRole",
    "log:GetLogStore",
    "log:GetIndex",
    "config:ListConfigRules",
    "config:ListConfigDeliveryChannels",
]


@pytest.mark.parametrize(
    "refused", sampled(WRITES, "ram:AttachPolicyToRole", "config:CreateConfigDeliveryChannel")
)
def test_an_interrupted_run_is_taken_up(
    account: Account, made: dict[str, Any], refused: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ended at any step for a permission, it names it; run again, it comes to the same end."""
    account.cloud.faults.add(refused, Fail(403, "NoPermission"))

    assert account.run("provision", "--yes") == 1

    said = capsys.readouterr()
    assert f"allow {refused}" in said.err
    assert f'"Action": "{refused}"' in said.out
    through = WRITES.index(refused) + 1
    wanted = [each.partition(":")[2] for each in WRITES[:through]]
    # What names a thing that was just made is asked again and again.
    assert [action for action, _ in groupby(each.action for each in account.writes())] == wanted
    assert account.run("provision", "--yes") == 0
    assert account.state() == made
    assert environment(account.env, {})["PREPARE_RULE_ID"] == account.cloud.config.rules()[0].id


def test_a_run_that_is_refused_halfway_tells_how_far_it_came(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was done before a refusal is told with it: in the one document, and as a table."""
    account.cloud.faults.add("log:CreateLogStore", Fail(403, "NoPermission"))

    assert account.run("provision", "--yes", "--json") == 1

    said = capsys.readouterr()
    document = json.loads(said.out)
    assert {step["kind"]: step["applied"] for step in document["steps"]} == {
        "topic": True,
        "queue": True,
        "role": True,
        "log project": True,
        "log store": False,
        "log index": False,
        "rule": False,
        "delivery channel": False,
        "settings": False,
    }
    assert document["error"].startswith("log:CreateLogStore on ")
    assert document["error"] in said.err
    table = said.err[said.err.rindex("created log project") :]
    ends = re.findall(r"^(created|not finished|not begun)  +(\w[\w ]*?)  ", table, re.MULTILINE)
    assert [kind for end, kind in ends if end == "created"] == [
        "topic",
        "queue",
        "role",
        "log project",
    ]
    assert [kind for end, kind in ends if end == "not finished"] == ["log store"]
    assert len(ends) == 9


@pytest.mark.usefixtures("in_foreground")
def test_a_run_that_is_stopped_halfway_tells_it_too(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C between two steps: the document says which were done."""

    def interrupt() -> None:
        signal.raise_signal(signal.SIGINT)

    with at(account.cloud, "ram:CreateRole".__eq__, 0, interrupt):
        assert account.run("provision", "--yes", "--json") == 1
    document = json.loads(capsys.readouterr().out)
    assert "stopped" in document["error"]
    assert [step["kind"] for step in document["steps"] if step["applied"]] == ["topic", "queue"]


@pytest.mark.parametrize("refused", sampled(READS, "log:GetIndex"))
def test_what_may_not_be_read_stops_it(
    account: Account, refused: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Refused a look, it names the permission before it has made anything."""
    account.cloud.faults.add(refused, Fail(403, "NoPermission"))

    assert account.run("provision", "--yes") == 1

    said = capsys.readouterr()
    assert f"allow {refused}" in said.err
    assert f'"Action": "{refused}"' in said.out
    assert account.writes() == []


def test_two_runs_at_once_end_as_one(account: Account, made: dict[str, Any]) -> None:
    """A run that finds everything made between its plan and its doing adopts it."""
    held, start = Hold(), len(account.cloud.journal.entries())
    account.cloud.faults.add("mns:CreateTopic", held)  # whichever run is first
    codes: list[int] = []
    runs = [
        threading.Thread(target=lambda: codes.append(account.run("provision", "--yes")))
        for _ in range(2)
    ]
    for each in runs:
        each.start()
    assert account.cloud.journal.wait_for(
        lambda entries: any(e.action == "CreateConfigDeliveryChannel" for e in entries[start:]), 60
    )
    held.released.set()
    for each in runs:
        each.join()

    assert codes == [0, 0]
    assert account.state() == made
    assert environment(account.env, {})["PREPARE_RULE_ID"] == account.cloud.config.rules()[0].id


@pytest.mark.parametrize(
    ("operation", "fault", "times"),
    [
        ("ram:GetRole", Fail(429, "Throttling.User"), 2),
        ("config:CreateConfigRule", Fail(400, "Throttling"), 2),
        ("log:CreateLogStore", Fail(404, "ProjectNotExist"), 1),
        ("config:CreateConfigDeliveryChannel", Drop(), 1),
        ("ram:CreateRole", Drop(), 1),
        ("mns:CreateQueue", Fail(503, "ServiceUnavailable"), 1),
    ],
)
def test_what_passes_is_waited_for(
    account: Account, made: dict[str, Any], operation: str, fault: Fail | Drop, times: int
) -> None:
    """Throttled, unanswered, or too early for what was made a moment ago, it tries again."""
    account.cloud.faults.add(operation, fault, times=times)
    assert account.run("provision", "--yes") == 0
    assert account.state() == made


def test_a_rule_that_is_evaluating_is_no_obstacle(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """A rule of which the first evaluation has not ended is as good as any."""
    account.cloud.clock.scale = 100
    account.run("provision", "--yes")
    capsys.readouterr()
    assert account.run("provision") == 0
    assert account.cloud.config.evaluating(account.rule_id)
    assert "nothing to do" in capsys.readouterr().out


def test_the_end_of_switching_on_is_waited_for(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """While Cloud Config is being switched on, it waits and says so, and then goes on."""
    cloud, seen = account.cloud, len(account.cloud.journal.entries())
    cloud.config.recorder = "BUILDING"

    def looked(entries: list[Any]) -> bool:
        return sum(e.action == "GetConfigurationRecorder" for e in entries[seen:]) > 1

    def switch_on() -> None:
        cloud.journal.wait_for(looked, 30)
        cloud.config.recorder = "REGISTERED"

    switching = threading.Thread(target=switch_on)
    switching.start()
    assert account.run("provision", "--yes") == 0
    switching.join()
    assert "Cloud Config is being switched on" in capsys.readouterr().out
