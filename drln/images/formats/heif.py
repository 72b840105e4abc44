"""HEIC files, by libheif, which decodes the main picture and turns it upright."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from drln.images.colour_spaces import unmultiply
from drln.images.formats.format import Format
from drln.images.formats.heif_metadata import AVIF_BRANDS, HEIC_BRANDS, brands, colour_info, colour_notes
from drln.images.formats.read_bytes import read_head
from drln.images.header import Header, frames_note
from drln.images.metadata import image_info
from drln.images.picture import Picture, full_range, is_grey


def _matches(start: bytes) -> bool:
    found = brands(start)
    return bool(found & HEIC_BRANDS) and not found & AVIF_BRANDS


def _read_header(path: Path) -> Header:
    """Return the header data of the main picture. HEIC has its own orientation; the EXIF one is ignored."""
    heif = _opened(path)
    frames, (width, height) = len(heif), heif.size
    notes = frames_note(frames, "pictures", "main one") + colour_notes(read_head(path))
    return Header("HEIC", width, height, frames, 16 if ";" in heif.mode else 8, notes)


def _read(path: Path, header: Header) -> Picture:
    heif = _opened(path)
    pixels, white = np.array(heif), 2 ** int(heif.info["bit_depth"]) - 1    # a copy that outlives `heif`
    if heif.premultiplied_alpha:
        unmultiply(pixels[..., :-1], pixels[..., -1:], white)
    metadata = Image.new("L", (1, 1))
    metadata.info = dict(heif.info)
    info = colour_info(read_head(path), is_grey(pixels)) | image_info(metadata, is_grey(pixels))
    return Picture(full_range(pixels, white, header.depth), info)


def _opened(path: Path) -> Any:
    import pi_heif

    return pi_heif.open_heif(path, convert_hdr_to_8bit=False, hdr_to_16bit=False)


HEIC = Format(
    "HEIC",
    suffixes=(".heic", ".heif", ".hif"),
    matches=_matches,
    read_header=_read_header,
    read=_read,
    shown_by_browsers=False,
)
