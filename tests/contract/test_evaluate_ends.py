"""What became of each bucket, as `evaluate` follows it."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from scripts.flows import follow
from scripts.localcloud import Fail, Hold
from scripts.localcloud.journal import Entry
from scripts.verbs.evaluate import VERB
from tests.account import Account
from tests.parts import at, count


@contextmanager
def before_the_start(product: Account, act: Callable[[], object]) -> Iterator[None]:
    """Do something once all is counted and agreed, just before the evaluation is started."""

    def acting() -> None:
        act()

    start = "config:StartConfigRuleEvaluation"
    with at(product.cloud, start.__eq__, 0, acting) as acted:
        yield
        assert acted.is_set()


def test_what_comes_to_no_end_is_told_in_time(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bucket of which nothing has become at the timeout is named, with exit code 1."""
    product.plant(stubborn="public-read")
    never = Hold()
    order = product.cloud.faults.add("oss:GetBucketInfo", never, subject="stubborn")
    try:
        assert product.run("evaluate", "--expect", "1", "--timeout", "0.5", "--json") == 1
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
    product: Account, capsys: pytest.CaptureFixture[str], refusal: Fail, outcome: str, lines: int
) -> None:
    """Once the function has said its last word, the table has it, and the exit code is 1."""
    product.plant(first="public-read", stubborn="public-read")
    product.cloud.faults.add("oss:PutBucketAcl", refusal, subject="stubborn", times=100)
    before = len(product.audit())

    assert product.run("evaluate", "--expect", "2", "--json") == 1

    said_of = [line for line in product.audit()[before:] if line.bucket == "stubborn"]
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
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """A repair that failed is not given up before Function Compute's last try."""
    product.plant(first="public-read")
    product.cloud.faults.add("oss:PutBucketAcl", Fail(400, "InvalidArgument"), times=3)

    assert product.run("evaluate", "--expect", "1", "--json") == 0

    (end,) = json.loads(capsys.readouterr().out)["buckets"]
    assert (end["outcome"], end["after"]) == ("repaired", "COMPLIANT")


def test_what_its_policy_opens_is_told_apart(
    product: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bucket that is private by its ACL is not counted as closed, and ends exposed: exit code 1.

    Of an exempt one that is as open as it may be; one that is gone is nobody's business.
    """
    monkeypatch.setattr(product.cloud.config, "rule_tests", "acl_and_policy")
    product.plant(
        first="public-read", by_policy="private", config_website="private", gone="private"
    )
    product.open_by_policy("by-policy", "config-website", "gone")
    found_gone = Fail(404, "NoSuchBucket")
    product.cloud.faults.add("oss:GetBucketInfo", found_gone, subject="gone", times=2)

    assert product.run("evaluate", "--expect", "1", "--json", may=VERB.permissions) == 1

    said = capsys.readouterr()
    assert "an evaluation now closes 1 bucket; 1 exempt" in said.err
    assert "private, public by policy or otherwise: not closed, kept for a person" in said.err
    document = json.loads(said.out)
    assert (document["closes"], document["private"]) == (1, ["by-policy"])
    assert document["settled"] is True
    ends = {each["bucket"]: (each["outcome"], each["closed"]) for each in document["buckets"]}
    assert ends == {"first": ("repaired", True), "by-policy": ("exposed", False)}


def test_what_is_closed_and_public_all_the_same_is_no_success(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bucket can be compliant and public by its policy: the audit line, even if late, tells."""
    product.plant(both="public-read")
    product.open_by_policy("both")
    log, journal = product.cloud.log, product.cloud.journal

    def find_lines_late() -> None:
        journal.wait_for(lambda entries: any(map(_both_found_closed, entries)), 30)
        seen = len(journal.entries("config", "ListConfigRules"))
        journal.wait_for(lambda entries: count(entries, "ListConfigRules") > seen + 1, 30)
        log.let_search_lag(0)

    searching = threading.Thread(target=find_lines_late)
    searching.start()
    with before_the_start(product, lambda: log.let_search_lag(sys.maxsize)):
        assert product.run("evaluate", "--expect", "1", "--json") == 1
    searching.join()

    (end,) = json.loads(capsys.readouterr().out)["buckets"]
    assert (end["after"], end["outcome"], end["closed"]) == ("COMPLIANT", "exposed", False)


def _both_found_closed(entry: Entry) -> bool:
    return (entry.subject, entry.details.get("compliance")) == ("both", "COMPLIANT")


def test_what_somebody_else_closed_needs_no_audit_line(
    product: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bucket that is closed by the time of the evaluation is not reported: no line is awaited."""
    monkeypatch.setattr(follow, "_INDEXED", 0.1)
    product.plant(first="public-read")

    def close() -> None:
        product.cloud.oss.set_acl("first", "private")
        assert product.cloud.config.wait_idle(30)

    with before_the_start(product, close):
        assert product.run("evaluate", "--expect", "1", "--json") == 0

    (end,) = json.loads(capsys.readouterr().out)["buckets"]
    assert (end["after"], end["outcome"], end["closed"]) == ("COMPLIANT", None, True)


@pytest.mark.parametrize(("mode", "ends"), [("enforce", 1), ("report", 0)])
def test_without_an_audit_trail_cloud_config_alone_tells(
    product: Account,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    mode: str,
    ends: int,
) -> None:
    """Where lines cannot be searched it says so, and waits for nothing that will never close."""
    monkeypatch.setattr(product.cloud.config, "rule_tests", "acl_and_policy")
    product.plant(first="public-read", by_policy="private")
    product.open_by_policy("by-policy")
    logs = product.spec.service.logs
    assert logs
    index = product.cloud.log.index(logs.project, logs.logstore)
    product.cloud.log.delete_index(logs.project, logs.logstore)
    try:
        with product.deployed_with(repairMode=mode):
            expected = "1" if mode == "enforce" else "0"
            assert product.run("evaluate", "--expect", expected, "--json") == ends
            product.rest()
    finally:
        product.cloud.log.create_index(logs.project, logs.logstore, index)

    said = capsys.readouterr()
    assert "Cloud Config alone will tell what becomes of each bucket: the log store" in said.err
    closed = {each["bucket"]: each["closed"] for each in json.loads(said.out)["buckets"]}
    assert closed == {"first": mode == "enforce", "by-policy": False}


def test_throttling_does_not_end_the_waiting(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """A look that is throttled while it follows is said, and taken again."""
    product.plant(first="public-read")

    def throttle() -> None:
        throttled = Fail(400, "Throttling.User")
        product.cloud.faults.add("config:ListConfigRules", throttled, times=2)

    with before_the_start(product, throttle):
        assert product.run("evaluate", "--expect", "1") == 0

    said = capsys.readouterr().out
    assert "config:ListConfigRules is not answered just now (Throttling.User)" in said
    assert "1 of 1 closed" in said
