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


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[2J\x07", "\\x1b[2J\\x07"),
        ("a\r\nrepaired\tb", "a\\r\\nrepaired\\tb"),
        ("\x7f\x9b31m", "\\x7f\\x9b31m"),
        ("\u202eetavirp\u2066", "\\u202eetavirp\\u2066"),
        ("\ud800", "\\ud800"),
        ("bücket 桶", "bücket 桶"),
    ],
)
@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_nothing_said_steers_the_terminal(
    monkeypatch: pytest.MonkeyPatch, stream: type[io.StringIO], hostile: str, shown: str
) -> None:
    """Controls and bidi overrides are shown as escapes, everywhere; --json tells what there is."""
    monkeypatch.setenv("TERM", "xterm")
    out, err = stream(), stream()
    console = Console(out=out, err=err, stdin=Terminal("y\n"))
    console.say(hostile)
    console.table(("name",), [(hostile,)])
    console.fail(hostile)
    console.confirm(hostile)
    assert out.getvalue().count(shown) == err.getvalue().count(shown) == 2
    assert shown == hostile or hostile not in out.getvalue() + err.getvalue()

    document = io.StringIO()
    Console(answer_json=True, out=document, err=err).answer(hostile)
    assert json.loads(document.getvalue()) == hostile


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
    with pytest.raises(UsageError, match="nobody is here to be asked: say --expect 2"):
        Console(yes=True, stdin=io.StringIO("2\n")).ask("How many?", "say --expect 2")


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

    out, err = io.StringIO(), io.StringIO()
    assert run(verb, Console(answer_json=True, out=out, err=err)) == code
    assert err.getvalue().count("\n") == (1 if raised else 0)
    assert "Traceback" not in err.getvalue()
    if raised:
        assert json.loads(out.getvalue()) == {"error": err.getvalue().strip()}


def test_an_answer_stays_the_one_document() -> None:
    """What goes wrong after the answer is not told on stdout too."""

    def verb(console: Console) -> Exit:
        console.answer({"proved": True})
        raise Problem("what and why")

    out = io.StringIO()
    assert run(verb, Console(answer_json=True, out=out, err=io.StringIO())) == Exit.PROBLEM
    assert json.loads(out.getvalue()) == {"proved": True}
