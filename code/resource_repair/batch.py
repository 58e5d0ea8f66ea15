"""Repairs the findings of one message, several at once; one's trouble never stops the others."""

import heapq
import logging
import queue
import random
import threading
import traceback
from typing import Dict, Iterator, List, Optional, Sequence, Tuple, Union

from resource_repair.remediations import Begin, Hopeless, Remediation, Repair, remediation_for
from resource_repair.settings import Settings
from resource_repair.timing import Deadline
from resource_repair.values import BUCKET, Finding, Invocation, Outcome

# Nearly all of a repair is waiting, and the more so the further away the bucket is: where that is
# near, a quarter of these do as well and more cost nothing; where it is far, each of them pays.
MAX_THREADS = 32

_LATE = "deadline: OSS did not answer in time"

logger = logging.getLogger("resource_repair")


def repair_all(
    findings: Sequence[Finding], settings: Settings, invocation: Invocation, deadline: Deadline
) -> Iterator[Outcome]:
    """The outcome of each finding, as it comes; not in order.

    Ends with the deadline, whatever a repair is still waiting for.
    """
    begins: Dict[str, Begin] = {}
    repairs: List[Repair] = []
    for finding in findings:
        kind = finding.resource_type or BUCKET
        remediation = remediation_for(kind)
        if remediation and kind not in begins:
            begins[kind] = _prepared(remediation, settings, invocation, deadline)
        repairs.append(_begun(begins[kind], finding))
    return _Crew(repairs, deadline).outcomes()


class _Crew:
    """A few threads and what they work on: those whose time has come, the longest due first.

    A repair that must wait gives its thread to the next, so that a hundred buckets that are told to
    come back keep no other from its turn. One that hangs in a request keeps its thread until the
    request times out; as the order is drawn anew each time, a retry reaches others first. At the
    deadline the threads are not waited for: what is unfinished is given up, and sends no more.
    """

    def __init__(self, repairs: List[Repair], deadline: Deadline) -> None:
        self._repairs = repairs
        self._deadline = deadline
        self._now = deadline.clock.monotonic
        order = random.sample(range(len(repairs)), len(repairs))
        # All of them due, and in order, as a heap may be.
        self._due: List[Tuple[float, int]] = [(n - len(order), at) for n, at in enumerate(order)]
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


def _prepared(
    remediation: Remediation, settings: Settings, invocation: Invocation, deadline: Deadline
) -> Begin:
    try:
        return remediation.prepare(settings, invocation, deadline)
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
