"""The chunks of a PNG file: those that count for a photo, whatever else and however much lies between them.

Knows bytes; no pixels and no colours.
"""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import UnidentifiedImageError

from drln.images.header import ImageError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
DRAWN = (b"IHDR", b"PLTE", b"tRNS", b"IDAT")    # of the pixels, in libpng's order; it minds their checksums
BESIDE = (b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"pHYs", b"acTL", b"fcTL")    # before the pixels
TEXTS = (b"tEXt", b"zTXt")
OLD_EXIF = b"Raw profile type exif"    # a text in which programs put EXIF before PNG had a place for it
MOST_CHUNKS = 1_000_000    # a photo of 8 GB in the chunks that libpng writes
TEXT_BYTES = 1_000_000     # unpacked, of EXIF in a text


@dataclass(frozen=True)
class Chunks:
    """The chunks that count: the contents of those beside the pixels, and the places of those with the pixels."""

    width: int
    height: int
    bits: int      # of a sample
    colour: int    # the type of colours
    beside: dict[bytes, bytes]
    drawn: list[slice]    # in the order of `DRAWN`

    @property
    def is_grey(self) -> bool:
        """Whether there are no colours."""
        return self.colour in (0, 4)

    @property
    def colour_numbers(self) -> bytes:
        """CICP's numbers, which win over all other chunks on colours; empty if there are none."""
        told = self.beside.get(b"cICP", b"")
        return told if len(told) == 4 and told[2] == 0 else b""

    @property
    def exif(self) -> bytes:
        """EXIF, wherever it lies; empty if there is none."""
        return self.beside.get(b"eXIf") or _old_exif(self.beside.get(OLD_EXIF, b""))


def read_chunks(path: Path, content: mmap.mmap) -> Chunks:
    """Find the chunks that count.

    Raises:
        ImageError: for more chunks than a photo has, or none of pixels.
    """
    if len(content) < 33 or content[12:16] != b"IHDR":
        raise UnidentifiedImageError
    beside: dict[bytes, bytes] = {}
    drawn: dict[bytes, list[slice]] = {name: [] for name in DRAWN}
    has_pixels = False
    for number, (name, at, end) in enumerate(_walk(content)):
        if number > MOST_CHUNKS:
            raise ImageError(f"{path} has more than {MOST_CHUNKS:,} chunks, as no photo has; save it again elsewhere")
        has_pixels = has_pixels or name == b"IDAT"
        if name in DRAWN and not (name == b"tRNS" and has_pixels):
            drawn[name].append(slice(at, end))
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
    width, height, bits, colour = struct.unpack_from(">IIBB", content, 16)
    return Chunks(width, height, bits, colour, beside, [place for places in drawn.values() for place in places])


def unpack(packed: bytes, most: int) -> bytes | None:
    """Unpack zlib's bytes: None where there are more than `most`, empty where they are broken."""
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
    """Yield name, start and end of each chunk; of a file that is cut off, of those that are whole."""
    at, name = len(SIGNATURE), b""
    while name != b"IEND" and at + 12 <= len(content):
        length, name = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if end > len(content):
            return
        yield name, at, end
        at = end


def _old_exif(text: bytes) -> bytes:
    """Read hexadecimal digits after two lines of words; packed, if the text begins as zTXt does."""
    if text.startswith(b"\0"):
        text = unpack(text[1:], TEXT_BYTES) or b""
    try:
        return bytes.fromhex("".join(text[:TEXT_BYTES].decode("latin-1").split("\n")[3:]))
    except ValueError:
        return b""
