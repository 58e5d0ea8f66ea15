"""The folders of code that are compared, each as it would lie in Function Compute's /code."""

import os
import re
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from scripts.bench import variants
from scripts.bench.process import PYTHON
from scripts.bundling import byte_code

_VARIANTS = Path(variants.__file__).parent


class Folders(NamedTuple):
    """Where each variant's code is; all trust one file of authorities, the same in each."""

    product: Path
    tutorial: Path
    tutorial_source: Path
    honest: Path
    floor: Path
    nothing: Path
    hosted: Mapping[str, "Hosted"]


class Hosted(NamedTuple):
    """The product as it lies in a runtime, and that one's Python."""

    code: Path
    python: Path


def make(
    place: Path,
    authority: Path,
    archive: Path,
    runtimes: Mapping[str, Path],
    *,
    compiled: bool = True,
) -> Folders:
    """Make all of them in `place`; `authority` is the certificate that each must trust as well.

    `archive` is the bundle's zip. If they are to be `compiled`, they are as the bundle is, for the
    Python that runs this; all but `tutorial_source`, which is a bundle of sources as it would be on
    a read-only /code. `runtimes` are the Pythons to run the product in besides, by the runtime's
    name. Raises BytecodeError.
    """
    product = _bundle(place / "product", archive, authority)
    trusted = (product / "certifi" / "cacert.pem").read_bytes()
    hosted = {
        runtime: Hosted(_bundle(place / f"product-{runtime}", archive, authority), python)
        for runtime, python in runtimes.items()
    }

    source = _with_full_oss2(place / "tutorial-source", trusted)
    tutorial, honest = _twin(source, place / "tutorial"), _twin(source, place / "honest")
    _add(source, "tutorial")
    _add(tutorial, "tutorial")
    _add(honest, "honest")
    floor = _add(place / "floor", "floor")
    nothing = _add(place / "nothing", "nothing")
    (floor / "cacert.pem").write_bytes(trusted)
    if compiled:
        for folder in (product, tutorial, honest, floor, nothing):
            byte_code.add(folder, PYTHON)
        for each in hosted.values():
            byte_code.add(each.code, each.python)
    return Folders(product, tutorial, source, honest, floor, nothing, hosted)


def closure(package: str) -> dict[str, metadata.Distribution]:
    """A package that is installed beside us and all that it requires, by name."""
    found: dict[str, metadata.Distribution] = {}
    waiting = [package]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = metadata.distribution(name)
            waiting += _required(found[name])
    return found


def _required(distribution: metadata.Distribution) -> Iterator[str]:
    for requirement in distribution.requires or ():
        what, _, marker = requirement.partition(";")
        match = re.match(r"[A-Za-z0-9._-]+", what)
        # One for another Python or system is not installed; one that is missing shows at import.
        if match and "extra" not in marker and _is_installed(match[0]):
            yield re.sub(r"[._-]+", "-", match[0]).lower()


def _is_installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _bundle(folder: Path, archive: Path, authority: Path) -> Path:
    """The bundle, unpacked, with that authority among those that it trusts."""
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(folder)
    authorities = folder / "certifi" / "cacert.pem"
    authorities.write_bytes(authorities.read_bytes() + b"\n" + authority.read_bytes())
    return folder


def _with_full_oss2(folder: Path, authorities: bytes) -> Path:
    """A folder with oss2 and every dependency that it really has."""
    for distribution in closure("oss2").values():
        for file in distribution.files or ():
            belongs = not file.is_absolute() and ".." not in file.parts
            if belongs and file.suffix != ".pyc":
                target = folder / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(str(file.locate()), target)
    (folder / "certifi" / "cacert.pem").write_bytes(authorities)
    return folder


def _twin(folder: Path, place: Path) -> Path:
    """The same files under another name; only what is added to one is its own."""
    return Path(shutil.copytree(folder, place, copy_function=os.link))


def _add(folder: Path, variant: str) -> Path:
    """Add a variant's module, as what Function Compute calls."""
    folder.mkdir(exist_ok=True)
    shutil.copy(_VARIANTS / f"{variant}.py", folder / "index.py")
    return folder
