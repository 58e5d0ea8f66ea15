"""Where words go: to stdout or stderr, in what letters these have, and whether they went.

Nothing here raises: a full disk, a closed stream or a reader that went away is no reason to leave
a verb's work half done. What could not be written is `lost`, and whoever must know asks for that.
"""

import errno
import functools
import os
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
