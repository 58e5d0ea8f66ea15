"""Several findings at once: one's trouble is its own, and the deadline is everybody's."""

import logging
import sys
import threading
import time
from collections.abc import Callable
from importlib import import_module
from types import SimpleNamespace
from typing import ClassVar

import pytest

from resource_repair import batch
from resource_repair.batch import Begin, Repair
from resource_repair.settings import load
from resource_repair.timing import Clock, Deadline
from resource_repair.values import Finding, Invocation, Outcome

INVOCATION = Invocation("request", "1", "cn-shanghai", 60, None)
SECRET = "the-secret-key"


class ScriptedRepair(Repair):
    """A repair that behaves as its bucket's name says."""

    together = threading.Barrier(2)
    release = threading.Event()
    begun: ClassVar[list["ScriptedRepair"]] = []

    def __init__(self, finding: Finding) -> None:
        if finding.resource_id.startswith("stillborn"):
            raise ValueError("it cannot even begin")
        self._name = finding.resource_id
        self._waited = False
        self.steps: list[float] = []
        self.begun.append(self)

    def step(self) -> Outcome | float:
        """Repaired, unless the name says otherwise."""
        self.steps.append(time.monotonic())
        kind = self._name.split("-")[0]
        if kind == "broken":
            raise LookupError(f"signature of {SECRET} does not match")
        if kind == "patient" and not self._waited:
            self._waited = True
            return 0.05
        if kind == "again" and not self._waited:
            self._waited = True
            return 0.0
        if kind == "busy":
            return 0.01
        if kind == "late":
            return 1800.0
        if kind == "hangs":
            self.release.wait(30)
        if kind == "pair":
            self.together.wait(30)
        return Outcome("repaired", bucket=self._name)

    def give_up(self, reason: str) -> Outcome:
        """Failed, for that reason."""
        return Outcome("failed", reason, bucket=self._name)


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repairs that are scripted, and one whose module cannot be imported."""
    module = SimpleNamespace(prepare=lambda *_: begin)
    monkeypatch.setitem(sys.modules, "resource_repair.prepare", module)  # type: ignore[arg-type]


def begin(finding: Finding) -> Repair:
    """The scripted repair of a finding."""
    if finding.remediation == "missing":
        import_module("no.such.module")
    return ScriptedRepair(finding)


def outcomes(*findings: Finding | str, seconds: float = 60) -> dict[str, Outcome]:
    """The outcome for each bucket."""
    config = load({"prepareRuleId": "cr-1"})
    whole = [Finding("cr-1", each) if isinstance(each, str) else each for each in findings]
    done = batch.repair_all(whole, config, INVOCATION, Deadline(Clock(), seconds))
    return {outcome.bucket: outcome for outcome in done}


@pytest.mark.parametrize("count", [0, 1, 2, 40])
def test_every_finding_has_its_outcome(count: int, caplog: pytest.LogCaptureFixture) -> None:
    """However many findings: each has an outcome, and a broken one stops no other."""
    kinds = ["bucket", "patient", "broken"]
    names = [f"{kinds[n % 3]}-{n}" for n in range(count)]
    with caplog.at_level(logging.DEBUG):
        done = outcomes(*names)
    assert {name: outcome.outcome for name, outcome in done.items()} == {
        name: "failed" if name.startswith("broken") else "repaired" for name in names
    }
    assert SECRET not in caplog.text
    # Where each broken one broke, by the logger that logLevel sets.
    told = [record for record in caplog.records if record.name == "resource_repair"]
    assert len(told) == sum(name.startswith("broken") for name in names)
    assert all("LookupError" in each.getMessage() for each in told)
    assert all("in step" in each.getMessage() for each in told)
    assert SECRET not in str(done)


def test_a_remediation_that_cannot_start_fails_its_findings() -> None:
    """If a remediation's module cannot be imported, its findings fail and the others do not."""
    missing = Finding("cr-1", "of-another-type", remediation="missing")
    done = outcomes(missing, "bucket-1")
    assert done["of-another-type"].reason.startswith("internal_error: ModuleNotFoundError")
    assert done["bucket-1"].outcome == "repaired"


