"""How long an invocation may go on, and how long it waits within that."""

from itertools import islice

import pytest

from resource_repair.timing import Clock, Deadline, backoff


class FakeTime:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def clock(self) -> Clock:
        """A clock of these seconds."""
        return Clock(lambda: self.now, lambda: self.now)


@pytest.mark.parametrize(("timeout", "usable"), [(60, 57), (600, 597), (10, 9), (3, 2.5), (1, 0.5)])
def test_a_margin_is_kept_for_the_answer(timeout: float, usable: float) -> None:
    """The deadline is the start plus the timeout, less a margin that fits it."""
    assert Deadline(FakeTime().clock(), timeout).remaining() == pytest.approx(usable)


def test_those_who_end_by_themselves_have_a_moment_more() -> None:
    """Past the deadline there is a little patience left, and then none; neither is negative."""
    time = FakeTime()
    deadline = Deadline(time.clock(), 60)
    assert deadline.patience() == pytest.approx(58)
    time.now += 57.5
    assert (deadline.remaining(), deadline.patience()) == (0, pytest.approx(0.5))
    time.now += 100
    assert (deadline.remaining(), deadline.patience()) == (0, 0)


def test_backoff_grows_to_its_bound() -> None:
    """Waits double up to the most allowed, each shortened by at most the spread."""
    waits = list(islice(backoff(0.2, 5.0, spread=0.5), 10))
    longest = [0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 5, 5, 5]
    assert all(most / 2 <= wait <= most for wait, most in zip(waits, longest, strict=True))
