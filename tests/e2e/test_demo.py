"""The demo's verdict is worth something: it fails when a promise does not hold."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_fc_open20210406 import models

from scripts import ROOT
from scripts.declared import Generation
from scripts.localcloud import LocalCloud
from scripts.stage import acts, demo, stage
from tests.account import ALONE, FUNCTION, SERVICE
from tests.parts import remediate, ways


def test_on_function_compute_3_all_is_as_promised(capsys: pytest.CaptureFixture[str]) -> None:
    """The same demo, played on a function without a service."""
    assert demo.main(["--generation", "3"]) == 0
    told = capsys.readouterr().out
    assert f"create  function {ALONE}" in told
    assert "NO " not in told
    assert "AliyunOSSFullAccess" not in told
    assert "as promised, in" in told


def test_what_the_project_has_on_is_not_what_the_demo_plays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Other remediations and other ways of closing in its s.yaml do not come into the demo's."""
    theirs = tmp_path / "s.yaml"
    theirs.write_text((ROOT / "s.yaml").read_text("utf-8"), "utf-8")
    (tmp_path / "demo").mkdir()
    monkeypatch.setattr(acts, "PATH", theirs)
    plain = acts.with_further(tmp_path / "demo").read_text("utf-8")
    remediate(theirs, "https:cr-of-theirs:enforce")
    ways(theirs, close="block", policyPublic="block", neverBlock="config-*")
    assert acts.with_further(tmp_path / "demo").read_text("utf-8") == plain
    assert plain.count("remediations: encryption:") == 1


def test_it_fails_when_nothing_is_repaired(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a function that only reports, the demo says what did not hold and exits with 1."""

    def reporting(cloud: LocalCloud, code: Path, generation: Generation, *more: Any) -> stage.Stage:
        made = stage.set_up(cloud, code, generation, *more)
        variables = {**made.spec.function.environment, "repairMode": "report"}
        request = models.UpdateFunctionRequest(environment_variables=variables)
        made.clients.fc.update_function(SERVICE, FUNCTION, request)
        return made

    monkeypatch.setattr(demo, "set_up", reporting)
    assert demo.main() == 1
    told = capsys.readouterr()
    assert "NO   nobody can once it is closed" in told.out
    assert "NO   config-snapshot: repaired, and private" in told.out
    assert "yes  config-website: exempt, and public-read" in told.out
    assert "things were not as promised" in told.err


def test_it_fails_when_a_deleted_bucket_comes_back(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If somebody creates the deleted bucket again, the demo notices."""

    def come_back(cloud: LocalCloud, code: Path, generation: Generation, *more: Any) -> stage.Stage:
        made = stage.set_up(cloud, code, generation, *more)
        oss = made.cloud.oss
        delete = oss.delete

        def delete_and_create(name: str) -> None:
            delete(name)
            oss.create(name)

        monkeypatch.setattr(oss, "delete", delete_and_create)
        return made

    monkeypatch.setattr(demo, "set_up", come_back)
    assert demo.main() == 1
    assert "NO   config-deleted: gone" in capsys.readouterr().out


@pytest.mark.bad_days
def test_the_two_commands_that_it_ends_with_lead_to_a_bucket_that_is_closed(
    tmp_path: Path,
) -> None:
    """Nothing is wanted between them: the product is on the cloud, and its environment says all."""
    commands = [line.split() for line in demo._NEXT if line.startswith("  ")]
    make, verb = commands
    assert make == ["make", "cloud", "ARGS=--deployed", ">", "build/cloud.env"]
    assert verb[:4] == [".", "build/cloud.env", "&&", "scripts/resource-repair"]

    environ = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    quick = ("--json", "--time-scale", "0.001")
    serve = [sys.executable, "-m", "scripts.stage.serve", "--deployed", *quick]
    with subprocess.Popen(
        serve, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as cloud:
        try:
            assert cloud.stdout
            environ |= json.loads(cloud.stdout.readline())
            run = [sys.executable, "-m", "scripts", *verb[4:], "--yes"]
            ended = subprocess.run(
                run, cwd=ROOT, env=environ, capture_output=True, text=True, check=False
            )
        finally:
            cloud.terminate()
    assert ended.returncode == 0, ended.stderr
    assert "opened resource-repair-proof-" in ended.stdout
    assert "the loop closed" in ended.stdout
