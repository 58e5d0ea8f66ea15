"""The probe: what it leaves on an account, refused, stopped or killed: nothing for long."""

import json
import os
import signal
import sys
from dataclasses import replace

import pytest

from scripts.account.own_bucket import TAGS, new_name
from scripts.flows import probe_bucket
from scripts.localcloud import Fail, Hold, Lag
from tests.account import Account
from tests.contract.probe_rig import answers, assert_nothing_left, leave, shorter
from tests.e2e.stepwise import write_after
from tests.parts import Terminal, at, overtaken

__all__ = ["shorter"]


def test_without_a_yes_nothing_is_made(
    product: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The plan is shown: what is made, opened and for how long, changed and deleted."""
    assert product.run("probe") == 2
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    assert product.run("probe") == 1
    told = capsys.readouterr().out
    assert product.run("probe", "--dry-run") == 0
    for word in ("make the bucket resource-repair-probe-", "public by its", "delete it", "publish"):
        assert word in told
    assert product.writes() == []
    assert not (product.folder / "probe.json").exists()


def test_leftovers_are_shown_closed_and_deleted(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is surely one's own; young ones by --clean alone. Nobody else's is touched."""
    ours = [new_name(account.cloud.account_id) for _ in range(4)]
    other = new_name("another account")
    leave(account, ours[0], TAGS)
    leave(account, ours[1], {})
    leave(account, ours[2], {"owner": "somebody"})
    leave(account, ours[3], TAGS, old=False)
    leave(account, other, TAGS)
    leave(account, f"{ours[0]}-of-mine", TAGS)
    stay = sorted([ours[2], other, f"{ours[0]}-of-mine"])

    assert account.run("probe", "--yes") == 0
    assert account.cloud.oss.names() == sorted([*stay, ours[3]])
    told = capsys.readouterr().out
    for name in ours[:2]:
        assert f"would close and delete {name}" in told
    assert f"left {ours[3]}" in told
    closed = [e.subject for e in account.writes() if e.action == "PutBucketPublicAccessBlock"]
    deleted = [e.subject for e in account.writes() if e.action == "DeleteBucket"]
    assert closed[:2] == deleted[:2] == sorted(ours[:2])

    assert account.run("probe", "--clean", "--yes") == 0
    assert account.cloud.oss.names() == stay
    assert account.run("probe", "--clean") == 0
    assert "nothing to do" in capsys.readouterr().out
    assert {account.cloud.oss.bucket(name).acl for name in stay} == {"public-read"}


def test_a_bucket_that_was_made_again_is_left_alone(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever has its name by now, and whatever its tags: its date tells, before each write."""
    names: list[str] = []

    def swap() -> None:
        names[:] = account.cloud.oss.names()
        account.cloud.oss.delete(names[0])
        account.cloud.oss.create(names[0], acl="public-read", age=-5)
        account.cloud.oss.set_tags(names[0], TAGS)

    with at(account.cloud, "oss:PutBucketPublicAccessBlock".__eq__, 0, swap) as reached:
        assert account.run("probe", "--yes") == 0
    assert reached.is_set()
    said = capsys.readouterr().out
    assert f"{names[0]} is not what this run made" in said
    assert account.cloud.oss.bucket(names[0]).acl == "public-read"
    (last,) = [e for e in account.writes() if e.subject == names[0]][-1:]
    assert last.action == "PutBucketPublicAccessBlock"  # which was under way


def test_two_at_once_leave_each_other_alone(product: Account) -> None:
    """While one stands still, its bucket open, another one runs as a whole."""

    def run(folder: str) -> int:
        return product.run("probe", "--yes", "--output", str(product.folder / folder))

    ends = overtaken(
        product.cloud, "oss:PutBucketAcl", 1, lambda: run("slow"), lambda: run("quick")
    )
    assert ends == (0, 0)
    assert_nothing_left(product)
    for each in ("slow", "quick"):
        asked = json.loads((product.folder / each).read_text())["questions"]
        assert [key for key in asked if asked[key]["not_asked"]][1:] == [
            *("config_sites", "put_acl_needs_put_bucket", "rule_tests")
        ]


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.usefixtures("in_foreground")
class TestStopped:
    """Stopped at a request: the bucket is closed and deleted at once; the rest by the next run."""

    # Of some ninety: while it looks, once it was made, is refused, is open; in the message.
    @pytest.mark.parametrize("part", [3, 9, 17, 30, 45, 60, 75])
    def test_at_a_request(self, product: Account, part: int) -> None:
        """By Ctrl-C."""
        assert self.stopped(product, part)

    @pytest.mark.bad_days
    @pytest.mark.timeout(900)
    def test_at_each_request(self, product: Account) -> None:
        """Until the run ends before."""
        beginning, part = product.beginning(), 0
        while self.stopped(product, part):
            part += 1
            product.begin_again(beginning)
        assert part > 60

    def stopped(self, product: Account, part: int) -> bool:
        """Whether it came to that."""

        def stop() -> None:
            os.kill(os.getpid(), signal.SIGINT)

        with at(product.cloud, lambda _: True, part, stop) as reached:
            end = product.run("probe", "--yes")
        if not reached.is_set():
            assert end == 0
            return False
        assert end == 1, part
        # What was under way when it was stopped may come about after all, and is of no danger.
        assert {bucket.acl for bucket in product.cloud.oss.all()} <= {"private"}, part
        # A receiving that was stopped may get the message yet, which nobody else sees for a while.
        for _ in range(2):
            product.rest()
            product.cloud.clock.advance(60)
            end = product.run("probe", "--clean", "--yes")
        assert end == 0, part
        assert_nothing_left(product)
        return True


# Of its writes: making it, tagging, opening, closing, deleting it, the message.
KILLED = [pytest.param(n, marks=() if n in (1, 7) else pytest.mark.bad_days) for n in range(1, 19)]


@pytest.mark.parametrize("done", KILLED)
def test_who_is_killed_leaves_nothing_for_long(product: Account, done: int) -> None:
    """By SIGKILL, whatever is under way then: the next run finds it by its name and its mark."""
    key, held = product.key, Hold()
    environ = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": key.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key.access_key_secret,
    }
    output = ("--output", str(product.folder / "probe.json"))
    with (
        write_after(product, done, held) as reached,
        product.process("probe", "--yes", *output, **environ) as process,
    ):
        assert reached.wait(60), process.communicate()
        process.kill()
    held.released.set()
    product.rest()
    product.cloud.clock.advance(60)
    assert product.run("probe", "--clean", "--yes") == 0
    assert_nothing_left(product)


def test_a_leftover_that_is_not_empty_is_told_and_stays(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody put something into it: it is closed, and the run goes on."""
    name = new_name(account.cloud.account_id)
    leave(account, name, TAGS)
    account.cloud.oss.put_object(name, "a", b"b")
    assert account.run("probe", "--yes") == 1
    assert account.cloud.oss.names() == [name]
    assert account.cloud.oss.bucket(name).acl == "private"
    told = capsys.readouterr()
    assert "BucketNotEmpty" in told.err
    assert f"{name} is not empty" in told.out
    assert "--clean" not in told.out
    assert answers(account)["acl_shows"]["answer"] is not None


def test_a_message_that_may_stay_is_told_with_what_takes_it_out(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was sent, and did not come in time: that is no success."""
    product.cloud.faults.add("fc:run", Fail(503, "ServiceUnavailable"), times=10**6)
    assert product.run("probe", "--yes", "--timeout", "0") == 1
    product.cloud.faults.clear()
    assert answers(product)["retry_keeps_request_id"]["not_asked"]
    assert "`resource-repair probe --clean` takes it away" in capsys.readouterr().out
    product.rest()
    assert product.run("probe", "--clean", "--yes") == 0
    assert_nothing_left(product)


def test_it_is_public_for_no_longer_than_the_plan_says(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Looks for what does not show end with that time, and the bucket is closed."""
    monkeypatch.setattr(probe_bucket, "OPEN_FOR", 1.0)
    with at(account.cloud, "oss:PutBucketAcl".__eq__, 1, lambda: Lag(reads=10**6)):
        assert account.run("probe", "--yes") == 0
    assert answers(account)["acl_shows"]["not_asked"] == "it did not show within 1 s"
    assert "public by its policy for 2 s at most, and by its ACL for 1 s" in capsys.readouterr().out


def test_what_cannot_be_written_is_refused_before_anything_is_made(account: Account) -> None:
    """Whatever is in its way, and wherever."""
    (account.folder / "file").write_text("")
    output = account.folder / "file" / "deeper" / "probe.json"
    assert account.run("probe", "--yes", "--output", str(output)) == 2
    assert account.writes() == []


def test_tags_of_alibaba_cloud_s_own_make_it_nobody_else_s(account: Account) -> None:
    """The account may have whatever is made tagged with who made it."""
    name = new_name(account.cloud.account_id)
    leave(account, name, TAGS)
    buckets = account.cloud.oss._buckets  # where such tags cannot be set by a request
    tags = {"acs:tag:createdby": "sub:1:somebody", **TAGS}
    buckets[name] = replace(buckets[name], tags=tags)
    assert account.run("probe", "--clean", "--yes") == 0
    assert account.cloud.oss.names() == []


def test_a_leftover_that_was_made_again_meanwhile_is_left_alone(account: Account) -> None:
    """Between the plan and the yes."""
    name = new_name(account.cloud.account_id)
    leave(account, name, TAGS)

    def swap() -> None:
        account.cloud.oss.delete(name)
        account.cloud.oss.create(name, acl="public-read", region="cn-beijing", age=5)

    with at(account.cloud, "oss:GetBucketInfo".__eq__, 0, swap) as reached:
        account.run("probe", "--clean", "--yes")
    assert reached.is_set()
    assert account.cloud.oss.bucket(name).acl == "public-read"
