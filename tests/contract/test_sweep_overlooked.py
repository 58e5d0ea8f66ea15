"""What is open although its last audit line says otherwise: due, and closed once confirmed."""

import io
import json
import sys
from typing import Any

import pytest

from tests.account import Account
from tests.contract.spoil import reopened_unseen
from tests.contract.test_sweep import answered, invoked
from tests.parts import Terminal

DUE = ("--due", "--grace", "0")


@pytest.fixture
def product(product: Account) -> Account:
    """One bucket was repaired and opened since, unseen by Cloud Config; one was only reported."""
    cloud = product.cloud
    reopened_unseen(product)
    with product.deployed_with(repairMode="report"):
        cloud.oss.create("reported", acl="public-read")
        product.rest()
    cloud.clock.advance(2)  # Log Service finds lines a second late
    return product


def test_a_nightly_run_leaves_it_and_tells(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --yes alone the others are closed, this one is named, with the command to type."""
    assert product.run("sweep", *DUE, "--yes", "--json") == 1
    said = capsys.readouterr()
    document: Any = json.loads(said.out)
    assert [each["bucket"] for each in document["buckets"]] == ["reported"]
    assert document["unconfirmed"] == ["reopened"]
    assert document["closes"] == 1
    assert "open, although its last audit line says repaired" in said.err
    assert "resource-repair sweep --due --grace 0 --expect 1" in said.err
    assert product.acls() == {"reopened": "public-read", "reported": "private"}

    assert product.run("sweep", *DUE, "--yes") == 1  # and so each night, until somebody confirms
    assert product.acls()["reopened"] == "public-read"

    assert product.run("sweep", *DUE, "--expect", "1") == 0  # as it was told
    assert product.acls()["reopened"] == "private"


def test_its_number_closes_it(product: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """--expect counts it, and closes all of them; a number without it closes nothing."""
    before = invoked(product)
    assert product.run("sweep", *DUE, "--expect", "1", "--yes") == 2
    assert "2 buckets would be closed, and 1 was expected" in capsys.readouterr().err
    assert invoked(product) == before

    assert product.run("sweep", *DUE, "--expect", "2", "--json") == 0
    document = answered(capsys)
    assert [each["bucket"] for each in document["buckets"]] == ["reported", "reopened"]
    assert document["unconfirmed"] == []
    assert set(product.acls().values()) == {"private"}


@pytest.mark.parametrize(("typed", "ends"), [("y", 1), ("1", 1), ("", 1), ("2", 0)])
def test_a_person_types_the_number(
    product: Account,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    typed: str,
    ends: int,
) -> None:
    """At a terminal a yes is not enough: it is the number that confirms."""
    monkeypatch.setattr(sys, "stdin", Terminal(f"{typed}\n"))
    assert product.run("sweep", *DUE) == ends
    asked = "1 of these 2 buckets is open although its last audit line says otherwise: to close"
    assert asked in capsys.readouterr().err
    closed = {"private"} if ends == 0 else {"public-read"}
    assert set(product.acls().values()) == closed


def test_where_nobody_can_type_nothing_is_begun(
    product: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a terminal, --yes or a number it is told what to say."""
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    before = invoked(product)
    assert product.run("sweep", *DUE) == 2
    assert "--expect 2" in capsys.readouterr().err
    assert invoked(product) == before


def test_a_sweep_of_everything_is_as_before(product: Account) -> None:
    """Without --due it is one of those that are open, and a yes closes it."""
    assert product.run("sweep", "--yes") == 0
    assert set(product.acls().values()) == {"private"}
