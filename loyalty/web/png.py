"""Pictures of a few plain shapes as PNG, written by hand: an icon needs no library of images."""

import struct
import zlib
from collections.abc import Sequence

#: Left, top, right, bottom, each in units of a 32 by 32 drawing.
Box = tuple[int, int, int, int]
UNITS = 32


def icon_drawn(size: int, ground: str, mark: str) -> bytes:
    """The mark of the pages, three steps of a ladder, as a square of so many pixels; colours as #1f2a44."""
    boxes: list[Box] = [(8 + n * 6, 20 - n * 6, 12 + n * 6, 26) for n in range(3)]
    return png(size, rgb(ground), rgb(mark), boxes)


def png(size: int, ground: bytes, mark: bytes, boxes: Sequence[Box]) -> bytes:
    """A square of one colour with boxes of another."""
    lines = []
    for y in range(size):
        row = [any(left * size <= x * UNITS < right * size and top * size <= y * UNITS < bottom * size
                   for left, top, right, bottom in boxes) for x in range(size)]  # fmt: skip
        lines.append(b"\0" + b"".join(mark if marked else ground for marked in row))
    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    parts = (_part(b"IHDR", head), _part(b"IDAT", zlib.compress(b"".join(lines), 9)), _part(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def rgb(colour: str) -> bytes:
    """The three bytes of a colour."""
    return bytes.fromhex(colour.removeprefix("#"))


def _part(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
