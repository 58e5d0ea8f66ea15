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
from scripts.localcloud import Drop, Fail, Hold
from scripts.stage.stage import Stage
from scripts.verbs import pause, resume
from tests.contract.verb_rig import (
    Terminal,
    deployed_with,
    open_by_policy,
    plant,
    product,
    run,
    without,
)


@pytest.fixture(scope="module")
def shared(code: Path) -> Iterator[Stage]:
    """The product, deployed; each test leaves it as it was."""
    with product(code) as stage:
        yield stage


@pytest.fixture
def stage(shared: Stage) -> Iterator[Stage]:
    """The product without buckets, in mode enforce."""
    shared.start_over()
    with deployed_with(shared):
        yield shared


def environment(stage: Stage) -> Mapping[str, str]:
    """The live function's variables."""
    return DeployedFunction.read(stage.spec, stage.clients).environment


def settings(stage: Stage) -> dict[str, Any]:
    """All that Function Compute tells of the live function, but for its variables and when."""
    place = (stage.spec.service.name, stage.spec.function.name)
    found = stage.cloud.fc.resources.function(*place)
    return {
        **{k: v for k, v in found.settings.items() if k != "environmentVariables"},
        "code": found.code.checksum,
    }


def set_variables(stage: Stage, **variables: str) -> None:
    """As somebody does it in the console."""
    live = DeployedFunction.read(stage.spec, stage.clients)
    live.set_environment({**live.environment, **variables})


def updates(stage: Stage) -> int:
    """How often the function was updated."""
    return len(stage.cloud.journal.entries("fc", "UpdateFunction"))


