"""Makes what Function Compute runs: `build/function/` to read, `build/function.zip` to deploy.

    python -m scripts.bundle [--exemptions FILE] [--output DIR]

The bundle is pure Python, one content for every runtime and processor: our own modules, oss2 and
what an ACL's requests need of its dependencies. The rest of them (client-side encryption: nine
tenths of the size) is replaced by the stand-ins of `scripts.standins`. The same sources give the
same bytes.
"""

import argparse
import contextlib
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from datetime import date, datetime, timezone
from pathlib import Path, PurePosixPath

import yaml

from resource_repair import exemptions
from resource_repair.exemptions import Exemptions, ExemptionsError
from scripts import CODE, ROOT, standins

LOCK = CODE / "requirements" / "function.txt"
OUTPUT = ROOT / "build"

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can hold: an archive has no build time
_LARGEST_ZIP = 1_500_000  # bytes


class BundleError(Exception):
    """Why there is no bundle, in one line."""


def main() -> int:
    """Build; exit code 0 done, 1 not built."""
    parser = argparse.ArgumentParser(prog="make bundle", description="Build the function's bundle.")
    parser.add_argument("--exemptions", type=Path, default=CODE / "exemptions.yaml")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    try:
        archive = build(options.output, options.exemptions)
    except BundleError as error:
        print(f"bundle: {error}", file=sys.stderr)
        return 1
    size = archive.stat().st_size / 1000
    print(
        f"bundle: {_shown(archive)} ({size:.0f} kB), to read in {_shown(archive.with_suffix(''))}/"
    )
    return 0


def build(output: Path, exemptions_file: Path = CODE / "exemptions.yaml") -> Path:
    """Build `output`/function/ and `output`/function.zip; returns the zip's path.

    Raises BundleError, and then leaves what was there before.
    """
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output, prefix=".bundle-") as scratch:
        folder = Path(scratch) / "function"
        _add_dependencies(folder, _wheels(LOCK, OUTPUT / "wheels"))
        standins.write(folder)
        _add_own_code(folder)
        compiled = folder / "resource_repair" / "exemptions.json"
        reviewed = read_exemptions(exemptions_file, _today())
        compiled.write_text(exemptions.dump(reviewed), encoding="utf-8")
        archive = _zip(folder, Path(scratch) / "function.zip")
        if archive.stat().st_size > _LARGEST_ZIP:
            raise BundleError(
                f"the zip has over {_LARGEST_ZIP} bytes: what came in that is not needed?"
            )
        shutil.rmtree(output / "function", ignore_errors=True)
        folder.rename(output / "function")
        return archive.replace(output / "function.zip")


def read_exemptions(path: Path, today: date) -> Exemptions:
    """The exemptions in the YAML that people review, checked as of `today`; raises BundleError."""
    try:
        entries = yaml.load(path.read_text(encoding="utf-8"), _UniqueKeys)  # noqa: S506
        return exemptions.parse(entries, today)
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(f"{_shown(path)}: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise BundleError(f"{_shown(path)}: not YAML: {' '.join(str(error).split())}") from None
    except ExemptionsError as error:
        raise BundleError(f"{_shown(path)}: {error}") from None


class _UniqueKeys(yaml.SafeLoader):
    """YAML in which a key given twice is an error, not a silent choice of the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for n, key in enumerate(keys):
            if key in keys[:n]:
                raise yaml.constructor.ConstructorError(None, None, f"{key} twice", node.start_mark)
        return dict(super().construct_mapping(node, deep=deep))


def _wheels(lock: Path, cache: Path) -> list[Path]:
    """The wheels of a lock, built once for each state of it, every source checked by its hash."""
    folder = cache / hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=".wheels-") as scratch:
            # Without isolation, so that the build backend is the pinned one beside us.
            command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
            made = Path(scratch) / "wheels"
            command += ["--require-hashes", "--no-build-isolation", "--wheel-dir", str(made)]
            command += ["--requirement", str(lock)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                lines = done.stderr.strip().splitlines() or ["pip said nothing"]
                raise BundleError(f"the dependencies cannot be had: {lines[-1]}")
            # In one move, since somebody else may be building too: the first to end is taken.
            with contextlib.suppress(OSError):
                made.rename(folder)
    return sorted(folder.glob("*.whl"))


def _add_dependencies(folder: Path, wheels: list[Path]) -> None:
    """Unpack the wheels: their modules, data files and licences, and nothing else."""
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                place = _place(PurePosixPath(name))
                if place is not None:
                    target = folder / place
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(archive.read(name))


def _place(name: PurePosixPath) -> PurePosixPath | None:
    """Where a wheel's file belongs in the bundle; None to leave it out."""
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
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EPOCH)
                entry.external_attr = 0o644 << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, path.read_bytes())
    return target


def _today() -> date:
    return datetime.now(timezone.utc).date()


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


if __name__ == "__main__":
    sys.exit(main())
