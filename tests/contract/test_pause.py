"""The verbs that stop closing buckets, and that go on with it."""

import io
import json
import shutil
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from scripts.account.deploy_plan import apply, plan
from scripts.account.deployed_function import DeployedFunction
from scripts.account.permission import Permission
from scripts.declared import PATH
from scripts.flows import beside
from scripts.localcloud import Drop, Fail, Hold
from scripts.verbs import pause, resume
from tests.account import Account
from tests.parts import EITHER, Terminal, without


def environment(product: Account) -> Mapping[str, str]:
    """The live function's variables."""
    return DeployedFunction.read(product.spec, product.clients).environment


def settings(product: Account) -> dict[str, Any]:
    """All that Function Compute tells of the live function, but for its variables and when."""
    found = product.cloud.fc.resources.function(*product.place)
    return {
        **{k: v for k, v in found.settings.items() if k != "environmentVariables"},
        "code": found.code.checksum,
    }


def set_variables(product: Account, **variables: str) -> None:
    """As somebody does it in the console."""
    live = DeployedFunction.read(product.spec, product.clients)
    live.set_environment({**live.environment, **variables})


def updates(product: Account) -> int:
    """How often the function was updated."""
    return len(product.cloud.journal.entries("fc", "UpdateFunction"))


@EITHER
def test_a_pause_changes_the_mode_and_nothing_else(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Paused, the function is in mode report; every other variable and setting is as it was."""
    set_variables(product, ossEndpoint="https://oss-{region}.example.com")
    before, also = dict(environment(product)), settings(product)

    assert product.run("pause", "--reason", "站点 is moving: wait", may=pause.VERB.permissions) == 0

    live = DeployedFunction.read(product.spec, product.clients)
    assert live.mode == "report"
    assert live.pause is not None
    assert (live.pause.reason, live.pause.mode_before) == ("站点 is moving: wait", "enforce")
    assert abs((live.pause.since - datetime.now(timezone.utc)).total_seconds()) < 3600
    ours = ("repairMode", "paused")
    assert {k: v for k, v in live.environment.items() if k not in ours} == {
        k: v for k, v in before.items() if k not in ours
    }
    assert settings(product) == also
    said = capsys.readouterr().out
    assert "is paused since " in said
    assert "ends as it began, within 60 s" in said
    assert "resource-repair resume" in said


def test_the_first_pause_counts(product: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """A second pause changes nothing, keeps the first's time and reason, and says so."""
    assert product.run("pause", "--reason", "first") == 0
    before, count = environment(product), updates(product)

    assert product.run("pause", "--reason", "second", "--json") == 0

    said = capsys.readouterr()
    assert "already: nothing was changed" in said.err
    assert "the reason given now (second) is not kept" in said.err
    document = json.loads(said.out[said.out.index("{") :])
    assert (document["changed"], document["paused"]["reason"]) == (False, "first")
    assert (environment(product), updates(product)) == (before, count)


@EITHER
@pytest.mark.parametrize("mode", ["enforce", "report"])
def test_resume_puts_back_what_was(product: Account, mode: str) -> None:
    """After pause and resume every variable is as it was, whichever mode that means."""
    with product.deployed_with(repairMode=mode):
        before, also = environment(product), settings(product)
        assert product.run("pause") == 0
        assert product.run("resume", "--yes", may=resume.VERB.permissions) == 0
        assert environment(product) == before
        assert settings(product) == also


def test_what_is_not_paused_is_not_resumed(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Resume of what runs says so, asks nothing and changes nothing, also in mode report."""
    count = updates(product)
    assert product.run("resume") == 0
    assert "is not paused: it runs in mode enforce" in capsys.readouterr().out
    assert updates(product) == count
    with product.deployed_with(repairMode="report"):
        assert product.run("resume") == 0
        assert environment(product)["repairMode"] == "report"


@pytest.mark.parametrize(
    ("stdin", "ends", "mode"),
    [
        (Terminal("y\n"), 0, "enforce"),
        (Terminal("n\n"), 1, "report"),
        (io.StringIO(), 2, "report"),
    ],
)
def test_resuming_tells_what_is_open_and_asks(
    product: Account,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    stdin: io.StringIO,
    ends: int,
    mode: str,
) -> None:
    """Into enforce it names what is reported and not exempt by the live code, and wants a yes."""
    product.plant(**dict.fromkeys(("first", "config_website"), "public-read"), closed="private")
    assert product.run("pause") == 0
    monkeypatch.setattr(sys, "stdin", stdin)

    assert product.run("resume") == ends

    said = capsys.readouterr().out
    assert "1 reported and not exempt, 1 exempt" in said
    assert "first          cn-shanghai  public-read" in said
    assert "resource-repair sweep --due" in said
    assert environment(product)["repairMode"] == mode


@pytest.fixture
def crowded(sound: Account) -> Account:
    """Paused, with 21 buckets that are open."""
    sound.plant(**{f"open_{number}": "public-read" for number in range(21)})
    assert sound.run("pause") == 0
    return sound


def test_resuming_on_many_wants_their_number(
    crowded: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As apply does: typed, or given as EXPECT_CLOSE; who only looks needs none."""
    assert crowded.run("resume", "--dry-run") == 0
    assert crowded.run("resume", "--yes") == 1
    assert "would close 21 buckets: set EXPECT_CLOSE=21 if" in capsys.readouterr().err
    assert crowded.run("resume", "--yes", EXPECT_CLOSE="20") == 1
    assert "EXPECT_CLOSE is 20" in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert crowded.run("resume") == 2
    assert "set EXPECT_CLOSE=21 if" in capsys.readouterr().err
    for typed, ends in (("y\n", 2), ("21\nn\n", 1)):
        monkeypatch.setattr(sys, "stdin", Terminal(typed))
        assert crowded.run("resume") == ends
    assert environment(crowded)["repairMode"] == "report"
    monkeypatch.setattr(sys, "stdin", Terminal("21\ny\n"))
    assert crowded.run("resume") == 0
    assert environment(crowded)["repairMode"] == "enforce"
    assert crowded.run("pause") == 0
    assert crowded.run("resume", "--yes", EXPECT_CLOSE="21") == 0


def test_what_is_opened_while_a_person_says_yes_is_no_part_of_it(
    product: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is reported is read again after the yes: nothing is resumed on an old list."""
    product.plant(first="public-read")
    assert product.run("pause") == 0
    opens = iter((True, False))

    class Slow(Terminal):
        def readline(self, size: int | None = -1) -> str:
            if next(opens):
                product.plant(second="public-read")
            return super().readline(size or -1)

    monkeypatch.setattr(sys, "stdin", Slow("y\ny\n"))
    assert product.run("resume") == 1
    assert "new findings would close second too by now: it stays paused" in capsys.readouterr().err
    assert environment(product)["repairMode"] == "report"
    assert product.run("resume") == 0


def test_a_bucket_that_is_gone_by_now_stops_no_resume(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cloud Config lists it still; where a tag counts it is asked for its tags, and has none."""
    product.plant(deleted="public-read", other="public-read")
    set_variables(product, exemptTag="public-until")
    assert product.run("pause") == 0
    product.cloud.faults.add(
        "oss:GetBucketTagging",
        Fail(404, "NoSuchBucket"),
        subject="deleted",
        times=9,
    )
    capsys.readouterr()

    assert product.run("resume", "--dry-run", "--json") == 0

    assert json.loads(capsys.readouterr().out)["to_close"] == ["other"]


def test_while_paused_findings_are_recorded_alone(product: Account) -> None:
    """A finding that comes while it is paused is audited as in mode report, and nothing closes."""
    assert product.run("pause", "--reason", "why") == 0

    product.cloud.oss.create("opened-meanwhile", acl="public-read")
    product.rest()

    (line,) = [line for line in product.audit() if line.bucket == "opened-meanwhile"]
    assert (line.outcome, line.mode) == ("would_repair", "report")
    assert product.cloud.oss.bucket("opened-meanwhile").acl == "public-read"


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_a_dry_run_changes_nothing(
    product: Account, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    """With --dry-run what would be done is shown, and nobody is asked."""
    if verb == "resume":
        assert product.run("pause") == 0
    before, count = environment(product), updates(product)

    assert product.run(verb, "--dry-run") == 0

    assert (environment(product), updates(product)) == (before, count)
    assert ("would pause" if verb == "pause" else "was in mode enforce") in capsys.readouterr().out


def test_a_reason_that_does_not_fit_is_told(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where all variables would take over 4 KB it is said to shorten the reason: exit code 1."""
    before = environment(product)
    assert product.run("pause", "--reason", "x" * 4096) == 1
    assert "give a shorter reason" in capsys.readouterr().err
    assert environment(product) == before


@EITHER
@pytest.mark.parametrize("fault", [Drop(), Drop(applied=False), Fail(503, "InternalServerError")])
def test_a_bad_moment_does_not_stop_the_stop(
    product: Account, capsys: pytest.CaptureFixture[str], fault: Drop | Fail
) -> None:
    """An answer that is lost, or an overload, is got over, and told as this run's own pause."""
    product.cloud.faults.add("fc:UpdateFunction", fault)

    assert product.run("pause") == 0

    assert environment(product)["repairMode"] == "report"
    assert "findings are recorded as would_repair" in capsys.readouterr().out

    product.cloud.faults.add("fc:UpdateFunction", fault)
    assert product.run("resume", "--yes") == 0
    assert environment(product)["repairMode"] == "enforce"


@contextmanager
def changed_meanwhile(product: Account) -> Iterator[None]:
    """While an update is on its way, somebody else changes a variable."""
    hold = Hold()
    product.cloud.faults.add("fc:UpdateFunction", hold)
    seen = len(product.cloud.journal.entries("fc", "GetFunction"))

    def change() -> None:
        product.cloud.journal.wait_for(
            lambda entries: sum(entry.action == "GetFunction" for entry in entries) > seen, 30
        )
        resources = product.cloud.fc.resources
        found = resources.function(*product.place).settings["environmentVariables"]
        fields = {"environmentVariables": {**found, "logLevel": "DEBUG"}}
        resources.update_function(*product.place, fields)
        hold.released.set()

    other = threading.Thread(target=change)
    other.start()
    yield
    other.join()


def test_what_somebody_else_changes_meanwhile_stays(product: Account) -> None:
    """A change between the look and the update is not undone by the pause, which still comes."""
    with changed_meanwhile(product):
        assert product.run("pause") == 0

    assert environment(product)["logLevel"] == "DEBUG"
    assert environment(product)["repairMode"] == "report"


@EITHER
def test_a_resume_that_was_overtaken_stops(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is resumed is what was looked at: changed meanwhile it stays paused, exit code 1."""
    assert product.run("pause") == 0
    product.cloud.faults.add("fc:UpdateFunction", Fail(412, "PreconditionFailed"))

    assert product.run("resume", "--yes") == 1

    assert (
        "was changed by somebody else in this moment, so it was left alone: run again"
        in capsys.readouterr().err
    )
    assert environment(product)["repairMode"] == "report"


def test_a_mode_set_by_hand_ends_a_pause(product: Account) -> None:
    """Where somebody set another mode since, it is not paused, and can be paused anew."""
    assert product.run("pause", "--reason", "old") == 0
    set_variables(product, repairMode="enforce")
    assert DeployedFunction.read(product.spec, product.clients).pause is None

    assert product.run("pause", "--reason", "new") == 0

    found = DeployedFunction.read(product.spec, product.clients).pause
    assert found is not None
    assert found.reason == "new"


def test_a_pause_that_cannot_be_read_is_told(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the mode to go back to there is nothing to resume: it says so, exit code 1."""
    set_variables(product, repairMode="report", paused="since yesterday")
    assert product.run("resume", "--yes") == 1
    assert "the variable paused" in capsys.readouterr().err
    assert environment(product)["repairMode"] == "report"


@EITHER
@pytest.mark.parametrize("verb", [pause, resume], ids=["pause", "resume"])
def test_what_is_not_deployed_is_told(
    product: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: Any
) -> None:
    """Without the function it is said that there is none, in a line, with exit code 1."""
    path = Path(shutil.copy(PATH, tmp_path))
    path.write_text(path.read_text().replace("name: oss_repair_acl_trigger", "name: another"))
    assert product.run(verb.VERB.name, "--spec", str(path)) == 1
    assert "another is not deployed: deploy it first" in capsys.readouterr().err


def denials() -> Iterator[tuple[Any, Permission]]:
    """Each verb with each of its permissions but the one without which it goes on."""
    for verb in (pause, resume):
        for permission in verb.VERB.permissions:
            if permission not in beside.PERMISSIONS:  # test_beside.py
                yield verb, permission


@pytest.mark.parametrize(("verb", "denied"), [*denials()])
def test_a_refusal_names_the_statement(
    product: Account,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    verb: Any,
    denied: Permission,
) -> None:
    """Without one of its permissions it stops, names the statement, and the mode stays."""
    if verb is resume:
        monkeypatch.setattr(product.cloud.config, "rule_tests", "acl_and_policy")
        product.plant(opened="public-read", by_policy="private")
        product.open_by_policy("by-policy")  # of which the ACL is asked, and of the other the tags
        set_variables(product, exemptTag="public-until", close="both", policyPublic="block")
        assert product.run("pause") == 0
    before = environment(product)
    may: Sequence[Permission] = without(verb.VERB.permissions, denied.action)

    assert product.run(verb.VERB.name, "--yes", may=may) == 1

    said = capsys.readouterr()
    assert f'"Action": "{denied.action}"' in said.out
    assert denied.action in said.err
    assert environment(product) == before


def test_a_deploy_by_other_means_ends_the_pause(product: Account) -> None:
    """What a deploy brings is what is declared: nothing of a pause is left on the function."""
    assert product.run("pause") == 0
    apply(plan(product.spec, product.clients))
    assert environment(product) == dict(product.spec.function.environment)