def test_a_pause_changes_the_mode_and_nothing_else(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """Paused, the function is in mode report; every other variable and setting is as it was."""
    set_variables(stage, ossEndpoint="https://oss-{region}.example.com")
    before, also = dict(environment(stage)), settings(stage)

    assert run(stage, "pause", "--reason", "站点 is moving: wait", may=pause.VERB.permissions) == 0

    live = DeployedFunction.read(stage.spec, stage.clients)
    assert live.mode == "report"
    assert live.pause is not None
    assert (live.pause.reason, live.pause.mode_before) == ("站点 is moving: wait", "enforce")
    assert abs((live.pause.since - datetime.now(timezone.utc)).total_seconds()) < 3600
    ours = ("repairMode", "paused")
    assert {k: v for k, v in live.environment.items() if k not in ours} == {
        k: v for k, v in before.items() if k not in ours
    }
    assert settings(stage) == also
    said = capsys.readouterr().out
    assert "is paused since " in said
    assert "ends as it began, within 60 s" in said
    assert "resource-repair resume" in said


def test_the_first_pause_counts(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    """A second pause changes nothing, keeps the first's time and reason, and says so."""
    assert run(stage, "pause", "--reason", "first") == 0
    before, count = environment(stage), updates(stage)

    assert run(stage, "pause", "--reason", "second", "--json") == 0

    said = capsys.readouterr()
    assert "already: nothing was changed" in said.err
    document = json.loads(said.out[said.out.index("{") :])
    assert (document["changed"], document["paused"]["reason"]) == (False, "first")
    assert (environment(stage), updates(stage)) == (before, count)


@pytest.mark.parametrize("mode", ["enforce", "report"])
def test_resume_puts_back_what_was(stage: Stage, mode: str) -> None:
    """After pause and resume every variable is as it was, whichever mode that means."""
    with deployed_with(stage, repairMode=mode):
        before, also = environment(stage), settings(stage)
        assert run(stage, "pause") == 0
        assert run(stage, "resume", "--yes", may=resume.VERB.permissions) == 0
        assert environment(stage) == before
        assert settings(stage) == also


def test_what_is_not_paused_is_not_resumed(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """Resume of what runs says so, asks nothing and changes nothing, also in mode report."""
    count = updates(stage)
    assert run(stage, "resume") == 0
    assert "is not paused: it runs in mode enforce" in capsys.readouterr().out
    assert updates(stage) == count
    with deployed_with(stage, repairMode="report"):
        assert run(stage, "resume") == 0
        assert environment(stage)["repairMode"] == "report"


@pytest.mark.parametrize(
    ("stdin", "ends", "mode"),
    [
        (Terminal("y\n"), 0, "enforce"),
        (Terminal("n\n"), 1, "report"),
        (io.StringIO(), 2, "report"),
    ],
)
def test_resuming_tells_what_is_open_and_asks(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    stdin: io.StringIO,
    ends: int,
    mode: str,
) -> None:
    """Into enforce it names what is reported and not exempt by the live code, and wants a yes."""
    plant(stage, **dict.fromkeys(("first", "config_website"), "public-read"), closed="private")
    assert run(stage, "pause") == 0
    monkeypatch.setattr(sys, "stdin", stdin)

    assert run(stage, "resume") == ends

    said = capsys.readouterr().out
    assert "1 reported and not exempt, 1 exempt" in said
    assert "first          cn-shanghai  public-read" in said
    assert "resource-repair sweep --due" in said
    assert environment(stage)["repairMode"] == mode


def test_while_paused_findings_are_recorded_alone(stage: Stage) -> None:
    """A finding that comes while it is paused is audited as in mode report, and nothing closes."""
    assert run(stage, "pause", "--reason", "why") == 0

    stage.cloud.oss.create("opened-meanwhile", acl="public-read")
    assert stage.wait_idle()

    (line,) = [line for line in stage.audit() if line.bucket == "opened-meanwhile"]
    assert (line.outcome, line.mode) == ("would_repair", "report")
    assert stage.cloud.oss.bucket("opened-meanwhile").acl == "public-read"


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_a_dry_run_changes_nothing(
    stage: Stage, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    """With --dry-run what would be done is shown, and nobody is asked."""
    if verb == "resume":
        assert run(stage, "pause") == 0
    before, count = environment(stage), updates(stage)

    assert run(stage, verb, "--dry-run") == 0

    assert (environment(stage), updates(stage)) == (before, count)
    assert ("would pause" if verb == "pause" else "was in mode enforce") in capsys.readouterr().out


def test_a_reason_that_does_not_fit_is_told(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where all variables would take over 4 KB it is said to shorten the reason: exit code 1."""
    before = environment(stage)
    assert run(stage, "pause", "--reason", "x" * 4096) == 1
    assert "give a shorter reason" in capsys.readouterr().err
    assert environment(stage) == before


@pytest.mark.parametrize("fault", [Drop(), Drop(applied=False), Fail(503, "InternalServerError")])
def test_a_bad_moment_does_not_stop_the_stop(
    stage: Stage, capsys: pytest.CaptureFixture[str], fault: Drop | Fail
) -> None:
    """An answer that is lost, or an overload, is got over, and told as this run's own pause."""
    stage.cloud.faults.add("fc:UpdateFunction", fault)

    assert run(stage, "pause") == 0

    assert environment(stage)["repairMode"] == "report"
    assert "findings are recorded as would_repair" in capsys.readouterr().out

    stage.cloud.faults.add("fc:UpdateFunction", fault)
    assert run(stage, "resume", "--yes") == 0
    assert environment(stage)["repairMode"] == "enforce"


@contextmanager
def changed_meanwhile(stage: Stage) -> Iterator[None]:
    """While an update is on its way, somebody else changes a variable."""
    hold = Hold()
    stage.cloud.faults.add("fc:UpdateFunction", hold)
    seen = len(stage.cloud.journal.entries("fc", "GetFunction"))

    def change() -> None:
        stage.cloud.journal.wait_for(
            lambda entries: sum(entry.action == "GetFunction" for entry in entries) > seen, 30
        )
        place = (stage.spec.service.name, stage.spec.function.name)
        found = stage.cloud.fc.resources.function(*place).settings["environmentVariables"]
        fields = {"environmentVariables": {**found, "logLevel": "DEBUG"}}
        stage.cloud.fc.resources.update_function(*place, fields)
        hold.released.set()

    other = threading.Thread(target=change)
    other.start()
    yield
    other.join()


def test_what_somebody_else_changes_meanwhile_stays(stage: Stage) -> None:
    """A change between the look and the update is not undone by the pause, which still comes."""
    with changed_meanwhile(stage):
        assert run(stage, "pause") == 0

    assert environment(stage)["logLevel"] == "DEBUG"
    assert environment(stage)["repairMode"] == "report"


def test_a_resume_that_was_overtaken_stops(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is resumed is what was looked at: changed meanwhile it stays paused, exit code 1."""
    assert run(stage, "pause") == 0
    stage.cloud.faults.add("fc:UpdateFunction", Fail(412, "PreconditionFailed"))

    assert run(stage, "resume", "--yes") == 1

    assert (
        "was changed by somebody else in this moment, so it was left alone: run again"
        in capsys.readouterr().err
    )
    assert environment(stage)["repairMode"] == "report"


def test_a_mode_set_by_hand_ends_a_pause(stage: Stage) -> None:
    """Where somebody set another mode since, it is not paused, and can be paused anew."""
    assert run(stage, "pause", "--reason", "old") == 0
    set_variables(stage, repairMode="enforce")
    assert DeployedFunction.read(stage.spec, stage.clients).pause is None

    assert run(stage, "pause", "--reason", "new") == 0

    found = DeployedFunction.read(stage.spec, stage.clients).pause
    assert found is not None
    assert found.reason == "new"


def test_a_pause_that_cannot_be_read_is_told(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the mode to go back to there is nothing to resume: it says so, exit code 1."""
    set_variables(stage, repairMode="report", paused="since yesterday")
    assert run(stage, "resume", "--yes") == 1
    assert "the variable paused" in capsys.readouterr().err
    assert environment(stage)["repairMode"] == "report"


@pytest.mark.parametrize("verb", [pause, resume], ids=["pause", "resume"])
def test_what_is_not_deployed_is_told(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: Any
) -> None:
    """Without the function it is said that there is none, in a line, with exit code 1."""
    path = Path(shutil.copy(PATH, tmp_path))
    path.write_text(path.read_text().replace("name: oss_repair_acl_trigger", "name: another"))
    assert run(stage, verb.VERB.name, "--spec", str(path)) == 1
    assert "another is not deployed: deploy it first" in capsys.readouterr().err


def denials() -> Iterator[tuple[Any, Permission]]:
    """Each verb with each of its permissions."""
    for verb in (pause, resume):
        for permission in verb.VERB.permissions:
            yield verb, permission


@pytest.mark.parametrize(("verb", "denied"), [*denials()])
def test_a_refusal_names_the_statement(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    verb: Any,
    denied: Permission,
) -> None:
    """Without one of its permissions it stops, names the statement, and the mode stays."""
    if verb is resume:
        monkeypatch.setattr(stage.cloud.config, "rule_tests", "acl_and_policy")
        plant(stage, opened="public-read", by_policy="private")
        open_by_policy(stage, "by-policy")  # of which the ACL is asked, and of the other the tags
        set_variables(stage, exemptTag="public-until")
        assert run(stage, "pause") == 0
    before = environment(stage)
    may: Sequence[Permission] = without(verb.VERB.permissions, denied.action)

    assert run(stage, verb.VERB.name, "--yes", may=may) == 1

    said = capsys.readouterr()
    assert f'"Action": "{denied.action}"' in said.out
    assert denied.action in said.err
    assert environment(stage) == before


def test_a_deploy_by_other_means_ends_the_pause(stage: Stage) -> None:
    """What a deploy brings is what is declared: nothing of a pause is left on the function."""
    assert run(stage, "pause") == 0
    apply(plan(stage.spec, stage.clients))
    assert environment(stage) == dict(stage.spec.function.environment)
