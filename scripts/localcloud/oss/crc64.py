"""The checksum that OSS tells of an object: CRC-64 of ECMA-182, as xz has it.

Page "Check data transmission integrity by using CRC-64".
"""

_POLYNOMIAL = 0xC96C5795D7870F42  # from the lowest bit up
_ALL = (1 << 64) - 1


def of(data: bytes) -> str:
    """The checksum, in decimal digits."""
    checksum = _ALL
    for byte in data:
        checksum = _TABLE[(checksum ^ byte) & 0xFF] ^ checksum >> 8
    return str(checksum ^ _ALL)


def _of_byte(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE = [_of_byte(byte) for byte in range(256)]
