"""A function's code as a zip: its checksum, and the exemptions in it."""

import ast
import io
import json
import zipfile
from pathlib import Path

from oss2.utils import Crc64

from resource_repair import exemptions
from resource_repair.exemptions import Exemption, Exemptions, ExemptionsError
from scripts.bundling.archive import without_byte_code
from scripts.errors import Problem

_EXEMPTIONS = "resource_repair/exemptions.json"  # where the bundle has them


def checksum(code: bytes) -> str:
    """As Function Compute tells it (`codeChecksum`): the same CRC-64 that OSS gives objects."""
    crc = Crc64()
    crc.update(code)
    return str(crc.crc)


def about_byte_code(code: bytes, live: str) -> str:
    """What byte code may have to do with a difference between `code` and what is live; or nothing.

    A bundle has byte code if the machine that made it has the runtime's Python; `live` is the
    checksum of what is deployed.
    """
    if not zipfile.is_zipfile(io.BytesIO(code)):
        return ""
    bare = without_byte_code(code)
    if checksum(bare) == live:
        return "the code differs by byte code alone: what is deployed has none"
    if bare == code:
        return (
            "what was built here has no byte code, for want of the runtime's Python: "
            "what is deployed may differ by that alone"
        )
    return ""


def exemptions_in(package: bytes, what: str, mend: str = "deploy again") -> Exemptions:
    """The exemptions in a zip, as the function reads them.

    Raises Problem, which names `what` the zip is, and how to `mend` it.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            compiled = json.loads(archive.read(_EXEMPTIONS))
        return exemptions.parse(compiled["exemptions"])
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
        why = str(error) if isinstance(error, ExemptionsError) else type(error).__name__
        raise Problem(f"the exemptions of {what} cannot be read ({why}): {mend}") from None


def reads(package: bytes, entry: Exemption) -> bool:
    """Whether the code in a zip reads an exemption like that: `for` is younger than the rest of it.

    So is each remediation that it names. Code that does not read one repairs nothing.
    """
    if not entry.of:
        return True
    known = _words(package, "resource_repair/remediations/__init__.py")
    return "for" in _words(package, "resource_repair/exemptions.py") and known.issuperset(entry.of)


def _words(package: bytes, name: str) -> set[str]:
    """The texts in a module's source; none where there is no such module."""
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            tree = ast.parse(archive.read(name))
    except (zipfile.BadZipFile, KeyError, SyntaxError, ValueError):
        return set()
    nodes = (each for each in ast.walk(tree) if isinstance(each, ast.Constant))
    return {each.value for each in nodes if isinstance(each.value, str)}


def bundled_exemptions(code: Path) -> Exemptions:
    """The exemptions in a bundle's zip; raises Problem if the function could not read them."""
    try:
        package = code.read_bytes()
    except OSError as error:
        raise Problem(f"{code} cannot be read ({error.strerror}): run `make bundle`") from None
    return exemptions_in(package, str(code), "run `make bundle`")


def with_exemptions(package: bytes, held: Exemptions) -> bytes:
    """The same zip with other exemptions: the same bytes that a build with those gives."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(package)) as old,
        zipfile.ZipFile(made, "w", compresslevel=9) as new,
    ):
        for item in old.infolist():
            entry = zipfile.ZipInfo(item.filename, item.date_time)
            entry.create_system = item.create_system
            entry.external_attr = item.external_attr
            entry.compress_type = item.compress_type
            ours = item.filename == _EXEMPTIONS
            new.writestr(entry, exemptions.dump(held) if ours else old.read(item))
    return made.getvalue()
