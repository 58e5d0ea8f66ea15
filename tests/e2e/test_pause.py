"""A pause while findings come in numbers, and what the other verbs and a deploy make of it."""

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts import cli
from scripts.account.clients import fixed_credentials
from scripts.localcloud import Hold, LocalCloud
from scripts.localcloud.journal import Entry
from scripts.stage.serve import environment
from scripts.stage.stage import set_up
from tests.e2e.operator_rig import Operator

BURST = 40


def test_after_a_pause_nothing_is_closed_and_no_finding_is_lost(code: Path) -> None:
    """40 buckets are opened while it pauses: what had begun ends, the rest is recorded, all of it.

    Two repairs are held just before they write, until the pause has returned.
    """
    with LocalCloud() as cloud:
        stage = set_up(cloud, code)
        begun = Hold()
        cloud.faults.add("oss:PutBucketAcl", begun, times=2)
        names = [f"burst-{number:02}" for number in range(BURST)]
        opening = threading.Thread(
            target=lambda: [cloud.oss.create(name, acl="public-read") for name in names]
        )
        opening.start()
        assert cloud.journal.wait_for(lambda entries: len(reads(entries)) >= 4, 30)

        key = fixed_credentials(
            cloud.credentials.access_key_id, cloud.credentials.access_key_secret
        )
        assert (
            cli.run(
                "pause",
                "--reason",
                "the site moves",
                environ=environment(cloud),
                credentials=key,
            )
            == 0
        )
        returned = len(cloud.journal.entries())
        begun.released.set()
        opening.join()
        assert stage.wait_idle()

        lines = {line.bucket: line for line in stage.audit()}
        after = {entry.subject for entry in writes(cloud.journal.entries()[returned:])}

        assert sorted(lines) == names
        assert {(line.outcome, line.mode) for line in lines.values()} == {
            ("repaired", "enforce"),
            ("would_repair", "report"),
        }
        # What wrote after the pause had begun before it; the local cloud runs four at a time.
        assert {lines[name].mode for name in after} <= {"enforce"}
        assert 2 <= len(after) <= 4
        for name, line in lines.items():
            still = "public-read" if line.outcome == "would_repair" else "private"
            assert cloud.oss.bucket(name).acl == still

        ended = len(cloud.journal.entries())
        cloud.oss.create("opened-later", acl="public-read")
        assert stage.wait_idle()
        assert writes(cloud.journal.entries()[ended:]) == []
        assert stage.audit()[-1].outcome == "would_repair"


def reads(entries: list[Entry]) -> list[Entry]:
    """The buckets that a repair has looked at."""
    return [entry for entry in entries if entry.action == "GetBucketInfo"]


def writes(entries: list[Entry]) -> list[Entry]:
    """The ACLs that were set."""
    return [entry for entry in entries if entry.action == "PutBucketAcl"]


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory, code: Path) -> Iterator[Operator]:
    """Somebody with the product on their account."""
    with LocalCloud() as cloud:
        operator = Operator(cloud, tmp_path_factory.mktemp("project"), code)
        shutil.copy(code.with_name("exemptions.yaml"), operator.folder)
        for verb in ("provision", "apply"):
            assert operator.run(verb, "--yes") == 0
        yield operator


@pytest.fixture
def paused(operator: Operator, capsys: pytest.CaptureFixture[str]) -> Iterator[Operator]:
    """The function is paused, for a while."""
    assert operator.run("pause", "--reason", "the site moves") == 0
    capsys.readouterr()
    yield operator
    assert operator.run("resume", "--yes") == 0


def answer(capsys: pytest.CaptureFixture[str]) -> Any:
    """The one document on stdout."""
    return json.loads(capsys.readouterr().out)


def test_a_pause_is_meant(paused: Operator, capsys: pytest.CaptureFixture[str]) -> None:
    """doctor, verify and status tell it, since when and why, and find nothing wrong with it."""
    assert paused.run("doctor", "--exemptions", exemptions(paused), "--json") == 0
    links = {each["link"]: each for each in answer(capsys)["links"]}
    assert "paused since" in links["function"]["what"]
    assert "(the site moves): findings are recorded, nothing is closed" in links["function"]["what"]
    assert (links["function"]["state"], links["function"]["mend"]) == (
        "sound",
        "resource-repair resume",
    )

    assert paused.run("verify", "--json") == 0
    document = answer(capsys)
    assert document["drift"] == []
    assert "(the site moves)" in document["paused"]

    assert paused.run("status", "--json") == 0
    assert "(the site moves)" in answer(capsys)["paused"]


def test_verify_still_sees_what_is_not_meant(
    paused: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pause hides no other drift: not of another variable, nor of the mode to go back to."""
    edit(paused, "mode: enforce", "mode: report", "logLevel: INFO", "logLevel: DEBUG")
    try:
        assert paused.run("verify", "--json") == 1
        drift = {each["field"]: each for each in answer(capsys)["drift"]}
    finally:
        edit(paused, "mode: report", "mode: enforce", "logLevel: DEBUG", "logLevel: INFO")

    assert set(drift) == {"environmentVariables.logLevel", "environmentVariables.repairMode"}
    assert drift["environmentVariables.repairMode"]["live"] == "enforce, once resumed"


def test_a_pause_cannot_be_proved_the_loop_in(
    paused: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    """verify --loop says that nothing closes meanwhile, and makes no bucket."""
    assert paused.run("verify", "--loop") == 1
    assert "`resource-repair resume` first" in capsys.readouterr().err
    assert not paused.cloud.oss.names()


@pytest.mark.parametrize(
    "deploy", [("doctor", "--before-deploy"), ("apply", "--yes"), ("apply", "--dry-run")], ids=str
)
def test_a_deploy_does_not_resume_in_silence(
    paused: Operator, capsys: pytest.CaptureFixture[str], deploy: tuple[str, ...]
) -> None:
    """Neither s deploy nor apply ends a pause: each stops, and names the way on."""
    if deploy[0] == "doctor":
        deploy = (*deploy, "--exemptions", exemptions(paused))
    assert paused.run(*deploy, "--json") == 1

    said = capsys.readouterr()
    assert "paused since" in said.out
    assert "resource-repair resume" in said.out
    assert paused.run("verify") == 0


def test_a_deploy_that_stays_in_mode_report_goes_on(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where s.yaml itself says report a deploy closes nothing, and is not stopped."""
    assert operator.run("pause") == 0
    edit(operator, "mode: enforce", "mode: report")
    try:
        assert operator.run("doctor", "--before-deploy", "--exemptions", exemptions(operator)) == 0
        assert operator.run("apply", "--yes") == 0
        assert operator.run("verify") == 0
    finally:
        edit(operator, "mode: report", "mode: enforce")
        assert operator.run("apply", "--yes") == 0


def exemptions(operator: Operator) -> str:
    """A file with what the bundle exempts."""
    return str(operator.folder / "exemptions.yaml")


def edit(operator: Operator, *changes: str) -> None:
    """Replace texts in s.yaml, each once: what was, what is to be."""
    path = operator.account.path
    text = path.read_text()
    for old, new in zip(changes[::2], changes[1::2], strict=True):
        assert text.count(f"\n  {old}\n") == 1
        text = text.replace(f"\n  {old}\n", f"\n  {new}\n")
    path.write_text(text)
