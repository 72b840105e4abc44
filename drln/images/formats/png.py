"""PNG files of 8 and 16 bits, by libpng and libdeflate.

Pillow makes 8 bits of 16, loses the transparency of shades of fewer bits than 8, and refuses a photo for a long text or
for a wrong checksum beside its pixels; and it takes two to twenty times as long to write.
"""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from drln.images.colour_numbers import number_note, profile_by_gamma, profile_by_number
from drln.images.exif import read_exif
from drln.images.formats.file_bytes import mapped
from drln.images.formats.format import Format, Output, silence
from drln.images.formats.png_chunks import SIGNATURE, Chunks, read_chunks, unpack, write_chunk
from drln.images.header import MANY, Header, ImageError, frames_note, upright_size
from drln.images.metadata import dots_per_inch, result_info
from drln.images.picture import Picture, upright

IEND = b"\0\0\0\0IEND\xae\x42\x60\x82"
CHANNELS = {2: 3, 4: 2, 6: 4}    # by the type of colours; others have one
DEFLATE_RATIO = 1032             # bytes that a byte can hold at most
PROFILE_BYTES = 16_700_000       # unpacked; what JPEG has room for
NARROW = "The file has the narrow range of video, which no result can say of itself; it will look pale."

# For writing.
COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}    # by the number of channels
UP = 2                 # the filter: each byte less the one above it
LEVEL = 1              # of libdeflate's twelve; files are a few percent larger than with more
PART_BYTES = 2**30     # of one IDAT chunk, which may have twice that


def _read_header(path: Path) -> Header:
    with mapped(path) as content:
        chunks = read_chunks(path, content)
    width, height = upright_size((chunks.width, chunks.height), read_exif(chunks.exif).orientation)
    frames = int.from_bytes(chunks.beside.get(b"acTL", b"")[:4], "big")
    # A picture before the first frame, for programs that show no frames, is one more.
    frames = frames + (b"fcTL" not in chunks.beside) if frames else 1
    notes = frames_note(frames, "frames")
    if told := chunks.colour_numbers:
        notes += number_note((told[0], told[1])) + (() if told[3] else (NARROW,))
    return Header("PNG", width, height, min(frames, MANY + 1), 16 if chunks.bits == 16 else 8, notes)


def _read(path: Path, header: Header) -> Picture:
    """Decode a file.

    Raises:
        ImageError: for one that is too short for its pixels, or whose colour profile is a trap.
    """
    import imagecodecs

    with mapped(path) as content:
        chunks = read_chunks(path, content)
        _check_size(path, chunks, len(content))
        profile = _profile(path, chunks)
        drawn = b"".join([SIGNATURE, *(content[place] for place in chunks.drawn), IEND])
    silence("imagecodecs")
    pixels = imagecodecs.png_decode(drawn)
    exif = read_exif(chunks.exif)
    info = result_info(profile, _dpi(chunks.beside.get(b"pHYs", b"")), exif, chunks.is_grey)
    return Picture(upright(pixels, exif.orientation), info)


def _check_size(path: Path, chunks: Chunks, size: int) -> None:
    """Raise an `ImageError`, before memory is taken, for more pixels than a file of that many bytes can hold."""
    needed = chunks.height * (chunks.width * chunks.bits * CHANNELS.get(chunks.colour, 1) // 8) // DEFLATE_RATIO
    if needed > size:
        raise ImageError(
            f"{path} declares {chunks.width}x{chunks.height} pixels, more than its {size:,} bytes can hold; "
            "it is damaged or a trap: get the whole file"
        )


def _profile(path: Path, chunks: Chunks) -> bytes | None:
    """Return the profile, by the order of PNG's third edition: cICP, iCCP, sRGB, gAMA with cHRM; None for sRGB."""
    told, beside = chunks.colour_numbers, chunks.beside
    if told and not number_note((told[0], told[1])):
        return profile_by_number((told[0], told[1]), chunks.is_grey)
    if packed := beside.get(b"iCCP"):
        profile = unpack(packed.partition(b"\0")[2][1:], PROFILE_BYTES)
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


def _dpi(physical: bytes) -> tuple[float, float] | None:
    if len(physical) != 9 or physical[8] != 1:    # the unit is the metre, or none
        return None
    return dots_per_inch(struct.unpack(">II", physical[:8]), "metre")


def _write(file: BinaryIO, pixels: np.ndarray, info: dict[str, Any], quality: int | None) -> None:
    import imagecodecs

    height, width = pixels.shape[:2]
    channels = pixels.size // (height * width)
    header = struct.pack(">IIBBBBB", width, height, 8 * pixels.itemsize, COLOUR_TYPES[channels], 0, 0, 0)
    filtered: Any = _filtered(pixels)    # whose type the stub of the next call lacks
    packed = memoryview(imagecodecs.deflate_encode(filtered, level=LEVEL))    # as a zlib stream
    file.write(SIGNATURE)
    write_chunk(file, b"IHDR", header)
    file.write(_chunks_beside(channels < 3, info))
    for start in range(0, len(packed), PART_BYTES):
        write_chunk(file, b"IDAT", packed[start : start + PART_BYTES])
    file.write(IEND)


def _filtered(pixels: np.ndarray) -> np.ndarray:
    """Return rows of bytes, each behind its filter's number; 16 bits begin with the higher ones."""
    in_order = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder(">"))
    rows = in_order.view(np.uint8).reshape(len(pixels), -1)
    filtered = np.empty((rows.shape[0], 1 + rows.shape[1]), np.uint8)
    filtered[:, 0] = UP
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    return filtered


def _chunks_beside(is_grey: bool, info: dict[str, Any]) -> bytes:
    """Return the chunks that Pillow writes between a PNG's header and its pixels."""
    one = io.BytesIO()
    Image.new("L" if is_grey else "RGB", (1, 1)).save(one, "PNG", **info)
    content = one.getvalue()
    return content[content.index(b"IHDR") + 21 : content.rindex(b"IDAT") - 4]


PNG = Format(
    "PNG",
    suffixes=(".png",),
    begins=lambda start: start[:8] == SIGNATURE,
    read_header=_read_header,
    read=_read,
    output=Output((".png",), _write, max_side=1_000_000, deep=True),    # a side is what libpng reads
)
