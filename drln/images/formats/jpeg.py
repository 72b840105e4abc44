"""JPEG files, by Pillow: also those whose end mark is missing, and a word on what phones put beside the photo."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from drln.images.colour_numbers import gain_map_note
from drln.images.formats.file_bytes import read_head
from drln.images.formats.format import Format, Output
from drln.images.formats.with_pillow import pillow_header, read_with_pillow, write_with_pillow
from drln.images.header import Header, ImageError

EOI = b"\xff\xd9"
# Marks: of the pixels, and before them of what they are.
SOS, SOF = 0xDA, {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
PROGRESSIVE, LOSSLESS = {0xC2, 0xC6, 0xCA, 0xCE}, {0xC3, 0xC7, 0xCB, 0xCF, 0xF7}
# What could follow where pixels are missing: bits of all kinds, and the marks between parts.
FILLERS = [bits * 64 for bits in (b"", b"\0", b"\xff\0", b"\x55", b"\xaa")]
FILLERS += [bytes([0xFF, mark]) + b"\x55" * 64 for mark in range(0xD0, 0xD8)]

FILMS = b'MotionPhoto="1"', b"MotionPhoto>1<", b'MicroVideo="1"', b"MotionPhoto_Data"    # Google's and Samsung's
FILM = "The file is a motion photo; the result has the photo without its film."


def _read_header(path: Path) -> Header:
    """Return the figures of a file; a second picture in it, for depth or brightness, is no other photo.

    Raises:
        ImageError: for 12 bits, and for lossless JPEG, which nothing here decodes.
    """
    content = read_head(path)
    if b"MPF\0" in content:    # of several pictures, of which a later one may be a gain map
        content = path.read_bytes()
    for mark, at in _marks(content):
        if mark in LOSSLESS:
            raise ImageError(f"{path} is a lossless JPEG; convert it to PNG or an ordinary JPEG first")
        if mark in SOF and content[at + 4] != 8:
            bits = content[at + 4]
            raise ImageError(f"{path} is a JPEG of {bits} bits a colour; convert it to PNG or a JPEG of 8 bits first")
    film = (FILM,) if any(mark in content for mark in FILMS) else ()
    return pillow_header(path, "JPEG", frames=1, notes=gain_map_note(content) + film)


def _read(path: Path, header: Header) -> Image.Image:
    """Decode a file, also one without the two bytes that mark the end.

    Raises:
        OSError: for one in which pixels are missing.
    """
    try:
        return read_with_pillow(path, "JPEG")
    except OSError:
        content = _with_end(path.read_bytes())
        if content is None:
            raise
        return read_with_pillow(io.BytesIO(content), "JPEG")


def _with_end(content: bytes) -> bytes | None:
    """Add the mark of the end; None if more is missing: libjpeg paints what is missing grey, and says nothing.

    Where all pixels are there, what comes behind them changes none.
    """
    content = content.removesuffix(b"\xff")
    if not _is_one_pass(content):    # in others a whole pass may be missing, unseen
        return None
    ends = (io.BytesIO(content + filler + EOI) for filler in FILLERS)
    decoded = (read_with_pillow(end, "JPEG").tobytes() for end in ends)    # one at a time: they may be large
    first = next(decoded)
    return content + EOI if all(other == first for other in decoded) else None


def _is_one_pass(content: bytes) -> bool:
    """Whether one pass over the file holds all colours in full."""
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
    """Yield each mark and its place, up to the pixels."""
    at, mark = 2, 0
    while mark != SOS and at + 10 <= len(content) and content[at] == 0xFF:
        mark = content[at + 1]
        yield mark, at
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")


def _write(file: BinaryIO, pixels: np.ndarray, info: dict[str, Any], quality: int | None) -> None:
    """Write by Pillow, with colours in the resolution of the pixels, not in half of it."""
    write_with_pillow(file, pixels, "JPEG", **info, quality=quality, subsampling="4:4:4")


JPEG = Format(
    "JPEG",
    suffixes=(".jpg", ".jpeg", ".jpe", ".jfif"),
    begins=lambda start: start[:3] == b"\xff\xd8\xff",
    read_header=_read_header,
    read=_read,
    output=Output((".jpg", ".jpeg"), _write, max_side=65_500, alpha=False, quality=95),
)
