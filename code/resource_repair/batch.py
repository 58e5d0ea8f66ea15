"""Repairs the findings of one message, several at once; one's trouble never stops the others."""

import heapq
import logging
import queue
import random
import threading
import traceback
from importlib import import_module
from typing import Callable, Dict, Iterator, List, Optional, Sequence, Tuple, Union, cast

from resource_repair.remediations import REMEDIATIONS
from resource_repair.settings import Settings
from resource_repair.timing import Deadline
from resource_repair.values import FAILED, Finding, Invocation, Outcome, outcome_of

# Nearly all of a repair is waiting, and the more so the further away the bucket is: where that is
# near, a quarter of these do as well and more cost nothing; where it is far, each of them pays.
MAX_THREADS = 32

_LATE = "deadline: OSS did not answer in time"

logger = logging.getLogger("resource_repair")


class Repair:
    """One finding under repair; used by one thread at a time."""

    def step(self) -> Union[Outcome, float]:
        """Go on as far as that needs no wait: the outcome, or in how many seconds to go on."""
        raise NotImplementedError

    def give_up(self, reason: str) -> Outcome:
        """The outcome of a repair that is not gone on with: failed, with what is known so far."""
        raise NotImplementedError


class Hopeless(Repair):
    """A repair that cannot begin."""

    def __init__(self, finding: Finding, reason: str) -> None:
        self._finding = finding
        self._reason = reason

    def step(self) -> Outcome:
        """The failure."""
        return self.give_up(self._reason)

    def give_up(self, reason: str) -> Outcome:
        """The failure, for another reason."""
        return outcome_of(self._finding, FAILED, reason)


Begin = Callable[[Finding], Repair]
Prepare = Callable[[Settings, Invocation, Deadline], Begin]


def repair_all(
    findings: Sequence[Finding], settings: Settings, invocation: Invocation, deadline: Deadline
) -> Iterator[Outcome]:
    """The outcome of each finding, as it comes; not in order.

    Ends with the deadline, whatever a repair is still waiting for.
    """
    if not findings:
        return iter(())
    begin = _prepared(settings, invocation, deadline)
    repairs = [_begun(begin, finding) for finding in findings]
    return _Crew(repairs, _in_turn(findings), deadline).outcomes()


def _in_turn(findings: Sequence[Finding]) -> List[List[int]]:
    """Which findings are about one bucket, by their places: each waits for the one before it.

    Two remediations at once could write one document, each from a copy that the other has made old;
    and OSS refuses to change two settings of a bucket at once (ConcurrentUpdateBucketFailed).
    """
    buckets: Dict[str, List[int]] = {}
    for at, finding in enumerate(findings):
        buckets.setdefault(finding.resource_id, []).append(at)
    order = list(REMEDIATIONS)
    for places in buckets.values():
        if len(places) > 1:
            places.sort(key=lambda at: order.index(findings[at].remediation))
    return list(buckets.values())


class _Crew:
    """A few threads and what they work on: those whose time has come, the longest due first.

    A repair that must wait gives its thread to the next, so that a hundred buckets that are told to
    come back keep no other from its turn. One that hangs in a request keeps its thread until the
    request times out; as the order is drawn anew each time, a retry reaches others first. At the
    deadline the threads are not waited for: what is unfinished is given up, and sends no more.
    """

    def __init__(self, repairs: List[Repair], in_turn: List[List[int]], deadline: Deadline) -> None:
        self._repairs = repairs
        self._deadline = deadline
        self._now = deadline.clock.monotonic
        order = random.sample([places[0] for places in in_turn], len(in_turn))
        # All of them due, and in order, as a heap may be.
        self._due: List[Tuple[float, int]] = [(n - len(order), at) for n, at in enumerate(order)]
        # What waits for another, by the other's place.
        self._waiting: Dict[int, int] = {}
        for places in in_turn:
            self._waiting.update(zip(places[:-1], places[1:]))  # noqa: B905, RUF007  (3.6)
        self._over = False
        self._changed = threading.Condition()
        self._outcomes: "queue.Queue[Tuple[int, Outcome]]" = queue.Queue()

    def outcomes(self) -> Iterator[Outcome]:
        """Set to work, and give each outcome as it comes."""
        missing = set(range(len(self._repairs)))
        try:
            self._hire()
            while missing:
                done, outcome = self._outcomes.get(timeout=self._deadline.patience())
                missing.discard(done)
                yield outcome
        except queue.Empty:
            pass  # it is time to end
        finally:
            self._dismiss()
            # At once, and however it ends: what is given up sends no more.
            given_up = [self._repairs[late].give_up(_LATE) for late in sorted(missing)]
        yield from given_up

    def _hire(self) -> None:
        for hired in range(min(MAX_THREADS, len(self._repairs))):
            try:
                threading.Thread(target=self._work, daemon=True).start()
            except RuntimeError:  # no more threads to be had
                if not hired:
                    raise

    def _work(self) -> None:
        while True:
            next_one = self._next()
            if next_one is None:
                return
            result = _step(self._repairs[next_one])
            with self._changed:
                if isinstance(result, Outcome):
                    self._outcomes.put((next_one, result))
                    if next_one in self._waiting:
                        heapq.heappush(self._due, (self._now(), self._waiting[next_one]))
                else:
                    # Nobody need be woken: who puts it back waits for it, or goes on with another
                    # that somebody waited for.
                    heapq.heappush(self._due, (self._now() + result, next_one))

    def _next(self) -> Optional[int]:
        """The repair to go on with, once it is due; None when nobody waits for any."""
        with self._changed:
            while not self._over:
                wait = self._due[0][0] - self._now() if self._due else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._due)[1]
                self._changed.wait(wait)
        return None

    def _dismiss(self) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()


def _prepared(settings: Settings, invocation: Invocation, deadline: Deadline) -> Begin:
    try:
        module = import_module("resource_repair.prepare")
        return cast("Prepare", module.prepare)(settings, invocation, deadline)
    except Exception as error:
        reason = _explain(error)
        return lambda finding: Hopeless(finding, reason)


def _begun(begin: Begin, finding: Finding) -> Repair:
    try:
        return begin(finding)
    except Exception as error:
        return Hopeless(finding, _explain(error))


def _step(repair: Repair) -> Union[Outcome, float]:
    try:
        return repair.step()
    except Exception as error:
        return repair.give_up(_explain(error))


def _explain(error: Exception) -> str:
    """Log where an unforeseen error came from, but not its text, which may quote a credential."""
    where = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s\n%s", type(error).__name__, where)
    return f"internal_error: {type(error).__name__}; the log says where"
