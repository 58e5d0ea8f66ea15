import ast
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OPERATOR = ROOT / "scripts/requirements.txt"
DEV = ROOT / "scripts/requirements-dev.txt"
BUILD = ROOT / "scripts/requirements-build.txt"


def locked(lock: Path) -> dict[str, frozenset[str]]:
    """What a lock pins, each `name==version` with its hashes."""
    entries = re.split(r"^(?=[a-z])", lock.read_text("utf-8"), flags=re.MULTILINE)
    return {
        entry.split()[0]: frozenset(re.findall(r"--hash=(\S+)", entry))
        for entry in entries
        if entry.strip()
    }


def names(lock: Path) -> set[str]:
    """The projects that a lock pins."""
    return {entry.split("==")[0] for entry in locked(lock)}


def test_the_locks_agree() -> None:
    """What tests and checks need comes on top of what an operator needs, and changes none of it."""
    assert locked(OPERATOR).items() <= locked(DEV).items()
    assert not names(BUILD) & names(DEV)


def test_an_operator_gets_no_tools_of_ours() -> None:
    """Linters, type checkers and test tools come with `make test` and `make lint` alone."""
    tools = {
        "coverage",
        "hypothesis",
        "mypy",
        "pytest",
        "pytest-cov",
        "ruff",
        "types-pyyaml",
        "vermin",
    }
    assert tools <= names(DEV) - names(OPERATOR)


def test_the_scripts_import_what_an_operator_has() -> None:
    """Nothing that the scripts import comes with the tools alone."""
    projects = packages_distributions()
    imported = set()
    brought = {"setup.py", "pytest_plugin.py"}  # imported by setuptools and by pytest alone
    for path in {*(ROOT / "scripts").rglob("*.py")} - {
        ROOT / "scripts/localcloud" / each for each in brought
    }:
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.split(".")[0])
    needed = {
        re.sub(r"[-_.]+", "-", project).lower()
        for name in imported - set(sys.stdlib_module_names)
        for project in projects.get(name, ())
    }
    assert "oss2" in needed
    assert needed <= names(OPERATOR)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What `make` needs to begin an installation, and nothing installed."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "Makefile", tmp_path)
    for file in (OPERATOR, DEV, BUILD, ROOT / "scripts/this_python.py"):
        shutil.copy(file, tmp_path / "scripts")
    return tmp_path


def refusal(clone: Path, python: str) -> str:
    """What `make demo` says first with a Python that cannot do it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", "demo", f"PYTHON={python}"]
    done = subprocess.run(command, cwd=clone, env=kept, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert not (clone / ".venv").exists()
    said, make_s_own = done.stderr.splitlines()
    assert make_s_own.startswith("make: ***")
    return said


def shim(clone: Path, module: str, content: str) -> str:
    """A Python that takes a module of this content for its own."""
    (clone / "shim").mkdir()
    (clone / f"shim/{module}.py").write_text(content)
    python = clone / "shim/python3"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{clone}/shim" exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return str(python)


def test_a_missing_python_names_the_package(clone: Path) -> None:
    """Without a Python, one line tells what to install."""
    assert "sudo apt install python3" in refusal(clone, "python3-not-here")


def test_a_missing_venv_module_names_the_package(clone: Path) -> None:
    """With a Python that has no venv module, as Debian's, one line tells what to install."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    python = shim(clone, "ensurepip", "raise ImportError")
    assert f"sudo apt install python{version}-venv" in refusal(clone, python)


def test_an_old_python_is_refused(clone: Path) -> None:
    """With a Python before 3.10, one line tells how to name another."""
    python = shim(clone, "sitecustomize", "import sys\nsys.version_info = (3, 9, 18, 'final', 0)\n")
    assert (
        refusal(clone, python)
        == "This is Python 3.9; name one from 3.10 on: make PYTHON=python3.12"
    )
