"""From Function Compute 2.0 to 3.0 and back, while findings come and verbs are killed."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts import patience
from scripts.account import audit_trail, moving
from scripts.account.audit_trail import AuditLine
from scripts.account.deployed_function import DeployedFunction
from scripts.declared import Generation, load
from scripts.declared.dotenv import environment
from scripts.localcloud import Drop, Fail
from scripts.localcloud.faults import Fault
from tests.account import ALONE, FUNCTION, QUEUE, SERVICE, TOPIC, Account, Moments
from tests.contract.alert_rig import Webhook, check_until, eventually, webhook
from tests.e2e.cases import UNDO
from tests.parts import derive, edit, held_at, remediate

# A move is of both at once, and begins on 2.0.
pytestmark = pytest.mark.parametrize("generation", [Generation.FC2], ids=str, indirect=True)

EXEMPT = "config-website"  # in the bundle of the tests
OLD, NEW = Generation.FC2, Generation.FC3
PLACES = {OLD: (SERVICE, FUNCTION), NEW: ("", ALONE)}
WRITES = {  # of a move to 3.0, and of one to 2.0, in whatever order
    NEW: ("CreateFunction", "PutAsyncInvokeConfig", "CreateTrigger"),
    OLD: ("CreateFunction", "PutFunctionAsyncInvokeConfig", "CreateTrigger"),
}
RETIRING = ("UpdateFunction", "DeleteTrigger")
WAITED = {
    NEW: ("DeleteFunctionAsyncInvokeConfig", "DeleteFunction"),
    OLD: ("DeleteAsyncInvokeConfig", "DeleteFunction"),
}
WEBHOOK = "ALERT_WEBHOOK"


class Move:
    """An account whose function is moved, by the commands that the page tells."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.cloud = account.cloud
        self.opened: list[str] = []

    def run(self, to: Generation, verb: str, *arguments: str, **shell: str) -> int:
        """The exit code of a verb that works on that generation."""
        file = str(self.account.folder / to.template)
        return self.account.run(verb, *arguments, "--spec", file, **shell)

    def until_done(self, to: Generation, verb: str, *arguments: str, **shell: str) -> int:
        """Run it as often as it takes; how often it was killed."""
        for killed in range(20):
            if self.run(to, verb, "--yes", *arguments, **shell) == 0:
                return killed
        raise AssertionError(f"{verb} comes to no end")

    def live(self, which: Generation) -> DeployedFunction | None:
        """The function there."""
        known = environment(self.account.env, {"PREPARE_RULE_ID": self.account.rule_id})
        spec = load(self.account.folder / which.template, known, self.cloud.account_id)
        return DeployedFunction.find(spec, self.account.clients)

    def over(self, to: Generation, **shell: str) -> None:
        """All of it, up to the trigger of the one before."""
        self.until_done(to, "provision", **shell)
        self.until_done(to, "apply")
        assert self.run(to, "verify") == 0
        self.until_done(to, "remove", "--other-generation")

    def a_day_later(self, to: Generation) -> None:
        """What waited for the one before has been run: it goes."""
        function = self.cloud.fc.resources.function(*PLACES[to.other])
        object.__setattr__(function, "modified_at", function.modified_at - 2 * 86400)
        self.until_done(to, "remove", "--other-generation")

    def kill(self, *operations: str) -> None:
        """Each of these is cut off twice: before it was done, and after."""
        for each in operations:
            self.cloud.faults.add(f"fc:{each}", Fail(400, "Stopped"))
            self.cloud.faults.add(f"fc:{each}", Drop())

    @contextmanager
    def opening(self, many: int, name: str) -> Iterator[None]:
        """As many buckets are opened, some at each write of a verb to Function Compute."""
        names = [f"{name}-{number}" for number in range(many)]
        faults = self.cloud.faults
        take, left, at_once = faults.take, list(names), -(-many // 12)

        def taking(operation: str, subject: str) -> Fault | None:
            if operation.startswith(("fc:Create", "fc:Put", "fc:Update", "fc:Delete")):
                for _ in left[:at_once]:
                    self.open(left.pop())
            return take(operation, subject)

        faults.take = taking  # type: ignore[method-assign]
        try:
            yield
        finally:
            faults.take = take  # type: ignore[method-assign]
        while left:
            self.open(left.pop())
        self.account.rest()

    def open(self, name: str) -> None:
        """Somebody opens a bucket, which will be found."""
        self.opened.append(name)
        self.cloud.oss.create(name, acl="public-read")

    def still_open(self) -> set[str]:
        """Which of these are."""
        acls = self.account.acls()
        return {each for each in self.opened if acls[each] != "private"}

    def lines(self, which: Generation) -> list[AuditLine]:
        """What that function said of findings."""
        return audit_trail.of_log(self.cloud.fc.logs(*PLACES[which]).encode())

    def subscribed(self) -> int:
        """To how many the topic hands what is published."""
        return len(self.cloud.mns.topic(TOPIC).subscriptions)


def ready(account: Account) -> None:
    """The product on 2.0, somebody who is woken, and what a move needs beforehand."""
    assert account.run("provision", "--yes") == 0
    account.deploy()
    derive(account.path)


@pytest.fixture
def move(moments: Moments, tmp_path: Path, code: Path, monkeypatch: pytest.MonkeyPatch) -> Move:
    """A move that is yet to begin; what is cut off is not tried again."""
    monkeypatch.setattr(patience, "WITHIN", 0.0)
    account = moments.after(ready, tmp_path, code)
    monkeypatch.setattr(account.cloud.oss, "most_buckets", 300)  # which can be had on request
    derive(account.path)
    return Move(account)


@pytest.mark.parametrize(
    ("there", "back"),
    [(12, 6), pytest.param(200, 40, marks=[pytest.mark.bad_days, pytest.mark.timeout(600)])],
)
def test_no_finding_is_lost_by_a_move_and_back(move: Move, there: int, back: int) -> None:
    """Killed before and after each write, with findings in flight: each closes its bucket."""
    move.open(EXEMPT)
    for to, many in ((NEW, there), (OLD, back)):
        move.kill(*WRITES[to], *RETIRING)
        with move.opening(many, f"in-flight-{to}"):
            move.over(to)
            assert move.subscribed() == 1
        assert move.still_open() == {EXEMPT}
        assert all(move.lines(which) for which in PLACES)  # each was at work
        assert move.cloud.mns.messages(QUEUE) == []

        move.kill(*WAITED[to])
        move.a_day_later(to)
        move.cloud.settle()
        assert move.live(to.other) is None
        assert move.run(to, "doctor") == 0
        assert move.run(to, "verify") == 0


@pytest.mark.parametrize(
    "many", [4, pytest.param(60, marks=[pytest.mark.bad_days, pytest.mark.timeout(300)])]
)
def test_a_pause_moves_along(move: Move, many: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is closed by either at any time; and one resume resumes both."""
    assert move.run(OLD, "pause", "--reason", "the site moves") == 0
    assert move.run(NEW, "doctor", "--before-deploy") == 1
    capsys.readouterr()
    move.kill(*WRITES[NEW])
    with move.opening(many, "paused"):
        move.until_done(NEW, "provision")
        move.until_done(NEW, "apply")
    assert "is paused since" in capsys.readouterr().out
    assert move.still_open() == set(move.opened)
    for which in (OLD, NEW):
        live = move.live(which)
        assert live
        assert (live.mode, live.pause and live.pause.reason) == ("report", "the site moves")
    move.cloud.settle()
    assert move.run(NEW, "apply", "--yes") == 0
    assert move.run(NEW, "verify") == 0

    move.kill("UpdateFunction")
    move.until_done(NEW, "resume", EXPECT_CLOSE=str(many))
    for which in (OLD, NEW):
        live = move.live(which)
        assert live
        assert (live.mode, live.pause) == ("enforce", None)
    assert move.run(NEW, "verify") == 0


def test_a_pause_moves_along_where_only_another_remediation_enforces(
    move: Move, capsys: pytest.CaptureFixture[str]
) -> None:
    """The ACL's is in mode report before, during and after the pause; it stops them all."""
    path = move.account.folder / OLD.template
    assert move.run(NEW, "provision", "--yes") == 0
    edit(path, "  mode: enforce", "  mode: report")
    remediate(path, "encryption:cr-of-encryption:enforce")
    derive(path)
    assert move.run(OLD, "apply", "--yes") == 0
    assert move.run(OLD, "pause") == 0
    assert move.run(NEW, "apply", "--yes") == 0
    live = move.live(NEW)
    assert live
    assert live.pause
    assert live.settings.mode_of("encryption") == "report"

    live.set_environment({n: v for n, v in live.environment.items() if n != "paused"})
    capsys.readouterr()
    assert move.run(NEW, "doctor") == 1
    assert "and resource_repair-oss_repair_acl_trigger is not" in capsys.readouterr().out


def test_a_pause_in_a_move_pauses_both(move: Move) -> None:
    """Whichever spec it is told; and a deploy of a third hand does not undo one of them."""
    assert move.run(NEW, "provision", "--yes") == 0
    assert move.run(NEW, "apply", "--yes") == 0
    move.kill("UpdateFunction")
    move.until_done(OLD, "pause")
    for number in range(3):
        move.open(f"paused-{number}")
    move.account.rest()
    assert len(move.still_open()) == 3

    live = move.live(NEW)
    assert live
    live.set_environment({**live.environment, "repairMode": "enforce"})
    assert move.run(NEW, "doctor") == 1
    assert move.run(NEW, "verify") == 1
    assert move.run(NEW, "remove", "--other-generation", "--yes") == 1
    assert move.run(NEW, "apply", "--yes") == 0
    assert move.run(NEW, "verify") == 0


def test_who_pauses_while_the_new_one_is_made_is_heeded(move: Move) -> None:
    """It gets no trigger as long as it would close what the pause leaves open."""
    assert move.run(NEW, "provision", "--yes") == 0
    paused = {"since": "2026-11-29T00:00:00+00:00", "mode": "enforce", "reason": ""}
    before = move.live(OLD)
    assert before
    where = held_at(move.cloud, "fc:PutAsyncInvokeConfig", 0)
    with ThreadPoolExecutor(1) as other, where as (held, reached):
        slow = other.submit(move.run, NEW, "apply", "--yes")
        assert reached.wait(60)
        before.set_environment(
            {**before.environment, "repairMode": "report", "paused": json.dumps(paused)}
        )
        held.released.set()
        assert slow.result() == 1
    assert move.subscribed() == 1
    assert move.run(NEW, "apply", "--yes") == 0
    live = move.live(NEW)
    assert live
    assert live.pause


def test_the_old_trigger_stays_as_long_as_the_new_one_is_not_sound(
    move: Move, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not deployed, half deployed, or changed by hand: nothing is taken away."""
    assert move.run(NEW, "provision", "--yes") == 0
    assert move.run(NEW, "remove", "--other-generation", "--yes") == 1
    assert "is to take over, and is not as s.yaml declares" in capsys.readouterr().err
    move.cloud.faults.add("fc:CreateTrigger", Fail(400, "Stopped"))
    assert move.run(NEW, "apply", "--yes") == 1
    assert move.run(NEW, "remove", "--other-generation", "--yes") == 1
    assert move.subscribed() == 1


def test_of_two_who_each_take_away_the_other_one_stops(move: Move) -> None:
    """The topic is never left with nobody."""
    assert move.run(NEW, "provision", "--yes") == 0
    assert move.run(NEW, "apply", "--yes") == 0
    move.cloud.settle()
    with ThreadPoolExecutor(1) as other, held_at(move.cloud, "fc:DeleteTrigger", 0) as (held, at):
        slow = other.submit(move.run, NEW, "remove", "--other-generation", "--yes")
        assert at.wait(60)
        assert move.run(OLD, "remove", "--other-generation", "--yes") == 1
        held.released.set()
        assert slow.result() == 0
    assert move.subscribed() == 1
    assert move.run(NEW, "verify") == 0


def test_the_function_stays_as_long_as_something_may_wait_for_it(
    move: Move, capsys: pytest.CaptureFixture[str]
) -> None:
    """The trigger goes at once; the function by the same command, when it can have no more."""
    move.over(NEW)
    for _ in range(2):
        assert move.run(NEW, "remove", "--other-generation", "--yes") == 0
        assert "works off what waits for it" in capsys.readouterr().out
    assert move.live(OLD)
    move.cloud.settle()
    assert move.run(NEW, "doctor") == 0
    assert "--other-generation" in " ".join(capsys.readouterr().out.split())

    move.a_day_later(NEW)

    assert move.live(OLD) is None
    assert move.run(NEW, "remove", "--other-generation", "--yes") == 0
    assert "nothing to do" in capsys.readouterr().out


def test_who_goes_back_halfway_gets_all_of_it_back(move: Move) -> None:
    """The old one's trigger is made anew, and that it was to go is forgotten."""
    move.over(NEW)
    assert move.run(OLD, "apply", "--yes") == 0
    move.cloud.settle()
    assert move.run(OLD, "verify") == 0
    live = move.live(OLD)
    assert live
    assert moving.RETIRED not in live.environment
    assert move.run(OLD, "remove", "--other-generation", "--yes") == 0
    assert move.subscribed() == 1


def test_an_exemption_that_is_live_on_the_old_one_moves_along(
    move: Move, capsys: pytest.CaptureFixture[str]
) -> None:
    """What an undo put there alone stops the new one; and an undo in a move counts on both."""
    move.open("site")
    move.account.rest()
    assert move.run(OLD, "undo", "--yes", "--watch", "0", *UNDO) == 0
    assert move.run(NEW, "provision", "--yes") == 0
    assert move.run(NEW, "apply", "--yes") == 1
    assert "the live code exempts site" in capsys.readouterr().err

    assert move.run(NEW, "apply", "--yes", EXPECT_DROP="site", EXPECT_CLOSE="1") == 0
    assert move.run(NEW, "undo", "--yes", "--watch", "0", "--acl", "public-read", *UNDO) == 0
    for which in (OLD, NEW):
        live = move.live(which)
        assert live
        assert "site" in {each.bucket for each in live.exemptions().entries}


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
