"""The worker behind Cloud Config's evaluations."""

import threading

from scripts.localcloud.clock import Clock
from scripts.localcloud.config.worker import Job, Occasion, Worker
from tests.contract.config_rig import HeldClock

OPENED = Job(Occasion.CHANGE, bucket="config-snapshot")
ASKED = Job(Occasion.DEMAND, rule_id="cr-1")


def test_what_is_asked_for_in_the_delay_is_run_together_and_once() -> None:
    """Jobs wait for the delay to pass; then each that was asked for runs once, in order."""
    clock, runs = HeldClock(), []
    worker = Worker(clock, lambda: 2, runs.append)
    for job in (OPENED, ASKED, OPENED):
        worker.ask(job)
    assert worker.busy_with("cr-1")
    assert runs == []
    clock.gate.set()
    assert worker.wait_idle(30)
    assert runs == [[OPENED, ASKED]]
    clock.stop()
    worker.stop()


def test_who_waits_until_it_is_idle_waits_for_no_delay() -> None:
    """The time of what is pending has passed then, and not that of what comes after."""
    clock, runs = Clock(), []
    worker = Worker(clock, lambda: 1e6, runs.append)
    worker.ask(OPENED)
    assert worker.wait_idle(30)
    worker.ask(ASKED)
    assert runs == [[OPENED]]
    assert worker.busy_with("cr-1")
    clock.stop()
    worker.stop()
    assert runs == [[OPENED]]


def test_a_worker_is_idle_only_when_its_jobs_have_ended() -> None:
    """While a job runs, the worker is busy with its rule; who waits for it sees its effects."""
    entered, leave = threading.Event(), threading.Event()

    def run(_: list[Job]) -> None:
        entered.set()
        leave.wait()

    worker = Worker(Clock(scale=0), lambda: 2, run)
    worker.ask(ASKED)
    assert entered.wait(30)
    assert not worker.wait_idle(0)
    assert worker.busy_with("cr-1")
    leave.set()
    assert worker.wait_idle(30)
    assert not worker.busy_with("cr-1")
    worker.stop()
