import io
import json

import pytest

from scripts.console import Console, Exit, run
from scripts.errors import Problem, UsageError


class Terminal(io.StringIO):
    """A stream with a person at it."""

    def isatty(self) -> bool:
        """Yes."""
        return True


def test_pipes_get_plain_aligned_text() -> None:
    """Where nobody looks, a table is aligned lines, never wrapped, without colour or frames."""
    out = io.StringIO()
    console = Console(out=out)
    console.say("done", "green")
    console.table(("name", "what"), [("a", "x" * 200), ("long", "[bold]")])
    assert out.getvalue() == f"done\nname  what\na     {'x' * 200}\nlong  [bold]\n"


def test_people_get_a_drawn_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """At a terminal a table is drawn, with the same words."""
    monkeypatch.setenv("TERM", "xterm")
    out = Terminal()
    Console(out=out).table(("name", "what"), [("a", "[bold]")])
    assert "┃" in out.getvalue()
    assert "[bold]" in out.getvalue()


def test_json_leaves_stdout_to_the_document() -> None:
    """With --json, stdout has the one document, and everything for people goes to stderr."""
    out, err = io.StringIO(), io.StringIO()
    console = Console(answer_json=True, out=out, err=err)
    console.say("hello")
    console.table(("a",), [("b",)])
    console.answer({"ü": 1})
    assert json.loads(out.getvalue()) == {"ü": 1}
    assert err.getvalue() == "hello\na\nb\n"


@pytest.mark.parametrize(
    ("typed", "agreed"),
    [("y\n", True), (" YES \n", True), ("\n", False), ("n\n", False), ("", False)],
)
def test_a_person_is_asked(typed: str, agreed: bool) -> None:
    """At a terminal only a clear yes is one."""
    err = io.StringIO()
    console = Console(out=io.StringIO(), err=err, stdin=Terminal(typed))
    assert console.confirm("Go ahead?") is agreed
    assert err.getvalue() == "Go ahead? [y/N] "


def test_nobody_is_asked_where_nobody_is() -> None:
    """Without a terminal it is misuse to need an answer, unless --yes gave it."""
    assert Console(yes=True, stdin=io.StringIO("n\n")).confirm("?") is True
    with pytest.raises(UsageError, match="--yes"):
        Console(stdin=io.StringIO("y\n")).confirm("?")


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (None, Exit.DONE),
        (Problem("what and why"), Exit.PROBLEM),
        (UsageError("what and why"), Exit.MISUSE),
        (KeyboardInterrupt(), Exit.PROBLEM),
    ],
)
def test_every_end_has_its_code(raised: BaseException | None, code: Exit) -> None:
    """What a verb raises on purpose becomes its exit code and one line on stderr, no traceback."""

    def verb(console: Console) -> Exit:
        if raised:
            raise raised
        return Exit.DONE

    err = io.StringIO()
    assert run(verb, Console(err=err)) == code
    assert err.getvalue().count("\n") == (1 if raised else 0)
    assert "Traceback" not in err.getvalue()
