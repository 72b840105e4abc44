"""JPEG files, by Pillow. Files without an end marker are read too."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from drln.images.colour_numbers import gain_map_note
from drln.images.formats.format import Format, Writer
from drln.images.formats.pillow_codec import pillow_header, read_with_pillow, write_with_pillow
from drln.images.formats.read_bytes import read_head
from drln.images.header import Header, ImageError

EOI = b"\xff\xd9"
# Markers: the start of the pixels, and the frame headers before it.
SOS, SOF = 0xDA, {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
PROGRESSIVE, LOSSLESS = {0xC2, 0xC6, 0xCA, 0xCE}, {0xC3, 0xC7, 0xCB, 0xCF, 0xF7}
# Possible continuations of a file with missing pixels: various bits, and restart markers.
FILLERS = [bits * 64 for bits in (b"", b"\0", b"\xff\0", b"\x55", b"\xaa")]
FILLERS += [bytes([0xFF, mark]) + b"\x55" * 64 for mark in range(0xD0, 0xD8)]

# By Google and Samsung.
MOTION_PHOTO_MARKS = b'MotionPhoto="1"', b"MotionPhoto>1<", b'MicroVideo="1"', b"MotionPhoto_Data"
MOTION_PHOTO_NOTE = "The file is a motion photo; the result is the photo without the video."


def _read_header(path: Path) -> Header:
    """Return the header data. A depth or gain map does not count as a frame.

    Raises:
        ImageError: for 12 bits and for lossless JPEG, which are unsupported.
    """
    content = read_head(path)
    if b"MPF\0" in content:    # several pictures; a later one may be a gain map
        content = path.read_bytes()
    for mark, at in _marks(content):
        if mark in LOSSLESS:
            raise ImageError(f"{path} is a lossless JPEG; convert it to PNG or a regular JPEG first")
        if mark in SOF and content[at + 4] != 8:
            bits = content[at + 4]
            raise ImageError(f"{path} is a JPEG with {bits} bits per channel; convert it to PNG or an 8-bit JPEG first")
    film = (MOTION_PHOTO_NOTE,) if any(mark in content for mark in MOTION_PHOTO_MARKS) else ()
    return pillow_header(path, "JPEG", frames=1, notes=gain_map_note(content) + film)


def _read(path: Path, header: Header) -> Image.Image:
    """Decode a file, with or without its end marker.

    Raises:
        OSError: if pixels are missing.
    """
    try:
        return read_with_pillow(path, "JPEG")
    except OSError:
        content = _with_end(path.read_bytes())
        if content is None:
            raise
        return read_with_pillow(io.BytesIO(content), "JPEG")


def _with_end(content: bytes) -> bytes | None:
    """Return the file with an end marker, or None if pixels are missing too.

    libjpeg fills missing pixels without an error. So decode the file with several continuations: only a complete image
    is the same every time.
    """
    content = content.removesuffix(b"\xff")
    if not _is_one_pass(content):    # otherwise a whole pass may be missing
        return None
    ends = (io.BytesIO(content + filler + EOI) for filler in FILLERS)
    decoded = (read_with_pillow(end, "JPEG").tobytes() for end in ends)    # one at a time: they may be large
    first = next(decoded)
    return content + EOI if all(other == first for other in decoded) else None


def _is_one_pass(content: bytes) -> bool:
    """Whether a single scan holds all the pixels."""
    colours = 0
    for mark, at in _marks(content):
        if mark in PROGRESSIVE:
            return False
        if mark in SOF:
            colours = content[at + 9]
        if mark == SOS:
            return content[at + 4] == colours
    return False


def _marks(content: bytes) -> Iterator[tuple[int, int]]:
    """Yield each marker and its offset, up to the start of the pixels."""
    at, mark = 2, 0
    while mark != SOS and at + 10 <= len(content) and content[at] == 0xFF:
        mark = content[at + 1]
        yield mark, at
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")


def _write(file: BinaryIO, pixels: np.ndarray, info: dict[str, Any], quality: int | None) -> None:
    """Write with full colour resolution, where Pillow's default halves it."""
    write_with_pillow(file, pixels, "JPEG", **info, quality=quality, subsampling="4:4:4")


JPEG = Format(
    "JPEG",
    suffixes=(".jpg", ".jpeg", ".jpe", ".jfif"),
    matches=lambda start: start[:3] == b"\xff\xd8\xff",
    read_header=_read_header,
    read=_read,
    writer=Writer((".jpg", ".jpeg"), _write, max_side=65_500, holds_alpha=False, quality=95),
)
