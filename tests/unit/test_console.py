import io
import json
import sys

import pytest

from scripts.errors import Problem, UsageError
from scripts.terminal import Console, Exit, aside, guarded


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
    """Controls and bidi overrides are shown as escapes, everywhere; --json tells what there is, in
    JSON's own escapes.
    """
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
    answering = Console(answer_json=True, out=document, err=err)
    answering.answer({"name": hostile})
    answering.finish({})
    assert json.loads(document.getvalue()) == {"name": hostile}
    assert document.getvalue().replace("\n", "").isprintable()


def test_json_leaves_stdout_to_the_document() -> None:
    """With --json, stdout has the one document, and everything for people goes to stderr."""
    out, err = io.StringIO(), io.StringIO()
    console = Console(answer_json=True, out=out, err=err)
    console.say("hello")
    console.table(("a",), [("b",)])
    console.answer({"ü": 1})
    console.finish({})
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
    assert guarded(verb, Console(answer_json=True, out=out, err=err)) == code
    assert err.getvalue().count("\n") == (1 if raised else 0)
    assert "Traceback" not in err.getvalue()
    if raised:
        assert json.loads(out.getvalue()) == {"error": err.getvalue().strip()}


SECRETS = ["LTAI5tHiddenKeyId", "4f0f6c9d5e8b7a6c5d4e3f2a1b0c9d", "CAISHiddenToken/+="]


@pytest.mark.parametrize(
    ("raised", "says"),
    [
        (KeyError("configRuleId"), "KeyError at "),
        (ValueError(""), "without a word"),
        (RuntimeError(f"GET /?Signature=Hidden%3D&x=1\n{SECRETS[1]}"), "GET /?Signature=***&x=1"),
        (OSError(f"{SECRETS[0]} {SECRETS[1]} {SECRETS[2]}"), "*** *** ***"),
    ],
)
def test_what_no_verb_foresees_is_one_line_too(raised: Exception, says: str) -> None:
    """A defect has its type, its place and its message in a line, without keys, and in JSON."""

    def verb(console: Console) -> Exit:
        raise raised

    out, err = io.StringIO(), io.StringIO()
    assert guarded(verb, Console(answer_json=True, out=out, err=err)) == Exit.PROBLEM
    line = err.getvalue()
    assert line.count("\n") == 1
    assert line.startswith(f"{type(raised).__name__} at tests/unit/test_console.py:")
    assert says in line
    assert line.endswith("this is a defect, please report it\n")
    assert not any(secret in line for secret in (*SECRETS, "Hidden"))
    assert json.loads(out.getvalue()) == {"error": line.strip()}


def test_a_defect_in_somebody_else_s_code_is_told_where_we_called_it() -> None:
    """The place is the last one of the project, not one in a library."""

    def verb(console: Console) -> Exit:
        json.loads("{")
        return Exit.DONE

    err = io.StringIO()
    assert guarded(verb, Console(out=io.StringIO(), err=err)) == Exit.PROBLEM
    assert err.getvalue().startswith("JSONDecodeError at tests/unit/test_console.py:")


def test_a_document_comes_whole_or_not_at_all() -> None:
    """What cannot be written as JSON is a defect, and not half a document before another."""

    def verb(console: Console) -> Exit:
        console.answer({"fine": 1, "odd": object()})
        return Exit.DONE

    out, err = io.StringIO(), io.StringIO()
    assert guarded(verb, Console(answer_json=True, out=out, err=err)) == Exit.PROBLEM
    assert json.loads(out.getvalue())["error"].startswith("TypeError at ")


def test_a_document_can_be_written_wherever_utf_8_can() -> None:
    """A surrogate of a hostile name becomes its escape, and the document stays one."""
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="utf-8")
    console = Console(answer_json=True, out=out, err=io.StringIO())
    console.answer({"bucket": "\ud800 桶"})
    console.finish({})
    assert json.loads(raw.getvalue()) == {"bucket": "\ud800 桶"}
    assert "桶" in raw.getvalue().decode()


def test_what_was_done_so_far_is_told_with_the_error() -> None:
    """A verb that ends early says beside the error what it did until then, as of then."""
    done: list[str] = []

    def verb(console: Console) -> Exit:
        console.so_far(lambda: {"done": done})
        done.append("this")
        raise Problem("what and why")

    out = io.StringIO()
    assert guarded(verb, Console(answer_json=True, out=out, err=io.StringIO())) == Exit.PROBLEM
    assert json.loads(out.getvalue()) == {"done": ["this"], "error": "what and why"}


def test_an_answer_stays_the_one_document() -> None:
    """What goes wrong after the answer is told in it, and in no other document."""

    def verb(console: Console) -> Exit:
        console.answer({"proved": True})
        raise Problem("what and why")

    out = io.StringIO()
    assert guarded(verb, Console(answer_json=True, out=out, err=io.StringIO())) == Exit.PROBLEM
    assert json.loads(out.getvalue()) == {"proved": True, "error": "what and why"}


class Full(io.StringIO):
    """A stream whose disk is full."""

    def write(self, _: str, /) -> int:
        """No."""
        raise OSError(28, "No space left on device")


def closed() -> io.StringIO:
    """A stream that somebody closed."""
    stream = io.StringIO()
    stream.close()
    return stream


LOST = pytest.mark.parametrize("lost", [Full, closed])


