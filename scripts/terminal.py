"""One way to speak for everything that an operator runs.

People at a terminal get colour and tables, pipes get plain aligned text, and `--json` exactly one
document on stdout, with all else on stderr. Exit codes: 0 done, 1 found a problem, 2 used wrongly.

What is said quotes others (a bucket's name is whatever a message says), so that a character which
would move the cursor, break the line or turn its direction is shown as its escape, as in `\\x1b`.

A verb's work, and the code it ends with, do not depend on whether that can be written: what cannot
be is lost (`scripts.outlet`), and the work goes on. Two things follow where it matters. Nothing is
changed on the answer to a question that could not be shown. And where to tell is all the work (a
verb without --yes, --dry-run, help), what stdout lost makes of the exit code 0 a 1.
"""

import dataclasses
import enum
import json
import re
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timezone
from functools import cached_property
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TextIO, cast

if TYPE_CHECKING:  # a slow import, that nothing needs which only tells how it is used
    from rich.console import Console as RichConsole

from scripts import ROOT
from scripts.errors import Problem, UsageError
from scripts.outlet import Outlet, aligned, fitted, is_terminal, outlet, visible, width

STOPPED = "stopped; what was done so far stays, and running it again is safe"


class Exit(enum.IntEnum):
    """What a verb's exit code means."""

    DONE = 0
    PROBLEM = 1
    MISUSE = 2


class Console:
    """What a verb says and asks, and its answer to programs, which `finish` writes."""

    def __init__(
        self,
        *,
        answer_json: bool = False,
        yes: bool = False,
        dry_run: bool = False,
        out: TextIO | None = None,
        err: TextIO | None = None,
        stdin: TextIO | None = None,
    ) -> None:
        self.dry_run = dry_run
        self._json = answer_json
        self._told: list[Callable[[], object]] = []
        self._yes = yes
        self._acting = False
        self._out = outlet(out or sys.stdout)
        self._err = outlet(err or sys.stderr)
        self._stdin = stdin or sys.stdin

    @property
    def _for_people(self) -> Outlet:
        return self._err if self._json else self._out

    @cached_property
    def _people(self) -> "RichConsole":
        return _drawing(self._for_people)

    def say(self, text: str, style: str = "") -> None:
        """A line for people."""
        _print(self._people, text, style)

    def page(self, text: str) -> None:
        """Lines of our own on stdout, as they are."""
        self._out.write(text)

    def fail(self, text: str) -> None:
        """What went wrong, in a line on stderr."""
        _print(_drawing(self._err), text, "red")

    def table(
        self, columns: Sequence[str], rows: Sequence[Sequence[str]], *, piped: Sequence[int] = ()
    ) -> None:
        """Rows under headings: drawn for people where there is room, else aligned; never cut.

        At a terminal that is too narrow cells are wrapped; elsewhere only if `piped` has how wide
        each column may be.
        """
        spelled = self._for_people.spelled
        room = self._people.width if self._people.is_terminal else 0
        shown = [[spelled(visible(cell)) for cell in row] for row in (columns, *rows)]
        drawn = max(map(width, aligned(shown))) + 3 * len(columns) + 1
        if drawn > room:
            for n, line in enumerate(aligned(fitted(shown, room, piped))):
                self.say(line, "" if n else "bold")
            return
        from rich.table import Table  # noqa: PLC0415  (a slow import)
        from rich.text import Text  # noqa: PLC0415

        table = Table(*columns)
        for row in shown[1:]:
            table.add_row(*(Text(cell) for cell in row))
        self._people.print(table)

    def answer(self, report: object) -> None:
        """What the one JSON document of `--json` is to tell in the end: a report, or a mapping.

        Raises TypeError for what cannot be JSON.
        """
        told = plain(report)
        self.so_far(lambda: told)

    def go_on(self, *, answer_json: bool, yes: bool, dry_run: bool, acting: bool) -> None:
        """Take what is known of the options only by now, before anything is said.

        What is `acting` has other work than to tell.
        """
        self._json, self._yes, self.dry_run = answer_json, yes, dry_run
        self._acting = acting and not dry_run

    def so_far(self, report: Callable[[], object]) -> None:
        """What `--json` is to tell however the verb ends, as of then, beside its answer."""
        self._told.append(report)

    def finish(self, about: Mapping[str, object], error: str = "") -> None:
        """Write the one document of `--json`; nothing without it.

        It has what it is `about`, what went wrong, what was done so far, and the answer.
        """
        if self._json:
            told = {name: each for tell in self._told for name, each in plain(tell()).items()}
            around = {**about, "error": error or None} if about or error else {}
            document = {**around, **told, **around}  # first, and not to be replaced
            text = json.dumps(document, indent=2, ensure_ascii=False)  # whole, or not at all
            self._out.write("".join(map(self._in_json, text)) + "\n")
        self._out.flush()
        self._err.flush()

    def _in_json(self, letter: str) -> str:
        """A letter of a document; what cannot be printed becomes its escape, which is JSON too."""
        if letter == "\n" or (letter.isprintable() and self._out.has(letter)):
            return letter
        return "\\u007f" if letter == "\x7f" else json.dumps(letter)[1:-1]

    def ended(self, end: Exit) -> Exit:
        """The exit code, once all is said: as the verb ended, but where to tell was its work."""
        if not self._out.lost:
            return end
        self.fail(f"stdout cannot be written ({self._out.failure}): not all is told there")
        return end if self._acting else end or Exit.PROBLEM

    def confirm(self, question: str) -> bool:
        """Whether to go ahead: yes with `--yes`, else what a person at the terminal answers.

        Raises UsageError where there is nobody to ask.
        """
        if self._yes:
            return True
        return self.ask(f"{question} [y/N]").lower() in {"y", "yes"}

    def ask(self, question: str, instead: str = "look at it with --dry-run, or say --yes") -> str:
        """What a person at the terminal answers, without the space around it.

        Raises UsageError, which says what to do `instead`, where there is nobody to ask, or what
        is asked, and about what, cannot be seen.
        """
        if not is_terminal(self._stdin):
            raise UsageError(f"nobody is here to be asked: {instead}")
        self._err.write(f"{visible(question)} ")
        self._err.flush()
        for each in (self._err, self._for_people):
            if each.lost:
                raise UsageError(f"what is asked cannot be shown ({each.failure}): {instead}")
        try:
            return self._stdin.readline().strip()
        except (OSError, ValueError) as error:  # the terminal is gone, or sent no text
            raise UsageError(f"the answer cannot be read ({_reason(error)}): {instead}") from None


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error)


