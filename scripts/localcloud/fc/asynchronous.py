"""Asynchronous invocations: queued, run by a few workers, retried, and reported at their end."""

import heapq
import itertools
import json
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from ..faults import Fail, Hold, Stall
from ..service import Core
from .destinations import Destinations, Outcome
from .errors import FcError
from .resources import AsyncConfig, Resources, placed
from .runner import Call, Invocation
from .settings import ASYNC_DEFAULTS

# Page "Retry policies": 0.5 s after the first failure, and twice as long after each further one.
# (It says so of system errors. Guessed: a function's own errors are retried at the same pace.)
_FIRST_INTERVAL = 0.5
# The same page: what fails with one of these is retried for 5 hours, however many attempts a
# function has. That of 3.0 says so of 429 only. Guessed: all waits together make the 5 hours, and
# in 3.0 the others are attempts.
_PLATFORM_ERRORS = (429, 500, 503)
_PLATFORM_ERRORS_3_0 = (429,)
_PLATFORM_PATIENCE = 5 * 3600
# Guessed: the name of this condition.
_TOO_OLD = "EventAgeExceeded"


class Job(NamedTuple):
    """An event that a function is to be invoked with."""

    request_id: str
    service: str
    function: str
    event: bytes
    submitted_at: float


class _Ending(NamedTuple):
    """How a run ended; `error_type` is empty for a success."""

    error_type: str
    status: int
    body: bytes


_NEVER_RUN = _Ending(_TOO_OLD, 200, b"")


@dataclass
class _Course:
    """How far an invocation has come: its waits so far, in the cloud's seconds, and its runs."""

    job: Job
    ending: _Ending = _NEVER_RUN
    waited: float = 0.0
    runs: int = 0
    refusals: int = 0  # by the platform, since the last run
    refused_for: float = 0.0


