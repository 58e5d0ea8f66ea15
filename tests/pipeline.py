"""The workflows' own steps, run as GitHub runs them, and the template as `s init` fills it."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from scripts import ROOT

WORKFLOWS = ROOT / ".github" / "workflows"

# Page "Workflow syntax for GitHub Actions", `jobs.<job_id>.steps[*].shell`.
_SHELLS = {
    None: ["bash", "-e"],
    "bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"],
}
_EXPRESSION = re.compile(r"\$\{\{ ([\w.-]+)(?: \|\| '([^']*)')? \}\}")


def workflow(name: str) -> dict[Any, Any]:
    """A workflow; PyYAML reads the key `on` as True."""
    document = yaml.safe_load((WORKFLOWS / name).read_text("utf-8"))
    assert isinstance(document, dict)
    return document


def filled(text: str, known: Mapping[str, str]) -> str:
    """A text with its expressions' values: a name, or a name with what stands where it is empty."""
    return _EXPRESSION.sub(lambda found: known.get(found[1]) or found[2] or "", text)


def command(folder: Path, name: str, source: str) -> None:
    """Put a command into a folder, in Python."""
    path, code = folder / name, folder / f"{name}.py"
    folder.mkdir(exist_ok=True)
    code.write_text(source, "utf-8")
    # A path with a space cannot stand in the first line by itself.
    path.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, str(code)])} "$@"\n', "utf-8")
    path.chmod(0o755)


class Runner:
    """Runs the steps of a job in a folder: what one says to $GITHUB_PATH is there for the next."""

    def __init__(
        self, folder: Path, commands: Path, known: Mapping[str, str], **shell: str
    ) -> None:
        self.folder = folder
        self.known = known
        self.path = folder.parent / "github-path"
        self.path.write_text("")
        self.shell = {"PATH": f"{commands}{os.pathsep}{os.environ['PATH']}", **shell}

    def run(self, step: Mapping[str, Any], job: Mapping[str, Any]) -> "Ran":
        """Run one step that is a script, in the environment of its job and its own."""
        given = {**job.get("env", {}), **step.get("env", {})}
        environ = {name: filled(str(value), self.known) for name, value in given.items()}
        added = self.path.read_text().splitlines()
        script = self.folder.parent / "step.sh"
        script.write_text(step["run"], "utf-8")
        path = os.pathsep.join([*reversed(added), self.shell["PATH"]])
        done = subprocess.run(
            [*_SHELLS[step.get("shell")], str(script)],
            cwd=self.folder,
            env={**self.shell, **environ, "PATH": path, "GITHUB_PATH": str(self.path)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Ran(step.get("name", step["run"]), done.returncode, done.stdout)


class Ran:
    """What a step came to."""

    def __init__(self, name: str, ends: int, said: str) -> None:
        self.name, self.ends, self.said = name, ends, said

    def __repr__(self) -> str:
        return f"{self.name} ended with {self.ends}:\n{self.said}"


def published(package: Path) -> dict[str, Any]:
    """What a template's publish.yaml says."""
    document = yaml.safe_load((package / "publish.yaml").read_text("utf-8"))
    assert isinstance(document, dict)
    return document


def rendered(package: Path, **chosen: str) -> str:
    """s.yaml as `s init` 3.1.10 renders it, by its template engine: names, and `or else`.

    What is not chosen has the default that publish.yaml says; `access` is known by `-a` alone.
    """
    properties = published(package)["Parameters"]["properties"]
    known = {name: each["default"] for name, each in properties.items()} | chosen
    text = (package / "src" / "s.yaml").read_text("utf-8")
    return re.sub(
        r'\{\{ (\w+)(?: \|\| "(\w+)")? \}\}', lambda found: known.get(found[1]) or found[2], text
    )
