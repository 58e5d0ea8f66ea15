"""Makes what Function Compute runs: `build/function/` to read, `build/function.zip` to deploy.

    python -m scripts.bundling.bundle [--exemptions FILE] [--output DIR] [--full]

The bundle is lean and pure Python: our own modules, oss2 and what an ACL's requests need of its
dependencies. The rest of them (nine tenths of the size, and of a cold start) is replaced by the
stand-ins of `stubs`. Beside the sources lies byte code for the runtime that s.yaml names
(`byte_code`); other runtimes run the sources. The same sources and the same Python give the
same bytes.

With --full it is made of everything that oss2 requires, as published, in `build/full/`.
"""

import argparse
import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timezone
from pathlib import Path, PurePosixPath

from resource_repair import exemptions
from resource_repair.exemptions import Exemptions
from scripts import CODE, ROOT, declared
from scripts.bundling import byte_code, stubs
from scripts.bundling.archive import pack
from scripts.bundling.pythons import RUNTIMES
from scripts.declared import template, wide_globs
from scripts.declared.exemptions import reviewed_exemptions
from scripts.errors import Problem, UsageError

LOCK = CODE / "requirements" / "function.txt"
FULL_LOCK = LOCK.with_name("full.txt")
PLATFORM_LOCK = LOCK.with_name("platform.txt")
OUTPUT = ROOT / "build"

_LARGEST_ZIP = 1_500_000  # bytes
_PLATFORM = "manylinux2014_x86_64"
_PLATFORM_RUNTIMES = ("python3.9", "python3.10")  # for which there are wheels in the lock

# What only stand-ins may bear the name of: a cold start would import it for nothing.
_FORBIDDEN = (
    *("Crypto", "aliyunsdkcore", "aliyunsdkkms", "cffi", "charset_normalizer", "crcmod"),
    *("cryptography", "idna", "jmespath", "pycparser", "urllib3"),
)
_COMPILED = (".so", ".pyd", ".dylib", ".dll")


class BundleError(Exception):
    """Why there is no bundle, in one line."""


def main() -> int:
    """Build; exit code 0 done, 1 not built."""
    parser = argparse.ArgumentParser(prog="make bundle", description="Build the function's bundle.")
    parser.add_argument("--exemptions", type=Path, default=CODE / "exemptions.yaml")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--full", action="store_true", help="leave nothing out, in full/")
    options = parser.parse_args()
    output = options.output / "full" if options.full else options.output
    try:
        archive = build(output, options.exemptions, full=options.full)
        compiled = byte_code.describe(_runtime(os.environ))
        warned = wide_globs.warnings(_reviewed(options.exemptions), _today())
    except (BundleError, byte_code.BytecodeError) as error:
        print(f"bundle: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        why = error.strerror or error
        print(f"bundle: nothing can be built in {output} ({why})", file=sys.stderr)
        return 1
    for warning in warned:
        print(f"bundle: {warning}", file=sys.stderr)
    size = archive.stat().st_size / 1000
    print(
        f"bundle: {_shown(archive)} ({size:.0f} kB), to read in {_shown(archive.with_suffix(''))}/"
    )
    print(f"bundle: {compiled}")
    return 0


def build(
    output: Path,
    exemptions_file: Path = CODE / "exemptions.yaml",
    *,
    full: bool = False,
    runtime: str = "",
    environ: Mapping[str, str] = os.environ,
) -> Path:
    """Build `output`/function/ and `output`/function.zip; returns the zip's path.

    There is byte code in it if this machine has the Python of `runtime`, else of s.yaml's. A
    `full` one leaves nothing out. Raises BundleError, and then leaves what was there before.
    """
    runtime = runtime or _runtime(environ)
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output, prefix=".bundle-") as scratch:
        folder = Path(scratch) / "function"
        _add_dependencies(folder, wheels(), _all if full else place)
        if full:
            _add_dependencies(folder, _further_wheels(runtime), _all)
        else:
            stubs.write(folder)
        _add_own_code(folder)
        compiled = folder / "resource_repair" / "exemptions.json"
        reviewed = _reviewed(exemptions_file)
        compiled.write_text(exemptions.dump(reviewed), encoding="utf-8")
        _add_byte_code(folder, runtime, environ)
        archive = _zip(folder, Path(scratch) / "function.zip")
        if not full:
            check_lean(folder, archive)
        shutil.rmtree(output / "function", ignore_errors=True)
        folder.rename(output / "function")
        return archive.replace(output / "function.zip")


def wheels() -> list[Path]:
    """The dependencies as wheels, built once; raises BundleError where they cannot be had."""
    return _wheels(LOCK, OUTPUT / "wheels")


def _reviewed(path: Path) -> Exemptions:
    try:
        return reviewed_exemptions(path, _today())
    except Problem as error:
        raise BundleError(str(error)) from None


