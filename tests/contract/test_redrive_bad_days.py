"""What goes wrong while messages are sent again: nothing is lost by it."""

import json
import os
import re
import signal

import pytest

from scripts.account import mailbox
from scripts.flows import deliver
from scripts.flows import waiting as flow
from scripts.localcloud import Drop
from scripts.patience import Progress, wait
from scripts.verbs.redrive import VERB
from tests.account import QUEUE, Account
from tests.contract.test_redrive import poison, told, waiting
from tests.parts import at, without, zipped

IN_FLIGHT = "cannot be seen just now: somebody else holds "
PAUSED = json.dumps({"since": "2026-01-01T00:00:00+00:00", "mode": "enforce", "reason": "test"})


@pytest.mark.parametrize(
    ("told", "said"),
    [({"paused": PAUSED}, "paused since 2026-01-01"), ({}, "runs in mode report")],
    ids=["paused", "report"],
)
def test_a_function_that_closes_nothing_gets_nothing(
    product: Account, capsys: pytest.CaptureFixture[str], told: dict[str, str], said: str
) -> None:
    """It would let the message pass and close nothing: the redrive says so, and stops."""
    poison(product, "first")
    product.cloud.faults.clear()
    with product.deployed_with(repairMode="report", **told):
        assert product.run("redrive", "--yes") == 1
    assert said in capsys.readouterr().err
    assert len(waiting(product)) == 1


def test_what_others_hold_is_work_left(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """All, or one of two, is invisible just now: how many and until when at most, said last."""
    poison(product, "first", "second")
    product.cloud.faults.clear()
    (held,) = product.cloud.mns.receive(QUEUE)
    product.cloud.mns.change_visibility(QUEUE, held.receipt_handle, 600)

    assert product.run("redrive", "--dry-run") == 0
    looked = capsys.readouterr().out
    assert re.search(
        f"1 message of {QUEUE} {IN_FLIGHT}it, until .* at most; run again then$", looked
    )
    assert product.run("redrive", "--yes") == 1  # what could be had is settled nevertheless
    assert re.search(f"1 message of {QUEUE} {IN_FLIGHT}it, until ", capsys.readouterr().out)
    assert len(waiting(product)) == 1

    assert product.run("redrive", "--yes", "--json") == 1
    said = capsys.readouterr()
    assert "nothing to do" not in said.err
    assert IN_FLIGHT in json.loads(said.out)["rest"]
    assert product.run("redrive", "--discard", "--reason", "why", "--yes") == 1
    product.cloud.clock.advance(600)
    assert product.run("redrive", "--yes") == 0
    assert product.run("redrive", "--yes") == 0
    assert f"nothing to do: {QUEUE} is empty" in capsys.readouterr().out


def test_beyond_what_is_looked_at_there_is_work_left(
    product: Account, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever runs unattended must not take the first thousand for all."""
    monkeypatch.setattr(mailbox, "MOST_LISTED", 2)
    monkeypatch.setattr(flow, "MOST_LISTED", 2, raising=False)
    monkeypatch.setattr(mailbox, "_BATCH", 1)
    poison(product, "first", "second", "third")
    product.cloud.faults.clear()
    assert product.run("redrive", "--yes") == 1
    assert capsys.readouterr().out.endswith("2 first messages: run again for the rest\n")
    assert len(waiting(product)) == 1
    product.cloud.clock.advance(2)
    assert product.run("redrive", "--yes") == 0


def test_an_answer_that_was_lost_settles_nothing(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whether the function was invoked is not known then: the message stays, and that is told."""
    poison(product, "first")
    product.cloud.faults.clear()
    product.cloud.faults.add("fc:InvokeFunction", Drop())
    assert product.run("redrive", "--yes", "--json") == 1
    (message,) = told(capsys)
    assert "no answer came" in message["problem"]
    assert len(waiting(product)) == 1


def test_a_success_without_audit_lines_is_not_believed(
    product: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A function that says that all is well, and writes no line about it, settles nothing."""
    poison(product, "first")
    product.cloud.faults.clear()
    monkeypatch.setattr(deliver, "_LOG_SEARCH", 0.5)
    with product.live_code(zipped("def handler(event, context):\n    return 'success'\n", None)):
        assert product.run("redrive", "--yes", "--json") == 1
    (message,) = told(capsys)
    assert "not all of its audit lines were found" in message["problem"]
    assert len(waiting(product)) == 1


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


def test_a_line_before_the_log_s_tail_is_found_in_the_store(product: Account) -> None:
    """An invocation's answer has the last 4 KB of its log alone: what is before is searched for."""
    poison(product, "first")
    product.cloud.faults.clear()
    with product.live_code(zipped(TALKATIVE, None)):
        assert product.run("redrive", "--yes") == 0
    assert waiting(product) == []


@pytest.mark.parametrize("action", ["fc:InvokeFunction", "mns:DeleteMessage"])
def test_a_missing_permission_loses_nothing(
    product: Account, capsys: pytest.CaptureFixture[str], action: str
) -> None:
    """The statement is told, the message stays, and can be seen again at once."""
    poison(product, "first")
    product.cloud.faults.clear()
    assert product.run("redrive", "--yes", may=without(VERB.permissions, action)) == 1
    said = capsys.readouterr()
    assert f'"Action": "{action}"' in said.out
    assert "1 of 1 message stays" in said.out
    product.cloud.clock.advance(2)
    assert len(product.cloud.mns.peek(QUEUE, count=16)) == 1


@pytest.mark.usefixtures("in_foreground")
def test_ctrl_c_in_a_look_ends_the_waiting_and_lets_go_of_what_it_holds(product: Account) -> None:
    """While it is receiving: the messages that it has received are there again in a second."""
    poison(product, "first", "second")

    def receiving(operation: str) -> bool:
        return operation.startswith("mns:ReceiveMessage")

    def stop() -> None:
        os.kill(os.getpid(), signal.SIGINT)

    def look() -> Progress:
        with mailbox.opened(product.clients, QUEUE) as opened:
            return Progress("", bool(opened.listed()))

    with at(product.cloud, receiving, 1, stop), pytest.raises(KeyboardInterrupt):
        wait(look, None, 60)
    product.cloud.clock.advance(1)
    assert len(waiting(product)) == 2
