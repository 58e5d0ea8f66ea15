import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts import ROOT, cli
from scripts.account.clients import fixed_credentials
from scripts.localcloud import LocalCloud
from scripts.stage.serve import environment
from scripts.stage.stage import Stage, set_up
from tests.contract.verb_rig import deployed_with
from tests.e2e import scene

EVENTS = ROOT / "events"

Invoke = Callable[..., int]


@pytest.fixture(scope="module")
def stage(code: Path) -> Iterator[Stage]:
    """The product, for the rule that the example events speak of."""
    with LocalCloud(account_id=scene.ACCOUNT) as cloud:
        yield set_up(cloud, code, prepareRuleId=scene.RULE_ID)


@pytest.fixture
def invoke(stage: Stage) -> Invoke:
    """Run the verb with an event, every bucket being as the events expect; gives the exit code."""
    scene.lay(stage)
    key = stage.cloud.credentials
    held = fixed_credentials(key.access_key_id, key.access_key_secret)
    environ = {**environment(stage.cloud), "PREPARE_RULE_ID": stage.rule_id}
    return lambda event, *arguments, yes=True: cli.run(
        "invoke",
        str(event),
        *arguments,
        *(["--yes"] if yes else []),
        environ=environ,
        credentials=held,
    )


def test_it_prints_what_the_function_did(
    stage: Stage, invoke: Invoke, capsys: pytest.CaptureFixture[str]
) -> None:
    """A repair is exit code 0, with the audit line and the answer."""
    assert invoke(EVENTS / "repaired_nested.json") == 0

    said = capsys.readouterr().out
    assert "repaired  config-snapshot  public-read -> private" in said
    assert "the function answered 'success'" in said
    assert stage.cloud.oss.bucket("config-snapshot").acl == "private"


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
    stage: Stage, invoke: Invoke, capsys: pytest.CaptureFixture[str]
) -> None:
    """What Function Compute says of a function that it cannot run is told like a raised error."""
    change, function = stage.cloud.fc.resources.update_function, stage.spec.function
    change(stage.spec.service.name, function.name, {"handler": "index.not_there"})
    try:
        assert invoke(EVENTS / "ignored_other_rule.json") == 1
    finally:
        change(stage.spec.service.name, function.name, {"handler": function.handler})
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


def test_it_asks_where_a_bucket_may_be_closed(
    stage: Stage, invoke: Invoke, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a yes nothing is invoked that a function in mode enforce would act on."""
    sent = len(stage.cloud.journal.entries("fc", "InvokeFunction"))
    assert invoke(EVENTS / "repaired_nested.json", yes=False) == 2
    assert len(stage.cloud.journal.entries("fc", "InvokeFunction")) == sent
    said = capsys.readouterr()
    assert "deployed in mode enforce" in said.out
    assert f"names bucket config-snapshot, of rule {scene.RULE_ID}" in said.out
    assert "say --yes" in said.err

    with deployed_with(stage, repairMode="report"):
        assert invoke(EVENTS / "repaired_nested.json", yes=False) == 0
    assert invoke(EVENTS / "ignored_other_rule.json", yes=False) == 0

    capsys.readouterr()
    assert invoke(EVENTS / "repaired_nested.json", "--dry-run", "--json", yes=False) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["findings"] == [{"bucket": "config-snapshot", "rule_id": scene.RULE_ID}]


def test_a_dry_run_invokes_nothing(
    stage: Stage, invoke: Invoke, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --dry-run it says what it would do."""
    before = len(stage.cloud.journal.entries("fc", "InvokeFunction"))
    assert invoke(EVENTS / "repaired_nested.json", "--dry-run") == 0
    assert f"would invoke {stage.spec.service.name}/" in capsys.readouterr().out
    assert len(stage.cloud.journal.entries("fc", "InvokeFunction")) == before


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
    stage: Stage, code: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where there is no such function it is a problem, and the line says to deploy it."""
    with LocalCloud(account_id=scene.ACCOUNT) as bare:
        key = bare.credentials
        held = fixed_credentials(key.access_key_id, key.access_key_secret)
        environ = {**environment(bare), "PREPARE_RULE_ID": stage.rule_id}
        assert cli.run("invoke", str(EVENTS / "gone.json"), environ=environ, credentials=held) == 1
    assert "is not deployed: deploy it first" in capsys.readouterr().err
