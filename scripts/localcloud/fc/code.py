"""A function's code package: the zip as uploaded, its checksum, and its files on disk."""

import base64
import binascii
import calendar
import functools
import hashlib
import io
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import invalid

_CRC64_POLYNOMIAL = 0xC96C5795D7870F42  # ECMA-182, bits reversed: the CRC-64 that OSS has too
_ALL_ONES = 0xFFFFFFFFFFFFFFFF


@dataclass(frozen=True)
class Code:
    """A code package that has been checked to be a zip."""

    package: bytes

    @classmethod
    def from_request(cls, fields: Mapping[str, Any]) -> "Code":
        """The package in a request's `code`: base64 under `zipFile`. Raises FcError.

        A package in an OSS bucket (`ossBucketName`) is not known here.
        """
        try:
            package = base64.b64decode(fields["zipFile"], validate=True)
        except (KeyError, TypeError, binascii.Error) as error:
            raise invalid("code.zipFile must be a zip in base64") from error
        if not zipfile.is_zipfile(io.BytesIO(package)):
            raise invalid("code.zipFile is not a zip")
        return cls(package)

    @functools.cached_property
    def checksum(self) -> str:
        """The package's CRC-64, in decimal: what the API calls `codeChecksum`."""
        return str(crc64(self.package))

    @functools.cached_property
    def digest(self) -> str:
        """A name for this content that nobody can guess."""
        return hashlib.sha256(self.package).hexdigest()

    def unpack(self, folder: Path) -> None:
        """Lay the package's files under `folder`, with their modes and times.

        The times matter: a `.pyc` that goes by time stamps holds its source's.
        """
        with zipfile.ZipFile(io.BytesIO(self.package)) as package:
            for item in package.infolist():
                path = Path(package.extract(item, folder))
                if item.is_dir():
                    continue
                if mode := item.external_attr >> 16 & 0o777:
                    path.chmod(mode)
                modified = calendar.timegm((*item.date_time, 0, 0, 0))
                os.utime(path, (modified, modified))


@functools.lru_cache(maxsize=16)  # the same package is deployed again and again
def crc64(data: bytes) -> int:
    """CRC-64 as Alibaba Cloud computes it (CRC-64/XZ)."""
    table = _crc64_table()
    crc = _ALL_ONES
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ _ALL_ONES


@functools.cache
def _crc64_table() -> list[int]:
    return [_crc64_of_byte(byte) for byte in range(256)]


def _crc64_of_byte(crc: int) -> int:
    for _ in range(8):
        crc = crc >> 1 ^ (_CRC64_POLYNOMIAL if crc & 1 else 0)
    return crc