class AsyncInvocations:
    """Sees jobs through, at most `at_once()` at a time.

    `invoke` runs a function once; who waits for a retry holds nobody up.
    """

    def __init__(
        self,
        core: Core,
        resources: Resources,
        destinations: Destinations,
        invoke: Callable[[str, str, Call], Invocation],
        at_once: Callable[[], int],
    ) -> None:
        self._core = core
        self._resources = resources
        self._destinations = destinations
        self._invoke = invoke
        self._at_once = at_once
        self._numbers = itertools.count()
        self._due: list[tuple[float, int, _Course]] = []  # a heap, by when each is to go on
        self._threads: list[threading.Thread] = []
        self._changed = threading.Condition()
        self._pending = 0
        self._stopped = threading.Event()

    def submit(self, job: Job) -> None:
        """Queue a job; one that comes after `stop` is forgotten."""
        with self._changed:
            if self._stopped.is_set():
                return
            self._pending += 1
            if len(self._threads) < self._at_once():
                worker = threading.Thread(target=self._work, name="fc-async", daemon=True)
                self._threads.append(worker)
                worker.start()
        self._queue(_Course(job), 0)

    def wait_idle(self, timeout: float) -> bool:
        """Wait until no job is pending; False after `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(
                lambda: self._pending == 0 or self._stopped.is_set(), timeout
            )

    def forget(self) -> None:
        """Take no more jobs, and begin and report none of those queued or under way."""
        with self._changed:
            self._stopped.set()
            self._changed.notify_all()

    def stop(self) -> None:
        """End the workers, once what they are running has ended."""
        self.forget()
        for worker in self._threads:
            worker.join()

    def _queue(self, course: _Course, interval: float) -> None:
        """Have a job go on after so many of the cloud's seconds."""
        at = time.monotonic() + interval * self._core.clock.scale
        with self._changed:
            heapq.heappush(self._due, (at, next(self._numbers), course))
            self._changed.notify_all()

    def _next(self) -> _Course | None:
        """The next job to go on, once there is one; None at the end."""
        with self._changed:
            while not self._stopped.is_set():
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait)
        return None

    def _work(self) -> None:
        while (course := self._next()) is not None:
            interval = None
            try:
                interval = self._go_on(course)
            finally:
                if interval is None:
                    with self._changed:
                        self._pending -= 1
                        self._changed.notify_all()
            if interval is not None:
                self._queue(course, interval)

    def _go_on(self, course: _Course) -> float | None:
        """Run a job once; how long it then waits to be run again, None if that was the end."""
        job, config = course.job, self._config(course.job)
        age = course.waited + self._core.clock.now() - job.submitted_at
        if age > config.settings["maxAsyncEventAgeInSeconds"]:
            self._settle(job, config, course.runs, course.ending._replace(error_type=_TOO_OLD))
            return None
        course.ending = ending = self._run(job, course.runs + 1)
        if self._stopped.is_set() or self._core.clock.stopped:
            return None
        if ending.status in (_PLATFORM_ERRORS if job.service else _PLATFORM_ERRORS_3_0):
            interval = _interval(course.refusals)
            course.refusals += 1
            course.refused_for += interval
            over = course.refused_for > _PLATFORM_PATIENCE
        else:
            interval = _interval(course.runs)
            course.runs, course.refusals = course.runs + 1, 0
            over = not ending.error_type or course.runs > config.settings["maxAsyncRetryAttempts"]
        if over:
            self._settle(job, config, course.runs, ending)
            return None
        self._record("retried", job, attempt=course.runs + 1, interval=interval)
        course.waited += interval
        return interval

    def _run(self, job: Job, attempt: int) -> _Ending:
        fault = self._core.faults.take("fc:run", placed(job.service, job.function))
        if isinstance(fault, Stall):
            self._core.clock.hold(fault.seconds)
        if isinstance(fault, Hold):
            self._core.clock.hold_until(fault.released)
        try:
            if isinstance(fault, Fail):
                raise FcError(fault.code, fault.message, fault.status)
            call = Call(job.request_id, job.event, "async", attempt)
            invocation = self._invoke(job.service, job.function, call)
        except FcError as error:
            return _refused(error)
        except Exception as error:
            # As when no process can be started: an error of the platform's, and no job is lost.
            traceback.print_exc(file=sys.stderr)
            self._record("failed", job, attempt=attempt, traceback=traceback.format_exc())
            return _refused(FcError("InternalServerError", repr(error)[:500]))
        return _Ending(invocation.error_type, 200, invocation.payload)

    def _config(self, job: Job) -> AsyncConfig:
        try:
            return self._resources.async_config(job.service, job.function)
        except FcError:
            return AsyncConfig(ASYNC_DEFAULTS, 0, 0)

    def _settle(self, job: Job, config: AsyncConfig, runs: int, ending: _Ending) -> None:
        """Send the outcome to its destination, if there is one."""
        arn = config.destination("onFailure" if ending.error_type else "onSuccess")
        undelivered = self._deliver(arn, job, runs, ending) if arn else ""
        action = "gave_up" if ending.error_type else "succeeded"
        told = {"runs": runs, "destination": arn, "undelivered": undelivered}
        self._record(action, job, event=job.event, **told)

    def _deliver(self, arn: str, job: Job, runs: int, ending: _Ending) -> str:
        outcome = Outcome(
            job.request_id,
            job.service,
            job.function,
            job.event,
            job.submitted_at,
            runs,
            ending.error_type,
            ending.status,
            ending.body,
            f"{self._core.region}:{self._core.account_id}",
        )
        try:
            role = self._resources.around(job.service, job.function).settings["role"]
        except FcError as error:
            return error.message
        return self._destinations.deliver(arn, role, outcome)

    def _record(self, action: str, job: Job, **details: object) -> None:
        subject = placed(job.service, job.function)
        self._core.journal.record("fc", action, subject, request_id=job.request_id, **details)


def _refused(error: FcError) -> _Ending:
    body = {"ErrorCode": error.code, "ErrorMessage": error.message}
    return _Ending(error.code, error.status, json.dumps(body).encode())


def _interval(failures: int) -> float:
    """How long to wait after a failure that so many went before."""
    return float(_FIRST_INTERVAL * 2**failures)
