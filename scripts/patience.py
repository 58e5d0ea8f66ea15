"""Trying again what failed for a reason that passes, and saying how far what takes long has come.

What passes is throttling, an overload, no answer.

Reads are tried again where `account` makes them, and nowhere else; writes by whoever makes them,
since before most of them something is to be looked at anew.
"""

import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import NamedTuple, TypeVar

from resource_repair.timing import backoff
from scripts.errors import NOT_SEEN_YET, STILL_THERE, CloudError
from scripts.terminal import Console, aside

WITHIN = 60.0  # seconds

_TRIES = 6
_MOST_TRIES = 40  # of what is not known there yet; it is told by the clock of who refuses
_FIRST, _MOST = 0.2, 10.0  # seconds between two tries
_FIRST_LOOK = 0.1  # likewise of looks for what is to come: a local cloud's waits are compressed

_T = TypeVar("_T")

# Whoever waits looks again anyway: a look that fails is over at once.
_looking: ContextVar[bool] = ContextVar("looking", default=False)


def patiently(
    call: Callable[[], _T],
    *,
    after_making: bool = False,
    spreading: Callable[[CloudError], str] = lambda _: "",
    within: float | None = None,
) -> _T:
    """What `call` gives, tried a few times; it must be fit to be repeated.

    Each further try is told in a line on stderr, and none begins after `within` seconds (WITHIN).
    With `after_making`, what is not there may have been made a moment ago, and is waited for too.
    For as long as `spreading` gives a reason why a refusal may pass, it is waited for; it tells of
    both then if it does not pass. Raises the CloudError of the last try, and at once one that no
    waiting helps. It is final then: patience around patience tries no more often than one. In a
    look of `wait` it is tried once.
    """
    if _looking.get():
        return call()
    end = time.monotonic() + (WITHIN if within is None else within)
    waits = itertools.islice(backoff(_FIRST, _MOST), _TRIES - 1)
    long_waits = itertools.islice(backoff(_FIRST_LOOK, _MOST), _MOST_TRIES - 1)
    waited_for: dict[str, str] = {}  # by what it was refused with
    while True:
        try:
            return call()
        except CloudError as error:
            final, why = error.final, spreading(error)
            wait = next(long_waits, None) if why else _short_wait(error, waits, end, after_making)
            if wait is None:
                if error.code in waited_for and not final:
                    error.may_spread(waited_for[error.code])
                elif after_making and error.not_there and not final:
                    error.may_be_new()
                raise
            if why:
                waited_for[error.code] = why
                end += wait  # which is no part of the time for what passes by itself
            because = f", since {why}" if why else ""
            aside(
                f"{error.operation} on {error.subject} {_how(error)}{because}; "
                f"trying again in {wait:.1f} s"
            )
        time.sleep(wait)


def _short_wait(
    error: CloudError, waits: Iterator[float], end: float, after_making: bool
) -> float | None:
    """How long to wait for what passes by itself; None if it does not, or has not for too long."""
    not_yet = after_making and error.not_there and not error.final
    if not ((error.passes and error.reached) or not_yet):
        return None
    wait = next(waits, None)
    if wait is None or time.monotonic() + wait > end:
        error.final = True  # whoever waits around this one does not begin again
        return None
    return wait


def _how(error: CloudError) -> str:
    if error.unanswered:
        return "gave no answer"
    if error.code == STILL_THERE:
        return "finds it still there"
    if error.not_there or error.code == NOT_SEEN_YET:
        return f"finds nothing yet ({error.code})"
    return f"is refused for now ({error.code})"


TIMEOUT = 1200.0  # seconds; Cloud Config takes up to ten minutes to notice a change
TWICE = 2 * TIMEOUT  # to find a bucket open, and then that it was closed

_HEARTBEAT = 60.0


class Progress(NamedTuple):
    """What a look has shown, in words, and whether that ends the waiting."""

    words: str
    done: bool


def wait(look: Callable[[], Progress], console: Console | None, timeout: float) -> bool:
    """Look until a look is done; False if none is within `timeout` seconds.

    Says on the console, if any, what changed, and each minute that it still waits. A look that
    fails for a reason that passes (throttling, no answer) is taken again; another CloudError is
    raised.
    """
    started = time.monotonic()
    waits = backoff(_FIRST_LOOK, _MOST)
    said, said_at = "", 0.0
    while True:
        progress = _progress(look)
        elapsed = time.monotonic() - started
        if console and (progress.words != said or elapsed - said_at > _HEARTBEAT):
            console.say(f"{elapsed:6.1f} s  {progress.words}")
            said, said_at = progress.words, elapsed
        if progress.done:
            return True
        if elapsed >= timeout:
            return False
        time.sleep(min(next(waits), timeout - elapsed))


_NOW_AND_THEN = 10.0  # seconds between two lines about many things


def tallied(items: Iterable[_T], what: str, of: int | None = None) -> Iterator[_T]:
    """The items as they come; where that takes long, a line on stderr now and then counts them.

    `what` they are, and were; `of` how many, where that is known.
    """
    said_at = time.monotonic()
    for number, item in enumerate(items, 1):
        yield item
        if time.monotonic() - said_at >= _NOW_AND_THEN:
            aside(f"{number}{'' if of is None else f' of {of}'} {what} so far")
            said_at = time.monotonic()


def _progress(look: Callable[[], Progress]) -> Progress:
    outside = _looking.set(True)
    try:
        return look()
    except CloudError as error:
        if not error.passes:
            raise
        return Progress(f"{error.operation} is not answered just now ({error.code})", done=False)
    finally:
        _looking.reset(outside)
