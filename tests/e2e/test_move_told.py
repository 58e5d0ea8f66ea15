"""What is told and settled while both Function Computes have our function."""

from collections.abc import Iterator

import pytest

from scripts.declared import Generation
from scripts.localcloud import Fail
from tests.account import QUEUE, TOPIC
from tests.contract.alert_rig import Webhook, check_until, eventually, webhook
from tests.e2e.move import NEW, OLD, PLACES, WEBHOOK, Move
from tests.parts import held_at

# A move is of both at once, and begins on 2.0.
pytestmark = pytest.mark.parametrize("generation", [Generation.FC2], ids=str, indirect=True)


@pytest.fixture
def hook() -> Iterator[Webhook]:
    """Somebody who is woken."""
    with webhook() as found:
        yield found


def test_one_cause_wakes_somebody_once(move: Move, hook: Webhook) -> None:
    """While both handle each message: what neither can close or read is told of once."""
    shell = {WEBHOOK: hook.address}
    assert move.run(OLD, "provision", "--yes", **shell) == 0
    assert move.run(NEW, "provision", "--yes", **shell) == 0
    assert move.run(NEW, "apply", "--yes") == 0
    move.cloud.settle()
    move.cloud.faults.add("oss:PutBucketAcl", Fail(403, "AccessDenied"), subject="denied", times=8)
    move.open("denied")
    move.account.rest()
    move.cloud.mns.publish(TOPIC, "no message of anybody")
    move.account.rest()
    assert len(move.cloud.mns.messages(QUEUE)) == 2

    for alert in ("kept", "unsettled", "unreadable"):
        check_until(move.cloud, hook, alert)
    assert sorted(hook.names()) == ["kept", "unreadable", "unsettled"]


def test_on_the_way_back_one_cause_wakes_somebody_once(move: Move, hook: Webhook) -> None:
    """As on the way there: what neither can read is told of once. And it stays so."""
    shell = {WEBHOOK: hook.address}
    move.over(NEW, **shell)
    move.a_day_later(NEW)
    assert move.run(OLD, "provision", "--yes", **shell) == 0
    assert move.run(OLD, "apply", "--yes") == 0
    move.cloud.settle()
    move.cloud.mns.publish(TOPIC, "no message of anybody")
    move.account.rest()
    assert all(move.lines(which) for which in PLACES)

    check_until(move.cloud, hook, "unreadable")
    assert hook.names() == ["unreadable"]
    assert move.run(OLD, "provision", "--dry-run", **shell) == 0


def test_what_the_old_one_gave_up_is_settled_by_the_new_one(move: Move) -> None:
    """While both are there, and when the old one has gone."""
    assert move.run(NEW, "provision", "--yes") == 0
    assert move.run(NEW, "apply", "--yes") == 0
    move.cloud.faults.add("oss:PutBucketAcl", Fail(403, "AccessDenied"), subject="denied", times=8)
    move.open("denied")
    move.account.rest()
    assert len(move.cloud.mns.messages(QUEUE)) == 2
    move.until_done(NEW, "remove", "--other-generation")
    move.a_day_later(NEW)
    assert move.live(OLD) is None
    assert move.run(NEW, "redrive", "--yes") == 0
    assert move.cloud.mns.messages(QUEUE) == []
    assert move.still_open() == set()


def test_one_opening_that_both_close_counts_once(move: Move, hook: Webhook) -> None:
    """Opened twice, and closed by both each time: that is not yet somebody who keeps reopening."""
    shell = {WEBHOOK: hook.address}
    assert move.run(NEW, "provision", "--yes", **shell) == 0
    assert move.run(NEW, "apply", "--yes") == 0
    for opened in range(2):
        closed = len(lines_of_repairs(move))
        with held_at(move.cloud, "oss:PutBucketAcl", 0) as (held, _):
            if opened:
                move.cloud.oss.set_acl("often", "public-read")
            else:
                move.open("often")
            assert eventually(lambda: len(lines_of_repairs(move)) == closed + 1)  # noqa: B023
            held.released.set()
            move.account.rest()
        assert len(lines_of_repairs(move)) == 2 * (opened + 1)
        for _ in range(3):
            move.cloud.log.alerts.check()
        assert hook.names() == []


def lines_of_repairs(move: Move) -> list[str]:
    """Who says that it closed the bucket, by the requests."""
    return [line.request_id for each in PLACES for line in move.lines(each) if line.closed]
