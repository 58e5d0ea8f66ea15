"""Time, as an argument: how much is left of an invocation, and how long to wait within it."""

import random
import time
from typing import Callable, Iterator, NamedTuple


class Clock(NamedTuple):
    """Where time comes from; a test brings its own."""

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


def _margin(timeout: float) -> float:
    """What is kept back of `timeout` seconds for the audit lines and the answer."""
    return min(3.0, max(0.5, timeout * 0.1))


class Deadline:
    """The end of an invocation: its start plus the function's timeout, less a margin.

    Function Compute's context has no remaining time, hence the sum.
    """

    def __init__(self, clock: Clock, timeout: float) -> None:
        self.clock = clock
        self._end = clock.monotonic() + timeout - _margin(timeout)

    def remaining(self) -> float:
        """Seconds left; never negative."""
        return max(0.0, self._end - self.clock.monotonic())

    def pause(self, seconds: float) -> bool:
        """Wait `seconds`; False, at once, if the deadline would pass meanwhile."""
        if seconds >= self.remaining():
            return False
        self.clock.sleep(seconds)
        return True


def backoff(first: float, most: float, spread: float = 0.5) -> Iterator[float]:
    """Ever longer waits: doubled each time up to `most` seconds, each shortened by up to `spread`.

    The spread keeps many instances that failed together from coming back together.
    """
    wait = first
    while True:
        yield wait * (1 - spread * random.random())  # noqa: S311  (no secret)
        wait = min(most, wait * 2)