def test_what_findings_share_is_prepared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One client for all buckets of a message, whether or not a finding names its type."""
    prepared: list[tuple[object, ...]] = []

    def prepare(*given: object) -> Begin:
        prepared.append(given)
        return begin

    monkeypatch.setattr(sys.modules["resource_repair.prepare"], "prepare", prepare)
    typed = Finding("cr-1", "bucket-1", resource_type="ACS::OSS::Bucket")
    assert len(outcomes(typed, "bucket-2", "bucket-3")) == 3
    ((_, invocation, _),) = prepared
    assert invocation is INVOCATION


def test_a_repair_waits_as_long_as_it_says() -> None:
    """One that is to go on in half an hour is given up after its first step; none goes on early."""
    ScriptedRepair.begun.clear()
    assert outcomes("late-1", seconds=0.7)["late-1"].outcome == "failed"
    assert outcomes("patient-1")["patient-1"].outcome == "repaired"
    late, patient = (repair.steps for repair in ScriptedRepair.begun)
    assert len(late) == 1
    assert patient[1] - patient[0] >= 0.05


def test_all_are_due_from_the_first_moment_on() -> None:
    """On a machine that has only just begun to count its seconds, too; and what is to go on at
    once goes on.
    """
    config, clock = load({"prepareRuleId": "cr-1"}), Clock(lambda: 0.0)
    findings = [Finding("cr-1", name) for name in ("bucket-1", "bucket-2", "again-1")]
    done = batch.repair_all(findings, config, INVOCATION, Deadline(clock, 3))
    assert [outcome.outcome for outcome in done] == ["repaired"] * 3


def test_a_repair_that_cannot_begin_fails_alone() -> None:
    """An error before the first step is that finding's, and is explained."""
    done = outcomes("stillborn-1", "bucket-1")
    assert done["stillborn-1"].reason.startswith("internal_error: ValueError")
    assert done["bucket-1"].outcome == "repaired"


def test_nothing_goes_on_when_nobody_listens() -> None:
    """If recording fails, the threads end: nothing goes on behind the invocation's back."""
    config = load({"prepareRuleId": "cr-1"})
    names = ["bucket-1", *(f"late-{n}" for n in range(20))]
    before = set(threading.enumerate())
    deadline = Deadline(Clock(), 3600)
    coming = batch.repair_all(
        [Finding("cr-1", name) for name in names], config, INVOCATION, deadline
    )
    next(iter(coming))
    hired = set(threading.enumerate()) - before
    coming.close()  # type: ignore[attr-defined]
    for thread in hired:
        thread.join(timeout=30)
    assert hired
    assert all(thread.daemon for thread in hired)  # the process never waits for one
    assert not any(thread.is_alive() for thread in hired)


def test_the_order_is_drawn_anew() -> None:
    """Two runs of the same message do not begin with the same buckets, so none always waits."""
    names = [f"bucket-{n}" for n in range(100)]
    assert list(outcomes(*names)) != list(outcomes(*names))


def test_several_are_repaired_at_once() -> None:
    """Two repairs that wait for each other both end."""
    assert {each.outcome for each in outcomes("pair-1", "pair-2").values()} == {"repaired"}


def test_a_hundred_in_trouble_keep_no_other_from_its_turn() -> None:
    """Behind a hundred buckets that are always told to come back, a healthy one is repaired."""
    done = outcomes(*(f"busy-{n}" for n in range(100)), "healthy-1", seconds=1.5)
    assert done["healthy-1"].outcome == "repaired"
    assert {done[f"busy-{n}"].reason.split(":")[0] for n in range(100)} == {"deadline"}


@pytest.mark.parametrize("others", [0, 3])
def test_a_hanging_repair_does_not_hold_the_invocation(
    others: int, request: pytest.FixtureRequest
) -> None:
    """What does not come back by the deadline is given up, alone or among others."""
    request.addfinalizer(ScriptedRepair.release.set)
    ScriptedRepair.release.clear()
    done = outcomes("hangs-1", *(f"bucket-{n}" for n in range(others)), seconds=1)
    assert done["hangs-1"].reason == "deadline: OSS did not answer in time"
    assert len(done) == 1 + others
    assert not ScriptedRepair.release.is_set()


