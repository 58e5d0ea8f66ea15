"""Before a later deploy: which buckets it newly closes or leaves open is told, and confirmed."""

import io
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import yaml

from resource_repair.exemptions import Exemption, Exemptions, fields
from scripts.decide.chain import Standing
from tests.account import Account, Moments
from tests.contract.spoil import look, mend
from tests.parts import Terminal, edit, project

IN_A_WEEK = datetime.now(timezone.utc).date() + timedelta(days=7)
GLOB = Exemption("web-site*", "sites", "web-team", IN_A_WEEK)
NAMED = GLOB._replace(bucket="web-site")


def declare(account: Account, *entries: Exemption) -> None:
    """These exemptions in the file and in the bundle; s.yaml stays."""
    spec = account.path.read_text("utf-8")
    project(account.folder, exempt=Exemptions(entries))
    account.path.write_text(spec, "utf-8")
    account.exemptions.write_text(yaml.safe_dump([fields(each) for each in entries]))


def live(account: Account) -> None:
    """What is live enforces, and exempts a bucket by its tag; another one is open still."""
    edit(account.path, "exemptTag: none", "exemptTag: public-until")
    account.cloud.oss.create("tagged-site", acl="public-read")
    account.cloud.oss.set_tags("tagged-site", {"public-until": IN_A_WEEK.isoformat()})
    account.cloud.oss.create("web-site", acl="public-read")
    mend(account)
    account.deploy()


@pytest.fixture
def account(moments: Moments, tmp_path: Path) -> Account:
    """Such an account."""
    return moments.after(live, tmp_path)


def no_tag(account: Account) -> None:
    """exemptTag is switched off in s.yaml."""
    edit(account.path, "exemptTag: public-until", "exemptTag: none")


def new_glob(account: Account) -> None:
    """A new exemption, that of a glob."""
    declare(account, GLOB)


CHANGES = [
    (
        no_tag,
        "1 bucket that the live function leaves open will be closed once this is deployed, and "
        "Cloud Config reports it: tagged-site",
        "EXPECT_CLOSE",
    ),
    (
        new_glob,
        "1 bucket that the live function closes will be left open once this is deployed: web-site",
        "EXPECT_LEAVE_OPEN",
    ),
]


@pytest.mark.parametrize(("change", "says", "variable"), CHANGES)
def test_doctor_and_apply_tell_what_a_deploy_changes_and_stop_without_its_number(
    account: Account,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[Account], None],
    says: str,
    variable: str,
) -> None:
    """Both say the same, before anything is done; with the number both go on."""
    change(account)
    (before,) = [each for each in look(account, before_deploy=True) if each.link == "buckets"]
    assert (before.standing, before.what) == (Standing.FAULT, says)
    assert f"set {variable}=1" in before.mend
    assert [
        e for e in look(account) if e.link == "buckets" and e.standing is not Standing.SOUND
    ] == []

    assert account.run("apply", "--yes") == 1
    assert f"nothing was applied, since {says}" in capsys.readouterr().err
    assert account.run("apply", "--yes", **{variable: "2"}) == 1
    assert not account.writes()

    given = {variable: "1"}
    assert [e for e in look(account, before_deploy=True, **given) if e.link == "buckets"] == []
    assert account.run("apply", "--yes", **given) == 0
    assert account.writes()


def test_all_numbers_that_are_wanted_are_named_at_once(
    account: Account, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever runs apply unattended sets both before the second run, and what else stops it."""
    no_tag(account)
    new_glob(account)
    assert account.run("apply", "--yes") == 1
    told = capsys.readouterr().err
    assert "set EXPECT_CLOSE=1" in told
    assert "set EXPECT_LEAVE_OPEN=1" in told
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert account.run("apply") == 2
    assert "set EXPECT_CLOSE=1 EXPECT_LEAVE_OPEN=1 if that is meant" in capsys.readouterr().err

    assert account.run("pause") == 0
    writes = len(account.writes())
    capsys.readouterr()
    assert account.run("apply", "--yes") == 1
    told = capsys.readouterr().err
    assert "`resource-repair resume` first" in told
    assert "set EXPECT_CLOSE=1" in told
    assert len(account.writes()) == writes
    assert account.run("resume", "--yes") == 0
    assert account.run("apply", "--yes", EXPECT_CLOSE="1", EXPECT_LEAVE_OPEN="1") == 0


@pytest.mark.parametrize(("typed", "code"), [("1\ny\n", 0), ("2\n", 2), ("\n", 2), ("1\nn\n", 1)])
def test_the_number_is_typed_back_at_the_terminal(
    account: Account, monkeypatch: pytest.MonkeyPatch, typed: str, code: int
) -> None:
    """A yes alone is not enough, and neither is the number."""
    no_tag(account)
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    assert account.run("apply") == code
    assert bool(account.writes()) is (code == 0)


def test_an_exemption_that_names_its_bucket_is_told_and_wants_no_number(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever reviewed it has looked at that bucket."""
    declare(account, NAMED)
    assert account.run("apply", "--yes") == 0
    assert "left open once this is deployed: web-site" in capsys.readouterr().out


def test_what_changes_nothing_for_buckets_says_nothing_of_them(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another memory is no reason to ask Cloud Config what it finds."""
    edit(account.path, "memory: 512", "memory: 1024")
    asked = account.calls()
    assert account.run("apply", "--yes") == 0
    assert "config:ListConfigRuleEvaluationResults" not in asked()
    assert "bucket" not in capsys.readouterr().out
