import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import ROOT
from tests.account import RULE_ID, Account
from tests.e2e import scene
from tests.parts import EITHER

EVENTS = ROOT / "events"

Invoke = Callable[..., int]


@pytest.fixture
def invoke(product: Account) -> Invoke:
    """Run the verb with an event, every bucket being as the events expect; gives the exit code."""
    scene.lay(product)
    return lambda event, *arguments: product.run("invoke", str(event), *arguments, "--yes")


@EITHER
def test_it_prints_what_the_function_did(
    product: Account, invoke: Invoke, capsys: pytest.CaptureFixture[str]
) -> None:
    """A repair is exit code 0, with the audit line and the answer."""
    assert invoke(EVENTS / "repaired_nested.json") == 0

    said = capsys.readouterr().out
    assert "repaired  config-snapshot  public-read -> private" in said
    assert "the function answered 'success'" in said
    assert product.cloud.oss.bucket("config-snapshot").acl == "private"


@EITHER
@pytest.mark.parametrize(
    ("event", "says"),
    [
        ("fail_unreadable.txt", "the function answered 'fail'"),
        ("failed_invalid_region.json", "the function raised UnsettledFindingsError: 1 not settled"),
    ],
)
def test_it_fails_when_the_handler_did(
    invoke: Invoke, capsys: pytest.CaptureFixture[str], event: str, says: str
) -> None:
    """Exit code 1 for an error, which Function Compute answers with status 200, and for 'fail'."""
    assert invoke(EVENTS / event) == 1

    said = capsys.readouterr().out
    assert says in said
    assert event.partition("_")[0] in said.lower()


def test_it_fails_when_there_was_no_handler_to_run(
    product: Account, invoke: Invoke, capsys: pytest.CaptureFixture[str]
) -> None:
    """What Function Compute says of a function that it cannot run is told like a raised error."""
    product.update(handler="index.not_there")
    assert invoke(EVENTS / "ignored_other_rule.json") == 1
    assert "the function raised HandlerNotFound: " in capsys.readouterr().out


def test_json_is_one_document(invoke: Invoke, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json stdout is the answer, the request's id and the audit lines, whole."""
    assert invoke(EVENTS / "ignored_other_rule.json", "--json") == 0

    document = json.loads(capsys.readouterr().out)
    assert (document["answer"], document["raised"]) == ("success", "")
    assert [line["outcome"] for line in document["audit"]] == ["ignored"]
    assert document["request_id"] == document["audit"][0]["request_id"]


def test_the_event_may_come_by_stdin(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With - the bytes of stdin are the event."""
    event = (EVENTS / "gone.json").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(event)))
    assert invoke("-") == 0
    assert "gone" in capsys.readouterr().out


def test_a_log_too_long_for_its_tail_is_told(
    invoke: Invoke, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Function Compute gives 4 KB of log: what is cut off is said to be missing, not shown half."""
    finding = json.loads((EVENTS / "ignored_other_rule.json").read_bytes())
    (tmp_path / "many.json").write_text(json.dumps([finding] * 40))

    assert invoke(tmp_path / "many.json") == 0

    said = capsys.readouterr().out
    assert "the log's tail is cut" in said
    assert 1 < said.count("other_rule") < 40


@pytest.mark.parametrize(("content", "says"), [(None, "cannot be read"), ("\n", "is empty")])
def test_without_an_event_it_is_used_wrongly(
    invoke: Invoke,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: str | None,
    says: str,
) -> None:
    """A file that is not there, or has nothing in it, is exit code 2 and a line that names it."""
    path = tmp_path / "event.json"
    if content:
        path.write_text(content)
    assert invoke(path) == 2
    line = capsys.readouterr().err
    assert f"{path} {says}" in line
    assert line.count("\n") == 1


def test_a_function_that_is_not_deployed_is_told(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where there is no such function it is a problem, and the line says to deploy it."""
    assert account.run("invoke", str(EVENTS / "gone.json"), PREPARE_RULE_ID=RULE_ID) == 1
    assert "is not deployed: deploy it first" in capsys.readouterr().err


def test_a_shipped_event_can_be_about_a_bucket_of_this_account(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """As shipped it is another rule's, which is told with what to do; with it the bucket closes."""
    product.plant(mine="public-read")
    product.cloud.clock.advance(2)
    event = str(EVENTS / "ignored_other_rule.json")
    product.run("invoke", event, "--yes")
    assert "--as-ours BUCKET puts that in" in capsys.readouterr().out

    assert product.run("invoke", event, "--as-ours", "mine", "--yes") == 0
    assert product.cloud.oss.bucket("mine").acl == "private"
