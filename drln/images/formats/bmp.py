"""BMP files, by Pillow."""

from __future__ import annotations

from drln.images.formats.format import Format
from drln.images.formats.pillow_codec import pillow_header, read_with_pillow

HEADER_SIZES = {12, 40, 52, 56, 64, 108, 124}    # bytes in the second header


def _matches(start: bytes) -> bool:
    """Check the header size too, because a text can also begin with BM."""
    return start[:2] == b"BM" and int.from_bytes(start[14:18], "little") in HEADER_SIZES


BMP = Format(
    "BMP",
    suffixes=(".bmp",),
    matches=_matches,
    read_header=lambda path: pillow_header(path, "BMP"),
    read=lambda path, header: read_with_pillow(path, "BMP"),
)
