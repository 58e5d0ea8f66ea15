"""Does a piece of work for each of many, a few at a time, and stops when too many fail."""

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Generic, TypeVar

from scripts.account.deployed_function import ChangedError
from scripts.errors import CloudError
from scripts.flows.deliver import Ending

_T = TypeVar("_T")


@dataclass(frozen=True)
class ParallelRun(Generic[_T]):
    """What became of each item that was tried, in the order in which they ended.

    `stopped` is why not all were tried, empty if they were; `refused` the missing permission that
    stopped it.
    """

    endings: list[tuple[_T, Ending]]
    stopped: str
    refused: CloudError | None


def run_parallel(
    items: Iterable[_T],
    work: Callable[[_T], Ending],
    *,
    parallel: int,
    max_failures: int,
    tell: Callable[[_T, Ending], None],
) -> ParallelRun[_T]:
    """Work on the items in their order, at most `parallel` at a time.

    When more than `max_failures` are not settled, when a permission is missing, at Ctrl-C, or when
    `work` raises ChangedError, no further one is begun; those under way are awaited. A CloudError
    is the ending of its item; an item whose work raised ChangedError was not tried.
    """
    left = deque(items)
    course = _Course(max_failures, tell)
    with ThreadPoolExecutor(parallel) as pool:
        running: dict[Future[Ending], _T] = {}
        while running or (left and not course.stopped):
            while left and not course.stopped and len(running) < parallel:
                item = left.popleft()
                running[pool.submit(work, item)] = item
            try:
                ended, _ = wait(running, return_when=FIRST_COMPLETED)
            except KeyboardInterrupt:
                course.stopped = "it was stopped"
                continue
            for future in ended:
                course.note(running.pop(future), future)
            course.stop_if_too_many_failed()
    all_tried = not left and not course.untried
    return ParallelRun(course.endings, "" if all_tried else course.stopped, course.refused)


class _Course(Generic[_T]):
    """What became of the items so far, and whether that stops the run."""

    def __init__(self, max_failures: int, tell: Callable[[_T, Ending], None]) -> None:
        self.endings: list[tuple[_T, Ending]] = []
        self.stopped = ""
        self.refused: CloudError | None = None
        self.untried = False
        self._max_failures = max_failures
        self._tell = tell

    def note(self, item: _T, future: "Future[Ending]") -> None:
        try:
            ending, error = _ending(future)
        except ChangedError as changed:
            self.stopped, self.untried = self.stopped or str(changed), True
            return
        self.endings.append((item, ending))
        self._tell(item, ending)
        if error is not None and error.denied:
            self.stopped, self.refused = "a permission is missing", error

    def stop_if_too_many_failed(self) -> None:
        failures = sum(not ending.settled for _, ending in self.endings)
        most = self._max_failures
        if failures > most and not self.stopped:
            self.stopped = f"{failures} failed, which is more than --max-failures {most}"


def _ending(future: "Future[Ending]") -> tuple[Ending, CloudError | None]:
    try:
        return future.result(), None
    except CloudError as error:
        return Ending((), str(error)), error
