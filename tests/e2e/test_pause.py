"""A pause while findings come in numbers, and what the other verbs and a deploy make of it."""

import json
import threading
from typing import Any

import pytest

from scripts.localcloud import Hold
from scripts.localcloud.journal import Entry
from tests.account import Account
from tests.parts import EITHER, edit

BURST = 40


@EITHER
def test_after_a_pause_nothing_is_closed_and_no_finding_is_lost(product: Account) -> None:
    """40 buckets are opened while it pauses: what had begun ends, the rest is recorded, all of it.

    Two repairs are held just before they write, until the pause has returned.
    """
    cloud = product.cloud
    begun = Hold()
    cloud.faults.add("oss:PutBucketAcl", begun, times=2)
    names = [f"burst-{number:02}" for number in range(BURST)]
    opening = threading.Thread(
        target=lambda: [cloud.oss.create(name, acl="public-read") for name in names]
    )
    opening.start()
    assert cloud.journal.wait_for(lambda entries: len(reads(entries)) >= 4, 30)

    assert product.run("pause", "--reason", "the site moves") == 0
    returned = len(cloud.journal.entries())
    begun.released.set()
    opening.join()
    product.rest()

    lines = {line.bucket: line for line in product.audit()}
    after = {entry.subject for entry in writes(cloud.journal.entries()[returned:])}

    assert sorted(lines) == names
    assert {(line.outcome, line.mode) for line in lines.values()} == {
        ("repaired", "enforce"),
        ("would_repair", "report"),
    }
    # What wrote after the pause had begun before it.
    assert {lines[name].mode for name in after} <= {"enforce"}
    assert 2 <= len(after) < BURST
    for name, line in lines.items():
        still = "public-read" if line.outcome == "would_repair" else "private"
        assert cloud.oss.bucket(name).acl == still

    ended = len(cloud.journal.entries())
    cloud.oss.create("opened-later", acl="public-read")
    product.rest()
    assert writes(cloud.journal.entries()[ended:]) == []
    assert product.audit()[-1].outcome == "would_repair"


def reads(entries: list[Entry]) -> list[Entry]:
    """The buckets that a repair has looked at."""
    return [entry for entry in entries if entry.action == "GetBucketInfo"]


def writes(entries: list[Entry]) -> list[Entry]:
    """The ACLs that were set."""
    return [entry for entry in entries if entry.action == "PutBucketAcl"]


@pytest.fixture
def paused(product: Account, capsys: pytest.CaptureFixture[str]) -> Account:
    """The function is paused, for a while."""
    assert product.run("pause", "--reason", "the site moves") == 0
    capsys.readouterr()
    return product


def answer(capsys: pytest.CaptureFixture[str]) -> Any:
    """The one document on stdout."""
    return json.loads(capsys.readouterr().out)


def test_a_pause_is_meant(paused: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """doctor, verify and status tell it, since when and why, and find nothing wrong with it."""
    assert paused.run("doctor", "--json") == 0
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
    paused: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pause hides no other drift: not of another variable, nor of the mode to go back to."""
    edit(paused.path, "\n  mode: enforce\n", "\n  mode: report\n")
    edit(paused.path, "\n  logLevel: INFO\n", "\n  logLevel: DEBUG\n")
    assert paused.run("verify", "--json") == 1
    drift = {each["field"]: each for each in answer(capsys)["drift"]}

    assert set(drift) == {"environmentVariables.logLevel", "environmentVariables.repairMode"}
    assert drift["environmentVariables.repairMode"]["live"] == "enforce, once resumed"


def test_a_pause_cannot_be_proved_the_loop_in(
    paused: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """verify --loop says that nothing closes meanwhile, and makes no bucket."""
    assert paused.run("verify", "--loop") == 1
    assert "`resource-repair resume` first" in capsys.readouterr().err
    assert not paused.cloud.oss.names()


@pytest.mark.parametrize(
    "deploy", [("doctor", "--before-deploy"), ("apply", "--yes"), ("apply", "--dry-run")], ids=str
)
def test_a_deploy_does_not_resume_in_silence(
    paused: Account, capsys: pytest.CaptureFixture[str], deploy: tuple[str, ...]
) -> None:
    """Neither s deploy nor apply ends a pause: each stops, and names the way on."""
    assert paused.run(*deploy, "--json") == 1

    said = capsys.readouterr()
    assert "paused since" in said.out
    assert "resource-repair resume" in said.out
    assert paused.run("verify") == 0


def test_a_deploy_that_stays_in_mode_report_goes_on(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where s.yaml itself says report a deploy closes nothing, and is not stopped."""
    assert product.run("pause") == 0
    edit(product.path, "\n  mode: enforce\n", "\n  mode: report\n")
    assert product.run("doctor", "--before-deploy") == 0
    assert product.run("apply", "--yes") == 0
    assert product.run("verify") == 0
