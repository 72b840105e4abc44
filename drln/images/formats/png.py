"""PNG files of every depth: what their chunks say, and their pixels by libpng.

Pillow makes 8 bits of 16, loses the transparency of shades of fewer bits than 8, and refuses a photo for a long text or
for a wrong checksum beside its pixels.
"""

from __future__ import annotations

import logging
import mmap
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import UnidentifiedImageError

from drln.images.colour_numbers import number_note, profile_by_gamma, profile_by_number
from drln.images.exif import read_exif, read_orientation
from drln.images.header import MANY, Header, ImageError, frames_note
from drln.images.metadata import kept_info

SIGNATURE = b"\x89PNG\r\n\x1a\n"
IEND = b"\0\0\0\0IEND\xae\x42\x60\x82"
DRAWN = (b"IHDR", b"PLTE", b"IDAT")    # chunks of the pixels; libpng minds their checksums
BESIDE = (b"tRNS", b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"pHYs", b"acTL", b"fcTL")    # before the pixels
TEXTS = (b"tEXt", b"zTXt")
OLD_EXIF = b"Raw profile type exif"    # a text in which programs put EXIF before PNG had a place for it
CHANNELS = {2: 3, 4: 2, 6: 4}    # by the type of colours; others have one
DEFLATE_RATIO = 1032             # bytes that a byte can hold at most
MOST_CHUNKS = 1_000_000          # a photo of 8 GB in the chunks that libpng writes
PROFILE_BYTES = 16_700_000       # unpacked; what JPEG has room for
TEXT_BYTES = 1_000_000           # unpacked, of EXIF in a text
METRES = 0.0254                  # an inch
SILENCE = logging.NullHandler()  # libpng would print what is odd in files that it reads all the same


@dataclass(frozen=True)
class Chunks:
    """What of a file's chunks counts, and where those of its pixels lie."""

    width: int
    height: int
    bits: int      # of a sample
    colour: int    # the type of colours
    beside: dict[bytes, bytes]
    drawn: list[slice]

    @property
    def is_grey(self) -> bool:
        return self.colour in (0, 4)

    @property
    def numbers(self) -> bytes:
        """cICP, which wins over all else that tells colours; empty if there is none."""
        told = self.beside.get(b"cICP", b"")
        return told if len(told) == 4 and told[2] == 0 else b""

    @property
    def exif(self) -> bytes:
        return self.beside.get(b"eXIf") or _old_exif(self.beside.get(OLD_EXIF, b""))


def png_header(path: Path) -> Header:
    """The figures of a file, upright. No pixel is decoded.

    Raises:
        ImageError: for sides of no pixels, or more chunks than a photo has.
    """
    with _mapped(path) as content:
        chunks = _chunks(path, content)
    width, height = chunks.width, chunks.height
    if read_orientation(chunks.exif) > 4:
        width, height = height, width
    frames = chunks.beside.get(b"acTL", b"").ljust(4, b"\0")[:4]
    # A picture before the first frame, for programs that show no frames, is one more.
    number = int.from_bytes(frames, "big") + (b"fcTL" not in chunks.beside) if any(frames) else 1
    notes = frames_note(number, "frames")
    if told := chunks.numbers:
        notes += number_note((told[0], told[1]))
        if not told[3]:
            notes += ("The file has the narrow range of video, which no result can say of itself; it will look pale.",)
    return Header("PNG", width, height, min(number, MANY + 1), 16 if chunks.bits == 16 else 8, notes)


def read_png(path: Path) -> tuple[np.ndarray, int, dict[str, Any]]:
    """Levels as `Picture` has them, as they are stored; EXIF's orientation; and what is kept beside them.

    Raises:
        ImageError: for a file that is too short for its pixels, or whose colour profile is a trap.
    """
    import imagecodecs

    with _mapped(path) as content:
        chunks = _chunks(path, content)
        _check_content(path, chunks, len(content))
        profile = _profile(path, chunks)
        beside = chunks.beside.get(b"tRNS")
        head, *rest = (content[place] for place in chunks.drawn)
        # libpng wants what is transparent after the palette and before the pixels.
        palette = [rest.pop(0)] if rest and rest[0][4:8] == b"PLTE" else []
        between = [] if beside is None else [_chunk(b"tRNS", beside)]
        drawn = b"".join([SIGNATURE, head, *palette, *between, *rest, IEND])
    logging.getLogger("imagecodecs").addHandler(SILENCE)
    levels = imagecodecs.png_decode(drawn)
    kept = kept_info(profile, _dpi(chunks.beside.get(b"pHYs", b"")), read_exif(chunks.exif), chunks.is_grey)
    return levels, read_orientation(chunks.exif), kept


