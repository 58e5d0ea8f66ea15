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
    endings: list[tuple[_T, Ending]] = []
    stopped, refused, untried = "", None, False
    with ThreadPoolExecutor(parallel) as pool:
        running: dict[Future[Ending], _T] = {}
        while running or (left and not stopped):
            while left and not stopped and len(running) < parallel:
                item = left.popleft()
                running[pool.submit(work, item)] = item
            try:
                ended, _ = wait(running, return_when=FIRST_COMPLETED)
            except KeyboardInterrupt:
                stopped = "it was stopped"
                continue
            for future in ended:
                item = running.pop(future)
                try:
                    ending, error = _ending(future)
                except ChangedError as changed:
                    stopped, untried = stopped or str(changed), True
                    continue
                endings.append((item, ending))
                tell(item, ending)
                if error is not None and error.denied:
                    stopped, refused = "a permission is missing", error
            failures = sum(not ending.settled for _, ending in endings)
            if failures > max_failures and not stopped:
                stopped = f"{failures} failed, which is more than --max-failures {max_failures}"
    return ParallelRun(endings, stopped if left or untried else "", refused)


def _ending(future: "Future[Ending]") -> tuple[Ending, CloudError | None]:
    try:
        return future.result(), None
    except CloudError as error:
        return Ending((), str(error)), error
