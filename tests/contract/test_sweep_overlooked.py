"""What is open although its last audit line says otherwise: due, and closed once confirmed."""

import io
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scripts.stage.stage import Stage
from tests.contract.test_sweep import acls, answered, invoked
from tests.contract.verb_rig import Terminal, deployed_with, plant, product, run

DUE = ("--due", "--grace", "0")


@pytest.fixture(scope="module")
def shared(code: Path) -> Iterator[Stage]:
    """One bucket was repaired and opened since, unseen by Cloud Config; one was only reported."""
    with product(code) as stage:
        cloud = stage.cloud
        plant(stage, reopened="public-read")
        key = stage.rule_id, "reopened"
        found = cloud.config._results[key]
        cloud.config._results[key] = replace(found, evaluated_at=found.evaluated_at - 3600)
        noticing = cloud.oss.on_change[:]
        cloud.oss.on_change.clear()
        assert run(stage, "sweep", "--yes") == 0
        assert acls(stage) == {"reopened": "private"}
        cloud.oss.set_acl("reopened", "public-read")
        cloud.oss.on_change.extend(noticing)
        with deployed_with(stage, repairMode="report"):
            cloud.oss.create("reported", acl="public-read")
            assert stage.wait_idle()
        cloud.clock.advance(2)  # Log Service finds lines a second late
        yield stage


@pytest.fixture
def stage(shared: Stage) -> Stage:
    """The same, whatever was done to it before."""
    shared.start_over()
    return shared


def test_a_nightly_run_leaves_it_and_tells(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --yes alone the others are closed, this one is named, with the command to type."""
    assert run(stage, "sweep", *DUE, "--yes", "--json") == 1
    said = capsys.readouterr()
    document: Any = json.loads(said.out)
    assert [each["bucket"] for each in document["buckets"]] == ["reported"]
    assert document["unconfirmed"] == ["reopened"]
    assert document["closes"] == 1
    assert "open, although its last audit line says repaired" in said.err
    assert "resource-repair sweep --due --grace 0 --expect 1" in said.err
    assert acls(stage) == {"reopened": "public-read", "reported": "private"}

    assert run(stage, "sweep", *DUE, "--yes") == 1  # and so each night, until somebody confirms
    assert acls(stage)["reopened"] == "public-read"

    assert run(stage, "sweep", *DUE, "--expect", "1") == 0  # as it was told
    assert acls(stage)["reopened"] == "private"


def test_its_number_closes_it(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    """--expect counts it, and closes all of them; a number without it closes nothing."""
    before = invoked(stage)
    assert run(stage, "sweep", *DUE, "--expect", "1", "--yes") == 2
    assert "2 buckets would be closed, and 1 were expected" in capsys.readouterr().err
    assert invoked(stage) == before

    assert run(stage, "sweep", *DUE, "--expect", "2", "--json") == 0
    document = answered(capsys)
    assert [each["bucket"] for each in document["buckets"]] == ["reported", "reopened"]
    assert document["unconfirmed"] == []
    assert set(acls(stage).values()) == {"private"}


@pytest.mark.parametrize(("typed", "ends"), [("y", 1), ("1", 1), ("", 1), ("2", 0)])
def test_a_person_types_the_number(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, typed: str, ends: int
) -> None:
    """At a terminal a yes is not enough: it is the number that confirms."""
    monkeypatch.setattr(sys, "stdin", Terminal(f"{typed}\n"))
    assert run(stage, "sweep", *DUE) == ends
    closed = {"private"} if ends == 0 else {"public-read"}
    assert set(acls(stage).values()) == closed


def test_where_nobody_can_type_nothing_is_begun(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a terminal, --yes or a number it is told what to say."""
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    before = invoked(stage)
    assert run(stage, "sweep", *DUE) == 2
    assert "--expect 2" in capsys.readouterr().err
    assert invoked(stage) == before


def test_a_sweep_of_everything_is_as_before(stage: Stage) -> None:
    """Without --due it is one of those that are open, and a yes closes it."""
    assert run(stage, "sweep", "--yes") == 0
    assert set(acls(stage).values()) == {"private"}
