"""Of which account the keys are that the Serverless Devs client keeps."""

import base64
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripts.declared.client_keys import account_of

# As `openssl enc -aes-256-cbc -md md5 -base64` writes it, with the client's passphrase.
OTHER, OTHER_ENCRYPTED = (
    "1000000000000001",
    "U2FsdGVkX18PHSgJE6sUyIQ0nFBkH7bkytwKbSdFZhiwSKbpHMtyBh/ofdxXuqbR",
)
OURS, OURS_ENCRYPTED = (
    "1208863178610000",
    "U2FsdGVkX19AUltnpiqbhvUoULT4EnXL5ByFlCemM9mRTYx6Xcd0cP2zlQz2tQ58",
)
NO_ACCOUNT = "U2FsdGVkX1+eovndvk4/KP5vTvYpOOuFJJApOBOoqnA="
SECRET = "what-nobody-may-see"


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


def of(home: str, **settings: str) -> str:
    """The account of the keys that the client would take."""
    return account_of("default", {"HOME": home, **settings})


@pytest.mark.parametrize("account", [OTHER, OTHER_ENCRYPTED])
@pytest.mark.parametrize("name", [".s/access.yaml", ".s/access.yml"])
def test_the_account_of_its_keys_is_read(tmp_path: Path, account: str, name: str) -> None:
    """In the clear or encrypted as the client keeps it, in a file of either name."""
    assert of(kept(tmp_path, profile(account), name)) == OTHER


def test_in_another_home_they_are_found(tmp_path: Path) -> None:
    """Where the client was told to keep all elsewhere, its keys there count."""
    home = kept(tmp_path / "home", profile(OURS))
    other = kept(tmp_path / "other", profile(OTHER))
    assert of(home, serverless_devs_config_home=other) == OTHER


def test_in_another_workspace_they_are_found(tmp_path: Path) -> None:
    """Where the client was given another folder, its keys there count."""
    home = kept(tmp_path, json.dumps({"workspace": "~/work"}), ".s/config/s.json")
    kept(tmp_path, profile(OTHER), "work/access.yaml")
    kept(tmp_path, profile(OURS_ENCRYPTED))
    assert of(home) == OTHER


@pytest.mark.parametrize(
    "text",
    [
        "",
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
def test_what_tells_nothing_is_no_fault(tmp_path: Path, text: str) -> None:
    """Keys of another alias alone, or in a file that cannot be read: nothing to say."""
    assert of(kept(tmp_path, text)) == ""


def test_of_several_the_alias_tells_which(tmp_path: Path) -> None:
    """Those of another alias do not count."""
    both = profile(OURS_ENCRYPTED) + profile(OTHER, "elsewhere")
    assert of(kept(tmp_path, both)) == OURS


def test_a_file_that_is_none_is_no_fault(tmp_path: Path) -> None:
    """Neither is no file, no home, or a folder in the file's place."""
    assert of(str(tmp_path)) == ""
    assert of("") == ""
    (tmp_path / ".s" / "access.yaml").mkdir(parents=True)
    assert of(str(tmp_path)) == ""


def test_a_whole_key_in_the_environment_comes_first(tmp_path: Path) -> None:
    """With account, id and secret in its environment the client does not look at what it keeps."""
    home = kept(tmp_path, profile(OTHER))
    key = {"AccountID": OURS, "AccessKeyID": "LTAI", "AccessKeySecret": SECRET}
    assert of(home, **key) == ""
    assert of(home, AccountID=OURS) == OTHER


def test_a_pipeline_names_its_own_alias(tmp_path: Path) -> None:
    """In a pipeline the alias is the one that the client is given there."""
    home = kept(tmp_path, profile(OURS_ENCRYPTED) + profile(OTHER, "ci"))
    assert of(home, serverless_devs_access_cicd_alias_name="ci") == OTHER


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


def test_a_variable_of_the_alias_s_name_comes_before_what_is_kept(tmp_path: Path) -> None:
    """In a pipeline keys are given so, as JSON; what is none is no fault."""
    home = kept(tmp_path, profile(OURS))
    assert of(home, default=json.dumps({"AccountID": OTHER, "AccessKeyID": "LTAI"})) == OTHER
    assert of(home, default="no JSON") == OURS


def test_without_an_alias_in_the_file_it_is_the_client_s_own(tmp_path: Path) -> None:
    """The client takes `default` where s.yaml names none."""
    assert account_of("", {"HOME": kept(tmp_path, profile(OTHER))}) == OTHER
