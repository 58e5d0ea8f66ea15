"""Time, as an argument: how much is left of an invocation, and how long to wait within it."""

import random
import re
import time
from typing import Callable, Iterator, NamedTuple, Optional

_CREATED = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})\..*Z")


class Clock(NamedTuple):
    """Where time comes from; a test brings its own."""

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time


class Deadline:
    """The end of an invocation: its start plus the function's timeout, less a margin.

    Function Compute's context has no remaining time, hence the sum.
    """

    def __init__(self, clock: Clock, timeout: float) -> None:
        self.clock = clock
        margin = min(3.0, max(0.5, timeout * 0.1))  # for the audit lines and the answer
        self._end = clock.monotonic() + timeout - margin
        self._grace = margin / 3

    def remaining(self) -> float:
        """Seconds left; never negative."""
        return max(0.0, self._end - self.clock.monotonic())

    def patience(self) -> float:
        """Seconds left for those who end by themselves at the deadline to say how they ended."""
        return max(0.0, self._end + self._grace - self.clock.monotonic())


def backoff(first: float, most: float, spread: float = 0.5) -> Iterator[float]:
    """Ever longer waits: doubled each time up to `most` seconds, each shortened by up to `spread`.

    The spread keeps many instances that failed together from coming back together.
    """
    wait = first
    while True:
        yield wait * (1 - spread * random.random())  # noqa: S311  (no secret)
        wait = min(most, wait * 2)


def seconds_of(created: str) -> Optional[float]:
    """A creation date in seconds since 1970; None where it is in no known form."""
    from datetime import datetime, timezone  # noqa: PLC0415  (which only a repair needs)

    match = _CREATED.fullmatch(created)
    try:
        year, month, day, hour, minute, second = (int(part) for part in match.groups())  # type: ignore[union-attr]
        return datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc).timestamp()
    except (AttributeError, ValueError):
        return None
