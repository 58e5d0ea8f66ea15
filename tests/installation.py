"""Shows that the installation works today and on any day: `make check-install`.

In a fresh copy, with an empty environment and cache, the demo runs on each Python from 3.10 on that
this machine has, with the pip that came with it. It runs once more with an index of its own, which
has newer releases beside what is locked: none may be taken. Then again without any index: all that
is needed is there. And the local cloud's folder, apart from all else, is installed into an empty
environment, where the test in its README passes. The demo runs, too, in what `s init` makes of the
template.

It needs the index that pip is configured for. Pythons are looked for on PATH and in pyenv.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from scripts.upkeep import template
from tests import documents
from tests.pipeline import rendered

ROOT = Path(__file__).parents[1]

# One of each lock. Of coverage an extra is asked for: old pips then do not mind its pin.
NEWER = ("coverage", "requests", "setuptools")

# Half of an attempt is waiting for the index and the disk.
_AT_ONCE = 2

_LEFT_BEHIND = (
    ".git",
    ".venv",
    "build",
    ".env",
    "__pycache__",
    ".coverage*",
    ".hypothesis",
    ".*_cache",
)

_ASK = """
import json, platform, sys
try:
    import ensurepip, venv
    pip = ensurepip.version()
except ImportError:
    pip = ""
installed = sys.prefix == sys.base_prefix and sys.implementation.name == "cpython"
print(json.dumps([installed and sys.version_info >= (3, 10), platform.python_version(), pip]))
"""


class Python(NamedTuple):
    """An interpreter, its version, and that of the pip that comes with it; empty if none does."""

    path: str
    version: str
    pip: str


class InstallationError(Exception):
    """What does not work, and the last that was said."""


def main() -> int:
    """Try everything; exit code 0 all works, 1 something does not."""
    usable = []
    for python in pythons(os.environ):
        if python.pip:
            usable.append(python)
        else:
            print(f"{python.path} ({python.version}) has no venv module: left out")
    if not usable:
        print("there is no Python from 3.10 on with a venv module", file=sys.stderr)
        return 1
    alone = "the local cloud alone keeps what its README says"
    oldest = min(usable, key=lambda python: [int(part) for part in python.pip.split(".")])
    attempts = [
        (oldest, "newer releases are not taken", try_newer_releases),
        (oldest, "what `s init` makes runs its demo", try_template),
        *((python, "the demo runs", try_demo) for python in usable),
        *((python, alone, try_local_cloud) for python in usable),
    ]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        works = list(pool.map(lambda each: _works(*each), attempts))
    return 0 if all(works) else 1


def pythons(environ: Mapping[str, str]) -> list[Python]:
    """The Pythons of this machine, of each minor version one for each pip."""
    pyenv = environ.get("PYENV_ROOT") or str(Path(environ.get("HOME", ""), ".pyenv"))
    folders = [*filter(None, environ.get("PATH", "").split(os.pathsep))]
    folders += map(str, sorted(Path(pyenv, "versions").glob("*/bin")))
    found: dict[tuple[str, str], Python] = {}
    for folder in folders:
        for candidate in sorted(Path(folder).glob("python3*")):
            if re.fullmatch(r"python3(\.\d+)?", candidate.name) and (python := _ask(candidate)):
                found.setdefault((python.version.rpartition(".")[0], python.pip), python)
    return sorted(
        found.values(), key=lambda python: [int(n) for n in python.version.split(".")[:2]]
    )


def _ask(candidate: Path) -> Python | None:
    # One of pyenv's shims refuses to run if its version is not selected.
    command = [str(candidate), "-I", "-c", _ASK]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        return None
    suits, version, pip = json.loads(answer.stdout)
    return Python(str(candidate), version, pip) if suits else None


def _works(python: Python, promise: str, attempt: Callable[[Python, Path], None]) -> bool:
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="installation-") as scratch:
        try:
            attempt(python, Path(scratch))
            verdict = promise
        except InstallationError as error:
            verdict = f"FAILS: {error}"
    took = time.monotonic() - start
    print(f"Python {python.version}, pip {python.pip}: {verdict} ({took:.0f} s)", flush=True)
    return verdict == promise


def try_demo(python: Python, scratch: Path) -> None:
    """The demo in a fresh copy; raises InstallationError."""
    _make("demo", python, fresh_copy(scratch), fresh_environment(scratch))


def try_newer_releases(python: Python, scratch: Path) -> None:
    """All installations with an index that has newer releases, then the demo with none; raises."""
    copy = fresh_copy(scratch)
    environment = fresh_environment(scratch)
    files = scratch / "index"
    download_what_is_locked(python, copy, environment, files)
    for name in NEWER:
        write_wheel(files / name, name, "9999")
    with served(files) as address:
        apart = only_index(environment, address)
        _make("demo", python, copy, apart)
        _make(".venv/.ready-dev", python, copy, apart)
    _make("demo", python, copy, apart)


def try_template(python: Python, scratch: Path) -> None:
    """The demo in what the template becomes, with its defaults; raises InstallationError."""
    package = scratch / "template"
    try:
        template.make(package, template.tracked())
    except (OSError, subprocess.CalledProcessError) as error:
        raise InstallationError(f"git does not tell which files there are: {error}") from None
    (package / "src" / "s.yaml").write_text(rendered(package), "utf-8")
    _make("demo", python, package / "src", fresh_environment(scratch))


def try_local_cloud(python: Python, scratch: Path) -> None:
    """The local cloud's folder in an empty environment, and the test in its README; raises."""
    folder = shutil.copytree(
        ROOT / "scripts" / "localcloud",
        scratch / "localcloud",
        ignore=shutil.ignore_patterns(*_LEFT_BEHIND),
    )
    environment = fresh_environment(scratch)
    project = scratch / "project"
    project.mkdir()
    test = documents.block("scripts/localcloud/README.md", "import oss2\n")
    (project / "test_mine.py").write_text(test.text, "utf-8")
    own = str(project / "venv/bin/python")
    _run([python.path, "-m", "venv", "venv"], project, environment)
    install = [own, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*install, f"{folder}[oss]", "pytest"], project, environment)
    # oss2's docstrings are compiled with warnings from Python 3.12 on.
    _run(
        [own, "-W", "ignore", "-m", "pytest", "-p", "no:warnings", "test_mine.py"],
        project,
        environment,
    )