@contextmanager
def _mapped(path: Path) -> Iterator[mmap.mmap]:
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        yield content


def _chunks(path: Path, content: mmap.mmap) -> Chunks:
    if len(content) < 33 or content[12:16] != b"IHDR":
        raise UnidentifiedImageError
    width, height, bits, colour = struct.unpack_from(">IIBB", content, 16)
    if not width or not height:
        raise ImageError(f"{path} is {width}x{height} pixels; give one with at least one pixel")
    beside: dict[bytes, bytes] = {}
    drawn: list[slice] = []
    has_pixels = False
    for number, (name, at, end) in enumerate(_walk(content)):
        if number > MOST_CHUNKS:
            raise ImageError(f"{path} has more than {MOST_CHUNKS:,} chunks, as no photo has; save it again elsewhere")
        has_pixels = has_pixels or name == b"IDAT"
        if name in DRAWN:
            drawn.append(slice(at, end))
        elif name == b"eXIf" or name in TEXTS or name in BESIDE and not has_pixels:
            body = content[at + 8 : end - 4]
            if name in TEXTS:    # of which one alone counts
                name, _, body = body.partition(b"\0")
                if name != OLD_EXIF:
                    continue
            (checksum,) = struct.unpack_from(">I", content, end - 4)
            if name not in beside and zlib.crc32(content[at + 4 : end - 4]) == checksum:
                beside[name] = body
    if not has_pixels and content.find(b"IDAT") < 0:    # where they begin and are cut off, the decoder says so
        raise ImageError(f"{path} cannot be decoded: it ends before its pixels do; get the whole file")
    return Chunks(width, height, bits, colour, beside, drawn)


def _walk(content: mmap.mmap) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of each chunk; of a file that is cut off, of those that are whole."""
    at, name = len(SIGNATURE), b""
    while name != b"IEND" and at + 12 <= len(content):
        length, name = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if end > len(content):
            return
        yield name, at, end
        at = end


def _check_content(path: Path, chunks: Chunks, size: int) -> None:
    """Before memory is taken for the pixels."""
    needed = chunks.height * (chunks.width * chunks.bits * CHANNELS.get(chunks.colour, 1) // 8) // DEFLATE_RATIO
    if needed > size:
        raise ImageError(
            f"{path} declares {chunks.width}x{chunks.height} pixels, more than its {size:,} bytes can hold; "
            "it is damaged or a trap: get the whole file"
        )


def _profile(path: Path, chunks: Chunks) -> bytes | None:
    """By the order of PNG's third edition: cICP, iCCP, sRGB, gAMA with cHRM. None is for sRGB."""
    told, beside = chunks.numbers, chunks.beside
    if told and not number_note((told[0], told[1])):
        return profile_by_number((told[0], told[1]), chunks.is_grey)
    if packed := beside.get(b"iCCP"):
        profile = _unpacked(packed.partition(b"\0")[2][1:], PROFILE_BYTES)
        if profile is None:
            raise ImageError(f"{path} has a colour profile of more than {PROFILE_BYTES / 1e6:g} MB; remove it first")
        if profile:
            return profile
    if told or b"sRGB" in beside:
        return None
    gamma, points = beside.get(b"gAMA", b""), beside.get(b"cHRM", b"")
    power = struct.unpack(">I", gamma)[0] / 100_000 if len(gamma) == 4 else None
    # White comes first in the file.
    white, *primaries = struct.iter_unpack(">2I", points) if len(points) == 32 else (None,)
    places = [(x / 100_000, y / 100_000) for x, y in (*primaries, white)] if white else None
    return profile_by_gamma(power, tuple(places) if places else None, chunks.is_grey)


def _unpacked(packed: bytes, most: int) -> bytes | None:
    """None where there is more than `most`; empty where it is broken."""
    stream = zlib.decompressobj()
    try:
        found = stream.decompress(packed, most + 1)
    except zlib.error:
        return b""
    return None if len(found) > most else found if stream.eof else b""


def _old_exif(text: bytes) -> bytes:
    """Hexadecimal digits after two lines of words; packed, if it begins as zTXt does."""
    if text.startswith(b"\0"):
        text = _unpacked(text[1:], TEXT_BYTES) or b""
    try:
        return bytes.fromhex("".join(text[:TEXT_BYTES].decode("latin-1").split("\n")[3:]))
    except ValueError:
        return b""


def _dpi(physical: bytes) -> tuple[float, float] | None:
    if len(physical) != 9 or physical[8] != 1:    # the unit is the metre, or none
        return None
    x, y = struct.unpack(">II", physical[:8])
    return x * METRES, y * METRES


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
