"""The document of --json has one envelope, whichever verb it is and however it ends."""

import json
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from scripts import cli
from scripts.docs import permissions
from scripts.localcloud import Fail, LocalCloud
from tests.e2e.cases import EVENT, UNDO, woken
from tests.e2e.operator_rig import Operator, held_at

ENVELOPE = ["version", "verb", "account_id", "region", "exit", "error"]
RUNS: Mapping[str, tuple[str, ...]] = {
    "provision": ("--yes",),
    "apply": ("--yes",),
    "doctor": (),
    "verify": (),
    "test-alert": ("--dry-run",),
    "status": (),
    "audit": (),
    "report": ("--dry-run",),
    "evaluate": ("--dry-run",),
    "sweep": ("--dry-run",),
    "redrive": ("--dry-run",),
    "pause": ("--dry-run",),
    "resume": ("--dry-run",),
    "undo": (*UNDO, "--acl", "public-read", "--dry-run"),
    "publish": (EVENT, "--dry-run"),
    "invoke": (EVENT, "--dry-run"),
    "remove": ("--dry-run",),
}


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory, code: Path) -> Any:
    """An account with everything on it, and a bucket."""
    with LocalCloud() as cloud:
        operator = Operator(cloud, tmp_path_factory.mktemp("project"), code)
        woken(operator)
        cloud.oss.create("site", acl="private")
        operator.rest()
        yield operator


def answer(said: str) -> dict[str, Any]:
    """The one document on stdout, which is in one envelope."""
    document: dict[str, Any] = json.loads(said)
    assert list(document)[: len(ENVELOPE)] == ENVELOPE
    assert document["version"] == 1
    return document


def test_all_of_them_are_run_here() -> None:
    """Those that work in an account; what refuses its words is shown for all others too."""
    assert set(RUNS) == set(permissions.VERBS)


@pytest.mark.parametrize("verb", RUNS)
def test_a_verb_that_does_its_work(
    operator: Operator, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which verb, where, how it ended, no error, and then fields of its own."""
    capsys.readouterr()
    assert operator.run(verb, *RUNS[verb], "--json") == 0
    told = answer(capsys.readouterr().out)
    where = (operator.cloud.account_id, operator.cloud.region)
    assert (told["verb"], told["account_id"], told["region"]) == (verb, *where)
    assert (told["exit"], told["error"]) == (0, None)
    assert set(told) - set(ENVELOPE)


@pytest.mark.parametrize("verb", RUNS)
def test_a_verb_that_the_cloud_refuses(
    operator: Operator, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nobody is let in the account is not known; the error is the line that people get."""
    capsys.readouterr()
    operator.cloud.faults.add("sts:GetCallerIdentity", Fail(403, "Forbidden"), times=100)
    try:
        assert operator.run(verb, *RUNS[verb], "--json") == 1
    finally:
        operator.cloud.faults.clear()
    said = capsys.readouterr()
    told = answer(said.out)
    assert list(told) == ENVELOPE
    assert (told["verb"], told["account_id"], told["exit"]) == (verb, None, 1)
    assert told["region"] == operator.cloud.region
    assert told["error"]
    assert told["error"] in said.err


@pytest.mark.usefixtures("in_foreground")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_verb_that_is_stopped(operator: Operator, number: signal.Signals) -> None:
    """In the middle of a call: it says where it was, and shows no traceback."""
    key = operator.cloud.credentials
    environ = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": key.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key.access_key_secret,
    }
    with (
        held_at(operator, "config:ListConfigRuleEvaluationResults", 0) as (held, reached),
        operator.command("status", "--json", **environ) as process,
    ):
        assert reached.wait(60), process.communicate()
        process.send_signal(number)
        try:
            out, err = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        finally:
            held.released.set()
    told = answer(out)
    assert (process.returncode, told["exit"]) == (1, 1)
    assert told["account_id"] == operator.cloud.account_id
    assert told["error"] == "stopped; what was done so far stays, and running it again is safe"
    assert "Traceback" not in err


@pytest.mark.parametrize("verb", ["check-deploy", "check-exemptions", "check-invocation"])
def test_a_verb_that_asks_no_account(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It works nowhere, and is in the same envelope."""
    (tmp_path / "said.txt").write_text("nothing")
    words = [str(tmp_path / "said.txt")] if verb == "check-invocation" else []
    end = cli.run(verb, *words, "--json", environ={})
    told = answer(capsys.readouterr().out)
    assert (told["verb"], told["account_id"], told["region"]) == (verb, None, None)
    assert told["exit"] == end
