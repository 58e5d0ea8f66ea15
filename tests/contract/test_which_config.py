"""Which of two Cloud Configs is the account's: told by reads alone, and remembered in .env."""

import pytest

from scripts import patience
from scripts.declared.dotenv import environment
from scripts.localcloud import Fail
from tests.account import RULE, Account

CHINA, INTERNATIONAL = "cn-shanghai", "ap-southeast-1"
RECORDER = "config:GetConfigurationRecorder"
SAYS = "say which: set CONFIG_REGION=cn-shanghai"


@pytest.fixture
def two(account: Account) -> Account:
    """An account, and two Cloud Configs that its verbs can ask."""
    return choosing(account)


@pytest.fixture
def working(sound: Account) -> Account:
    """The same with all in place, and nothing of it known in .env."""
    return choosing(sound)


def choosing(account: Account) -> Account:
    """The endpoint of each region is the local cloud's, by a name of its own."""
    address = account.cloud.endpoints.config.removeprefix("http://")
    account.shell["RESOURCE_REPAIR_CONFIG_ENDPOINT"] = f"http://{{region}}.{address}"
    return account


@pytest.fixture(params=["refuses", "off"])
def elsewhere(request: pytest.FixtureRequest) -> str:
    """How the other one may answer."""
    return str(request.param)


@pytest.mark.parametrize("site", [CHINA, INTERNATIONAL])
def test_the_one_that_serves_the_account_is_found_and_remembered(
    two: Account, site: str, elsewhere: str
) -> None:
    """Whatever the region. What provision found stands in .env, and then no other is asked."""
    two.cloud.config.site, two.cloud.config.elsewhere = site, elsewhere
    assert two.run("provision", "--yes") == 0
    assert [rule.name for rule in two.cloud.config.rules()] == [RULE]
    assert environment(two.env, {})["CONFIG_REGION"] == site

    two.cloud.config.site = ""
    calls = two.calls()
    assert two.run("provision", "--yes") == 0
    assert calls().count(RECORDER) == 1


@pytest.mark.parametrize("verb", ["doctor", "status", "remove"])
def test_other_verbs_ask_each_time_and_write_nothing_down(
    working: Account, verb: str, elsewhere: str
) -> None:
    """Where .env has nothing, as one of before this, they find it all the same."""
    working.cloud.config.site, working.cloud.config.elsewhere = INTERNATIONAL, elsewhere
    before = working.env.read_text()
    assert "CONFIG_REGION" not in before
    assert working.run(verb, *(["--dry-run"] if verb == "remove" else [])) == 0
    assert working.env.read_text() == before


def test_where_both_are_the_same_either_will_do(working: Account) -> None:
    """Both have our rule, with one id."""
    assert working.run("doctor") == 0


def test_where_both_would_do_and_none_has_the_rule_nothing_is_written(
    two: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is not told by the region: CONFIG_REGION says it, in .env or in the shell."""
    assert two.run("provision", "--yes") == 1
    assert SAYS in capsys.readouterr().err
    assert two.writes() == []

    assert two.run("provision", "--yes", CONFIG_REGION=INTERNATIONAL) == 0
    assert environment(two.env, {})["CONFIG_REGION"] == INTERNATIONAL


def test_where_it_is_on_nowhere_that_is_told(
    two: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the console of either site."""
    two.cloud.config.recorder = "REGISTRABLE"
    assert two.run("provision", "--yes") == 1
    assert "neither in cn-shanghai nor in ap-southeast-1: activate it" in capsys.readouterr().err
    assert two.writes() == []


def test_the_one_that_knows_the_account_is_its_own_even_if_off(
    two: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """The other one refuses."""
    two.cloud.config.site, two.cloud.config.recorder = INTERNATIONAL, "REGISTRABLE"
    assert two.run("provision", "--yes") == 1
    assert "Cloud Config is not switched on in this account" in capsys.readouterr().err


@pytest.mark.parametrize("fault", [Fail(404, "AccountNotExisted"), Fail(403, "NoPermission")])
def test_where_both_refuse_it_is_one_error(
    two: Account, fault: Fail, capsys: pytest.CaptureFixture[str]
) -> None:
    """That of the first, where they agree."""
    two.cloud.faults.add(RECORDER, fault, times=2)
    assert two.run("provision", "--yes") == 1
    error = capsys.readouterr().err
    assert error.count(fault.code) == 1
    assert two.writes() == []


def test_where_both_refuse_otherwise_both_are_told(
    two: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each with its code."""
    two.cloud.faults.add(RECORDER, Fail(404, "AccountNotExisted"))
    two.cloud.faults.add(RECORDER, Fail(403, "Forbidden.Site"))
    assert two.run("provision", "--yes") == 1
    error = capsys.readouterr().err
    assert "in cn-shanghai: AccountNotExisted; in ap-southeast-1: Forbidden.Site" in error
    assert SAYS in error


@pytest.mark.parametrize("fault", [Fail(500, "InternalError"), Fail(403, "NoPermission")])
def test_what_says_nothing_may_be_the_one(
    two: Account,
    fault: Fail,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No answer, or none to these credentials, is no proof, and nothing is written at the other."""
    monkeypatch.setattr(patience, "WITHIN", 0.0)
    two.cloud.faults.add(RECORDER, fault)
    assert two.run("provision", "--yes") == 1
    assert SAYS in capsys.readouterr().err
    assert two.writes() == []


def test_the_rule_is_proof_enough(working: Account) -> None:
    """Where it is found, it does not matter that the other one says nothing."""
    working.cloud.faults.add(RECORDER, Fail(403, "NoPermission"))
    assert working.run("status") == 0


def test_a_wrong_region_of_cloud_config_is_refused(
    two: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its name, with those that there are; one that does not serve the account is told, too."""
    assert two.run("doctor", CONFIG_REGION="cn-hangzhou") == 2
    assert "CONFIG_REGION is 'cn-hangzhou'" in capsys.readouterr().err

    two.cloud.config.site = INTERNATIONAL
    assert two.run("provision", "--yes", CONFIG_REGION=CHINA) == 1
    assert "does not serve the account: look at CONFIG_REGION" in capsys.readouterr().err


def test_doctor_tells_once_why_cloud_config_cannot_be_chosen(
    two: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """At the first link that needs it; the others refer to that one."""
    assert two.run("doctor") == 1
    said = " ".join(capsys.readouterr().out.split())
    assert said.count("set CONFIG_REGION=cn-shanghai (China site)") == 1
    assert said.count("not known either: see Cloud Config") > 1
