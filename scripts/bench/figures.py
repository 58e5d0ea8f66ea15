"""What was measured, and what it comes to: medians with quartiles, and ratios of pairs."""

import statistics
from collections.abc import Callable, Sequence
from typing import NamedTuple


class Spread(NamedTuple):
    """A median between the quartiles, of so many values."""

    low: float
    median: float
    high: float
    size: int

    def times(self, factor: float) -> "Spread":
        """The same in another unit; `factor` is positive."""
        return Spread(self.low * factor, self.median * factor, self.high * factor, self.size)


class Sample(NamedTuple):
    """One invocation of one variant.

    `wall`, `cpu` and `server_cpu` are seconds, `memory` peak bytes; `connections` and `requests`
    are what the server counted.
    """

    wall: float
    cpu: float
    memory: float
    connections: int
    requests: int
    server_cpu: float
    oss2: bool
    further: int = 0  # modules of remediations that are off


Measure = Callable[[Sample], float]


def spread(values: Sequence[float]) -> Spread:
    """The median and the quartiles of `values`, of which there must be one at least."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0], 1)
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(low, median, high, len(values))


def ratio(over: Sequence[Sample], under: Sequence[Sample], measure: Measure) -> Spread:
    """How `over` compares with `under`, round by round.

    The two of a round were measured one right after the other, so that a machine that is slower for
    a while is so for both.
    """
    return spread([measure(a) / measure(b) for a, b in zip(over, under, strict=True)])


def wall(sample: Sample) -> float:
    """Seconds."""
    return sample.wall


def cpu(sample: Sample) -> float:
    """Seconds of a processor, user and system."""
    return sample.cpu


def memory(sample: Sample) -> float:
    """Peak bytes."""
    return sample.memory
