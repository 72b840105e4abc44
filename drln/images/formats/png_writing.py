"""PNG files of 8 and 16 bits, grey or RGB, with or without alpha, with their profile, resolution and EXIF.

Pillow has no mode for most of 16 bits, and it and libpng take two to twenty times as long: libdeflate compresses, and
the few chunks around that are written here.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}    # by the number of channels
UP = 2                 # the filter: each byte less the one above it
LEVEL = 1              # of libdeflate's twelve; files are a few percent larger than with more
PART_BYTES = 2**30     # of one IDAT chunk, which may have twice that


def write_png(file: BinaryIO, levels: np.ndarray, info: dict[str, Any]) -> None:
    """Save levels as `Picture` holds them, without loss."""
    import imagecodecs

    height, width = levels.shape[:2]
    channels = levels.size // (height * width)
    header = struct.pack(">IIBBBBB", width, height, 8 * levels.itemsize, COLOUR_TYPES[channels], 0, 0, 0)
    filtered: Any = _filtered(levels)    # whose type the stub of the next call lacks
    pixels = memoryview(imagecodecs.deflate_encode(filtered, level=LEVEL))    # as a zlib stream
    file.write(SIGNATURE)
    _write_chunk(file, b"IHDR", header)
    file.write(_chunks_beside(channels < 3, info))
    for start in range(0, len(pixels), PART_BYTES):
        _write_chunk(file, b"IDAT", pixels[start : start + PART_BYTES])
    _write_chunk(file, b"IEND", b"")


def _filtered(levels: np.ndarray) -> np.ndarray:
    """Rows of bytes, each behind its filter's number; 16 bits begin with the higher ones."""
    in_order = np.ascontiguousarray(levels, dtype=levels.dtype.newbyteorder(">"))
    rows = in_order.view(np.uint8).reshape(len(levels), -1)
    filtered = np.empty((rows.shape[0], 1 + rows.shape[1]), np.uint8)
    filtered[:, 0] = UP
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    return filtered


def _write_chunk(file: BinaryIO, name: bytes, content: bytes | memoryview) -> None:
    file.write(struct.pack(">I", len(content)) + name)
    file.write(content)
    file.write(struct.pack(">I", zlib.crc32(content, zlib.crc32(name))))


def _chunks_beside(is_grey: bool, info: dict[str, Any]) -> bytes:
    """The chunks that Pillow writes between a PNG's header and its pixels."""
    one = io.BytesIO()
    Image.new("L" if is_grey else "RGB", (1, 1)).save(one, "PNG", **info)
    content = one.getvalue()
    return content[content.index(b"IHDR") + 21 : content.rindex(b"IDAT") - 4]
