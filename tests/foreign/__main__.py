"""Runs calls of SDKs that this project does not use against the local cloud: `make foreign`.

    python -m tests.foreign           # exit code 1 if a call fails that is in passes.txt
    python -m tests.foreign --write   # have passes.txt say what passes now

The SDKs are installed as their users install them, into build/foreign. Nobody here wrote them, so
they take for granted what Alibaba Cloud does, and not what the local cloud does. It needs the
indexes that pip and npm are configured for; without npm what is written in JavaScript is left out.
"""

import argparse
import base64
import io
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.localcloud import LocalCloud, command
from scripts.localcloud.ram import policies

HERE = Path(__file__).parent
BUILT = HERE.parents[1] / "build" / "foreign"
PASSES = HERE / "passes.txt"

_SUITES = ("oss_v2.py", "log_sdk.py", "mns_sdk.py", "ali_oss.js", "fc2.js", "fc3.js", "mns.js")
_PATIENCE = 300  # seconds a suite
_FUNCTION = """\
begun = []


def initialize(context):
    begun.append(1)


def handler(event, context):
    print("echoed")
    return event * len(begun)
"""


def main(arguments: Sequence[str]) -> int:
    """Install, run all, compare; returns the exit code."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--write", action="store_true", help="write passes.txt")
    write = options.parse_args(arguments).write
    interpreters = {".py": str(_python()), ".js": _node()}
    expected = PASSES.read_text("utf-8").splitlines() if PASSES.exists() else []
    passed: list[str] = []
    for suite in _SUITES:
        interpreter = interpreters[Path(suite).suffix]
        if not interpreter:
            print(f"{suite}: left out, since there is no npm here")
            passed += [line for line in expected if line.startswith(f"{suite} ")]
            continue
        passed += run(suite, interpreter)
    if write:
        PASSES.write_text("".join(f"{line}\n" for line in passed), "utf-8")
        return 0
    return compared(expected, passed)


def run(suite: str, interpreter: str) -> list[str]:
    """What passes of a suite's calls on a cloud of its own, each `<suite> <call>`."""
    with LocalCloud() as cloud:
        done = subprocess.run(
            [interpreter, str(HERE / suite)],
            env=_environment(cloud),
            stdout=subprocess.PIPE,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    told = [line.partition(" ") for line in done.stdout.splitlines()]
    passed = [f"{suite} {call}" for verdict, _, call in told if verdict == "pass"]
    failed = [call for verdict, _, call in told if verdict == "FAIL"]
    print(f"{suite}: {len(passed)} pass, {len(failed)} fail", *failed, sep="\n  ", flush=True)
    if done.returncode:
        print(f"  and it ended with exit code {done.returncode}")
    return passed


def compared(expected: Sequence[str], passed: Sequence[str]) -> int:
    """Say what passes no more, and what was not expected to; the exit code."""
    for line in passed:
        if line not in expected:
            print(f"passes, and is not in {PASSES.name}: {line}")
    lost = [line for line in expected if line not in passed]
    for line in lost:
        print(f"passed, and does not: {line}")
    return 1 if lost else 0


def _environment(cloud: LocalCloud) -> Mapping[str, str]:
    """Where the cloud is, in which there are a topic `findings`, and a role that MNS may assume."""
    cloud.mns.create_topic("findings")
    cloud.ram.create_role("notifier", policies.trust("mns.aliyuncs.com"))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", _FUNCTION)
    return {
        **os.environ,
        **command.environment(cloud, os.environ),
        **command.own_variables(cloud),
        "FUNCTION_ZIP": base64.b64encode(packed.getvalue()).decode(),
        "NODE_PATH": str(BUILT / "js" / "node_modules"),
    }


def _python() -> Path:
    """The interpreter of an environment that has what requirements.txt says."""
    folder, pins = BUILT / "python", HERE / "requirements.txt"
    python = folder / "bin" / "python"
    if not _is_of(folder, pins):
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        _run([str(python), "-m", "pip", "install", "--quiet", "--requirement", str(pins)])
        shutil.copy(pins, folder)
    return python


def _node() -> str:
    """Node, with what package.json says installed; empty without npm."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not (node and npm):
        return ""
    folder, pins = BUILT / "js", HERE / "package.json"
    if not _is_of(folder, pins):
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "begun").mkdir(parents=True)
        shutil.copy(pins, folder / "begun")
        quiet = ["--silent", "--no-audit", "--no-fund", "--no-package-lock"]
        _run([npm, "install", *quiet, "--prefix", str(folder / "begun")])
        (folder / "begun" / "node_modules").rename(folder / "node_modules")
        shutil.copy(pins, folder)
    return node


def _is_of(folder: Path, pins: Path) -> bool:
    """Whether a folder was made, to its end, of these pins."""
    made = folder / pins.name
    return made.exists() and made.read_bytes() == pins.read_bytes()


def _run(line: Sequence[str]) -> None:
    subprocess.run(line, check=True, stdout=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
