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
from scripts.localcloud import Fail
from tests.account import Account, Beginning, Moments
from tests.e2e.givens import EVENT, UNDO, woken
from tests.parts import held_at

ENVELOPE = ["version", "verb", "account_id", "region", "exit", "error"]
RUNS: Mapping[str, tuple[str, ...]] = {
    "provision": ("--yes",),
    "apply": ("--yes",),
    "doctor": (),
    "verify": (),
    "test-alert": ("--dry-run",),
    "probe": ("--dry-run",),
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
def begun(moments: Moments, tmp_path_factory: pytest.TempPathFactory) -> tuple[Account, Beginning]:
    """An account with everything on it, and a bucket."""
    account = moments.deployed(tmp_path_factory.mktemp("project"), bundle=True)
    woken(account)
    account.cloud.oss.create("site", acl="private")
    account.rest()
    return account, account.beginning()


@pytest.fixture
def product(begun: tuple[Account, Beginning]) -> Account:
    """The same, whatever was done to it before."""
    account, beginning = begun
    account.begin_again(beginning)
    return account


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
    product: Account, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which verb, where, how it ended, no error, and then fields of its own."""
    capsys.readouterr()
    assert product.run(verb, *RUNS[verb], "--json") == 0
    told = answer(capsys.readouterr().out)
    where = (product.cloud.account_id, product.cloud.region)
    assert (told["verb"], told["account_id"], told["region"]) == (verb, *where)
    assert (told["exit"], told["error"]) == (0, None)
    assert set(told) - set(ENVELOPE)


@pytest.mark.parametrize("verb", RUNS)
def test_a_verb_that_the_cloud_refuses(
    product: Account, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nobody is let in the account is not known; the error is the line that people get."""
    capsys.readouterr()
    product.cloud.faults.add("sts:GetCallerIdentity", Fail(403, "Forbidden"), times=100)
    assert product.run(verb, *RUNS[verb], "--json") == 1
    said = capsys.readouterr()
    told = answer(said.out)
    assert list(told) == ENVELOPE
    assert (told["verb"], told["account_id"], told["exit"]) == (verb, None, 1)
    assert told["region"] == product.cloud.region
    assert told["error"]
    assert told["error"] in said.err


@pytest.mark.usefixtures("in_foreground")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_verb_that_is_stopped(product: Account, number: signal.Signals) -> None:
    """In the middle of a call: it says where it was, and shows no traceback."""
    key = product.cloud.credentials
    environ = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": key.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key.access_key_secret,
    }
    with (
        held_at(product.cloud, "config:ListConfigRuleEvaluationResults", 0) as (held, reached),
        product.process("status", "--json", **environ) as process,
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
    assert told["account_id"] == product.cloud.account_id
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
