"""Bad days, for every verb: who may not, who is stopped, who is not alone, how much there is."""

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from scripts.account.permission import Permission
from scripts.docs import permissions
from scripts.localcloud import Fail, Hold, LocalCloud
from tests.e2e import stepwise
from tests.e2e.cases import CASES, Case, age, deployed
from tests.e2e.operator_rig import ROLE, Operator
from tests.e2e.stepwise import OpenAccount, Stepwise, write_after

# Refusals that are tried each time: of a read, of a write, and of one that only a hint names.
SAMPLE = {
    ("status", "oss:GetBucketInfo"),
    ("remove", "fc:DeleteTrigger"),
    ("apply", "ram:PassRole"),
}


@pytest.fixture(scope="session")
def open_account(code: Path, tmp_path_factory: pytest.TempPathFactory) -> OpenAccount:
    """An operator with an account for themselves, as often as wanted."""

    @contextmanager
    def opened() -> Iterator[Operator]:
        with LocalCloud() as cloud:
            yield Operator(cloud, tmp_path_factory.mktemp("project"), code)

    return opened


def declared(verb: str) -> tuple[Permission, ...]:
    """What a verb says that it needs."""
    found: tuple[Permission, ...] = permissions.of(verb)
    return found


def asked(operator: Operator) -> set[str]:
    """The set that gets each action for which the operator's role is asked, from now on."""
    found: set[str] = set()
    ram = operator.cloud.ram
    authorized = ram.authorized

    def noting(principal: Any, action: str, resource: str) -> bool:
        if principal.role == ROLE:
            found.add(action)
        return authorized(principal, action, resource)

    ram.authorized = noting  # type: ignore[method-assign]
    return found


@pytest.fixture(scope="session")
def takes(open_account: OpenAccount) -> Callable[[Case], set[str]]:
    """What a case takes, each run once by somebody who has the verb's permissions and no other."""
    known: dict[int, set[str]] = {}

    def run(case: Case) -> set[str]:
        place = CASES.index(case)
        if place not in known:
            with open_account() as operator:
                case.given(operator)
                operator.may_only(declared(case.verb))
                known[place] = asked(operator)
                assert case.run(operator) == case.ends
        return known[place]

    return run


@pytest.mark.bad_days
@pytest.mark.parametrize("verb", permissions.VERBS)
def test_what_a_verb_declares_is_enough_and_not_too_much(
    verb: str, takes: Callable[[Case], set[str]]
) -> None:
    """Who has these permissions and no other can do all of it, and there is use for each."""
    used = set[str]().union(*(takes(case) for case in CASES if case.verb == verb))
    assert used == {each.action for each in declared(verb)}


def refusals() -> Iterator[Any]:
    """Every permission of every verb."""
    for verb in permissions.VERBS:
        for action in dict.fromkeys(each.action for each in declared(verb)):
            marks = [] if (verb, action) in SAMPLE else [pytest.mark.bad_days]
            yield pytest.param(verb, action, marks=marks)


