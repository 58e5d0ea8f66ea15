"""A worker that evaluates in the background, a moment after it is asked to."""

import enum
import threading
from collections.abc import Callable
from typing import NamedTuple

from ..clock import Clock


class Occasion(enum.IntEnum):
    """Why to evaluate; of several, the greatest counts."""

    NEW_RULE = 1
    CHANGE = 2
    DEMAND = 3


class Job(NamedTuple):
    """Evaluate one bucket against every rule, or (without a bucket) every bucket against a rule."""

    occasion: Occasion
    bucket: str = ""
    rule_id: str = ""


class Worker:
    """Runs jobs in a thread of its own, `delay` seconds of cloud time after they are asked for.

    What is asked for in that time is run together. Where somebody waits until nothing is pending,
    that time passes at once.
    """

    def __init__(
        self, clock: Clock, delay: Callable[[], float], run: Callable[[list[Job]], None]
    ) -> None:
        self._clock = clock
        self._delay = delay
        self._run = run
        self._changed = threading.Condition()
        self._asked: dict[Job, None] = {}
        self._running: list[Job] = []
        self._stopped = False
        self._passed = threading.Event()  # the delay, before its time
        self._thread = threading.Thread(target=self._work, name="config", daemon=True)
        self._thread.start()

    def ask(self, job: Job) -> None:
        """Have a job run soon."""
        with self._changed:
            self._asked[job] = None
            self._changed.notify_all()

    def busy_with(self, rule_id: str) -> bool:
        """Whether a job of this rule has not ended yet."""
        with self._changed:
            return any(job.rule_id == rule_id for job in (*self._asked, *self._running))

    def wait_idle(self, timeout: float) -> bool:
        """Wait until every job asked for has ended; False after `timeout` real seconds.

        Their delay is not waited for: it has passed.
        """
        with self._changed:
            return self._changed.wait_for(self._idle, timeout)

    def stop(self) -> None:
        """End after the jobs at hand; at once if the clock has stopped."""
        with self._changed:
            self._stopped = True
            if self._clock.stopped:
                self._passed.set()
            self._changed.notify_all()
        self._thread.join()

    def _work(self) -> None:
        while self._wait_for_jobs() and self._clock.wait(self._delay(), self._passed):
            with self._changed:
                self._passed.clear()
                self._running = list(self._asked)
                self._asked.clear()
            self._run(self._running)
            with self._changed:
                self._running = []
                self._changed.notify_all()

    def _idle(self) -> bool:
        if self._asked:
            self._passed.set()
        return not (self._asked or self._running)

    def _wait_for_jobs(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._asked or self._stopped)
            return not self._stopped
