"""PNG files, by libpng and libdeflate.

Pillow rounds 16 bits to 8, loses a transparent shade of fewer than 8 bits, rejects photos for a long text or a wrong
checksum in their metadata, and takes 2 to 20 times as long to write.
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
from drln.images.formats.format import Format, Writer, mute_logger
from drln.images.formats.png_chunks import SIGNATURE, Chunks, read_chunks, unpack, write_chunk
from drln.images.formats.read_bytes import memory_map
from drln.images.header import FRAME_COUNT_LIMIT, Header, ImageError, frames_note, upright_size
from drln.images.metadata import dots_per_inch, result_info
from drln.images.picture import Picture, upright

IEND = b"\0\0\0\0IEND\xae\x42\x60\x82"
CHANNELS = {2: 3, 4: 2, 6: 4}    # by colour type; other types have one
DEFLATE_RATIO = 1032             # the highest possible compression
PROFILE_BYTES = 16_700_000       # uncompressed; the limit of JPEG
NARROW_RANGE_NOTE = "The file has the narrow range of video, which results cannot declare; the result will look pale."

# For writing.
COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}    # by number of channels
UP = 2                 # the filter that subtracts the byte above
LEVEL = 1              # of libdeflate's 12; higher ones save only a few percent
PART_BYTES = 2**30     # per IDAT chunk; PNG allows twice that


def _read_header(path: Path) -> Header:
    with memory_map(path) as content:
        chunks = read_chunks(path, content)
    width, height = upright_size((chunks.width, chunks.height), read_exif(chunks.exif).orientation)
    frames = int.from_bytes(chunks.ancillary.get(b"acTL", b"")[:4], "big")
    # The default image is one more frame if it is not part of the animation.
    frames = frames + (b"fcTL" not in chunks.ancillary) if frames else 1
    notes = frames_note(frames, "frames")
    if cicp := chunks.cicp:
        notes += number_note((cicp[0], cicp[1])) + (() if cicp[3] else (NARROW_RANGE_NOTE,))
    return Header("PNG", width, height, min(frames, FRAME_COUNT_LIMIT + 1), 16 if chunks.bits == 16 else 8, notes)


def _read(path: Path, header: Header) -> Picture:
    """Decode a file.

    Raises:
        ImageError: if the file is too short for its pixels, or its colour profile is too large.
    """
    import imagecodecs

    with memory_map(path) as content:
        chunks = read_chunks(path, content)
        _check_size(path, chunks, len(content))
        profile = _profile(path, chunks)
        minimal = b"".join([SIGNATURE, *(content[place] for place in chunks.pixel_chunks), IEND])
    mute_logger("imagecodecs")
    pixels = imagecodecs.png_decode(minimal)
    exif = read_exif(chunks.exif)
    info = result_info(profile, _dpi(chunks.ancillary.get(b"pHYs", b"")), exif, chunks.is_grey)
    return Picture(upright(pixels, exif.orientation), info)


def _check_size(path: Path, chunks: Chunks, size: int) -> None:
    """Raise an `ImageError`, before memory is allocated, if a file of `size` bytes is too short for its pixels."""
    needed = chunks.height * (chunks.width * chunks.bits * CHANNELS.get(chunks.colour, 1) // 8) // DEFLATE_RATIO
    if needed > size:
        raise ImageError(
            f"{path} declares {chunks.width}x{chunks.height} pixels, more than its {size:,} bytes can hold; "
            "it is damaged or malicious; get the whole file"
        )


def _profile(path: Path, chunks: Chunks) -> bytes | None:
    """Return the colour profile, or None for sRGB. As PNG says, cICP comes before iCCP, sRGB, and gAMA with cHRM."""
    cicp, ancillary = chunks.cicp, chunks.ancillary
    if cicp and not number_note((cicp[0], cicp[1])):
        return profile_by_number((cicp[0], cicp[1]), chunks.is_grey)
    if packed := ancillary.get(b"iCCP"):
        profile = unpack(packed.partition(b"\0")[2][1:], PROFILE_BYTES)
        if profile is None:
            raise ImageError(f"{path} has a colour profile of more than {PROFILE_BYTES / 1e6:g} MB; remove it first")
        if profile:
            return profile
    if cicp or b"sRGB" in ancillary:
        return None
    gamma, points = ancillary.get(b"gAMA", b""), ancillary.get(b"cHRM", b"")
    power = struct.unpack(">I", gamma)[0] / 100_000 if len(gamma) == 4 else None
    # The file stores white first.
    white, *primaries = struct.iter_unpack(">2I", points) if len(points) == 32 else (None,)
    places = [(x / 100_000, y / 100_000) for x, y in (*primaries, white)] if white else None
    return profile_by_gamma(power, tuple(places) if places else None, chunks.is_grey)


def _dpi(physical: bytes) -> tuple[float, float] | None:
    if len(physical) != 9 or physical[8] != 1:    # 1 is the metre; other values mean no unit
        return None
    return dots_per_inch(struct.unpack(">II", physical[:8]), "metre")


def _write(file: BinaryIO, pixels: np.ndarray, info: dict[str, Any], quality: int | None) -> None:
    import imagecodecs

    height, width = pixels.shape[:2]
    channels = pixels.size // (height * width)
    header = struct.pack(">IIBBBBB", width, height, 8 * pixels.itemsize, COLOUR_TYPES[channels], 0, 0, 0)
    filtered: Any = _filtered(pixels)    # the stub of `deflate_encode` does not accept arrays
    packed = memoryview(imagecodecs.deflate_encode(filtered, level=LEVEL))    # as a zlib stream
    file.write(SIGNATURE)
    write_chunk(file, b"IHDR", header)
    file.write(_ancillary_chunks(channels < 3, info))
    for start in range(0, len(packed), PART_BYTES):
        write_chunk(file, b"IDAT", packed[start : start + PART_BYTES])
    file.write(IEND)


def _filtered(pixels: np.ndarray) -> np.ndarray:
    """Return the filtered rows as bytes, each after its filter number; 16-bit values are big-endian."""
    in_order = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder(">"))
    rows = in_order.view(np.uint8).reshape(len(pixels), -1)
    filtered = np.empty((rows.shape[0], 1 + rows.shape[1]), np.uint8)
    filtered[:, 0] = UP
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    return filtered


def _ancillary_chunks(is_grey: bool, info: dict[str, Any]) -> bytes:
    """Let Pillow write the metadata, and return the chunks between header and pixels."""
    one = io.BytesIO()
    Image.new("L" if is_grey else "RGB", (1, 1)).save(one, "PNG", **info)
    content = one.getvalue()
    return content[content.index(b"IHDR") + 21 : content.rindex(b"IDAT") - 4]


PNG = Format(
    "PNG",
    suffixes=(".png",),
    matches=lambda start: start[:8] == SIGNATURE,
    read_header=_read_header,
    read=_read,
    writer=Writer((".png",), _write, max_side=1_000_000, holds_16_bits=True),    # libpng reads no longer side
)
