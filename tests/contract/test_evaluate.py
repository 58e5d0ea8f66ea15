"""The verb that starts an evaluation on demand."""

import io
import json
import re
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path

import pytest

from resource_repair.exemptions import Exemption
from scripts.localcloud import Fail
from scripts.localcloud.config.rules import Ignore
from scripts.verbs.evaluate import VERB
from tests.account import Account
from tests.parts import EITHER, Terminal, count, without, zipped

TODAY = datetime.now(timezone.utc).date()


@pytest.fixture
def open_buckets(product: Account) -> Account:
    """Two open buckets, an exempt one, and one that Cloud Config ignores; none was reported."""
    product.plant(**dict.fromkeys(("first", "second", "config_website", "ignored"), "public-read"))
    product.cloud.config.ignore(product.rule_id, ["ignored"], Ignore("on purpose", None))
    return product


@EITHER
def test_it_closes_as_many_as_were_expected(
    open_buckets: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the number given back it evaluates, follows until those are closed, and says so."""
    product = open_buckets
    may = [*VERB.permissions]
    options = ["--expect", "2", "--json"]

    assert product.run("evaluate", *options, may=may) == 0

    said = capsys.readouterr()
    document = json.loads(said.out)
    assert (document["closes"], document["exempt"], document["ignored"]) == (
        2,
        ["config-website"],
        ["ignored"],
    )
    assert {each["bucket"]: each["after"] for each in document["buckets"]} == {
        "first": "COMPLIANT",
        "second": "COMPLIANT",
    }
    assert document["settled"] is True
    assert "an evaluation now closes 2 buckets; 1 exempt and 1 ignored" in said.err
    assert "2 of 2 closed" in said.err
    assert product.acls() == {
        "first": "private",
        "second": "private",
        "config-website": "public-read",
        "ignored": "public-read",
    }


@pytest.mark.parametrize(
    ("options", "stdin", "says"),
    [
        (["--expect", "3"], io.StringIO(), "2 buckets would be closed, and 3 were expected"),
        (["--expect", "0"], io.StringIO(), "and 0 were expected"),
        (["--yes"], io.StringIO("2\n"), "say --expect 2 if that is meant (--yes is not enough)"),
        ([], Terminal("3\n"), "2 buckets would be closed, and 3 was typed"),
        ([], Terminal("yes\n"), "yes was typed"),
        ([], Terminal(""), "nothing was typed"),
    ],
)
def test_another_number_is_misuse(
    open_buckets: Account,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    stdin: io.StringIO,
    says: str,
) -> None:
    """A wrong number, given or typed, or none, is exit code 2, and nothing is started."""
    before = open_buckets.started()
    monkeypatch.setattr(sys, "stdin", stdin)

    assert open_buckets.run("evaluate", *options) == 2

    assert says in capsys.readouterr().err
    assert open_buckets.started() == before


def test_the_number_may_be_typed(
    open_buckets: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At a terminal the number is asked for, and the right one starts the evaluation."""
    monkeypatch.setattr(sys, "stdin", Terminal("2\n"))
    assert open_buckets.run("evaluate") == 0
    assert open_buckets.acls()["first"] == "private"


def test_what_changed_while_it_was_asked_is_not_started(
    open_buckets: Account,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """If other buckets would be closed by the time that the number is typed, it stops."""

    class Slow(Terminal):
        def readline(self, size: int | None = -1) -> str:
            open_buckets.plant(third="public-read")
            return super().readline(size or -1)

    before = open_buckets.started()
    monkeypatch.setattr(sys, "stdin", Slow("2\n"))

    assert open_buckets.run("evaluate") == 1

    assert "results changed meanwhile, so nothing was started" in capsys.readouterr().err
    assert open_buckets.started() == before


def test_a_dry_run_starts_nothing(
    open_buckets: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --dry-run it tells what an evaluation would close, and stops."""
    before = open_buckets.started()
    assert open_buckets.run("evaluate", "--dry-run") == 0
    assert "closes 2 buckets" in capsys.readouterr().out
    assert open_buckets.started() == before


@pytest.mark.parametrize("planted", [{}, {"closed": "private"}, {"config_website": "public-read"}])
def test_with_nothing_to_close_there_is_nothing_to_do(
    product: Account, capsys: pytest.CaptureFixture[str], planted: dict[str, str]
) -> None:
    """Without a non-compliant bucket, or with exempt ones alone, nothing is asked nor started."""
    product.plant(**planted)
    before = product.started()
    assert product.run("evaluate") == 0
    assert "nothing to do" in capsys.readouterr().out
    assert product.started() == before


def test_in_mode_report_nothing_is_closed(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """What counts is the deployed mode: in report it says that nothing closes, and follows."""
    product.plant(first="public-read")
    with product.deployed_with(repairMode="report"):
        assert product.run("evaluate", "--expect", "1") == 2
        assert product.run("evaluate", "--yes") == 0
        product.rest()

    said = capsys.readouterr().out
    assert "nothing will be closed: the function runs in mode report" in said
    assert "1 of 1 evaluated again" in said
    assert product.acls() == {"first": "public-read"}


def test_a_function_for_another_rule_is_a_problem(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the deployed function acts on another rule, what would be closed cannot be told."""
    with product.deployed_with(prepareRuleId="cr-0"):
        assert product.run("evaluate") == 1
    assert "is deployed for cr-0, and PREPARE_RULE_ID is cr-" in capsys.readouterr().err


def test_the_live_exemptions_count(
    open_buckets: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """After an undo that is not committed: what it exempts is left, and a line tells of it."""
    with open_buckets.live_exemptions(Exemption("first", "the site", "web-team", TODAY)):
        assert open_buckets.run("evaluate", "--expect", "2") == 0
        open_buckets.rest()
    said = capsys.readouterr().out
    assert "the live exemptions count, and differ from those in " in said
    assert f"(only live: first until {TODAY}; only there: config-website until " in said
    assert open_buckets.acls() == {
        "first": "public-read",
        "second": "private",
        "config-website": "private",
        "ignored": "public-read",
    }


@pytest.mark.parametrize("changed", ["", "[]"])
def test_what_is_here_does_not_count(
    open_buckets: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str], changed: str
) -> None:
    """Without a word where the file has the live exemptions, whatever is built; else with one."""
    path, code = tmp_path / "exemptions.yaml", open_buckets.spec.function.code
    path.write_text(changed or open_buckets.exemptions.read_text())
    code.unlink()
    assert open_buckets.run("evaluate", "--dry-run", "--exemptions", str(path)) == 0
    said = capsys.readouterr().out
    assert "closes 2 buckets; 1 exempt" in said
    assert (f"differ from those in {path}" in said) is bool(changed)


def test_without_the_live_exemptions_nothing_is_started(
    open_buckets: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Code that has none to read would close nothing that could be told in advance."""
    before = open_buckets.started()
    with open_buckets.live_code(zipped("", None)):
        assert open_buckets.run("evaluate", "--expect", "2") == 1
    line = capsys.readouterr().err
    assert "the exemptions of the live oss_repair_acl_trigger cannot be read (KeyError)" in line
    assert line.count("\n") == 1
    assert open_buckets.started() == before


@pytest.mark.parametrize(("days", "closes"), [(7, 2), (8, 3)])
def test_what_its_tag_exempts_is_not_counted(
    open_buckets: Account, capsys: pytest.CaptureFixture[str], days: int, closes: int
) -> None:
    """Where tags exempt, one with a date within the days set leaves its bucket open."""
    product, until = open_buckets, (TODAY + timedelta(days=days)).isoformat()
    product.plant(tagged="public-read")
    product.tag("public-until", tagged=until)
    assert product.run("evaluate", "--dry-run") == 0
    assert "closes 3 buckets; 1 exempt" in capsys.readouterr().out

    with product.deployed_with(exemptTag="public-until", exemptTagDays="7"):
        assert product.run("evaluate", "--expect", str(closes)) == 0
        product.rest()

    assert product.acls()["tagged"] == ("public-read" if closes == 2 else "private")


def _no_trigger(product: Account) -> None:
    spec = product.spec
    place = (spec.service.name, spec.function.name, spec.trigger.name)
    product.clients.fc.delete_trigger(*place)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (
            partial(Account.deliver, on=False),
            r"\(channel: .*resource-repair is switched off.*: resource-repair provision",
        ),
        (_no_trigger, r"\(trigger: there is no trigger ConfigRuleNonComplianceMNSTrigger\): "),
    ],
)
def test_what_would_reach_nobody_is_not_started(
    open_buckets: Account,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[Account], object],
    says: str,
) -> None:
    """Where the chain is broken before the function it stops, in the doctor's words."""
    before = open_buckets.started()
    spoil(open_buckets)
    assert open_buckets.run("evaluate", "--expect", "2") == 1
    line = capsys.readouterr().err
    assert re.match(f"nothing was started, since findings would be lost {says}", line)
    assert line.count("\n") == 1
    assert open_buckets.started() == before


def test_a_channel_that_delivers_more_is_no_obstacle(
    open_buckets: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is not as declared, but loses no finding, stops nothing."""
    config = open_buckets.cloud.config
    (channel,) = config.channels()
    config.update_channel(replace(channel, also=("ConfigurationSnapshot",)))
    assert open_buckets.run("evaluate", "--expect", "2") == 0
    assert "results have settled" in capsys.readouterr().out


@pytest.mark.parametrize("mode", ["", "Enforce"])
def test_a_misconfigured_function_is_a_problem(
    open_buckets: Account, capsys: pytest.CaptureFixture[str], mode: str
) -> None:
    """A function that repairs nothing, as its settings are wrong, is not counted as enforcing."""
    before = open_buckets.started()
    with open_buckets.deployed_with(repairMode=mode):
        assert open_buckets.run("evaluate", "--expect", "2") == 1
    line = capsys.readouterr().err
    assert "wrong settings, so it repairs nothing (repairMode must be enforce or report)" in line
    assert open_buckets.started() == before


def test_an_evaluation_under_way_is_waited_for(
    product: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """While the rule is EVALUATING its results are not counted; what it finds is."""
    ended, cloud = threading.Event(), product.cloud
    product.plant(first="public-read")
    cloud.faults.add("oss:PutBucketAcl", Fail(403, "AccessDenied"), times=100)
    monkeypatch.setattr(cloud.clock, "wait", lambda *_: ended.wait())
    cloud.oss.create("second", acl="public-read")
    product.cloud.config.start_evaluation(product.rule_id)
    looks = len(cloud.journal.entries("config", "ListConfigRules"))

    def end_once_looked_at() -> None:
        cloud.journal.wait_for(lambda entries: count(entries, "ListConfigRules") > looks, 30)
        ended.set()

    watcher = threading.Thread(target=end_once_looked_at)
    watcher.start()
    assert product.run("evaluate", "--dry-run") == 0
    watcher.join()

    said = capsys.readouterr().out
    assert "the rule is EVALUATING already: waiting for that to end" in said
    assert "closes 2 buckets" in said
    product.rest()  # the function was kept from closing them meanwhile, not after


def test_who_may_not_read_the_audit_trail_starts_nothing(
    open_buckets: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """A permission that is missing to follow is told before anything is closed."""
    before = open_buckets.started()
    may = without(VERB.permissions, "log:GetLogStoreLogs")
    assert open_buckets.run("evaluate", "--expect", "2", may=may) == 1
    assert "allow log:GetLogStoreLogs" in capsys.readouterr().err
    assert open_buckets.started() == before
