import json
from pathlib import Path

import pytest
import yaml

from scripts.decide.chain import LINKS
from scripts.declared import PATH
from tests.account import Account


def test_it_is_a_table_for_people(sound: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """Account and region, each link as it is looked at, then all in a table: exit code 0."""
    assert sound.run("doctor") == 0

    first, *rest, last = capsys.readouterr().out.splitlines()
    progress, (heading, *lines) = rest[: len(LINKS)], rest[len(LINKS) :]
    assert first == f"account {sound.cloud.account_id}, region {sound.cloud.region}"
    assert progress == [f"{link.name}: sound" for link in LINKS]
    assert heading.split() == ["link", "state", "what", "mend"]
    assert [line[0] for line in lines if line[0] != " "] == [link.name[0] for link in LINKS]
    assert last == "the chain is sound"


def test_it_is_one_document_for_programs(
    sound: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --json stdout is one document with every link; a fault is exit code 1."""
    assert sound.run("doctor", "--json", PREPARE_RULE_ID="cr-0123456789") == 1

    document = json.loads(capsys.readouterr().out)
    assert document["sound"] is False
    states = {each["link"]: each["state"] for each in document["links"]}
    assert list(states) == [link.name for link in LINKS]
    assert states["rule"] == "fault"
    assert states["buckets"] == "not seen"
    assert states["topic"] == "sound"


def test_settings_are_read_from_the_env_file_too(
    sound: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the client reads from .env beside s.yaml, the doctor does too."""
    with sound.env.open("a") as env_file:
        env_file.write("AccountID=1000000000000001\n")
    assert sound.run("doctor") == 1

    assert "1000000000000001" in capsys.readouterr().out


def test_keys_of_another_account_are_told(
    sound: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both accounts are named of the keys that the Serverless Devs client keeps; no key is."""
    path = tmp_path / ".s" / "access.yaml"
    path.parent.mkdir()
    path.write_text("default: {AccountID: 1000000000000001, AccessKeySecret: not-to-be-seen}")
    assert sound.run("doctor", "--json", HOME=str(tmp_path)) == 1

    said = capsys.readouterr()
    (told,) = [each for each in json.loads(said.out)["links"] if each["link"] == "credentials"]
    assert told["state"] == "fault"
    assert "keeps as default are of account 1000000000000001" in told["what"]
    assert sound.cloud.account_id in told["what"]
    assert "not-to-be-seen" not in said.out + said.err


def test_exemptions_that_cannot_be_read_are_a_fault(
    sound: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exemptions that are wrong are told as a fault of the last link, and not passed over."""
    assert sound.run("doctor", "--exemptions", str(tmp_path / "none.yaml")) == 1
    assert "none.yaml" in capsys.readouterr().out


def test_a_deploy_runs_the_doctor_last_of_what_comes_first() -> None:
    """`s deploy` alone checks, builds, is stopped by a fault of the chain, and verifies."""
    document = yaml.safe_load(PATH.read_text("utf-8"))
    actions = document["services"]["repair"]["actions"]
    assert [each["run"] for each in actions["pre-deploy"]] == [
        "scripts/resource-repair check-deploy",
        "make bundle",
        "scripts/resource-repair doctor --before-deploy",
    ]
    assert [each["run"] for each in actions["success-deploy"]] == ["scripts/resource-repair verify"]
