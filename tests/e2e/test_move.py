"""From Function Compute 2.0 to 3.0 and back, while findings come and verbs are killed."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from scripts.account import moving
from scripts.declared import Generation
from scripts.localcloud import Fail
from tests.account import ALONE, QUEUE
from tests.e2e.givens import UNDO
from tests.e2e.move import EXEMPT, LEAST, NEW, OLD, PLACES, RETIRING, WAITED, WRITES, Move
from tests.parts import code_of, derive, edit, held_at, remediate

# A move is of both at once, and begins on 2.0.
pytestmark = pytest.mark.parametrize("generation", [Generation.FC2], ids=str, indirect=True)


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
    remediate(path, "encryption:${env(ENCRYPTION_RULE_ID)}:enforce")
    derive(path)
    assert move.run(OLD, "provision", "--yes") == 0
    move.account.rest()
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


def test_a_pause_comes_before_the_look_at_the_other_one(
    move: Move, capsys: pytest.CaptureFixture[str]
) -> None:
    """The brake works where the other Function Compute is out of order, or may not be read."""
    move.cloud.faults.add("fc:GetFunction", Fail(403, "AccessDenied"), subject=ALONE, times=8)
    assert move.run(OLD, "pause") == 1
    assert ALONE in capsys.readouterr().err
    live = move.live(OLD)
    assert live
    assert live.pause


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


def test_who_undoes_while_the_new_one_is_made_is_heeded(
    move: Move, capsys: pytest.CaptureFixture[str]
) -> None:
    """It gets no trigger as long as it would close what is exempt on the old one by now."""
    move.open("site")
    move.account.rest()
    assert move.run(NEW, "provision", "--yes") == 0
    move.cloud.settle()
    where = held_at(move.cloud, "fc:CreateFunction", 0)
    with ThreadPoolExecutor(1) as other, where as (held, reached):
        slow = other.submit(move.run, NEW, "apply", "--yes")
        assert reached.wait(60)
        assert move.run(OLD, "undo", "--yes", "--watch", "0", *UNDO) == 0
        held.released.set()
        assert slow.result() == 1
    assert move.run(NEW, "apply", "--yes") == 1
    assert "the live code exempts site" in capsys.readouterr().err
    assert move.subscribed() == 1


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
    move.cloud.settle()
    assert move.run(NEW, "doctor") == 1
    assert "findings go to it alone" in " ".join(capsys.readouterr().out.split())


def test_the_old_trigger_stays_as_long_as_the_new_one_can_close_nothing(
    move: Move, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its role lacks the policy, as where provision was killed; or there is no failure queue."""
    assert move.run(NEW, "provision", "--yes") == 0
    assert move.run(NEW, "apply", "--yes") == 0
    move.cloud.settle()
    move.cloud.ram.roles[LEAST].attached.clear()
    assert move.run(NEW, "remove", "--other-generation", "--yes") == 1
    assert "`resource-repair provision -t s.fc3.yaml` mends that" in capsys.readouterr().err
    assert move.run(NEW, "provision", "--yes") == 0
    move.cloud.mns.delete_queue(QUEUE)
    assert move.run(NEW, "remove", "--other-generation", "--yes") == 1
    assert f"(queue {QUEUE})" in capsys.readouterr().err
    assert move.subscribed() == 2


def test_a_trigger_that_was_renamed_with_the_move_is_told(
    move: Move, capsys: pytest.CaptureFixture[str]
) -> None:
    """The old one is not said to get no findings as long as it is called by the old name."""
    edit(move.account.path, "name: ConfigRuleNonComplianceMNSTrigger", "name: Renamed")
    derive(move.account.path)
    assert move.run(NEW, "provision", "--yes") == 0
    assert move.run(NEW, "apply", "--yes") == 0
    assert move.run(NEW, "remove", "--other-generation", "--yes") == 1
    assert "is called by ConfigRuleNonComplianceMNSTrigger too" in capsys.readouterr().err
    assert move.run(OLD, "apply", "--yes") == 0
    assert move.run(NEW, "remove", "--other-generation", "--yes") == 0
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
    assert "remove --other-generation -t s.fc3.yaml" in " ".join(capsys.readouterr().out.split())
    assert move.run(OLD, "doctor") == 1  # who forgets the -t is not told to take the new one away
    told = " ".join(capsys.readouterr().out.split())
    assert "--other-generation" not in told
    assert "resource-repair apply -t s.yaml" in told

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


def test_the_way_back_goes_by_what_closes_buckets_now(
    move: Move, capsys: pytest.CaptureFixture[str]
) -> None:
    """And not by what the retired one once did: what is reported or exempt now stays open."""
    move.over(NEW)
    live = move.live(NEW)
    assert live
    live.set_environment({**live.environment, "repairMode": "report"})
    for number in range(21):
        move.open(f"reported-{number}")
    move.account.rest()
    assert move.run(OLD, "doctor", "--before-deploy") == 1
    assert move.run(OLD, "apply", "--yes") == 1
    assert "EXPECT_CLOSE=21" in capsys.readouterr().err
    assert move.subscribed() == 1

    move.open("site")
    assert move.run(NEW, "undo", "--yes", "--watch", "0", "--acl", "public-read", *UNDO) == 0
    built = move.account.spec.function.code.read_bytes()
    move.account.update(code=code_of(built))  # as if it had come to the one in use alone
    assert move.run(OLD, "apply", "--yes", EXPECT_CLOSE="22") == 1
    assert "the live code exempts site" in capsys.readouterr().err


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
