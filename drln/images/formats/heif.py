"""HEIC files of all depths to pictures of 8 or 16 bits.

Knows arrays and files; no tensors.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from drln.images.colour_numbers import colour_notes, head_of
from drln.images.colour_spaces import unmultiply
from drln.images.header import Header, frames_note
from drln.images.metadata import kept_of


def heif_header(path: Path) -> Header:
    """The figures of the main picture, turned as the file's own boxes say: EXIF's orientation is for information."""
    heif = _opened(path)
    frames, (width, height) = len(heif), heif.size
    notes = frames_note(frames, "pictures", "main one") + colour_notes(head_of(path))
    return Header("HEIC", width, height, frames, 16 if ";" in heif.mode else 8, notes)


def read_heif(path: Path) -> tuple[np.ndarray, int, dict[str, Any]]:
    """The main picture, upright: levels; which of them is white; what is kept beside them."""
    heif = _opened(path)
    levels = np.array(heif)    # a copy: its memory goes when `heif` goes
    if heif.premultiplied_alpha:
        unmultiply(levels[..., :-1], levels[..., -1:], 2 ** int(heif.info["bit_depth"]) - 1)
    said = Image.new("L", (1, 1))
    said.info = dict(heif.info)
    return levels, 2 ** int(heif.info["bit_depth"]) - 1, kept_of(said, is_grey=levels.ndim == 2 or levels.shape[2] < 3)


def _opened(path: Path) -> Any:
    import pi_heif

    return pi_heif.open_heif(path, convert_hdr_to_8bit=False, hdr_to_16bit=False)
