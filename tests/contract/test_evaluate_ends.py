"""What became of each bucket, as `evaluate` follows it."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.flows import follow
from scripts.localcloud import Fail, Hold
from scripts.localcloud.faults import Fault
from scripts.localcloud.journal import Entry
from scripts.stage.stage import Stage
from scripts.verbs.evaluate import VERB
from tests.contract.verb_rig import (
    count,
    deployed_with,
    open_by_policy,
    plant,
    product_in,
)
from tests.contract.verb_rig import run_in_project as run


@pytest.fixture(scope="module")
def shared(code: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The product, deployed from a project of its own; each test leaves it as it was."""
    with product_in(tmp_path_factory.mktemp("project"), code) as stage:
        yield stage


@pytest.fixture
def stage(shared: Stage) -> Stage:
    """The product without buckets."""
    shared.start_over()
    return shared


@contextmanager
def before_the_start(stage: Stage, act: Callable[[], object]) -> Iterator[None]:
    """Do something once all is counted and agreed, just before the evaluation is started."""
    faults = stage.cloud.faults
    take, acted = faults.take, threading.Event()

    def taking(operation: str, subject: str) -> Fault | None:
        if operation == "config:StartConfigRuleEvaluation":
            act()
            acted.set()
        return take(operation, subject)

    faults.take = taking  # type: ignore[method-assign]
    try:
        yield
        assert acted.is_set()
    finally:
        faults.take = take  # type: ignore[method-assign]


