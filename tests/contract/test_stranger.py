"""The local cloud as somebody has it who has nothing else of this project."""

import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import ROOT
from tests import documents
from tests.parts import free_ports

LOCALCLOUD = ROOT / "scripts" / "localcloud"
README = "scripts/localcloud/README.md"
MORE = """

def test_nothing_is_left(local_alibaba_cloud):
    assert not local_alibaba_cloud.clients.oss.list_buckets().buckets
    assert not local_alibaba_cloud.journal.entries("oss", "PutObject")


def test_a_fault_that_nobody_met(local_alibaba_cloud):
    from alicloud_local import Drop

    local_alibaba_cloud.faults.add("oss:PutObject", Drop())
"""
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which nothing but the local cloud is installed."""
    folder = tmp_path_factory.mktemp("installed")
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--no-compile"]
    ours = {**os.environ, "PYTHONWARNINGS": "ignore"}  # it is not pip's that this looks for
    subprocess.run([*PIP, *offline, "--target", folder, LOCALCLOUD], env=ours, check=True)
    return folder


def elsewhere(installed: Path) -> dict[str, str]:
    """The environment of somebody with what is installed, and the SDKs."""
    return {**os.environ, "PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"}


def modules(folder: Path) -> set[str]:
    """What Python finds below a folder, but for what builds it."""
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*.py")}
    return found - {"setup.py"}


def test_all_of_it_is_installed_and_nothing_is_left_in_its_folder(installed: Path) -> None:
    """Every module, under its own name, with the license; and what builds it is no part of it."""
    assert modules(installed / "alicloud_local") == modules(LOCALCLOUD)
    assert not (installed / "alicloud_local" / "setup.py").exists()
    [license_file] = installed.glob("alicloud_local-*.dist-info/licenses/LICENSE")
    assert license_file.read_text() == (ROOT / "LICENSE").read_text()
    assert not [*LOCALCLOUD.glob("*.egg-info"), *LOCALCLOUD.glob("build")]


def test_the_ten_lines_of_its_readme_are_all_that_a_test_needs(
    installed: Path, tmp_path: Path
) -> None:
    """In an empty project they pass as they stand there; what comes after finds nothing of it."""
    lines = documents.block(README, "import oss2\n").text
    (tmp_path / "test_mine.py").write_text(lines + MORE)
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path]
    done = subprocess.run(
        run, cwd=tmp_path, env=elsewhere(installed), capture_output=True, text=True, check=False
    )
    assert "3 passed, 1 error" in done.stdout, done.stdout + done.stderr
    assert "met by no call: Drop at oss:PutObject\n" in done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")
def test_its_command_is_used_as_its_readme_tells(installed: Path, tmp_path: Path) -> None:
    """It keeps a cloud up until it is stopped; a shell finds its control by what it prints."""
    keep, *use = documents.block(README, "$ alicloud-local ").commands
    command, into = keep.removesuffix(" &").split(" > ")
    port = str(free_ports(8))
    path = f"{installed / 'bin'}:{os.environ['PATH']}"
    environment = {**elsewhere(installed), "PATH": path, "PYTHONUNBUFFERED": ""}
    with subprocess.Popen(
        shlex.split(command.replace("9000", port)),
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout
        last = f"# Stop it with Ctrl-C, or: kill {process.pid}\n"
        lines = itertools.takewhile(lambda line: line != last, process.stdout)
        (tmp_path / into).write_text("".join(lines))
        shell = ["sh", "-ec", "\n".join([*use, "echo $ALICLOUD_LOCAL_OSS_ENDPOINT"])]
        said = subprocess.check_output(shell, cwd=tmp_path, env=environment, text=True)
        assert said.endswith(f"http://127.0.0.1:{port}\n")
        process.terminate()
        assert process.wait(30) == 0
    check = [sys.executable, "-m", "alicloud_local.coverage", "--check"]
    assert subprocess.run(check, cwd=tmp_path, env=environment, check=False).returncode == 0


def test_it_asks_for_the_releases_that_it_is_tested_with() -> None:
    """Each lower bound is a pin of this project."""
    pins = {*re.findall(r'"(\S+==\S+)"', (ROOT / "pyproject.toml").read_text())}
    bounds = re.findall(r'"(\S+)>=(\d\S+)"', (LOCALCLOUD / "pyproject.toml").read_text())
    asked = {f"{name}=={version}" for name, version in bounds if name != "setuptools"}
    assert len(asked) == 11
    assert asked <= pins
