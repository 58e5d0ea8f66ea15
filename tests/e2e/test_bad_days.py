"""Bad days, for every verb: who may not, who is stopped, who is not alone, how much there is."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from scripts.docs import permissions
from scripts.localcloud import Fail, Hold
from tests.account import Account, Moments
from tests.e2e import cases, stepwise
from tests.e2e.cases import CASES, Begin, Given
from tests.e2e.givens import deploy, deployed, nothing
from tests.e2e.stepwise import Stepwise, write_after
from tests.parts import age


@pytest.fixture(scope="session")
def begin(moments: Moments, tmp_path_factory: pytest.TempPathFactory) -> Begin:
    """What gives an account as somebody wants it, as often as wanted."""

    def begun(given: Given) -> Account:
        return cases.begin(moments, tmp_path_factory.mktemp("project"), given)

    return begun


def said(errors: str) -> list[str]:
    """The lines, but for the one that on 3.0 tells which file each command needs."""
    lines = errors.splitlines()
    return [line for line in lines if not line.startswith("commands that are told here need -t ")]


@pytest.mark.parametrize("verb", permissions.VERBS)
def test_expired_credentials_are_told_in_a_line(
    verb: str, begin: Begin, capsys: pytest.CaptureFixture[str]
) -> None:
    """Credentials past their end: exit code 1, and a line that says to renew them."""
    case = next(each for each in CASES if each.verb == verb)
    account = begin(nothing)
    account.may_only(permissions.of(verb))
    account.cloud.clock.advance(3601)
    assert case.run(account) == 1
    told = capsys.readouterr()
    (line,) = said(told.err)
    assert "have expired: renew them" in line
    assert not any(secret in told.err + told.out for secret in account.key[:3])


@pytest.mark.bad_days
@pytest.mark.parametrize("verb", permissions.VERBS)
def test_no_credentials_are_told_in_a_line(verb: str, begin: Begin) -> None:
    """Without credentials anywhere: exit code 1, and a line that says which variables to set."""
    case = next(each for each in CASES if each.verb == verb)
    account = begin(nothing)
    # The last place the chain looks is the machine's metadata: no proxy here leads there.
    environ = {"PREPARE_RULE_ID": "cr-1", "HTTP_PROXY": account.cloud.endpoints.oss}
    with account.process(verb, *case.arguments, **environ) as process:
        (line,) = said(process.communicate()[1])
    assert process.returncode == 1
    assert "set ALIBABA_CLOUD_ACCESS_KEY_ID" in line


@pytest.fixture(params=stepwise.VERBS)
def changing(request: pytest.FixtureRequest, begin: Begin) -> Stepwise:
    """A verb that changes an account write by write."""
    return Stepwise(request.param, begin)


@pytest.mark.bad_days
@pytest.mark.timeout(300)
def test_a_run_that_was_stopped_is_taken_up(changing: Stepwise) -> None:
    """Ended before any of its writes, and run again, it comes to the same end."""
    assert len(changing.writes) > 1
    for done, write in enumerate(changing.writes):
        account = changing.begin()
        with write_after(account, done, Fail(400, "Stopped")):
            assert changing.run(account) == 1, write
        assert changing.ends_well(account), write


@pytest.mark.bad_days
@pytest.mark.timeout(300)
def test_two_runs_at_once_end_as_one(changing: Stepwise) -> None:
    """Wherever a run is overtaken by another one, neither crashes, and the end is the same."""
    for done, write in enumerate(changing.writes):
        account, held = changing.begin(), Hold()
        with ThreadPoolExecutor(1) as other:
            with write_after(account, done, held) as reached:
                slow = other.submit(changing.run, account)
                assert reached.wait(30), write
            try:
                assert changing.run(account) == 0, write
            finally:
                held.released.set()
            assert slow.result() in (0, 1), write
            assert changing.ends_well(account), write


@pytest.mark.bad_days
@pytest.mark.timeout(300)
def test_a_proof_that_was_killed_leaves_nothing_for_long(begin: Begin) -> None:
    """verify --loop, killed at any of its writes: one that is run later takes its bucket away."""
    account = begin(deployed)
    key = account.key
    environ = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": key.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key.access_key_secret,
    }
    for done in range(4):  # made, tagged, its block lifted, opened
        held = Hold()
        with (
            write_after(account, done + 1, held) as reached,
            account.process("verify", "--loop", **environ) as process,
        ):
            assert reached.wait(60), process.communicate()
            process.kill()
        held.released.set()
        account.rest()
        (left,) = account.cloud.oss.names()
        age(account, left)
        assert account.run("verify", "--loop") == 0
        account.rest()
        assert account.cloud.oss.names() == []


THROTTLED = {
    "fc": Fail(429, "ResourceThrottled"),
    "log": Fail(403, "ReadQuotaExceed"),
    "oss": Fail(503, "ServiceUnavailable"),
}


@pytest.mark.bad_days
@pytest.mark.timeout(300)
@pytest.mark.parametrize("verb", permissions.VERBS)
def test_throttling_is_waited_for_or_told(
    verb: str, begin: Begin, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whichever call is throttled, once: it is made again, or a line says to run again."""
    case = next(each for each in CASES if each.verb == verb)
    account = begin(case.given)
    beginning, calls = account.beginning(), account.calls()
    assert case.run(account) == case.ends
    for operation in dict.fromkeys(calls()):
        account.begin_again(beginning)
        fault = THROTTLED.get(operation.partition(":")[0], Fail(429, "Throttling.User"))
        account.cloud.faults.add(operation, fault)
        capsys.readouterr()
        if case.run(account) != case.ends:
            told = capsys.readouterr()
            assert "run again" in told.err + told.out, operation
            assert case.run(account) == case.ends, operation


@pytest.mark.bad_days
def test_more_than_a_page_of_results(begin: Begin, capsys: pytest.CaptureFixture[str]) -> None:
    """With 101 buckets open, no verb stops at the hundredth."""
    account = begin(nothing)
    for number in range(101):
        region = "cn-beijing" if number else ""  # a region has room for 100
        account.cloud.oss.create(f"open-{number}", acl="public-read", region=region)
    account.shell["EXPECT_CLOSE"] = "101"
    deploy(account)

    def run(verb: str, *arguments: str) -> Any:
        capsys.readouterr()
        assert account.run(verb, *arguments, "--json") == 0
        return json.loads(capsys.readouterr().out)

    assert run("evaluate", "--expect", "101")["closes"] == 101
    account.rest()
    assert {bucket.acl for bucket in account.cloud.oss.all()} == {"private"}
    assert len(run("status")["buckets"]) == 101
    assert run("audit")["outcomes"] == {"repaired": 101}


def test_nothing_to_do_is_said(begin: Begin, capsys: pytest.CaptureFixture[str]) -> None:
    """Where there is nothing to do, nothing is asked or written: exit code 0, and a line."""
    assert begin(nothing).run("remove") == 0
    account = begin(deployed)
    for verb in ("provision", "apply", "evaluate", "status", "audit"):
        capsys.readouterr()
        assert account.run(verb) == 0
        assert re.search("nothing to do|no bucket yet|no audit line", capsys.readouterr().out)
    assert account.writes() == []
