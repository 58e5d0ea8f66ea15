"""A log group as PutLogs has it: page "Data encoding", in Protocol Buffers, compressed.

LogGroup { repeated Log logs = 1; string topic = 3; string source = 4; repeated LogTag tags = 6 }
Log      { uint32 time = 1; repeated Content contents = 2; fixed32 time_ns = 4 }
Content  { string key = 1; string value = 2 }   and LogTag likewise

The refusals are those of page "PutLogs"; the size's is of page "Common error codes".
"""

import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

import lz4.block
import zstd

from .errors import LogError

_LARGEST = 10 * 1024 * 1024  # bytes, without compression
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_WIDTH = {_FIXED64: 8, _FIXED32: 4}
_LONGEST_VARINT = 10  # bytes
_Field = tuple[int, int | bytes]


class Entry(NamedTuple):
    """A log of a group: when it was, in seconds since the epoch, and its named texts."""

    time: int
    fields: dict[str, str]


class LogGroup(NamedTuple):
    """Logs of one topic and one source. A tag is a field of each log, as searches show it."""

    topic: str
    source: str
    logs: tuple[Entry, ...]


def parse(body: bytes, compression: str, raw_size: str) -> LogGroup:
    """The log group in a request's body; raises LogError.

    `compression` and `raw_size` are what the headers x-log-compresstype and x-log-bodyrawsize say.
    """
    message = _decompressed(body, compression, raw_size)
    try:
        fields = list(_fields(message))
        tags = {f"__tag__:{key}": value for key, value in map(_pair, _all(fields, 6))}
        logs = tuple(_log(each, tags) for each in _all(fields, 1))
        return LogGroup(_text(fields, 3), _text(fields, 4), logs)
    except UnicodeDecodeError:
        raise LogError("InvalidEncoding", "Non-UTF8 characters are in logs.") from None
    except (KeyError, ValueError, IndexError):
        message_ = "Protobuffer content cannot be parsed."
        raise LogError("PostBodyInvalid", message_) from None


def _decompressed(body: bytes, compression: str, raw_size: str) -> bytes:
    if compression not in _DECOMPRESS:
        message = f"x-log-compresstype {compression} is unsupported."
        raise LogError("InvalidCompressType", message)
    if compression and not raw_size:
        message = "x-log-bodyrawsize does not exist in header when it is necessary."
        raise LogError("MissingBodyRawSize", message)
    if raw_size and not raw_size.isdecimal():
        raise LogError("InvalidBodyRawSize", "x-log-bodyrawsize is invalid.")
    size = int(raw_size or 0)
    if max(size, len(body)) > _LARGEST:
        raise LogError("PostBodyTooLarge", f"Body size must be at most {_LARGEST} bytes.")
    try:
        return _DECOMPRESS[compression](body, size)
    except Exception:  # each library has its own
        raise LogError("PostBodyUncompressError", "Failed to decompress logs.") from None


def _inflate(body: bytes, size: int) -> bytes:
    stream = zlib.decompressobj()
    message = stream.decompress(body, max(size, 1))
    if not stream.eof:
        raise ValueError("it is cut off, or longer than it says")
    return message


_DECOMPRESS: dict[str, Callable[[bytes, int], bytes]] = {
    "": lambda body, _: body,
    "zstd": lambda body, _: bytes(zstd.decompress(body)),
    "lz4": lambda body, size: bytes(lz4.block.decompress(body, uncompressed_size=size)),
    "deflate": _inflate,
}


def _log(message: bytes, tags: dict[str, str]) -> Entry:
    fields = list(_fields(message))
    contents = dict(_pair(each) for each in _all(fields, 2))
    if not all(contents):
        raise LogError("InvalidKey", "Invalid keys are in logs.")
    times = [value for number, value in fields if number == 1 and isinstance(value, int)]
    if not times:
        raise ValueError("a log has a time")
    return Entry(times[0], {**contents, **tags})


def _pair(message: bytes) -> tuple[str, str]:
    fields = list(_fields(message))
    return _text(fields, 1), _text(fields, 2)


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
    for place in range(at, at + _LONGEST_VARINT):
        byte = message[place]
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, place + 1
    raise ValueError
