"""Run by `s deploy -t FILE`, the guards look at that file, and not at s.yaml."""

import json
from pathlib import Path

import pytest

from scripts import cli
from scripts.declared.client_call import ARGV
from tests.account import ACCOUNT, Account
from tests.parts import credentials

OTHER = "1000000000000001"


def run_by_client(account: Account, verb: str, *words: str, told: tuple[str, ...] = ()) -> int:
    """The exit code of an action of `s deploy` with those words."""
    environ = {**account.shell, ARGV: json.dumps(["deploy", *words])}
    return cli.run(verb, *told, environ=environ, credentials=credentials(account.key))


@pytest.fixture
def sound(sound: Account, monkeypatch: pytest.MonkeyPatch) -> Account:
    """A sound account, whose project is the folder in which the client runs actions."""
    monkeypatch.chdir(sound.folder)
    return sound


def with_memory(account: Account) -> Path:
    """Another file beside s.yaml, with more memory."""
    text = account.path.read_text("utf-8")
    other = account.folder / "s.prod.yaml"
    other.write_text(text.replace("memory: 512", "memory: 1024"), "utf-8")
    return other


def test_verify_compares_what_is_live_with_the_file_that_was_deployed(
    sound: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a deploy of another file s.yaml says nothing; with none named it is s.yaml as ever."""
    with_memory(sound)
    assert run_by_client(sound, "verify", "-t", "s.yaml") == 0
    capsys.readouterr()
    assert run_by_client(sound, "verify", "-t", "s.prod.yaml", "-y") == 1
    said = capsys.readouterr()
    assert "memorySize" in said.out
    assert "s.prod.yaml, which the Serverless Devs client deploys" in said.err


def test_doctor_looks_at_the_file_and_the_keys_that_the_client_deploys_with(
    sound: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """The alias on the command line wins over the file's."""
    keys = sound.folder / ".s" / "access.yaml"
    keys.parent.mkdir()
    keys.write_text(
        f"default:\n  AccountID: '{ACCOUNT}'\nother:\n  AccountID: '{OTHER}'\n", "utf-8"
    )
    sound.shell["HOME"] = str(sound.folder)
    told = ("--before-deploy", "--exemptions", str(sound.exemptions))
    assert run_by_client(sound, "doctor", "-t", "s.yaml", told=told) == 0
    capsys.readouterr()
    assert run_by_client(sound, "doctor", "-t", "s.yaml", "-a", "other", told=told) == 1
    assert f"keeps as other are of account {OTHER}" in " ".join(capsys.readouterr().out.split())


def test_a_file_that_is_named_by_spec_is_that_file(sound: Account) -> None:
    """What somebody asks for in so many words is what is looked at."""
    with_memory(sound)
    told = ("--spec", str(sound.path))
    assert run_by_client(sound, "verify", "-t", "s.prod.yaml", told=told) == 0
