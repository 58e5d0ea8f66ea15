"""A .env that cannot be read is told in a line, whatever is run, and never quoted."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import cli
from scripts.account.clients import fixed_credentials
from scripts.declared.dotenv import assign, environment, unread
from scripts.docs import permissions
from scripts.errors import UsageError
from tests.parts import project

SECRET = "what-nobody-may-see"
Make = Callable[[Path], object]


def loop(path: Path) -> None:
    """A link to itself, which nobody can read, whoever they are."""
    path.symlink_to(path)


BAD: dict[str, tuple[Make, str]] = {
    "Latin-1": (
        lambda path: path.write_bytes(f"A=1\nKEY={SECRET}\nNAME=caf\xe9\n".encode("latin-1")),
        "is no text in UTF-8, in line 3: save it as that",
    ),
    "UTF-16": (lambda path: path.write_text("A=1\n", "utf-16"), "is no text in UTF-8, in line 1"),
    "a folder": (Path.mkdir, "cannot be read (Is a directory): make it a file of yours"),
    "a loop": (loop, "cannot be read (Too many levels of symbolic links)"),
}


@pytest.fixture(params=BAD)
def bad(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    """A file that cannot be read, beside a spec, and what is to be said of it."""
    make, says = BAD[request.param]
    project(tmp_path)
    make(tmp_path / ".env")
    return tmp_path / ".env", says


@pytest.mark.parametrize("verb", permissions.VERBS)
def test_every_verb_tells_it_in_a_line(
    bad: tuple[Path, str], verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, a line on stderr, the same in JSON, and nothing of what the file has."""
    path, says = bad
    given = {"publish": ["-"], "invoke": ["-"], "undo": ["--bucket", "shop"]}
    event = given.get(verb, [])
    arguments = ["--spec", str(path.parent / "s.yaml"), "--json", *event]
    end = cli.run(verb, *arguments, environ={}, credentials=fixed_credentials("id", "secret"))

    said = capsys.readouterr()
    assert end == 2
    assert said.err.count("\n") == 1
    assert f"{path} {says}" in said.err
    assert json.loads(said.out)["error"] == said.err.strip()
    assert SECRET not in said.err


def test_check_deploy_tells_it_in_a_line(
    bad: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """So does what a deploy runs first."""
    path, says = bad
    assert cli.run("check-deploy", "--env", str(path), environ={}) == 2
    assert capsys.readouterr().err.startswith(f"{path} {says}")


def test_it_is_not_written_over(bad: tuple[Path, str]) -> None:
    """What could not be read is not replaced either."""
    path, _ = bad
    with pytest.raises(UsageError):
        assign(path, {"A": "1"})
    with pytest.raises(UsageError):
        environment(path, {})
    assert [each.name for each in path.parent.glob(".env*")] == [".env"]


def test_no_file_sets_nothing(tmp_path: Path) -> None:
    """Neither does a link that leads nowhere; the environment stays."""
    assert environment(tmp_path / ".env", {"A": "1"}) == {"A": "1"}
    (tmp_path / ".env").symlink_to(tmp_path / "nowhere")
    assert environment(tmp_path / ".env", {"A": "1"}) == {"A": "1"}


def test_it_is_read_as_the_client_reads_it(tmp_path: Path) -> None:
    """With the mark that some editors begin a file with, and with a colon for the equals sign."""
    path = tmp_path / ".env"
    path.write_bytes("\ufeffA=1\nB: 2\n  export C = 'three' # why\n".encode())
    assert environment(path, {}) == {"A": "1", "B": "2", "C": "three"}
    assign(path, {"A": "4", "B": "5"})
    assert environment(path, {}) == {"A": "4", "B": "5", "C": "three"}


def test_a_line_that_sets_nothing_is_told_and_not_quoted(tmp_path: Path) -> None:
    """It may hold a secret: its number is told, and what it may be."""
    path = tmp_path / ".env"
    path.write_text("A=1\n\n# a comment\nALERT_WEBHOOK https://hooks.example.com/a-token\n")
    (told,) = unread(path)
    assert told.startswith(".env, line 4 sets nothing: ")
    assert "token" not in told
