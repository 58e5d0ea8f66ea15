"""Where words go: to stdout or stderr, in what letters these have, and whether they went.

Nothing here raises: a full disk, a closed stream or a reader that went away is no reason to leave
a verb's work half done. What could not be written is `lost`, and whoever must know asks for that.
"""

import errno
import functools
import itertools
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TextIO


class Outlet:
    """A stream as it is found, or None for one that was closed before we came.

    `failure` is why nothing more can be written, `lost` whether something was to be.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self.encoding: str = getattr(stream, "encoding", None) or "utf-8"
        self.failure = "" if stream else "it is closed"
        self.lost = False

    def write(self, text: str) -> int:
        """Write the text, with escapes for what the stream has no letters for."""
        if self.failure:
            self.lost = True
        else:
            self._try(lambda stream: stream.write(self.spelled(text)))
        return len(text)

    def flush(self) -> None:
        """Let what was written arrive, or be lost."""
        if not self.failure:
            self._try(lambda stream: stream.flush())

    def isatty(self) -> bool:
        """Whether a person may be at it."""
        return is_terminal(self._stream)

    def spelled(self, text: str) -> str:
        """The text in the stream's own letters: `\\u2026` where it has none for an ellipsis."""
        return text.encode(self.encoding, "backslashreplace").decode(self.encoding)

    def has(self, letter: str) -> bool:
        """Whether a letter can be written as it is."""
        return letter.isascii() or self.spelled(letter) == letter

    def _try(self, act: Callable[[TextIO], object]) -> None:
        try:
            if self._stream:
                act(self._stream)
        except (OSError, ValueError) as error:  # the latter where it was closed meanwhile
            self.failure = getattr(error, "strerror", None) or str(error)
            self.lost = True
            self._drop()

    def _drop(self) -> None:
        """Let what is still held go nowhere: Python would try it again at its end, and complain."""
        if self._stream:
            with suppress(OSError, ValueError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, self._stream.fileno())
                os.close(nowhere)
                self._stream.flush()


def outlet(stream: TextIO | None) -> Outlet:
    """The one outlet of a stream: what one writer loses, the next one knows of."""
    return _outlet(stream) if stream else Outlet(None)


_outlet = functools.lru_cache(maxsize=8)(Outlet)


def stdin() -> TextIO:
    """What comes in; raises OSError where that was closed."""
    if sys.stdin is None or sys.stdin.closed:
        raise OSError(errno.EBADF, "it is closed")
    return sys.stdin


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a stream is there, and a person may be at it."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def visible(text: str) -> str:
    """The text with what is not printable escaped: controls, bidi overrides, surrogates."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


def width(text: str) -> int:
    """Columns that a text takes: two for a wide letter, none for an accent on the one before."""
    return sum(map(_width, text))


def _width(letter: str) -> int:
    if unicodedata.category(letter) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines, each cell as wide as its column."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    padded = [
        [cell + " " * (most - width(cell)) for cell, most in zip(row, widths, strict=True)]
        for row in rows
    ]
    return ["  ".join(row).rstrip() for row in padded]


Rows = Sequence[Sequence[str]]

_READABLE = 30  # columns that a sentence should have
_TWO = 2  # of them the first says of what the other is
# What is to be copied is kept in a line: a command, with its options.
_WORD = re.compile(r"`[^`]*`\S*|\bresource-repair [\w-]+(?: --[\w-]+(?: [\w.-]+)?)*\S*|\S+")


def fitted(rows: Rows, room: int, piped: Sequence[int] = ()) -> Rows:
    """The same rows with cells wrapped between words, for lines of so many columns.

    Where sentences would become too narrow, the last cell stands under the one before it, with an
    arrow. What cannot be made to fit stays as it is. Without room, as nobody looks, columns are to
    be as wide as `piped` has it, if it is given.
    """
    if not room:
        return _wrapped_all(rows, piped) if piped else rows
    folded: list[Sequence[str]] = []
    for *cells, last in rows:
        folded += [cells, [*[""] * (len(cells) - 1), last and f"-> {last}"]]
    narrow = folded if len(rows[0]) > _TWO else rows
    for shown, least in ((rows, _READABLE), (narrow, _READABLE), (narrow, 0)):
        if widths := _narrowed(shown, room, least):
            return _wrapped_all([row for row in shown if any(row)], widths)
    return rows


def _wrapped_all(rows: Rows, widths: Sequence[int]) -> Rows:
    """Each row as several, with no cell wider than its column, but for a word that is."""
    columns = [
        [_wrapped(cell, most) for cell, most in zip(row, widths, strict=True)] for row in rows
    ]
    return [line for parts in columns for line in itertools.zip_longest(*parts, fillvalue="")]


def _wrapped(cell: str, most: int) -> list[str]:
    if width(cell) <= most:
        return [cell]
    lines = [""]
    for word in _WORD.findall(cell):
        longer = f"{lines[-1]} {word}".lstrip()
        lines[-1:] = [longer] if width(longer) <= most else [*filter(None, lines[-1:]), word]
    return lines


def _narrowed(rows: Rows, room: int, least: int) -> list[int]:
    """How wide each column is to be, the widest made narrower first; empty if they cannot fit."""
    columns = list(zip(*rows, strict=True))
    widths = [max(map(width, column)) for column in columns]
    floors = [
        max(min(least, most), *(width(word) for cell in column for word in _WORD.findall(cell)), 0)
        for column, most in zip(columns, widths, strict=True)
    ]
    for _ in range(sum(widths) + 2 * (len(widths) - 1) - room):
        spare = [n for n, floor in enumerate(floors) if widths[n] > floor]
        if not spare:
            return []
        widths[max(spare, key=widths.__getitem__)] -= 1
    return widths
