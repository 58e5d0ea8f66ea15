"""A log group as PutLogs has it: data structure "Log groups", in Protocol Buffers, compressed.

LogGroup { repeated Log logs = 1; string topic = 3; string source = 4 }
Log      { uint32 time = 1; repeated Content contents = 2 }
Content  { string key = 1; string value = 2 }
"""

import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

import lz4.block
import zstd

from scripts.localcloud.log.errors import invalid

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_WIDTH = {_FIXED64: 8, _FIXED32: 4}
_DECOMPRESS: dict[str, Callable[[bytes, int], bytes]] = {
    "": lambda body, _: body,
    "zstd": lambda body, _: bytes(zstd.decompress(body)),
    "lz4": lambda body, size: bytes(lz4.block.decompress(body, uncompressed_size=size)),
    "deflate": lambda body, _: zlib.decompress(body),
}

_Field = tuple[int, int | bytes]


class LogGroup(NamedTuple):
    """Logs of one topic, each by its fields. (Their times and source are not kept here.)"""

    topic: str
    logs: tuple[dict[str, str], ...]


def parse(body: bytes, compression: str, size: int) -> LogGroup:
    """The log group in a request's body, `size` bytes without compression; raises LogError."""
    try:
        fields = list(_fields(_DECOMPRESS[compression](body, size)))
        return LogGroup(_text(fields, 3), tuple(_log(each) for each in _all(fields, 1)))
    except (KeyError, ValueError, IndexError, RuntimeError, zlib.error, zstd.Error) as error:
        raise invalid(f"the body is no log group: {type(error).__name__}") from error


def _log(message: bytes) -> dict[str, str]:
    pairs = [list(_fields(each)) for each in _all(list(_fields(message)), 2)]
    return {_text(pair, 1): _text(pair, 2) for pair in pairs}


def _all(fields: list[_Field], number: int) -> Iterator[bytes]:
    return (value for of, value in fields if of == number and isinstance(value, bytes))


def _text(fields: list[_Field], number: int) -> str:
    return next(_all(fields, number), b"").decode()


def _fields(message: bytes) -> Iterator[_Field]:
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if kind == _BYTES:
            width, at = _varint(message, at)
        else:
            width = _WIDTH[kind]
        if at + width > len(message):
            raise ValueError
        yield number, message[at : at + width]
        at += width


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at