def aside(text: str) -> None:
    """A line on stderr, from where there is no console at hand."""
    outlet(sys.stderr).write(f"{visible(text)}\n")


def guarded(
    verb: Callable[[Console], Exit],
    console: Console,
    about: Callable[[Exit], Mapping[str, object]] = lambda _: {},
) -> int:
    """Run a verb; whatever it raises becomes one line, an exit code, and a document of `--json`.

    `about` gives what the document has around the verb's own fields.
    """
    end, said = _ended(verb, console)
    with _deaf():
        if said:
            console.fail(said)
        console.finish(about(end), said)
        return console.ended(end)


def _ended(verb: Callable[[Console], Exit], console: Console) -> tuple[Exit, str]:
    """How a verb ends, and what is to be said of that."""
    try:
        with _interruptible():
            return verb(console), ""
    except UsageError as error:
        return Exit.MISUSE, str(error)
    except Problem as error:
        return Exit.PROBLEM, str(error)
    except KeyboardInterrupt:
        return Exit.PROBLEM, STOPPED
    except Exception as error:  # what no verb foresees: a traceback would be no answer
        return Exit.PROBLEM, _defect(error)


def _drawing(file: Outlet) -> "RichConsole":
    from rich.console import Console as RichConsole  # noqa: PLC0415  (a slow import)

    return RichConsole(file=cast("TextIO", file), highlight=False)


def _print(people: "RichConsole", text: str, style: str) -> None:
    from rich.text import Text  # noqa: PLC0415  (a slow import)

    people.print(Text(visible(text), style=style), soft_wrap=True)


def _defect(error: Exception) -> str:
    """What nobody foresaw, in a line from which its cause can be found.

    A library may have raised it: the place is the last one in the project's own code.
    """
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{_within_project(each.filename)}:{each.lineno}" for each in frames]
    place = next(each for each in reversed(places) if not each.startswith(":"))
    return (
        f"{type(error).__name__} at {place}, {redacted(str(error)) or 'without a word'}: "
        "this is a defect, please report it"
    )


def _within_project(filename: str) -> str:
    """A file's path from the project's root; empty for a file of somebody else's."""
    path = Path(filename)
    ours = path.is_relative_to(ROOT) and "site-packages" not in path.parts
    return str(path.relative_to(ROOT)) if ours else ""


_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let a pipeline's cancel, and a terminal that closes, end a verb as Ctrl-C does."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        # It often comes twice, as whoever runs us passes it on: the second must not stop the
        # cleaning up.
        for each in _STOPS[1:]:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    with handling(signal.default_int_handler, interrupt, interrupt):
        yield


@contextmanager
def _deaf() -> Iterator[None]:
    """Let nothing cut short how a verb's end is told."""
    with handling(signal.SIG_IGN, signal.SIG_IGN, signal.SIG_IGN):
        yield