def test_what_comes_to_no_end_is_told_in_time(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bucket of which nothing has become at the timeout is named, with exit code 1."""
    plant(stage, stubborn="public-read")
    never = Hold()
    order = stage.cloud.faults.add("oss:GetBucketInfo", never, subject="stubborn")
    try:
        assert run(stage, "evaluate", "--expect", "1", "--timeout", "0.5", "--json") == 1
        assert order.met.wait(60)  # the function may start late
    finally:
        never.released.set()

    said = capsys.readouterr()
    assert "results have not settled" in said.err
    document = json.loads(said.out)
    assert document["settled"] is False
    assert [(each["bucket"], each["after"]) for each in document["buckets"]] == [
        ("stubborn", "NON_COMPLIANT")
    ]


@pytest.mark.parametrize(
    ("refusal", "outcome", "lines"),
    [(Fail(403, "AccessDenied"), "denied", 1), (Fail(400, "InvalidArgument"), "failed", 4)],
)
def test_what_cannot_be_closed_is_not_waited_for(
    stage: Stage, capsys: pytest.CaptureFixture[str], refusal: Fail, outcome: str, lines: int
) -> None:
    """Once the function has said its last word, the table has it, and the exit code is 1."""
    plant(stage, first="public-read", stubborn="public-read")
    stage.cloud.faults.add("oss:PutBucketAcl", refusal, subject="stubborn", times=100)
    before = len(stage.audit())

    assert run(stage, "evaluate", "--expect", "2", "--json") == 1

    said_of = [line for line in stage.audit()[before:] if line.bucket == "stubborn"]
    assert len(said_of) >= lines
    said = capsys.readouterr()
    assert "1 of 2 closed, 1 could not be" in said.err
    assert "1 bucket could not be closed: a person must look" in said.err
    document = json.loads(said.out)
    assert document["settled"] is True
    ends = {each["bucket"]: each for each in document["buckets"]}
    assert (ends["first"]["after"], ends["first"]["closed"]) == ("COMPLIANT", True)
    assert (ends["stubborn"]["outcome"], ends["stubborn"]["closed"]) == (outcome, False)


def test_what_closes_when_tried_again_is_waited_for(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """A repair that failed is not given up before Function Compute's last try."""
    plant(stage, first="public-read")
    stage.cloud.faults.add("oss:PutBucketAcl", Fail(400, "InvalidArgument"), times=3)

    assert run(stage, "evaluate", "--expect", "1", "--json") == 0

    (end,) = json.loads(capsys.readouterr().out)["buckets"]
    assert (end["outcome"], end["after"]) == ("repaired", "COMPLIANT")


def test_what_its_policy_opens_is_told_apart(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bucket that is private by its ACL is not counted as closed, and ends exposed: exit code 1.

    Of an exempt one that is as open as it may be; one that is gone is nobody's business.
    """
    monkeypatch.setattr(stage.cloud.config, "rule_tests", "acl_and_policy")
    plant(stage, first="public-read", by_policy="private", config_website="private", gone="private")
    open_by_policy(stage, "by-policy", "config-website", "gone")
    found_gone = Fail(404, "NoSuchBucket")
    stage.cloud.faults.add("oss:GetBucketInfo", found_gone, subject="gone", times=2)

    assert run(stage, "evaluate", "--expect", "1", "--json", may=VERB.permissions) == 1

    said = capsys.readouterr()
    assert "an evaluation now closes 1 bucket; 1 exempt" in said.err
    assert "private, public by policy or otherwise: not closed, kept for a person" in said.err
    document = json.loads(said.out)
    assert (document["closes"], document["private"]) == (1, ["by-policy"])
    assert document["settled"] is True
    ends = {each["bucket"]: (each["outcome"], each["closed"]) for each in document["buckets"]}
    assert ends == {"first": ("repaired", True), "by-policy": ("exposed", False)}


def test_what_is_closed_and_public_all_the_same_is_no_success(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bucket can be compliant and public by its policy: the audit line, even if late, tells."""
    plant(stage, both="public-read")
    open_by_policy(stage, "both")
    log, journal = stage.cloud.log, stage.cloud.journal

    def find_lines_late() -> None:
        journal.wait_for(lambda entries: any(map(_both_found_closed, entries)), 30)
        seen = len(journal.entries("config", "ListConfigRules"))
        journal.wait_for(lambda entries: count(entries, "ListConfigRules") > seen + 1, 30)
        log.let_search_lag(0)

    searching = threading.Thread(target=find_lines_late)
    searching.start()
    with before_the_start(stage, lambda: log.let_search_lag(sys.maxsize)):
        assert run(stage, "evaluate", "--expect", "1", "--json") == 1
    searching.join()

    (end,) = json.loads(capsys.readouterr().out)["buckets"]
    assert (end["after"], end["outcome"], end["closed"]) == ("COMPLIANT", "exposed", False)


def _both_found_closed(entry: Entry) -> bool:
    return (entry.subject, entry.details.get("compliance")) == ("both", "COMPLIANT")


def test_what_somebody_else_closed_needs_no_audit_line(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bucket that is closed by the time of the evaluation is not reported: no line is awaited."""
    monkeypatch.setattr(follow, "_INDEXED", 0.1)
    plant(stage, first="public-read")

    def close() -> None:
        stage.cloud.oss.set_acl("first", "private")
        assert stage.cloud.config.wait_idle(30)

    with before_the_start(stage, close):
        assert run(stage, "evaluate", "--expect", "1", "--json") == 0

    (end,) = json.loads(capsys.readouterr().out)["buckets"]
    assert (end["after"], end["outcome"], end["closed"]) == ("COMPLIANT", None, True)


@pytest.mark.parametrize(("mode", "ends"), [("enforce", 1), ("report", 0)])
def test_without_an_audit_trail_cloud_config_alone_tells(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    mode: str,
    ends: int,
) -> None:
    """Where lines cannot be searched it says so, and waits for nothing that will never close."""
    monkeypatch.setattr(stage.cloud.config, "rule_tests", "acl_and_policy")
    plant(stage, first="public-read", by_policy="private")
    open_by_policy(stage, "by-policy")
    logs = stage.spec.service.logs
    assert logs
    index = stage.cloud.log.index(logs.project, logs.logstore)
    stage.cloud.log.delete_index(logs.project, logs.logstore)
    try:
        with deployed_with(stage, repairMode=mode):
            expected = "1" if mode == "enforce" else "0"
            assert run(stage, "evaluate", "--expect", expected, "--json") == ends
            assert stage.wait_idle()
    finally:
        stage.cloud.log.create_index(logs.project, logs.logstore, index)

    said = capsys.readouterr()
    assert "Cloud Config alone will tell what becomes of each bucket: the log store" in said.err
    closed = {each["bucket"]: each["closed"] for each in json.loads(said.out)["buckets"]}
    assert closed == {"first": mode == "enforce", "by-policy": False}


def test_throttling_does_not_end_the_waiting(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """A look that is throttled while it follows is said, and taken again."""
    plant(stage, first="public-read")

    def throttle() -> None:
        throttled = Fail(400, "Throttling.User")
        stage.cloud.faults.add("config:ListConfigRules", throttled, times=2)

    with before_the_start(stage, throttle):
        assert run(stage, "evaluate", "--expect", "1") == 0

    said = capsys.readouterr().out
    assert "config:ListConfigRules is not answered just now (Throttling.User)" in said
    assert "1 of 1 closed" in said