def test_no_more_threads_than_pay(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand findings are worked on by a few threads."""
    started: list[Callable[..., None]] = []
    thread = threading.Thread

    def counted(target: Callable[..., None], daemon: bool) -> threading.Thread:
        started.append(target)
        return thread(target=target, daemon=daemon)

    monkeypatch.setattr(batch.threading, "Thread", counted)
    assert len(outcomes(*(f"bucket-{n}" for n in range(1000)))) == 1000
    assert len(started) == batch.MAX_THREADS <= 32


@pytest.mark.parametrize("to_be_had", [0, 1])
def test_with_too_few_threads_one_will_do(to_be_had: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no more threads are to be had, those that there are do all; none is an error."""
    thread, started = threading.Thread, []

    def scarce(target: Callable[..., None], daemon: bool) -> threading.Thread:
        if len(started) >= to_be_had:
            raise RuntimeError("can't start new thread")
        started.append(target)
        return thread(target=target, daemon=daemon)

    monkeypatch.setattr(batch.threading, "Thread", scarce)
    if to_be_had:
        assert len(outcomes(*(f"bucket-{n}" for n in range(20)))) == 20
    else:
        with pytest.raises(RuntimeError, match="thread"):
            outcomes("bucket-1")


def test_whoever_stops_listening_has_everything_given_up_at_once(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A repair that is under way when recording fails is told to send no more."""
    request.addfinalizer(ScriptedRepair.release.set)
    ScriptedRepair.release.clear()
    given_up: list[str] = []

    def noted(repair: ScriptedRepair, reason: str) -> Outcome:
        given_up.append(repair._name)
        return Outcome("failed", reason, bucket=repair._name)

    monkeypatch.setattr(ScriptedRepair, "give_up", noted)
    config = load({"prepareRuleId": "cr-1"})
    findings = [Finding("cr-1", name) for name in ("bucket-1", "hangs-1", "hangs-2")]
    coming = batch.repair_all(findings, config, INVOCATION, Deadline(Clock(), 3600))
    next(iter(coming))
    coming.close()  # type: ignore[attr-defined]
    assert sorted(given_up) == ["hangs-1", "hangs-2"]


def test_two_remediations_never_change_a_bucket_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ACL's is over before the other begins, whatever the message's order; and other buckets
    wait for neither.
    """
    steps: list[str] = []

    def noted(repair: ScriptedRepair) -> Outcome | float:
        steps.append("on" if repair.steps else "begun")
        return step(repair)

    step = ScriptedRepair.step
    monkeypatch.setattr(ScriptedRepair, "step", noted)
    names = ("encryption", "acl")
    findings = [Finding("cr-1", "patient-1", remediation=name) for name in names]
    config = load({"prepareRuleId": "cr-1"})
    deadline = Deadline(Clock(), 60)
    ScriptedRepair.begun.clear()
    done = list(batch.repair_all(findings, config, INVOCATION, deadline))
    assert [each.outcome for each in done] == ["repaired"] * 2
    assert steps == ["begun", "on", "begun", "on"]
    encryption, acl = ScriptedRepair.begun
    assert max(acl.steps) <= min(encryption.steps)


def test_what_waits_for_one_that_hangs_is_given_up_with_it(
    request: pytest.FixtureRequest,
) -> None:
    """At the deadline both end, and neither is lost."""
    request.addfinalizer(ScriptedRepair.release.set)
    ScriptedRepair.release.clear()
    names = ("acl", "encryption")
    findings = [Finding("cr-1", "hangs-1", remediation=name) for name in names]
    config, deadline = load({"prepareRuleId": "cr-1"}), Deadline(Clock(), 1)
    done = list(batch.repair_all(findings, config, INVOCATION, deadline))
    assert [each.reason for each in done] == ["deadline: OSS did not answer in time"] * 2