@contextmanager
def handling(*handlers: Any) -> Iterator[None]:
    """Other handlers for the signals that stop a process."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python sets no handlers elsewhere
        return
    before = {number: signal.getsignal(number) for number in _STOPS}
    # What is ignored stays so, as under nohup; what is not Python's cannot be put back.
    ours = {number: old for number, old in before.items() if old not in (signal.SIG_IGN, None)}
    for number, handler in zip(_STOPS, handlers, strict=True):
        if number in ours:
            signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in ours.items():
            signal.signal(number, old)


_LONGEST = 300

# What a secret is called, or how what it is called ends: x-acs-signature, AccessKeySecret, …
_NAME = (
    r"(?:secret(?:[_-]?key)?|signature(?:provided)?|string_?to_?sign|token|passw(?:or)?d|passphrase"
    r"|credentials?|cookie|(?:access|api|private|signing|secret|encryption)[_-]?key|key[_-]?id"
    r"|[?&](?:key|sign|sig|ak|sk|pwd)|[\"'](?:key|sign|sig|ak|sk|pwd)(?=[\\\"']))"
)
# Between that and the secret: an equals sign, a colon, XML's or an arrow, as it is or as in a URL;
# or in a pair. Then perhaps brackets.
_IS = r"(?:[\\\"']*\s*(?:[:=]?>|[:=]|%3[AaDd])|[\\\"']+\s*,(?=\s*[bu]?[\\\"']))[\s\[({]*"
# To the closing quote, which has as many backslashes as the opening one, or to the word's end.
_VALUE = (
    r"(?:[bu]?\"(?:[^\"\\]|\\.)*|[bu]?'(?:[^'\\]|\\.)*"
    r"|[bu]?\\+\"(?:[^\"\\]|\\+[^\"\\])*|[bu]?\\+'(?:[^'\\]|\\+[^'\\])*|[^\s&;,'\"<>]+)"
)
_NAMED = re.compile(rf"(?i:({_NAME}{_IS}){_VALUE})")

# A header of several words, to the closing quote or to the line's end.
_HEADER = re.compile(rf"(?i:((?:authorization|set-cookie|cookie)(?:{_IS}))[^\"'\n<>]+)")
_SCHEMES = re.compile(
    r"\b((?:OSS4|ACS3|SLS4|[A-Z]{2,4}\d)-(?:HMAC|RSA)-[A-Z0-9-]+\s)[^\"'\n<>]+"
    r"|\b((?:OSS|FC|LOG|MNS|acs|ACS)\s+)[\w.+=/-]+:[\w+/=%-]{8,}"
    r"|\b((?i:bearer|basic)\s+)[\w.+/=~-]{16,}"
)

_SHAPES = re.compile(
    # Keys and tokens by how they begin, and whatever was put before that.
    r"(?<![A-Za-z0-9])(?:LTAI|STS\.|TMP\.|CA[IE]S)[\w+/=.%*-]{6,}"
    # A secret: 30 letters and digits, or capitals and small letters that are no words; a longer one
    # has all three.
    r"|(?<![A-Za-z0-9])(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z\d]{30}(?![A-Za-z0-9])"
    r"|(?<![A-Za-z0-9])(?![A-Z]?[a-z]+(?:[A-Z][a-z]+)*(?![A-Za-z]))(?=[a-z]*[A-Z])(?=[A-Z]*[a-z])"
    r"[A-Za-z]{30}(?![A-Za-z0-9])"
    r"|(?<![A-Za-z0-9])(?=[A-Za-z]*\d)(?=[a-z\d]*[A-Z])(?=[A-Z\d]*[a-z])[A-Za-z\d]{31,}"
    # The base64 of an HMAC of SHA-1, which ends so, and of SHA-256.
    r"|(?<![A-Za-z0-9+/])(?:[A-Za-z0-9+/]{27}|[A-Za-z0-9+/]{43})=(?!=)"
    # Where a robot is called, and who somebody is in an address.
    r"|(?<=/services/)[^\s\"'<>?#,;]+|(?<=/hook/)[^\s\"'<>?#,;]+|(?<=/webhooks/)[^\s\"'<>?#,;]+"
    r"|(?<=/webhookb2/)[^\s\"'<>?#,;]+"
    r"|(?<=://)[^\s/\"'<>@]+(?=@)"
)


def redacted(text: str) -> str:
    """The first line of a text, cut at 300 characters, with `***` for what may be a credential."""
    line = next(iter(text.strip().splitlines()), "")
    for pattern in (_HEADER, _SCHEMES, _NAMED, _SHAPES):
        line = pattern.sub(_hidden, line)
    return line[:_LONGEST]


def _hidden(found: re.Match[str]) -> str:
    """What leads to the secret stays, to tell what is hidden."""
    return next((each for each in found.groups() if each), "") + "***"


def plain(value: Any) -> Any:
    """A report, a frozen dataclass, as JSON has it: its fields in their order.

    Values in it may be dataclasses, named tuples, mappings and sequences too. Times are told in UTC
    by ISO 8601, with Z. Raises TypeError for what is no value.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(each) for key, each in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    return _single(value)


def _single(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"{type(value).__name__} is no value of a report")
