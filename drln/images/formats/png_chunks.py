"""Find the chunks of a PNG file that a photo needs, and skip all others.

Knows bytes; no pixels and no colours.
"""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from PIL import UnidentifiedImageError

from drln.images.header import ImageError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PIXEL_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT")    # in the order that libpng needs; it checks their checksums
ANCILLARY = (b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"pHYs", b"acTL", b"fcTL")    # valid only before the pixels
TEXTS = (b"tEXt", b"zTXt")
OLD_EXIF = b"Raw profile type exif"    # the text that held EXIF before PNG had eXIf
MOST_CHUNKS = 1_000_000    # as libpng writes them, enough for a photo of 8 GB
TEXT_BYTES = 1_000_000     # the limit for EXIF in a text, uncompressed


@dataclass(frozen=True)
class Chunks:
    """The chunks of a photo: the position of those for libpng, and the content of the others."""

    width: int
    height: int
    bits: int      # per sample
    colour: int    # PNG's colour type
    ancillary: dict[bytes, bytes]
    pixel_chunks: list[slice]    # in the order of `PIXEL_CHUNKS`

    @property
    def is_grey(self) -> bool:
        """Whether there are no colours."""
        return self.colour in (0, 4)

    @property
    def cicp(self) -> bytes:
        """The CICP numbers; empty if there are none. They override all other colour chunks."""
        cicp = self.ancillary.get(b"cICP", b"")
        return cicp if len(cicp) == 4 and cicp[2] == 0 else b""

    @property
    def exif(self) -> bytes:
        """The EXIF block, from eXIf or a text; empty if there is none."""
        return self.ancillary.get(b"eXIf") or _old_exif(self.ancillary.get(OLD_EXIF, b""))


def read_chunks(path: Path, content: mmap.mmap) -> Chunks:
    """Find the chunks of a photo.

    Raises:
        ImageError: if there are too many chunks, or no pixels.
    """
    if len(content) < 33 or content[12:16] != b"IHDR":
        raise UnidentifiedImageError
    ancillary: dict[bytes, bytes] = {}
    pixel_chunks: dict[bytes, list[slice]] = {name: [] for name in PIXEL_CHUNKS}
    has_pixels = False
    for number, (name, at, end) in enumerate(_walk(content)):
        if number > MOST_CHUNKS:
            raise ImageError(f"{path} has more than {MOST_CHUNKS:,} chunks, too many for a photo; save it again")
        has_pixels = has_pixels or name == b"IDAT"
        if name in PIXEL_CHUNKS and not (name == b"tRNS" and has_pixels):
            pixel_chunks[name].append(slice(at, end))
        elif name == b"eXIf" or name in TEXTS or name in ANCILLARY and not has_pixels:
            body = content[at + 8 : end - 4]
            if name in TEXTS:
                name, _, body = body.partition(b"\0")
                if name != OLD_EXIF:
                    continue
            (checksum,) = struct.unpack_from(">I", content, end - 4)
            if name not in ancillary and zlib.crc32(content[at + 4 : end - 4]) == checksum:
                ancillary[name] = body
    if not has_pixels and content.find(b"IDAT") < 0:    # the decoder reports pixels that are cut off
        raise ImageError(f"{path} cannot be decoded: it ends before its pixels do; get the whole file")
    width, height, bits, colour = struct.unpack_from(">IIBB", content, 16)
    return Chunks(width, height, bits, colour, ancillary, list(chain.from_iterable(pixel_chunks.values())))


def unpack(packed: bytes, most: int) -> bytes | None:
    """Decompress zlib data. Return None if it exceeds `most` bytes, and empty bytes if it is damaged."""
    stream = zlib.decompressobj()
    try:
        found = stream.decompress(packed, most + 1)
    except zlib.error:
        return b""
    return None if len(found) > most else found if stream.eof else b""


def write_chunk(file: BinaryIO, name: bytes, content: bytes | memoryview) -> None:
    """Write a chunk with its length and checksum."""
    file.write(struct.pack(">I", len(content)) + name)
    file.write(content)
    file.write(struct.pack(">I", zlib.crc32(content, zlib.crc32(name))))


def _walk(content: mmap.mmap) -> Iterator[tuple[bytes, int, int]]:
    """Yield the name, start and end of each complete chunk."""
    at, name = len(SIGNATURE), b""
    while name != b"IEND" and at + 12 <= len(content):
        length, name = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if end > len(content):
            return
        yield name, at, end
        at = end


def _old_exif(text: bytes) -> bytes:
    """Decode a text of three header lines and hexadecimal digits, compressed if it is from zTXt."""
    if text.startswith(b"\0"):
        text = unpack(text[1:], TEXT_BYTES) or b""
    try:
        return bytes.fromhex("".join(text[:TEXT_BYTES].decode("latin-1").split("\n")[3:]))
    except ValueError:
        return b""
