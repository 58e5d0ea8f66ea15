"""That the Serverless Devs client would deploy to another account is told, and never with what."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripts.decide.chain import Standing
from scripts.declared.client_keys import account_of
from tests.contract.doctor_helpers import Scene, deployed

# As `openssl enc -aes-256-cbc -md md5 -base64` writes it, with the client's passphrase.
OTHER, OTHER_ENCRYPTED = (
    "1000000000000001",
    "U2FsdGVkX18PHSgJE6sUyIQ0nFBkH7bkytwKbSdFZhiwSKbpHMtyBh/ofdxXuqbR",
)
OURS_ENCRYPTED = "U2FsdGVkX19AUltnpiqbhvUoULT4EnXL5ByFlCemM9mRTYx6Xcd0cP2zlQz2tQ58"
NO_ACCOUNT = "U2FsdGVkX1+eovndvk4/KP5vTvYpOOuFJJApOBOoqnA="
SECRET = "what-nobody-may-see"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Everything provisioned and deployed."""
    with deployed(tmp_path_factory.mktemp("project")) as scene:
        yield scene


def kept(home: Path, text: str, name: str = ".s/access.yaml") -> str:
    """A home in which the client keeps that."""
    path = home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(home)


def profile(account: str, alias: str = "default") -> str:
    """What the client keeps under an alias."""
    return (
        f"{alias}:\n  AccountID: {account}\n  AccessKeyID: {SECRET}\n  AccessKeySecret: {SECRET}\n"
    )


@pytest.mark.parametrize("account", [OTHER, OTHER_ENCRYPTED])
@pytest.mark.parametrize("name", [".s/access.yaml", ".s/access.yml"])
def test_keys_of_another_account_are_told(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str], account: str, name: str
) -> None:
    """Both accounts are named, in the clear or encrypted as the client keeps it; no key is."""
    home = kept(tmp_path, profile(account), name)
    arguments = ["--spec", str(scene.path), "--exemptions", str(scene.exemptions), "--json"]
    assert scene.run("doctor", *arguments, HOME=home) == 1

    said = capsys.readouterr()
    links = json.loads(said.out)["links"]
    (told,) = [each for each in links if each["link"] == "credentials"]
    assert told["state"] == "fault"
    assert f"keeps as default are of account {OTHER}" in told["what"]
    assert scene.cloud.account_id in told["what"]
    assert SECRET not in said.out + said.err


def test_in_another_workspace_they_are_found(scene: Scene, tmp_path: Path) -> None:
    """Where the client was given another folder, its keys there count."""
    home = kept(tmp_path, json.dumps({"workspace": "~/work"}), ".s/config/s.json")
    kept(tmp_path, profile(OTHER), "work/access.yaml")
    kept(tmp_path, profile(OURS_ENCRYPTED))
    (found,) = scene.look(HOME=home)
    assert (found.link, found.standing) == ("credentials", Standing.FAULT)


@pytest.mark.parametrize(
    "text",
    [
        "",
        profile(OURS_ENCRYPTED),
        profile(OURS_ENCRYPTED) + profile(OTHER, "elsewhere"),
        profile(OTHER, "elsewhere"),
        profile(NO_ACCOUNT),
        "default: text",
        "- a\n- list",
        "default: [",
        "default: !!python/object:os.system {}",
        "\N{SNOWMAN}: \x00",
        "a: 2001-99-99",
    ],
)
def test_what_tells_nothing_is_no_fault(scene: Scene, tmp_path: Path, text: str) -> None:
    """Keys of this account, of another alias, or in a file that cannot be read: nothing to say."""
    assert scene.look(HOME=kept(tmp_path, text)) == []


def test_a_file_that_is_none_is_no_fault(scene: Scene, tmp_path: Path) -> None:
    """Neither is no file, no home, or a folder in the file's place."""
    assert scene.look(HOME=str(tmp_path)) == []
    assert scene.look(HOME="") == []
    (tmp_path / ".s" / "access.yaml").mkdir(parents=True)
    assert scene.look(HOME=str(tmp_path)) == []


def test_a_whole_key_in_the_environment_comes_first(scene: Scene, tmp_path: Path) -> None:
    """With account, id and secret in its environment the client does not look at what it keeps."""
    home, ours = kept(tmp_path, profile(OTHER)), scene.cloud.account_id
    key = {"AccountID": ours, "AccessKeyID": "LTAI", "AccessKeySecret": SECRET}
    assert scene.look(HOME=home, **key) == []
    assert [each.link for each in scene.look(HOME=home, AccountID=ours)] == ["credentials"]


def test_a_pipeline_names_its_own_alias(scene: Scene, tmp_path: Path) -> None:
    """In a pipeline the alias is the one that the client is given there."""
    home = kept(tmp_path, profile(OURS_ENCRYPTED) + profile(OTHER, "ci"))
    (found,) = scene.look(HOME=home, serverless_devs_access_cicd_alias_name="ci")
    assert found.link == "credentials"


SALTED = st.binary(max_size=80).map(lambda rest: b"Salted__" + rest)


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(content=st.binary() | SALTED.map(lambda each: profile(_base64(each)).encode()))
def test_whatever_is_kept_there_is_an_answer(tmp_path: Path, content: bytes) -> None:
    """Nothing in the client's file is a traceback; what comes of it is an account or nothing."""
    path = Path(kept(tmp_path, ""), ".s", "access.yaml")
    path.write_bytes(content)
    account = account_of("default", {"HOME": str(tmp_path)})
    assert account == "" or account.isdigit()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
