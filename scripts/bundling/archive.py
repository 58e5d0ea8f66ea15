"""Zips that are the same bytes for the same files: Function Compute tells code by its checksum."""

import io
import zipfile
from collections.abc import Iterable

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can hold: an archive has no build time


def pack(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A zip of these files, in this order."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in files:
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return whole.getvalue()


def without_byte_code(archive: bytes) -> bytes:
    """A bundle as it is made where there is no Python of the runtime's version."""
    with zipfile.ZipFile(io.BytesIO(archive)) as zipped:
        names = [name for name in zipped.namelist() if not name.endswith(".pyc")]
        return pack((name, zipped.read(name)) for name in names)