def check_lean(folder: Path, archive: Path) -> None:
    """Raise BundleError for a bundle that is too large, or has in it what is to be left out."""
    if archive.stat().st_size > _LARGEST_ZIP:
        raise BundleError(
            f"the zip has over {_LARGEST_ZIP} bytes: what came in that is not needed?"
        )
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.suffix in _COMPILED:
            raise BundleError(f"{name} runs on one kind of processor alone: it must stay out")
        if name.parts[0].split(".")[0] in _FORBIDDEN and not _is_stand_in(path):
            raise BundleError(f"{name} is to be left out: only a stand-in may bear its name")


def _is_stand_in(path: Path) -> bool:
    # Their byte code is that of sources which are looked at.
    if path.is_dir() or path.parent.name == "__pycache__":
        return True
    return path.suffix == ".py" and path.read_text("utf-8").startswith(stubs.FIRST_WORDS)


def _runtime(environ: Mapping[str, str]) -> str:
    try:
        return declared.runtime(template.chosen(environ)[0], environ)
    except (OSError, UsageError) as error:
        raise BundleError(f"which runtime to build for is not to be known: {error}") from None


def _add_byte_code(folder: Path, runtime: str, environ: Mapping[str, str]) -> None:
    try:
        if python := byte_code.interpreter(runtime, environ):
            byte_code.add(folder, python)
    except byte_code.BytecodeError as error:
        raise BundleError(str(error)) from None


def _further_wheels(runtime: str) -> list[Path]:
    """What only the full bundle has."""
    if runtime not in _PLATFORM_RUNTIMES:
        known = " and ".join(_PLATFORM_RUNTIMES)
        raise BundleError(f"a full bundle can be made for {known}, and s.yaml has {runtime}")
    only = ["--only-binary", ":all:", "--platform", _PLATFORM]
    command = ["download", *only, "--python-version", RUNTIMES[runtime], "--dest"]
    cache = OUTPUT / "wheels"
    return _wheels(FULL_LOCK, cache) + _wheels(PLATFORM_LOCK, cache / runtime, command)


# Without isolation, so that the build backend is the pinned one beside us.
_BUILD = ("wheel", "--no-cache-dir", "--no-build-isolation", "--use-pep517", "--wheel-dir")


def _wheels(lock: Path, cache: Path, command: Sequence[str] = _BUILD) -> list[Path]:
    """The wheels of a lock, built once for each state of it, every source checked by its hash."""
    folder = cache / hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=".wheels-") as scratch:
            made = Path(scratch) / "wheels"
            pip = [sys.executable, "-m", "pip", command[0], "--quiet", "--no-deps"]
            pip += ["--require-hashes", "--requirement", str(lock), *command[1:], str(made)]
            # Without a compiler, the sources that could do with one give pure Python.
            no_compiler = {**os.environ, "CC": "false"}
            done = subprocess.run(pip, capture_output=True, text=True, check=False, env=no_compiler)
            if done.returncode:
                lines = done.stderr.strip().splitlines() or ["pip said nothing"]
                raise BundleError(f"the dependencies cannot be had: {lines[-1]}")
            # In one move, since somebody else may be building too: the first to end is taken.
            with contextlib.suppress(OSError):
                made.rename(folder)
    return sorted(folder.glob("*.whl"))


_PlaceOf = Callable[[PurePosixPath], PurePosixPath | None]


def _add_dependencies(folder: Path, unpacked: list[Path], place_of: _PlaceOf) -> None:
    """Unpack the wheels, each file to its place, if it has one."""
    for wheel in unpacked:
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                at = place_of(PurePosixPath(name))
                if at is not None and not name.endswith("/"):
                    target = folder / at
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(archive.read(name))


def _all(name: PurePosixPath) -> PurePosixPath | None:
    return name


def place(name: PurePosixPath) -> PurePosixPath | None:
    """Where a file belongs in a lean bundle, which has the modules, the authorities' certificates
    and the licences; None to leave it out.
    """
    if name.name not in stubs.PARTLY.get(name.parts[0], (name.name,)):
        return None
    if name.suffix == ".py" or name.name == "cacert.pem":
        return name
    if name.parts[0].endswith(".dist-info") and name.name.upper().startswith(("LICEN", "NOTICE")):
        return PurePosixPath("licenses", name.parts[0].split("-")[0], name.name)
    return None


def _add_own_code(folder: Path) -> None:
    shutil.copy(CODE / "index.py", folder)
    shutil.copytree(
        CODE / "resource_repair",
        folder / "resource_repair",
        ignore=shutil.ignore_patterns("__pycache__"),
    )


def _zip(folder: Path, target: Path) -> Path:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    target.write_bytes(
        pack((path.relative_to(folder).as_posix(), path.read_bytes()) for path in files)
    )
    return target


def _today() -> date:
    return datetime.now(timezone.utc).date()


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


if __name__ == "__main__":
    sys.exit(main())
