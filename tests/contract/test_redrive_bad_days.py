"""What goes wrong while messages are sent again: nothing is lost by it."""

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from alibabacloud_fc_open20210406 import models

from scripts.flows import deliver
from scripts.localcloud import Drop
from scripts.stage.stage import Stage
from scripts.verbs.redrive import VERB
from tests.contract.provision_rig import QUEUE
from tests.contract.test_redrive import (
    poison,
    shared,
    stage,
    told,
    waiting,
)
from tests.contract.verb_rig import deployed_with, run, without

__all__ = ["shared", "stage"]


PAUSED = json.dumps({"since": "2026-01-01T00:00:00+00:00", "mode": "enforce", "reason": "test"})


@pytest.mark.parametrize(
    ("told", "said"),
    [({"paused": PAUSED}, "paused since 2026-01-01"), ({}, "runs in mode report")],
    ids=["paused", "report"],
)
def test_a_function_that_closes_nothing_gets_nothing(
    stage: Stage, capsys: pytest.CaptureFixture[str], told: dict[str, str], said: str
) -> None:
    """It would let the message pass and close nothing: the redrive says so, and stops."""
    poison(stage, "first")
    stage.cloud.faults.clear()
    with deployed_with(stage, repairMode="report", **told):
        assert run(stage, "redrive", "--yes") == 1
    assert said in capsys.readouterr().err
    assert len(waiting(stage)) == 1


def test_an_answer_that_was_lost_settles_nothing(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whether the function was invoked is not known then: the message stays, and that is told."""
    poison(stage, "first")
    stage.cloud.faults.clear()
    stage.cloud.faults.add("fc:InvokeFunction", Drop())
    assert run(stage, "redrive", "--yes", "--json") == 1
    (message,) = told(capsys)
    assert "no answer came" in message["problem"]
    assert len(waiting(stage)) == 1


@contextmanager
def running(stage: Stage, handler: str) -> Iterator[None]:
    """The function with another handler in the place of ours."""

    def deploy(package: bytes) -> None:
        code = models.Code(zip_file=base64.b64encode(package).decode())
        place = (stage.spec.service.name, stage.spec.function.name)
        stage.clients.fc.update_function(*place, models.UpdateFunctionRequest(code=code))

    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("index.py", handler)
    deploy(made.getvalue())
    try:
        yield
    finally:
        deploy(stage.spec.function.code.read_bytes())


def test_a_success_without_audit_lines_is_not_believed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A function that says that all is well, and writes no line about it, settles nothing."""
    poison(stage, "first")
    stage.cloud.faults.clear()
    monkeypatch.setattr(deliver, "_LOG_SEARCH", 0.5)
    with running(stage, "def handler(event, context):\n    return 'success'\n"):
        assert run(stage, "redrive", "--yes", "--json") == 1
    (message,) = told(capsys)
    assert "not all of its audit lines were found" in message["problem"]
    assert len(waiting(stage)) == 1


TALKATIVE = """
import json

def handler(event, context):
    told = json.loads(event)["evaluationResultIdentifier"]["evaluationResultQualifier"]
    line = {"event": "resource_repair", "outcome": "repaired", "reason": "as told",
            "bucket": told["resourceId"], "rule_id": told["configRuleId"],
            "request_id": context.request_id}
    print(json.dumps(line))
    print("x" * 5000)
    return "success"
"""


def test_a_line_before_the_log_s_tail_is_found_in_the_store(stage: Stage) -> None:
    """An invocation's answer has the last 4 KB of its log alone: what is before is searched for."""
    poison(stage, "first")
    stage.cloud.faults.clear()
    with running(stage, TALKATIVE):
        assert run(stage, "redrive", "--yes") == 0
    assert waiting(stage) == []


@pytest.mark.parametrize("action", ["fc:InvokeFunction", "mns:DeleteMessage"])
def test_a_missing_permission_loses_nothing(
    stage: Stage, capsys: pytest.CaptureFixture[str], action: str
) -> None:
    """The statement is told, the message stays, and can be seen again at once."""
    poison(stage, "first")
    stage.cloud.faults.clear()
    assert run(stage, "redrive", "--yes", may=without(VERB.permissions, action)) == 1
    said = capsys.readouterr()
    assert f'"Action": "{action}"' in said.out
    assert "1 of 1 messages stay" in said.out
    stage.cloud.clock.advance(2)
    assert len(stage.cloud.mns.peek(QUEUE, count=16)) == 1
