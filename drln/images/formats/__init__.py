"""All supported formats. To add one, write a file here and list it in `FORMATS`, which all other code reads.

Messages that recommend a format are in `writing.py`, the tables for readers in `images/README.md`.
"""

from __future__ import annotations

from drln.images.formats.avif import AVIF
from drln.images.formats.bmp import BMP
from drln.images.formats.format import Format
from drln.images.formats.gif import GIF
from drln.images.formats.heif import HEIC
from drln.images.formats.jpeg import JPEG
from drln.images.formats.png import PNG
from drln.images.formats.tiff import TIFF
from drln.images.formats.webp import WEBP

FORMATS: tuple[Format, ...] = (PNG, JPEG, WEBP, TIFF, HEIC, AVIF, GIF, BMP)

BY_NAME = {one.name: one for one in FORMATS}
INPUT_SUFFIXES = frozenset(suffix for one in FORMATS for suffix in one.suffixes)
OUTPUT_FORMATS = {suffix: one for one in FORMATS if one.writer for suffix in one.writer.suffixes}

START_BYTES = 64    # enough to recognise a format


def format_of(start: bytes) -> Format | None:
    """Return the format that a file's first `START_BYTES` show, or None if it is unsupported."""
    return next((one for one in FORMATS if one.matches(start)), None)
