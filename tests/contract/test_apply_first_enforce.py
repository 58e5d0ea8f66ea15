"""The number of buckets that is to be given before apply first enforces."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import yaml

from resource_repair.exemptions import Exemption, Exemptions, fields
from tests.account import Account, Moments
from tests.contract.spoil import inactive_rule, look, mend
from tests.parts import edit, project, zipped

IN_A_MONTH = datetime.now(timezone.utc).date() + timedelta(days=30)
WEBSITE = Exemptions((Exemption("exempt-website", "serves the website", "web-team", IN_A_MONTH),))


def provisioned(account: Account) -> None:
    """Everything around the function, and 22 public buckets, one of which the bundle exempts."""
    project(account.folder, exempt=WEBSITE)
    for name in ("exempt-website", *(f"public-{number:02}" for number in range(21))):
        account.cloud.oss.create(name, acl="public-read")
    mend(account)


@pytest.fixture
def undeployed(moments: Moments, tmp_path: Path) -> Account:
    """Such an account, of which nothing is deployed."""
    return moments.after(provisioned, tmp_path)


@pytest.mark.parametrize(("given", "code"), [("", 1), ("20", 1), ("22", 1), ("21", 0)])
def test_their_number_is_to_be_given(
    undeployed: Account, capsys: pytest.CaptureFixture[str], given: str, code: int
) -> None:
    """More than 20 buckets are closed when just that number is given, and else nothing is done."""
    shell = {"EXPECT_CLOSE": given} if given else {}

    assert undeployed.run("apply", "--yes", **shell) == code

    said = capsys.readouterr()
    assert "21 buckets that are non-compliant and not exempt will be closed" in said.out + said.err
    assert bool(undeployed.writes()) is (code == 0)
    if code:
        assert said.err.startswith("nothing was applied, since 21 buckets")
        assert said.err.count("\n") == 1
        assert "set EXPECT_CLOSE=21" in said.err


def test_a_first_deploy_brings_no_glob_that_is_too_wide(
    undeployed: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nothing is live every exemption is new: apply names the glob, and so does doctor."""
    wide = Exemptions((Exemption("e*x*e*m*p*t*", "a slip", "web-team", IN_A_MONTH),))
    project(undeployed.folder, exempt=wide)
    undeployed.exemptions.write_text(yaml.safe_dump([fields(each) for each in wide.entries]))

    assert undeployed.run("apply", "--yes", EXPECT_CLOSE="21") == 1
    assert not undeployed.writes()
    (found,) = [each for each in look(undeployed, before_deploy=True) if each.link == "exemptions"]

    told = f"the exemption e*x*e*m*p*t* (public-read until {IN_A_MONTH}) is new"
    assert told in capsys.readouterr().err
    assert told in found.what


def test_it_may_stand_in_the_file_beside_the_spec(undeployed: Account) -> None:
    """EXPECT_CLOSE is read from .env as well."""
    with undeployed.env.open("a") as env_file:
        env_file.write("EXPECT_CLOSE=21\n")
    assert undeployed.run("apply", "--yes") == 0


def test_reporting_needs_no_number_and_switching_does(
    undeployed: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """In mode report nothing is asked for; from report to enforce the number is; later no more."""
    edit(undeployed.path, "mode: enforce", "mode: report")
    assert undeployed.run("apply", "--yes") == 0
    edit(undeployed.path, "mode: report", "mode: enforce")
    assert undeployed.run("apply", "--yes") == 1
    assert "nothing was applied, since 21 buckets" in capsys.readouterr().err
    assert undeployed.run("apply", "--yes", EXPECT_CLOSE="21") == 0
    edit(undeployed.path, "timeout: 60", "timeout: 61")
    assert undeployed.run("apply", "--yes") == 0


def test_the_exemptions_of_the_bundle_count(
    undeployed: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is deployed is the bundle: a bucket that it does not exempt is one more to close."""
    code = undeployed.folder / "build" / "function.zip"
    code.write_bytes(zipped("", Exemptions()))
    assert undeployed.run("apply", "--yes", EXPECT_CLOSE="21") == 1
    assert "set EXPECT_CLOSE=22" in capsys.readouterr().err

    code.write_bytes(zipped("", None))
    assert undeployed.run("apply", "--yes", EXPECT_CLOSE="22") == 1
    assert "cannot be read (KeyError): run `make bundle`" in capsys.readouterr().err


def test_what_cannot_be_counted_is_not_closed(
    undeployed: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """For a rule that is not there nobody knows how many there will be once it is."""
    assert undeployed.run("apply", "--yes", PREPARE_RULE_ID="cr-another") == 1
    assert "the rule is not known by its id" in capsys.readouterr().err


def test_what_a_rule_found_before_it_was_switched_off_is_not_counted(
    undeployed: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once it is on again it reports what is open by then, and that are more."""
    inactive_rule(undeployed)
    undeployed.cloud.oss.create("public-later", acl="public-read")
    undeployed.rest()
    assert undeployed.run("apply", "--yes", EXPECT_CLOSE="21") == 1
    said = capsys.readouterr().err
    assert "how many will be closed once this is deployed is not known" in said
    assert "is INACTIVE: resource-repair provision, and run again" in said
    assert undeployed.functions() == []
    mend(undeployed)
    assert undeployed.run("apply", "--yes", EXPECT_CLOSE="22") == 0
