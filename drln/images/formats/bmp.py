"""BMP files, by Pillow."""

from __future__ import annotations

from drln.images.formats.format import Format
from drln.images.formats.with_pillow import pillow_header, read_with_pillow

HEADER_SIZES = {12, 40, 52, 56, 64, 108, 124}    # of the second header, in bytes


def _begins(start: bytes) -> bool:
    """Look beyond BM, with which many texts begin, too."""
    return start[:2] == b"BM" and int.from_bytes(start[14:18], "little") in HEADER_SIZES


BMP = Format(
    "BMP",
    suffixes=(".bmp",),
    begins=_begins,
    read_header=lambda path: pillow_header(path, "BMP"),
    read=lambda path, header: read_with_pillow(path, "BMP"),
)
