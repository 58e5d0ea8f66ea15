"""Doing work for many, a few at a time, and stopping in time."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.account.deployed_function import ChangedError
from scripts.errors import CloudError
from scripts.flows import parallel_run as runner
from scripts.flows.deliver import Ending
from scripts.flows.parallel_run import run_parallel

WELL, BADLY = Ending((), ""), Ending((), "denied: no right")


@given(st.lists(st.booleans(), max_size=20), st.integers(1, 4), st.integers(0, 4))
def test_it_stops_in_time_and_tells_of_all_it_began(
    luck: list[bool], parallel: int, max_failures: int
) -> None:
    """Whatever fails: begun ones are all told, in bounds; the rest is left only for a reason."""
    begun: list[int] = []
    told: list[int] = []

    def work(item: int) -> Ending:
        begun.append(item)
        return WELL if luck[item] else BADLY

    done = run_parallel(
        range(len(luck)),
        work,
        parallel=parallel,
        max_failures=max_failures,
        tell=lambda item, _: told.append(item),
    )

    assert sorted(begun) == sorted(told) == sorted(item for item, _ in done.endings)
    assert set(begun) == set(range(len(begun)))  # in their order
    failures = sum(not ending.settled for _, ending in done.endings)
    assert failures <= max_failures + parallel
    assert bool(done.stopped) == (len(begun) < len(luck))
    if done.stopped:
        assert failures > max_failures


def test_no_more_than_so_many_at_once() -> None:
    """A third one is begun only when one of two has ended."""
    both, go = threading.Barrier(2, timeout=30), threading.Event()
    lock = threading.Lock()
    at_once: list[int] = []
    running = 0

    def work(item: int) -> Ending:
        nonlocal running
        with lock:
            running += 1
            at_once.append(running)
        if item < 2:
            both.wait()
            go.set()
        go.wait(30)
        with lock:
            running -= 1
        return WELL

    done = run_parallel(range(8), work, parallel=2, max_failures=0, tell=lambda *_: None)
    assert len(done.endings) == 8
    assert max(at_once) == 2


@pytest.mark.parametrize(("code", "denied"), [("AccessDenied", True), ("InternalError", False)])
def test_a_refused_call_is_the_ending_of_its_item(code: str, denied: bool) -> None:
    """It counts as a failure; for want of a permission no further one is begun at all."""

    def work(_: int) -> Ending:
        raise CloudError("fc:InvokeFunction", "f", code, 403, "advice")

    done = run_parallel(range(5), work, parallel=1, max_failures=5, tell=lambda *_: None)
    assert len(done.endings) == (1 if denied else 5)
    assert all(code in ending.problem for _, ending in done.endings)
    assert (done.refused is not None) == denied


def test_once_the_function_was_changed_no_further_one_is_begun() -> None:
    """What found it changed was not tried, nor is the rest; what was begun before is told."""

    def work(item: int) -> Ending:
        if item:
            raise ChangedError("it is paused since noon")
        return WELL

    told: list[int] = []
    done = run_parallel(
        range(5),
        work,
        parallel=1,
        max_failures=5,
        tell=lambda item, _: told.append(item),
    )
    assert told == [item for item, _ in done.endings] == [0]
    assert done.stopped == "it is paused since noon"

    last = run_parallel([1], work, parallel=2, max_failures=5, tell=lambda *_: None)
    assert (last.endings, last.stopped) == ([], "it is paused since noon")


def test_ctrl_c_awaits_what_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """No further one is begun, what runs is awaited and told, and the rest was not tried."""
    waited = runner.wait
    interrupted = threading.Event()

    def wait(*arguments: object, **options: object) -> object:
        if not interrupted.is_set():
            interrupted.set()
            raise KeyboardInterrupt
        return waited(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(runner, "wait", wait)
    done = run_parallel(
        range(5),
        lambda _: WELL if interrupted.wait(30) else BADLY,
        parallel=2,
        max_failures=0,
        tell=lambda *_: None,
    )
    assert [item for item, _ in sorted(done.endings)] == [0, 1]
    assert done.stopped == "it was stopped"
