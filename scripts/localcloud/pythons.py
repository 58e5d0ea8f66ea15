"""Which Python a runtime means, and where this machine has it."""

import functools
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

# Page "Python runtimes" ("python3" is 3.6).
RUNTIMES = {
    "python3": "3.6",
    "python3.9": "3.9",
    "python3.10": "3.10",
    "python3.12": "3.12",
}
RUNTIMES_OF_3_0 = ("python3.12",)  # Function Compute 3.0's alone


class Interpreter(NamedTuple):
    """A Python to run functions with; `substituted` if it is not the version that was asked for."""

    path: str
    version: str
    substituted: bool


def find(runtime: str, environ: Mapping[str, str] = os.environ) -> Interpreter:
    """The interpreter for a runtime: from PATH, from pyenv, else the one that runs this.

    A candidate counts only if it really runs and is of the right version: pyenv's shims are on PATH
    for every version that is installed, and refuse to run those that are not selected.
    """
    home = environ.get("HOME", "")
    pyenv = environ.get("PYENV_ROOT") or str(Path(home, ".pyenv"))
    return _find(RUNTIMES[runtime], environ.get("PATH", ""), pyenv)


def version_of(candidate: Path) -> str:
    """The minor version of an interpreter, such as 3.10; empty if it is none, or does not run."""
    if not os.access(candidate, os.X_OK):
        return ""
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run(
            [candidate, "-S", "-c", ask], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip()


@functools.cache
def _find(version: str, path: str, pyenv: str) -> Interpreter:
    for candidate in _candidates(version, path, pyenv):
        if version_of(candidate) == version:
            return Interpreter(str(candidate), version, substituted=False)
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    return Interpreter(sys.executable, own, substituted=own != version)


def _candidates(version: str, path: str, pyenv: str) -> Iterator[Path]:
    for folder in filter(None, path.split(os.pathsep)):
        yield Path(folder, f"python{version}")
    for installed in sorted(Path(pyenv, "versions").glob(f"{version}.*"), reverse=True):
        yield installed / "bin" / "python"
