"""How long an invocation may go on, and how long it waits within that."""

from itertools import islice

import pytest

from resource_repair.timing import Clock, Deadline, backoff


class FakeTime:
    """Seconds that pass when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def clock(self) -> Clock:
        """A clock of these seconds."""
        return Clock(lambda: self.now, lambda: self.now, self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize(("timeout", "usable"), [(60, 57), (600, 597), (10, 9), (3, 2.5), (1, 0.5)])
def test_a_margin_is_kept_for_the_answer(timeout: float, usable: float) -> None:
    """The deadline is the start plus the timeout, less a margin that fits it."""
    assert Deadline(FakeTime().clock(), timeout).remaining() == pytest.approx(usable)


def test_no_wait_goes_past_the_deadline() -> None:
    """A wait that would end too late is refused at once; one that fits is waited."""
    time = FakeTime()
    deadline = Deadline(time.clock(), 60)
    assert deadline.pause(56)
    assert time.now == 156
    assert not deadline.pause(1)
    assert time.now == 156
    time.now = 1000
    assert deadline.remaining() == 0


def test_backoff_grows_to_its_bound() -> None:
    """Waits double up to the most allowed, each shortened by at most the spread."""
    waits = list(islice(backoff(0.2, 5.0, spread=0.5), 10))
    longest = [0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 5, 5, 5]
    assert all(most / 2 <= wait <= most for wait, most in zip(waits, longest, strict=True))