@LOST
@pytest.mark.parametrize("answer_json", [False, True])
@pytest.mark.parametrize(
    ("acting", "dry_run", "code"),
    [(True, False, Exit.DONE), (True, True, Exit.PROBLEM), (False, False, Exit.PROBLEM)],
)
def test_the_work_is_done_and_told_by_the_code_whatever_can_be_written(
    lost: type[io.StringIO], answer_json: bool, acting: bool, dry_run: bool, code: Exit
) -> None:
    """Where to tell is all the work, what stdout lost is a problem; else 0 stays 0, 1 stays 1."""
    done = []

    def verb(console: Console) -> Exit:
        console.go_on(answer_json=answer_json, yes=True, dry_run=dry_run, acting=acting)
        console.say("this …")
        console.table(("a",), [("b",)])
        console.confirm("?")
        aside("again")
        done.append("work")
        console.answer({"a": 1})
        return Exit.DONE

    err = io.StringIO()
    assert guarded(verb, Console(out=lost(), err=err)) == code
    assert "stdout cannot be written (" in err.getvalue()
    assert guarded(verb, Console(out=lost(), err=lost())) == code
    assert guarded(verb, Console(out=io.StringIO(), err=lost())) == Exit.DONE
    assert done == ["work"] * 3

    def refused(console: Console) -> Exit:
        verb(console)
        raise UsageError("no")

    assert guarded(refused, Console(out=lost(), err=lost())) == Exit.MISUSE


def test_nothing_to_be_told_is_nothing_lost() -> None:
    """A check that has nothing to say needs no stdout."""
    assert guarded(lambda _: Exit.DONE, Console(out=closed(), err=closed())) == Exit.DONE


@LOST
@pytest.mark.parametrize("answer_json", [False, True])
def test_nothing_is_agreed_to_that_cannot_be_shown(
    lost: type[io.StringIO], answer_json: bool
) -> None:
    """Neither where the question is lost, nor where that is what it is about."""
    for out, err in ((io.StringIO(), lost()), (lost(), io.StringIO())):
        console = Console(answer_json=answer_json, out=out, err=err, stdin=Terminal("y\n"))
        console.say("would close 20 buckets")
        if answer_json and not err.closed and not isinstance(err, Full):
            assert console.confirm("Do this?")  # people read stderr, which is there
        else:
            with pytest.raises(UsageError, match=r"cannot be shown .*--yes"):
                console.confirm("Do this?")


def test_a_question_that_cannot_be_answered_is_no_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that is gone, or sends what is no text; or no stdin at all."""

    class Gone(Terminal):
        def readline(self, _: int | None = -1, /) -> str:
            raise OSError(5, "Input/output error")

    class Garbled(Terminal):
        def readline(self, _: int | None = -1, /) -> str:
            return b"\xff".decode()

    for stdin, says in ((Gone(), "Input/output error"), (Garbled(), "invalid start byte")):
        console = Console(out=io.StringIO(), err=io.StringIO(), stdin=stdin)
        with pytest.raises(UsageError, match=f"the answer cannot be read .{says}.: .*--yes"):
            console.confirm("Do this?")
    monkeypatch.setattr(sys, "stdin", None)
    for stdin in (None, closed()):
        with pytest.raises(UsageError, match="nobody is here to be asked"):
            Console(out=io.StringIO(), err=io.StringIO(), stdin=stdin).confirm("Do this?")


@pytest.mark.parametrize(("encoding", "ellipsis"), [("ascii", "\\u2026"), ("cp1252", "…")])
def test_what_a_stream_has_no_letters_for_is_escaped(encoding: str, ellipsis: str) -> None:
    """In the same columns, and in a document in JSON's own escapes."""
    raw, told = io.BytesIO(), io.BytesIO()
    out, err = (io.TextIOWrapper(each, encoding=encoding) for each in (raw, told))
    console = Console(out=out, err=err)
    console.say("wait…")
    console.fail("wait…")
    console.page("wait…\n")
    console.table(("name", "x"), [("桶", "y")])
    console.finish({})
    waits = f"wait{ellipsis}\n"
    shown = raw.getvalue().decode(encoding)
    assert shown == f"{waits}{waits}name    x\n\\u6876  y\n"
    assert told.getvalue().decode(encoding) == waits

    raw = io.BytesIO()
    answering = Console(answer_json=True, out=io.TextIOWrapper(raw, encoding=encoding), err=err)
    answering.answer({"name": "桶…"})
    answering.finish({})
    assert json.loads(raw.getvalue().decode(encoding)) == {"name": "桶…"}


def test_wide_letters_and_accents_keep_the_columns() -> None:
    """A wide letter takes two, an accent that is one of its own takes none."""
    out = io.StringIO()
    rows = [("桶", "1"), ("u\u0308", "2"), ("ab", "3")]
    Console(out=out).table(("b", "n"), rows)
    assert out.getvalue() == "b   n\n桶  1\nu\u0308   2\nab  3\n"


def test_what_was_told_so_far_stays_beside_the_answer() -> None:
    """As a comparison does beside a proof: in its order, and as it is in the end."""

    def verb(console: Console) -> Exit:
        console.so_far(lambda: {"compared": 1, "proved": None})
        console.answer({"proved": True, "seconds": 2})
        return Exit.DONE

    out = io.StringIO()
    assert guarded(verb, Console(answer_json=True, out=out, err=io.StringIO())) == Exit.DONE
    assert json.loads(out.getvalue()) == {"compared": 1, "proved": True, "seconds": 2}