def fresh_copy(scratch: Path) -> Path:
    """What is here, without what was built or installed."""
    ignore = shutil.ignore_patterns(*_LEFT_BEHIND)
    return Path(shutil.copytree(ROOT, scratch / "copy", ignore=ignore))


def fresh_environment(scratch: Path) -> dict[str, str]:
    """This environment without what is Python's or make's, and with an empty cache."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not re.match(r"PYTHON|VIRTUAL_ENV|MAKE|MFLAGS", name)
    }
    return {
        **kept,
        "XDG_CACHE_HOME": str(scratch / "cache"),
        "PIP_CACHE_DIR": str(scratch / "cache"),
    }


def only_index(environment: Mapping[str, str], address: str) -> dict[str, str]:
    """The environment of somebody for whom `address` is the only index, as a team's mirror is."""
    kept = {
        name: value
        for name, value in environment.items()
        if not name.startswith("PIP_") or name == "PIP_CACHE_DIR"
    }
    return {
        **kept,
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": address,
        "no_proxy": "127.0.0.1",
    }


def download_what_is_locked(
    python: Python, copy: Path, environment: Mapping[str, str], files: Path
) -> None:
    """Download the files of the locks, each into a folder of its project's name; raises."""
    mirror = files.with_name("mirror")
    pip = [str(mirror / "bin/python"), "-m", "pip"]
    closed = ["--quiet", "--no-deps", "--require-hashes"]
    unpacked = [*closed, "--no-build-isolation", "--use-pep517", "--dest", str(files)]
    build = str(copy / "scripts/requirements-build.txt")
    _run([python.path, "-m", "venv", str(mirror)], copy, environment)
    _run([*pip, "install", *closed, "--requirement", build], copy, environment)
    locks = [*copy.glob("scripts/requirements*.txt"), copy / "code/requirements/function.txt"]
    for lock in locks:
        _run([*pip, "download", *unpacked, "--requirement", str(lock)], copy, environment)
    for file in [*files.iterdir()]:
        project = file.name.split("-")[0] if file.suffix == ".whl" else file.name.rpartition("-")[0]
        folder = files / re.sub(r"[-_.]+", "-", project).lower()
        folder.mkdir(exist_ok=True)
        file.rename(folder / file.name)


def write_wheel(folder: Path, name: str, version: str) -> None:
    """Write a wheel with nothing in it."""
    about = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        tags = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        wheel.writestr(f"{about}/METADATA", metadata)
        wheel.writestr(f"{about}/WHEEL", tags)
        wheel.writestr(f"{about}/RECORD", "")


class _Quiet(SimpleHTTPRequestHandler):
    """Lists folders and gives files: what the simple API of an index is."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def served(files: Path) -> Iterator[str]:
    """The address under which a folder is served on loopback meanwhile."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(files))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def _make(target: str, python: Python, copy: Path, environment: Mapping[str, str]) -> None:
    _run(["make", target, f"PYTHON={python.path}"], copy, environment)


def _run(command: list[str], folder: Path, environment: Mapping[str, str]) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode or re.search(r"\w+Warning: ", done.stdout):
        said = "\n".join(done.stdout.splitlines()[-12:])
        raise InstallationError(f"{' '.join(command)} in {folder}\n{said}")


if __name__ == "__main__":
    sys.exit(main())
