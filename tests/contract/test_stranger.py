"""The local cloud as somebody has it who has nothing else of this project."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import ROOT

LOCALCLOUD = ROOT / "scripts" / "localcloud"
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
    """In an empty project they pass as they stand there, and a second test finds nothing left."""
    [lines] = re.findall(r"```python\n(.*?)```", (LOCALCLOUD / "README.md").read_text(), re.DOTALL)
    again = "\n\ndef test_nothing_is_left(local_alibaba_cloud):\n    {}\n".format(
        "assert not local_alibaba_cloud.clients.oss.list_buckets().buckets"
    )
    (tmp_path / "test_mine.py").write_text(lines + again)
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path]
    done = subprocess.run(
        run, cwd=tmp_path, env=elsewhere(installed), capture_output=True, text=True, check=False
    )
    assert "2 passed" in done.stdout, done.stdout + done.stderr
