"""The number of buckets that is to be given before apply first enforces."""

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import yaml

from resource_repair.exemptions import Exemption, Exemptions
from scripts.localcloud import LocalCloud
from scripts.localcloud.cloud import Snapshot
from tests.contract import apply_helpers
from tests.contract.apply_helpers import Deployment
from tests.contract.doctor_helpers import Scene

IN_A_MONTH = datetime.now(timezone.utc).date() + timedelta(days=30)
WEBSITE = Exemptions((Exemption("exempt-website", "serves the website", "web-team", IN_A_MONTH),))


@pytest.fixture(scope="module")
def provisioned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Everything around the function, and 22 public buckets, one of which the bundle exempts."""
    with LocalCloud() as cloud:
        scene = Scene(cloud, tmp_path_factory.mktemp("project"))
        apply_helpers.project(scene.path.parent, exempt=WEBSITE)
        for name in ("exempt-website", *(f"public-{number:02}" for number in range(21))):
            cloud.oss.create(name, acl="public-read")
        scene.provision()
        yield scene


@pytest.fixture(scope="module")
def undeployed(provisioned: Scene) -> Snapshot:
    """The cloud, with nothing deployed."""
    return provisioned.cloud.snapshot()


@pytest.fixture
def scene(provisioned: Scene, undeployed: Snapshot, tmp_path: Path) -> Iterator[Scene]:
    """The same from a project of its own, of which nothing is deployed."""
    provisioned.cloud.rollback(undeployed)
    original = provisioned.path
    provisioned.path = shutil.copytree(original.parent, tmp_path / "project") / original.name
    yield provisioned
    provisioned.path = original


def run(scene: Scene, *arguments: str, **shell: str) -> int:
    """The exit code."""
    command = ["--spec", str(scene.path), *arguments]
    return scene.run("apply", *command, **shell)


@pytest.mark.parametrize(("given", "code"), [("", 1), ("20", 1), ("22", 1), ("21", 0)])
def test_their_number_is_to_be_given(
    scene: Scene, capsys: pytest.CaptureFixture[str], given: str, code: int
) -> None:
    """More than 20 buckets are closed when just that number is given, and else nothing is done."""
    deployment = Deployment(scene.cloud, scene.path)
    shell = {"EXPECT_CLOSE": given} if given else {}

    assert run(scene, "--yes", **shell) == code

    said = capsys.readouterr()
    assert "21 buckets that are non-compliant and not exempt will be closed" in said.out + said.err
    assert bool(deployment.writes()) is (code == 0)
    if code:
        assert said.err.startswith("nothing was applied, since 21 buckets")
        assert said.err.count("\n") == 1
        assert "set EXPECT_CLOSE=21" in said.err


def test_a_first_deploy_brings_no_glob_that_is_too_wide(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nothing is live every exemption is new: apply names the glob, and so does doctor."""
    wide = Exemptions((Exemption("e*x*e*m*p*t*", "a slip", "web-team", IN_A_MONTH),))
    apply_helpers.project(scene.path.parent, exempt=wide)
    deployment = Deployment(scene.cloud, scene.path)
    scene.exemptions.write_text(yaml.safe_dump([each._asdict() for each in wide.entries]))

    assert run(scene, "--yes", EXPECT_CLOSE="21") == 1
    assert not deployment.writes()
    (found,) = [each for each in scene.look(before_deploy=True) if each.link == "exemptions"]

    told = f"the exemption e*x*e*m*p*t* (public-read until {IN_A_MONTH}) is new"
    assert told in capsys.readouterr().err
    assert told in found.what


def test_it_may_stand_in_the_file_beside_the_spec(scene: Scene) -> None:
    """EXPECT_CLOSE is read from .env as well."""
    (scene.path.parent / ".env").write_text("EXPECT_CLOSE=21\n")
    assert run(scene, "--yes") == 0


def test_reporting_needs_no_number_and_switching_does(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    """In mode report nothing is asked for; from report to enforce the number is; later no more."""
    apply_helpers.edit(scene.path, "mode: enforce", "mode: report")
    assert run(scene, "--yes") == 0
    apply_helpers.edit(scene.path, "mode: report", "mode: enforce")
    assert run(scene, "--yes") == 1
    assert "nothing was applied, since 21 buckets" in capsys.readouterr().err
    assert run(scene, "--yes", EXPECT_CLOSE="21") == 0
    apply_helpers.edit(scene.path, "timeout: 60", "timeout: 61")
    assert run(scene, "--yes") == 0


def test_the_exemptions_of_the_bundle_count(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is deployed is the bundle: a bucket that it does not exempt is one more to close."""
    code = scene.path.parent / "build" / "function.zip"
    code.write_bytes(apply_helpers.zipped("", Exemptions()))
    assert run(scene, "--yes", EXPECT_CLOSE="21") == 1
    assert "set EXPECT_CLOSE=22" in capsys.readouterr().err

    code.write_bytes(apply_helpers.zipped("", None))
    assert run(scene, "--yes", EXPECT_CLOSE="22") == 1
    assert "cannot be read (KeyError): run `make bundle`" in capsys.readouterr().err


def test_what_cannot_be_counted_is_not_closed(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    """For a rule that is not there nobody knows how many there will be once it is."""
    assert run(scene, "--yes", PREPARE_RULE_ID="cr-another") == 1
    assert "the rule is not known by its id" in capsys.readouterr().err
