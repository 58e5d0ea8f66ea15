"""What was just made is not known to others at once: what is refused for that is waited for."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from scripts import patience
from scripts.localcloud import Fail, LocalCloud
from tests.account import Account, Moments

LOOKS = 3
WORDLESS = Fail(403, "AccessDenied")
ROLE = "resource-repair-role"


def provisioned(account: Account) -> None:
    """What the spec presumes is there."""
    assert account.run("provision", "--yes") == 0
    account.rest()


def waiting_on(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits lets the services' clocks go on, and takes no time."""
    clock = SimpleNamespace(sleep=cloud.clock.advance, monotonic=cloud.clock.now)
    monkeypatch.setattr(patience, "time", clock)


@pytest.fixture
def account(moments: Moments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    """The project, provisioned long ago, and nothing of it deployed."""
    account = moments.after(provisioned, tmp_path)
    account.cloud.clock.advance(3600)
    waiting_on(account.cloud, monkeypatch)
    return account


@pytest.fixture
def new(moments: Moments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    """The project, and an account with nothing on it."""
    account = moments.nothing(tmp_path)
    waiting_on(account.cloud, monkeypatch)
    return account


def leave_the_role(account: Account) -> None:
    """Nothing is left of a deployment but the role and its policies; that was a while ago."""
    account.deploy()
    spec, fc = account.spec, account.clients.fc
    fc.delete_trigger(spec.service.name, spec.function.name, spec.trigger.name)
    fc.delete_function(spec.service.name, spec.function.name)
    fc.delete_service(spec.service.name)
    account.cloud.clock.advance(121)


def seconds(cloud: LocalCloud) -> Callable[[], float]:
    """What gives how much time has passed since now by the services' clocks."""
    start = cloud.clock.now()
    return lambda: cloud.clock.now() - start


def test_a_new_role_that_function_compute_does_not_know_yet_is_waited_for(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Refused as for a permission, CreateService is tried again, and each time it is told why."""
    account.cloud.spreading.looks = LOOKS
    assert account.run("apply", "--yes") == 0
    told = capsys.readouterr().err
    assert told.count("fc:CreateService on resource_repair is refused for now") == LOOKS
    assert told.count(f"since the role {ROLE} was just made or changed; trying again in") == LOOKS


def test_so_is_a_new_role_of_the_trigger(new: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """Also where another run has made it a moment ago: RAM tells when it was made."""
    new.cloud.spreading.looks = LOOKS
    assert new.run("provision", "--yes") == 0
    assert new.run("apply", "--yes") == 0
    told = capsys.readouterr().err
    assert told.count("fc:CreateTrigger on") == LOOKS
    assert "since the role AliyunMNSNotificationRole was just made" in told
    assert new.run("verify") == 0


def test_it_is_waited_for_two_minutes_by_the_services_clocks_and_both_explanations_are_told(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may not have spread yet, or a permission is missing, of which the statement is given."""
    account.cloud.faults.add("fc:CreateService", WORDLESS, times=100)
    passed = seconds(account.cloud)
    assert account.run("apply", "--yes") == 1
    told = capsys.readouterr()
    assert 100 < passed() < 150
    last = told.err.splitlines()[-1]
    assert "allow fc:CreateService to whoever these credentials are" in last
    assert (
        f"or the role {ROLE} was just made or changed, and that has not spread yet: run again"
        in last
    )
    assert '"Action": "fc:CreateService"' in told.out
    assert "created role" in told.out


def test_a_role_that_is_older_than_two_minutes_is_not_waited_for(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Then it is the permission: told at once."""
    leave_the_role(account)
    capsys.readouterr()
    account.cloud.faults.add("fc:CreateService", WORDLESS)
    assert account.run("apply", "--yes") == 1
    told = capsys.readouterr().err
    assert ("trying again" in told, "spread" in told) == (False, False)
    assert "allow fc:CreateService" in told


def test_a_role_that_this_run_has_changed_is_as_a_new_one(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """However old it is: that it has its policies now has not spread either."""
    leave_the_role(account)
    capsys.readouterr()
    for kind, name in list(account.cloud.ram.role(ROLE).attached):
        account.cloud.ram.detach(ROLE, kind, name)
    words = "No permission to access the logstore 'audit' in project 'x'."
    account.cloud.faults.add("fc:CreateService", Fail(403, "AccessDenied", words), times=2)
    assert account.run("apply", "--yes") == 0
    assert capsys.readouterr().err.count("was just made or changed; trying again") == 2


@pytest.mark.parametrize(
    "refusal",
    [
        "the caller is not authorized to perform 'fc:CreateService' on resource 'services/*'",
        "FC service is not enabled for current user",
        "refused by an explicit deny",
        "You are not authorized to do this action. Resource: * Action: ram:PassRole",
    ],
)
def test_a_refusal_that_names_the_caller_ends_at_once(
    account: Account, capsys: pytest.CaptureFixture[str], refusal: str
) -> None:
    """However new the role is."""
    account.cloud.faults.add("fc:CreateService", Fail(403, "AccessDenied", refusal))
    assert account.run("apply", "--yes") == 1
    assert "trying again" not in capsys.readouterr().err


def test_what_another_refusal_is_for_is_not_waited_for(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """A new role does not explain a field that is wrong."""
    account.cloud.faults.add("fc:CreateService", Fail(400, "InvalidArgument", "no such field"))
    assert account.run("apply", "--yes") == 1
    assert "trying again" not in capsys.readouterr().err


def test_a_new_log_project_store_and_topic_are_waited_for(
    new: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """As long as a new role is: an index that finds no store, a channel that reaches no topic."""
    new.cloud.spreading.looks = 9
    assert new.run("provision", "--yes") == 0
    told = capsys.readouterr().err
    assert f"since the log project {new.log_project} was just made" in told
    assert f"since the log store {new.log_project}/audit was just made" in told
    assert "since the topic MNSTestConfig was just made" in told


def test_so_is_what_an_alert_of_a_new_log_project_searches(
    new: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Log Service may find neither its project nor its store at first."""
    store = f"{new.log_project}/audit"
    for missed in (
        Fail(404, "ProjectNotExist", f"The Project does not exist : {new.log_project}"),
        Fail(404, "LogStoreNotExist", "logstore audit does not exist"),
    ):
        new.cloud.faults.add("log:CreateAlert", missed, times=7)
    assert new.run("provision", "--yes", ALERT_WEBHOOK="https://hook.example/x") == 0
    told = capsys.readouterr().err
    assert told.count(f"since the log project {new.log_project} was just made") >= 7
    assert told.count(f"since the log store {store} was just made") >= 7


@pytest.mark.parametrize(
    "refusal", [Fail(503, "ServerBusy"), Fail(404, "LogStoreNotExist", "logstore audit …")]
)
def test_a_log_store_is_marked_also_where_its_tag_is_refused_at_first(
    new: Account, refusal: Fail
) -> None:
    """In a project of somebody else: without it, nobody could tell later on whose it is."""
    new.cloud.log.create_project(new.log_project, "theirs")
    new.cloud.faults.add("log:TagResources", refusal)
    assert new.run("provision", "--yes") == 0
    assert new.cloud.log.store(new.log_project, "audit").tags


def test_a_new_log_project_that_stays_unknown_is_told_after_two_minutes(
    new: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """With both explanations, and what was done until then."""
    new.cloud.spreading.looks = 1000
    passed = seconds(new.cloud)
    assert new.run("provision", "--yes") == 1
    told = capsys.readouterr()
    assert 100 < passed() < 200
    last = told.err.splitlines()[-1]
    assert f"The Project does not exist : {new.log_project}" in last
    assert "was just made, and that has not spread yet: run again in some minutes" in last
    assert "created log project" in told.out


def test_a_log_project_that_is_not_there_is_told_soon(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """No run has made it just now: that somebody else may have is borne for some seconds."""
    account.cloud.log.delete_project(account.log_project)
    passed = seconds(account.cloud)
    assert account.run("apply", "--yes") == 1
    assert passed() < 60
    told = capsys.readouterr().err
    assert "spread" not in told
    assert "; or it was made by another run just now: run again in some minutes" in told