@pytest.mark.parametrize(("verb", "action"), list(refusals()))
def test_a_refused_permission_is_named_with_its_statement(
    verb: str,
    action: str,
    open_account: OpenAccount,
    takes: Callable[[Case], set[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Who lacks one of a verb's permissions is told which, and the statement to add."""
    case = next(each for each in CASES if each.verb == verb and action in takes(each))
    with open_account() as operator:
        case.given(operator)
        operator.may_only(each for each in declared(verb) if each.action != action)
        capsys.readouterr()
        assert case.run(operator) == 1

        told = capsys.readouterr()
        where = (operator.cloud.account_id, operator.cloud.region)
        for permission in declared(verb):
            statement = json.dumps(permission.statement(*where))
            assert (statement in told.out) == (permission.action == action)
        assert operator.key.access_key_secret not in told.out + told.err


@pytest.mark.parametrize("verb", permissions.VERBS)
def test_expired_credentials_are_told_in_a_line(
    verb: str, open_account: OpenAccount, capsys: pytest.CaptureFixture[str]
) -> None:
    """Credentials past their end: exit code 1, and a line that says to renew them."""
    case = next(each for each in CASES if each.verb == verb)
    with open_account() as operator:
        operator.may_only(declared(verb))
        operator.cloud.clock.advance(3601)
        assert case.run(operator) == 1
    line = capsys.readouterr().err
    assert "have expired: renew them" in line
    assert line.count("\n") == 1


@pytest.mark.bad_days
@pytest.mark.parametrize("verb", permissions.VERBS)
def test_no_credentials_are_told_in_a_line(verb: str, open_account: OpenAccount) -> None:
    """Without credentials anywhere: exit code 1, and a line that says which variables to set."""
    case = next(each for each in CASES if each.verb == verb)
    with open_account() as operator:
        # The last place the chain looks is the machine's metadata: no proxy here leads there.
        environ = {"PREPARE_RULE_ID": "cr-1", "HTTP_PROXY": operator.cloud.endpoints.oss}
        with operator.command(verb, *case.arguments, **environ) as process:
            line = process.communicate()[1]
    assert process.returncode == 1
    assert "set ALIBABA_CLOUD_ACCESS_KEY_ID" in line
    assert line.count("\n") == 1


@pytest.fixture(params=stepwise.VERBS)
def changing(request: pytest.FixtureRequest, open_account: OpenAccount) -> Iterator[Stepwise]:
    """A verb that changes an account write by write."""
    with open_account() as operator:
        yield Stepwise(request.param, operator)


@pytest.mark.bad_days
@pytest.mark.timeout(300)
def test_a_run_that_was_stopped_is_taken_up(changing: Stepwise) -> None:
    """Ended before any of its writes, and run again, it comes to the same end."""
    assert len(changing.writes) > 1
    for done, write in enumerate(changing.writes):
        operator = changing.begin()
        with write_after(operator, done, Fail(400, "Stopped")):
            assert changing.run(operator) == 1, write
        assert changing.ends_well(operator), write


@pytest.mark.bad_days
@pytest.mark.timeout(300)
def test_two_runs_at_once_end_as_one(changing: Stepwise) -> None:
    """Wherever a run is overtaken by another one, neither crashes, and the end is the same."""
    for done, write in enumerate(changing.writes):
        operator, held = changing.begin(), Hold()
        with ThreadPoolExecutor(1) as other:
            with write_after(operator, done, held) as reached:
                slow = other.submit(changing.run, operator)
                assert reached.wait(30), write
            try:
                assert changing.run(operator) == 0, write
            finally:
                held.released.set()
            assert slow.result() in (0, 1), write
            assert changing.ends_well(operator), write


@pytest.mark.bad_days
@pytest.mark.timeout(300)
def test_a_proof_that_was_killed_leaves_nothing_for_long(open_account: OpenAccount) -> None:
    """verify --loop, killed at any of its writes: one that is run later takes its bucket away."""
    with open_account() as operator:
        deployed(operator)
        key = operator.key
        environ = {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": key.access_key_id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key.access_key_secret,
        }
        for done in range(4):  # made, tagged, its block lifted, opened
            held = Hold()
            with (
                write_after(operator, done + 1, held) as reached,
                operator.command("verify", "--loop", **environ) as process,
            ):
                assert reached.wait(60), process.communicate()
                process.kill()
            held.released.set()
            operator.rest()
            (left,) = operator.cloud.oss.names()
            age(operator, left)
            assert operator.run("verify", "--loop") == 0
            operator.rest()
            assert operator.cloud.oss.names() == []


THROTTLED = {
    "fc": Fail(429, "ResourceThrottled"),
    "log": Fail(403, "ReadQuotaExceed"),
    "oss": Fail(503, "ServiceUnavailable"),
}


@pytest.mark.bad_days
@pytest.mark.timeout(300)
@pytest.mark.parametrize("verb", permissions.VERBS)
def test_throttling_is_waited_for_or_told(
    verb: str, open_account: OpenAccount, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whichever call is throttled, once: it is made again, or a line says to run again."""
    case = next(each for each in CASES if each.verb == verb)
    with open_account() as operator:
        case.given(operator)
        beginning, calls = operator.beginning(), operator.calls()
        assert case.run(operator) == case.ends
        for operation in dict.fromkeys(calls()):
            operator.begin_again(beginning)
            fault = THROTTLED.get(operation.partition(":")[0], Fail(429, "Throttling.User"))
            operator.cloud.faults.add(operation, fault)
            capsys.readouterr()
            if case.run(operator) != case.ends:
                told = capsys.readouterr()
                assert "run again" in told.err + told.out, operation
                assert case.run(operator) == case.ends, operation


@pytest.mark.bad_days
def test_more_than_a_page_of_results(
    open_account: OpenAccount, capsys: pytest.CaptureFixture[str]
) -> None:
    """With 101 buckets open, no verb stops at the hundredth."""
    with open_account() as operator:
        for number in range(101):
            operator.cloud.oss.create(f"open-{number}", acl="public-read")
        operator.environ["EXPECT_CLOSE"] = "101"
        deployed(operator)

        def run(verb: str, *arguments: str) -> Any:
            capsys.readouterr()
            assert operator.run(verb, *arguments, "--json") == 0
            return json.loads(capsys.readouterr().out)

        assert run("evaluate", "--expect", "101")["closes"] == 101
        operator.rest()
        assert {bucket.acl for bucket in operator.cloud.oss.all()} == {"private"}
        assert len(run("status")["buckets"]) == 101
        assert run("audit")["outcomes"] == {"repaired": 101}


def test_nothing_to_do_is_said(
    open_account: OpenAccount, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where there is nothing to do, nothing is asked or written: exit code 0, and a line."""
    with open_account() as operator:
        assert operator.run("remove") == 0
        deployed(operator)
        operator.rest()
        written = operator.account.writes()
        for verb in ("provision", "apply", "evaluate", "status", "audit"):
            capsys.readouterr()
            assert operator.run(verb) == 0
            assert re.search("nothing to do|no bucket yet|no audit line", capsys.readouterr().out)
        assert operator.account.writes() == written
