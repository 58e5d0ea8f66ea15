"""A burst of findings, by Function Compute's own rules of concurrency and retries.

Simulated, event by event: nothing is measured here but what the rules lead to. They are those of
the pages "Error handling" (a start that is refused is tried again after 0.5 s, 1 s, 2 s, … for five
hours; a failed run `maxAsyncRetryAttempts` times) and "Auto scaling for on-demand and provisioned
modes" (so many instances, so many of them at once, so many more a minute; one that has nothing to
do goes after minutes). What the pages leave open is an input, and an assumption of `inputs`.
"""

import heapq
import math
import random
from typing import NamedTuple

FIRST_WAIT = 0.5  # seconds before a refused start is tried again, doubled each time
PATIENCE = 5 * 3600.0  # seconds for which it is


class Burst(NamedTuple):
    """Findings that come evenly over some seconds, one message each."""

    findings: int
    seconds: float


class Platform(NamedTuple):
    """What runs them. Times are in seconds.

    `instances` at most at a time, of which `at_once` may start at once and `per_minute` more each
    minute after those; one that was `idle` for so long is gone. A run takes `cold` on a new
    instance and `warm` on one that is there. Of the runs `failing` (0 to 1) fail by chance, and of
    the findings `hopeless` fail in every run; a failed run is tried again `retries` times, first
    after `retry_wait`, doubled each time, unless the finding is then older than `retry_within`. Of
    each wait after a refused start, up to a share of `jitter` (0 to 1) is taken away or added.
    """

    instances: int
    at_once: int
    per_minute: int
    cold: float
    warm: float
    idle: float
    retries: int
    retry_wait: float
    retry_within: float
    failing: float = 0.0
    hopeless: float = 0.0
    jitter: float = 0.0


class Course(NamedTuple):
    """What became of a burst. Times are in seconds after its first finding.

    `half`, `nine_of_ten` and `last` are when so many of the settled ones were.
    """

    settled: int
    failed: int  # kept in the failure queue after the last retry
    never_run: int  # kept there because no instance was free for too long
    half: float
    nine_of_ten: float
    last: float
    most: int  # instances at a time
    cold_starts: int
    runs: int
    refused: int  # starts, for want of an instance; they are not billed

    @property
    def kept(self) -> int:
        """How many findings went to the failure queue."""
        return self.failed + self.never_run


def course(burst: Burst, platform: Platform, seed: int = 1) -> Course:
    """Let a burst take its course; the same seed gives the same one."""
    return _Simulation(burst, platform, seed).run()


# A finding that waits: when its turn is, its number (so that ties have an order), when it came,
# since when its start has been refused, how often, and how many of its runs have failed. A plain
# tuple: there are millions of them.
_Waiting = tuple[float, int, float, float, int, int]


class _Simulation:
    def __init__(self, burst: Burst, platform: Platform, seed: int) -> None:
        self._platform = platform
        self._waiting = _arrivals(burst)
        self._chance = random.Random(seed)  # noqa: S311  (no secret)
        self._bad_runs = _bad_runs(burst.findings, platform, self._chance)
        self._instances = _Instances(platform)
        self._settled: list[float] = []
        self._failed = self._never_run = self._runs = self._refused = 0

    def run(self) -> Course:
        while self._waiting:
            took = self._instances.start(self._waiting[0][0])
            if took is None:
                self._refuse()
            else:
                self._let_run(took)
        done = sorted(self._settled)
        return Course(
            settled=len(done),
            failed=self._failed,
            never_run=self._never_run,
            half=_when(done, 1, 2),
            nine_of_ten=_when(done, 9, 10),
            last=_when(done, 1, 1),
            most=self._instances.most,
            cold_starts=self._instances.started,
            runs=self._runs,
            refused=self._refused,
        )

    def _refuse(self) -> None:
        """Make the next one wait, or give it up."""
        now, number, came, since, refusals, failures = self._waiting[0]
        self._refused += 1
        wait = FIRST_WAIT * 2.0**refusals
        if self._platform.jitter:
            wait *= 1 + self._platform.jitter * self._chance.uniform(-1, 1)
        again = now + wait
        if again - since > PATIENCE or again - came > self._platform.retry_within:
            self._never_run += 1
            heapq.heappop(self._waiting)
        else:
            later = (again, number, came, since, refusals + 1, failures)
            heapq.heapreplace(self._waiting, later)

    def _let_run(self, seconds: float) -> None:
        """Run the next one; it is settled, or waits for its retry, or has had its last one."""
        now, number, came, _, _, failures = heapq.heappop(self._waiting)
        self._runs += 1
        ended = now + seconds
        if failures == self._bad_runs[number]:
            self._settled.append(ended)
            return
        again = ended + self._platform.retry_wait * 2.0**failures
        if failures == self._platform.retries or again - came > self._platform.retry_within:
            self._failed += 1
        else:
            heapq.heappush(self._waiting, (again, number, came, again, 0, failures + 1))


class _Instances:
    """The instances that there are, each by when it is free: a heap, the longest free first."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._free: list[float] = []
        self._full_since = math.inf  # when as many as may start at once had started
        self.started = self.most = 0

    def start(self, now: float) -> float | None:
        """Seconds that a run begun now takes; None if there is no instance for it."""
        free, platform = self._free, self._platform
        if (
            len(free) == platform.instances and now < free[0]
        ):  # as it nearly always is when it matters
            return None
        while free and free[0] + platform.idle <= now:
            heapq.heappop(free)
        if free and free[0] <= now:
            heapq.heapreplace(free, now + platform.warm)
            return platform.warm
        if len(free) >= min(platform.instances, self._allowed(now)):
            return None
        heapq.heappush(free, now + platform.cold)
        self.started += 1
        self.most = max(self.most, len(free))
        if len(free) >= platform.at_once:
            self._full_since = min(self._full_since, now)
        return platform.cold

    def _allowed(self, now: float) -> int:
        grown = max(0.0, now - self._full_since) * self._platform.per_minute / 60
        return self._platform.at_once + math.floor(grown)


def _arrivals(burst: Burst) -> list[_Waiting]:
    """In order of time, so that they are a heap as they are."""
    every = burst.seconds / max(1, burst.findings)
    return [(every * n, n, every * n, every * n, 0, 0) for n in range(burst.findings)]


def _bad_runs(findings: int, platform: Platform, chance: random.Random) -> list[int]:
    """How many runs of each finding fail before one does not; more than there are retries: all.

    Drawn before anything runs, so that a finding fares alike on whatever platform.
    """
    never = platform.retries + 1

    def of_one() -> int:
        if chance.random() < platform.hopeless:
            return never
        failed = 0
        while failed < never and chance.random() < platform.failing:
            failed += 1
        return failed

    if not platform.failing and not platform.hopeless:
        return [0] * findings
    return [of_one() for _ in range(findings)]


def _when(done: list[float], share: int, of: int) -> float:
    """When `share` of `of` parts of them were done, rounded up to a whole one."""
    return done[-(-len(done) * share // of) - 1] if done else 0.0
