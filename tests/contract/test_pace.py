"""What verbs wait for where Cloud Config takes its time, as it does on an account.

Time is the verbs' own here: nobody sleeps, and what they would sleep through passes for the cloud.
"""

import re
from types import SimpleNamespace

import pytest
from alibabacloud_config20200907 import models as config

from scripts import patience
from scripts.flows import follow, proof
from scripts.localcloud import LocalCloud
from scripts.localcloud.config.rules import Rule
from tests.account import RULE, Account
from tests.contract.spoil import MANAGED

WINDOW = 660  # seconds: about ten minutes, and what an evaluation itself takes


class Windows:
    """Time that passes when somebody sleeps: at the end of each window Cloud Config evaluates."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.now = 0.0
        self._cloud = cloud
        cloud.config.evaluates_after = 1e9  # at the end of a window, and never else

    def sleep(self, seconds: float) -> None:
        """Let them pass; what comes of findings has come when they have."""
        windows = self.now // WINDOW
        self.now += seconds
        if self.now // WINDOW > windows:
            for part in (self._cloud.config, self._cloud.mns, self._cloud.fc):
                assert part.wait_idle(30)


def slow(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> Windows:
    """The windows of a cloud, in which verbs wait from now on."""
    windows = Windows(cloud)
    clock = SimpleNamespace(sleep=windows.sleep, monotonic=lambda: windows.now)
    for module in (patience, follow, proof):
        monkeypatch.setattr(module, "time", clock)
    return windows


@pytest.fixture
def windows(product: Account, monkeypatch: pytest.MonkeyPatch) -> Windows:
    """The product, with a cloud that evaluates at the end of a window."""
    return slow(product.cloud, monkeypatch)


def test_a_proof_has_the_time_that_two_evaluations_take(
    product: Account, windows: Windows, capsys: pytest.CaptureFixture[str]
) -> None:
    """One finds the bucket open, and one, of the next window, finds it closed: by default both."""
    assert product.run("verify", "--loop") == 0
    assert windows.now > 2 * WINDOW
    told = capsys.readouterr().out
    assert "waiting for: evaluated" in told
    assert "waiting for: compliant" in told


def test_so_has_an_evaluation_on_demand(
    product: Account, windows: Windows, capsys: pytest.CaptureFixture[str]
) -> None:
    """And each minute it is said that it still waits."""
    product.plant(first="public-read")
    assert product.run("evaluate", "--expect", "1") == 0
    assert windows.now > 2 * WINDOW
    told = capsys.readouterr().out
    for state in ("EVALUATING", "ACTIVE"):  # a minute, and the look that comes after
        assert told.count(f"the rule is {state}; 0 of 1 closed") >= WINDOW // 70


def test_an_evaluation_that_is_under_way_is_waited_for_first(
    product: Account, windows: Windows, capsys: pytest.CaptureFixture[str]
) -> None:
    """However many minutes of its own that takes."""
    product.cloud.config.start_evaluation(product.rule_id)
    assert product.run("evaluate", "--dry-run") == 0
    assert windows.now >= WINDOW
    assert "waiting for that to end" in capsys.readouterr().out


def test_provision_does_not_wait_for_the_first_evaluation_and_apply_does(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before it has ended nobody knows how many buckets a first deploy closes."""
    windows = slow(account.cloud, monkeypatch)
    account.cloud.oss.create("first", acl="public-read")
    assert account.run("provision", "--yes") == 0
    assert account.cloud.config.evaluating(account.rule_id)
    assert windows.now < WINDOW
    assert account.run("apply", "--yes") == 0
    assert windows.now >= WINDOW
    told = capsys.readouterr().out
    assert "the rule is EVALUATING already: waiting for that to end" in told
    assert "1 bucket that is non-compliant and not exempt will be closed" in told


# Rules that were made or deleted a moment ago


def delete(account: Account, rule: Rule) -> None:
    """Somebody deletes it in the console."""
    request = config.DeleteConfigRulesRequest(config_rule_ids=rule.id)
    account.clients.config.delete_config_rules(request)


def test_provision_waits_until_its_rule_is_listed(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """So that what looks for it next finds it; each further look is told, with the reason."""
    assert account.run("provision", "--yes") == 0
    told = capsys.readouterr().err
    assert told.count(f"since the rule {RULE} was just made; trying again in") == 2
    assert account.cloud.config.shown_rule(account.rule_id).active


def test_a_rule_that_stays_unlisted_is_told_after_two_minutes(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the service's clock, with both explanations."""
    cloud = account.cloud
    clock = SimpleNamespace(sleep=cloud.clock.advance, monotonic=cloud.clock.now)
    monkeypatch.setattr(patience, "time", clock)
    cloud.config.lag.reads = 1000
    start = cloud.clock.now()
    assert account.run("provision", "--yes") == 1
    assert 100 < cloud.clock.now() - start < 200
    last = capsys.readouterr().err.splitlines()[-1]
    assert f"on {RULE} failed: NotSeenYet" in last
    assert f"or the rule {RULE} was just made, and that has not spread yet: run again" in last


def test_provision_waits_for_the_end_of_a_deletion(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """The name of a rule that is DELETING is not free; then it is made anew."""
    old = account.cloud.config.create_rule(RULE, MANAGED)
    delete(account, old)
    assert account.run("provision", "--yes") == 0
    assert f"the rule {RULE} is being deleted" in capsys.readouterr().out
    assert account.rule_id not in ("", old.id)


def test_one_that_does_not_end_is_in_the_way(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told then, and nothing is made."""
    windows = slow(account.cloud, monkeypatch)
    account.cloud.config.lag.reads = 1000
    delete(account, account.cloud.config.create_rule(RULE, MANAGED))
    assert account.run("provision", "--yes") == 1
    assert windows.now >= patience.TIMEOUT
    assert "is still being deleted: wait some minutes, and run again" in capsys.readouterr().err
    assert account.cloud.mns.topics() == []


def test_remove_waits_until_what_lingers_is_gone(
    deployed: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rule, log store and log project are there for a while after they were deleted."""
    assert deployed.run("remove", "--yes", "--roles") == 0
    told = capsys.readouterr().err
    for kind in ("rule", "log store"):  # who looked for the store has looked for the project, too
        assert re.search(f"since the {kind} [^ ]+ was just deleted; trying again in", told)
    assert deployed.run("provision", "--yes") == 0


def test_what_does_not_go_is_told_when_all_else_has_gone(
    deployed: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """After two minutes by the service's clock, with both explanations."""
    cloud = deployed.cloud
    clock = SimpleNamespace(sleep=cloud.clock.advance, monotonic=cloud.clock.now)
    monkeypatch.setattr(patience, "time", clock)
    cloud.config.lag.reads = 1000
    assert deployed.run("remove", "--yes", "--roles") == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert f"on {RULE} failed: StillThere" in last
    assert f"or the rule {RULE} was just deleted, and that has not spread yet: run again" in last
    assert cloud.mns.topics() == []


def test_what_is_going_when_its_turn_comes_is_not_kept(
    deployed: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody else deleted the rule a moment ago: nothing says that it was there before."""
    delete(deployed, deployed.cloud.config.rule(deployed.rule_id))
    assert deployed.run("remove", "--yes", "--roles") == 0
    assert "it was there before" not in capsys.readouterr().out
