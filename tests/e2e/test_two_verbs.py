"""A colleague pauses while another verb is at work: nothing is lost, and nothing claimed."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from scripts.localcloud import Fail
from tests.account import QUEUE, Account
from tests.parts import held_at, overtaken

NAMES = ("first", "second", "third")


def given_up(product: Account, *names: str) -> None:
    """Findings about these are in the failure queue, and nothing is in the way of their repair."""
    product.cloud.faults.add("oss:PutBucketAcl", Fail(403, "AccessDenied"), times=1000)
    for name in names:
        product.cloud.oss.create(name, acl="public-read")
        product.rest()
    product.cloud.faults.clear()
    assert len(product.cloud.mns.messages(QUEUE)) == len(names)


def interrupted_by_a_pause(
    product: Account,
    capsys: pytest.CaptureFixture[str],
    command: Sequence[str],
    at: str,
    nth: int,
) -> tuple[int, Any, str]:
    """Run a verb, and pause while it stands still at a call; its exit code and what it said."""
    capsys.readouterr()
    with ThreadPoolExecutor(1) as other, held_at(product.cloud, at, nth) as (held, reached):
        slow = other.submit(product.run, *command, "--yes", "--json")
        try:
            assert reached.wait(60)
            assert product.run("pause", "--reason", "the site moves") == 0
            capsys.readouterr()
        finally:
            held.released.set()
        code = slow.result()
    said = capsys.readouterr()
    return code, json.loads(said.out), said.err


def closed(product: Account) -> set[str]:
    """The names of private buckets."""
    return {each.name for each in product.cloud.oss.all() if each.acl == "private"}


@pytest.mark.parametrize(
    ("at", "nth", "options"),
    [
        ("mns:DeleteMessage", 0, ()),  # between two messages
        ("fc:InvokeFunction", 1, ()),  # after the function was read: it reports, and closes nothing
        ("mns:PublishMessage", 1, ("--to", "topic", "--timeout", "30")),
    ],
    ids=str,
)
def test_a_redrive_removes_nothing_that_a_pause_left_open(
    product: Account,
    capsys: pytest.CaptureFixture[str],
    at: str,
    nth: int,
    options: Sequence[str],
) -> None:
    """It stops, says that it is paused, and each bucket that is still open has its message."""
    cloud = product.cloud
    given_up(product, *NAMES)

    ends, document, told = interrupted_by_a_pause(product, capsys, ("redrive", *options), at, nth)

    assert ends == 1
    assert "is paused since" in told
    assert "(the site moves)" in told
    assert "2 of 3 messages stay in the queue" in told
    assert [each["removed"] for each in document["messages"]] == [True, False, False]
    assert [each["tried"] for each in document["messages"]] == [True, bool(nth), False]
    assert "is paused since" in document["stopped"]
    assert closed(product) == {"first"}
    left = " ".join(cloud.mns.messages(QUEUE))
    assert [name in left for name in NAMES] == [False, True, True]

    cloud.clock.advance(15 * 60)  # nobody holds any by then
    assert product.run("resume", "--yes") == 0
    assert product.run("redrive", "--yes") == 0
    assert cloud.mns.messages(QUEUE) == []
    assert closed(product) == set(NAMES)


def test_a_sweep_claims_nothing_that_a_pause_left_open(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """It stops, says so, and neither the bucket that was only reported nor the others are done."""
    product.plant(**dict.fromkeys(NAMES, "public-read"))

    ends, document, told = interrupted_by_a_pause(
        product, capsys, ("sweep", "--parallel", "1"), "fc:InvokeFunction", 0
    )

    assert ends == 1
    assert "is paused since" in document["stopped"]
    assert [each["outcome"] for each in document["buckets"]] == ["would_repair", None, None]
    assert [each["settled"] for each in document["buckets"]] == [False, None, None]
    assert "2 of 3 were not tried" in told
    assert "1 bucket not settled" in told
    assert closed(product) == set()


@pytest.mark.parametrize(
    ("slow", "at", "quick"),
    [
        ("sweep", "fc:InvokeFunction", "sweep"),
        ("redrive", "fc:InvokeFunction", "sweep"),
        # in the function
        pytest.param("sweep", "oss:PutBucketAcl", "redrive", marks=pytest.mark.bad_days),
        pytest.param("sweep", "oss:PutBucketAcl", "sweep", marks=pytest.mark.bad_days),
        pytest.param("sweep", "fc:InvokeFunction", "redrive", marks=pytest.mark.bad_days),
        pytest.param("redrive", "oss:PutBucketAcl", "sweep", marks=pytest.mark.bad_days),
        pytest.param("redrive", "mns:DeleteMessage", "sweep", marks=pytest.mark.bad_days),
    ],
)
def test_two_that_close_the_same_buckets_close_each_once(
    product: Account, capsys: pytest.CaptureFixture[str], slow: str, at: str, quick: str
) -> None:
    """Both end well, the later one finds the bucket private, and what is exempt stays as it is."""
    given_up(product, "first")
    product.cloud.oss.create("config-website", acl="public-read")
    product.rest()
    capsys.readouterr()

    def run(verb: str) -> int:
        return product.run(verb, "--yes")

    both = overtaken(product.cloud, at, 0, lambda: run(slow), lambda: run(quick))

    assert both == (0, 0), capsys.readouterr()
    assert product.acls() == {"first": "private", "config-website": "public-read"}
    left = product.cloud.mns.messages(QUEUE)
    assert len(left) == ("redrive" not in (slow, quick))
    product.cloud.clock.advance(15 * 60)  # nobody holds any by then
    assert [run(verb) for verb in (slow, "redrive")] == [0, 0]
    assert product.cloud.mns.messages(QUEUE) == []
