"""One way to speak for everything that an operator runs.

People at a terminal get colour and tables, pipes get plain aligned text, and `--json` exactly one
document on stdout, with all else on stderr. Exit codes: 0 done, 1 found a problem, 2 used wrongly.

What is said quotes others (a bucket's name is whatever a message says), so that a character which
would move the cursor, break the line or turn its direction is shown as its escape, as in `\\x1b`.
"""

import argparse
import enum
import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TextIO

from rich.console import Console as RichConsole
from rich.table import Table
from rich.text import Text

from scripts.errors import Problem, UsageError


class Exit(enum.IntEnum):
    """What a verb's exit code means."""

    DONE = 0
    PROBLEM = 1
    MISUSE = 2


def parser(description: str) -> argparse.ArgumentParser:
    """A parser with the options that every verb has; `description` is mostly its docstring."""
    options = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--json", action="store_true", help="answer with one JSON document")
    options.add_argument("--yes", "-y", action="store_true", help="do not ask, go ahead")
    options.add_argument("--dry-run", action="store_true", help="show what would be done, and stop")
    return options


class Console:
    """What a verb says and asks; `answer_json`, `yes` and `dry_run` are the options of `parser`."""

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
        self._answered = False
        self._yes = yes
        self._out = out or sys.stdout
        self._err = err or sys.stderr
        self._stdin = stdin or sys.stdin
        self._people = RichConsole(file=self._err if answer_json else self._out, highlight=False)

    @classmethod
    def of(cls, options: argparse.Namespace) -> "Console":
        """The console for parsed options."""
        return cls(answer_json=options.json, yes=options.yes, dry_run=options.dry_run)

    def say(self, text: str, style: str = "") -> None:
        """A line for people."""
        self._people.print(Text(_visible(text), style=style), soft_wrap=True)

    def fail(self, text: str) -> None:
        """What went wrong, in a line on stderr."""
        people = RichConsole(file=self._err, highlight=False)
        people.print(Text(_visible(text), style="red"), soft_wrap=True)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Rows under headings: drawn for people where there is room, else aligned; never cut."""
        visible = [[_visible(cell) for cell in row] for row in rows]
        lines = _aligned([columns, *visible])
        drawn = max(map(len, lines)) + 3 * len(columns) + 1
        if not self._people.is_terminal or drawn > self._people.width:
            for n, line in enumerate(lines):
                self.say(line, "" if n else "bold")
            return
        table = Table(*columns)
        for row in visible:
            table.add_row(*(Text(cell) for cell in row))
        self._people.print(table)

    def answer(self, document: object) -> None:
        """The one JSON document of `--json`; nothing without it."""
        if self._json:
            self._answered = True
            json.dump(document, self._out, indent=2, ensure_ascii=False)
            self._out.write("\n")

    def answer_error(self, text: str) -> None:
        """What went wrong, as the document of `--json`, unless there has been an answer."""
        if not self._answered:
            self.answer({"error": text})

    def confirm(self, question: str) -> bool:
        """Whether to go ahead: yes with `--yes`, else what a person at the terminal answers.

        Raises UsageError where there is nobody to ask.
        """
        if self._yes:
            return True
        return self.ask(f"{question} [y/N]").lower() in {"y", "yes"}

    def ask(self, question: str, instead: str = "look at it with --dry-run, or say --yes") -> str:
        """What a person at the terminal answers, without the space around it.

        Raises UsageError, which says what to do `instead`, where there is nobody to ask.
        """
        if not self._stdin.isatty():
            raise UsageError(f"nobody is here to be asked: {instead}")
        self._err.write(f"{_visible(question)} ")
        self._err.flush()
        return self._stdin.readline().strip()


def run(verb: Callable[[Console], Exit], console: Console) -> int:
    """Run a verb; what it raises on purpose becomes one line and an exit code."""
    try:
        with _interruptible():
            return verb(console)
    except UsageError as error:
        end, said = Exit.MISUSE, str(error)
    except Problem as error:
        end, said = Exit.PROBLEM, str(error)
    except KeyboardInterrupt:
        end = Exit.PROBLEM
        said = "stopped; what was done so far stays, and running it again is safe"
    console.fail(said)
    console.answer_error(said)
    return end


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let a pipeline's cancel, and a terminal that closes, end a verb as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python sets no handlers elsewhere
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    # What is ignored stays so, as under nohup; what is not Python's cannot be put back.
    ours = {number: old for number, old in before.items() if old not in (signal.SIG_IGN, None)}

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        # It often comes twice, as make passes it on: the second must not stop the cleaning up.
        for each in ours:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in ours:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, old in ours.items():
            signal.signal(number, old)


def _visible(text: str) -> str:
    """The text with what is not printable escaped: controls, bidi overrides, surrogates."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    padded = [[c.ljust(w) for c, w in zip(row, widths, strict=True)] for row in rows]
    return ["  ".join(row).rstrip() for row in padded]
