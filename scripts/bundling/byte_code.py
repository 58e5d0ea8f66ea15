"""Byte code for the bundle: each source compiled beforehand, for the Python that will run it.

Function Compute's /code cannot be written to, so without it every cold start compiles everything
again, which takes several times as long as the rest of a start. It lies where Python looks for it,
`__pycache__/<module>.cpython-310.pyc` beside the source, and is of the kind that is taken as it is
(PEP 552, unchecked hash): no time stamp, which unpacking would change. That kind is there from
Python 3.7 on. The sources stay, for whoever reads a traceback, or runs another Python.
"""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from scripts.bundling import pythons

KNOB = "RUNTIME_PYTHON"  # the environment variable that names the interpreter

_WITHOUT = ("python3",)  # 3.6, which knows byte code by time stamps alone


class BytecodeError(Exception):
    """Why nothing was compiled, in one line."""


def interpreter(runtime: str, environ: Mapping[str, str] = os.environ) -> Path | None:
    """The Python that can compile for a runtime; None if it is not here, or there is none for it.

    It must be of the runtime's own minor version: no other one's byte code would be looked at.
    Raises BytecodeError if the one that RUNTIME_PYTHON names is of another.
    """
    if runtime in _WITHOUT:
        return None
    version = pythons.RUNTIMES[runtime]
    if named := environ.get(KNOB):
        if pythons.version_of(Path(named)) != version:
            raise BytecodeError(f"{KNOB} names {named}, which is no Python {version} that runs")
        return Path(named)
    return pythons.find(runtime, environ)


def describe(runtime: str, environ: Mapping[str, str] = os.environ) -> str:
    """What byte code a bundle that is made here has, and why it has none; raises as above."""
    version = pythons.RUNTIMES[runtime]
    if runtime in _WITHOUT:
        return f"no byte code: Python {version} has none that could be shipped"
    if python := interpreter(runtime, environ):
        return f"byte code for Python {version}, by {python}"
    return (
        f"no byte code: there is no Python {version} here, so that every cold start will compile "
        f"({KNOB}=<path> names one)"
    )


def add(folder: Path, python: Path) -> None:
    """Compile every source in `folder`; raises BytecodeError.

    The same sources and the same Python give the same bytes: in one process, as several would do it
    in any order, and with the hashes of texts fixed, as they order the sets of constants.
    """
    options = ["-q", "-j1", "--invalidation-mode", "unchecked-hash", "-d", "/code"]
    done = subprocess.run(
        [python.absolute(), "-B", "-S", "-s", "-W", "ignore", "-m", "compileall", *options, "."],
        cwd=folder,
        env={**_environment(), "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines() or ["it said nothing"]
        raise BytecodeError(f"{python} does not compile the bundle: {lines[-1]}")


def _environment() -> dict[str, str]:
    """What an interpreter may need to be found, and nothing that changes what it compiles."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
