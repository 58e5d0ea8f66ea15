"""s.fc3.yaml is written by `fc3` alone, and read only while it is what s.yaml gives."""

import json
from pathlib import Path
from typing import Any

import pytest

from scripts import cli
from scripts.declared import Generation, SpecError, access, load, region, runtime
from scripts.errors import UsageError
from tests.unit.test_derived import ACCOUNT, ENVIRON, LEAST, PROPS, turned
from tests.unit.test_spec import edited


@pytest.mark.parametrize(
    ("knob", "value", "says"),
    [
        ("vars.roles", {}, "a role that nobody makes on Function Compute 3.0"),
        (f"{PROPS}.function.name", "f" * 120, "128 characters with the service's"),
        (f"{PROPS}.function.description", "{{ env }}", "by which a template begins"),
        (
            "services.repair.actions.pre-deploy.0",
            {"component": "fc invoke"},
            "is of Function Compute 2.0",
        ),
    ],
)
def test_what_cannot_be_on_3_0_is_refused_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], knob: str, value: Any, says: str
) -> None:
    """Before anything is written."""
    path = turned(tmp_path, {knob: value})
    assert cli.run("fc3", "--spec", str(path), environ=ENVIRON) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "s.fc3.yaml").exists()


def test_python3_12_is_of_3_0_alone(tmp_path: Path) -> None:
    """Whichever verb asks, and for the bundle too."""
    path = turned(tmp_path, {"vars.runtime": "python3.12"})
    assert cli.run("fc3", "--spec", str(path), environ=ENVIRON) == 0
    assert runtime(tmp_path / "s.fc3.yaml", {}) == "python3.12"
    assert load(tmp_path / "s.fc3.yaml", ENVIRON, ACCOUNT).function.runtime == "python3.12"
    for asked in (lambda: runtime(path, {}), lambda: load(path, ENVIRON, ACCOUNT)):
        with pytest.raises(SpecError, match=r"'python3\.12': Function Compute 3\.0 alone has it"):
            asked()


def test_the_function_is_named_after_both_and_has_the_least_role(tmp_path: Path) -> None:
    """The knob of the role is for Function Compute 2.0."""
    path = turned(tmp_path, {})
    assert load(path, ENVIRON, ACCOUNT).function_in_cloud == "oss_repair_acl_trigger"
    assert cli.run("fc3", "-t", str(path), environ={}) == 0  # before there is a rule
    spec = load(tmp_path / "s.fc3.yaml", ENVIRON, ACCOUNT)
    assert spec.generation is Generation.FC3
    assert spec.function_in_cloud == "resource_repair-oss_repair_acl_trigger"
    assert (spec.service.role.name, spec.service.role.provisioned) == (LEAST.split("/")[1], True)
    assert [policy.name for policy in spec.service.role.policies] == [spec.service.role.name]


def test_one_that_is_not_what_s_yaml_gives_now_is_refused_by_whatever_reads_it(
    tmp_path: Path,
) -> None:
    """So is one that is not there: no verb goes by an old truth, nor the client."""
    path, other = turned(tmp_path, {}), tmp_path / "s.fc3.yaml"
    reads = (
        lambda: load(other, ENVIRON, ACCOUNT),
        lambda: region(other, {}),
        lambda: access(other),
        lambda: runtime(other, {}),
    )
    for read in reads:
        with pytest.raises(UsageError, match="`scripts/resource-repair fc3` makes it anew"):
            read()
    cli.run("fc3", "--template", str(path), environ={})
    for read in reads:
        read()
    edited(tmp_path, "vars.timeout", 61)
    for read in reads:
        with pytest.raises(UsageError, match=r"is not what s\.yaml gives now: "):
            read()
    cli.run("fc3", "--template", str(other), environ={})
    for read in reads:
        read()


def test_a_copy_without_what_it_is_made_of_is_refused(tmp_path: Path) -> None:
    """In a folder of its own, or by another name: what s.yaml says is not known there."""
    turned(tmp_path, {})
    cli.run("fc3", "--template", str(tmp_path / "s.yaml"), environ={})
    copy = tmp_path / "copy.fc3.yaml"
    copy.write_bytes((tmp_path / "s.fc3.yaml").read_bytes())
    with pytest.raises(UsageError, match=r"copy\.yaml beside it, which is not there: name the one"):
        load(copy, ENVIRON, ACCOUNT)


def test_it_is_written_only_where_it_says_another_thing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And tells so."""
    path, told = turned(tmp_path, {}), []
    for _ in range(2):
        cli.run("fc3", "--spec", str(path), "--json", environ={})
        told.append(json.loads(capsys.readouterr().out)["changed"])
    assert told == [True, False]
