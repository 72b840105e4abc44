"""Files that Pillow reads with losses, as pictures: PNG, TIFF and HEIC, and AVIF of more than 8 bits a channel.

Knows arrays and metadata; no tensors.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from drln.header import PILLOW_FORMATS, Header, ImageError, avif_bits, clear_errors
from drln.metadata import kept_of, orientation_of
from drln.picture import Picture

WHITE = 65_535

# Where EXIF's orientation has row 0 and column 0: turned so that the picture stands upright.
UPRIGHT = {
    1: lambda levels: levels,
    2: lambda levels: levels[:, ::-1],
    3: lambda levels: levels[::-1, ::-1],
    4: lambda levels: levels[::-1],
    5: lambda levels: levels.swapaxes(0, 1),
    6: lambda levels: levels.swapaxes(0, 1)[:, ::-1],
    7: lambda levels: levels.swapaxes(0, 1)[::-1, ::-1],
    8: lambda levels: levels.swapaxes(0, 1)[::-1],
}


def is_for_pillow(header: Header) -> bool:
    """Whether Pillow reads such a file without a loss; all others are for `read_deep`."""
    return header.depth == 8 and header.format not in ("PNG", "TIFF", "HEIC")


def read_deep(path: Path, header: Header) -> Picture:
    """Decode a file that is not for Pillow; upright, and with black at 0 and white at 255 or 65535.

    Raises:
        ImageError: if it is damaged.
    """
    with clear_errors(path):
        levels, top, orientation, info = {"TIFF": _tiff, "HEIC": _heic, "PNG": _png, "AVIF": _avif}[header.format](path)
        levels = UPRIGHT[orientation](levels)
    if levels.shape[:2] != (header.height, header.width) or 8 * levels.itemsize != header.depth:
        raise ImageError(f"{path} holds other pixels than its header says; open and save it again in another program")
    if header.depth == 16 and top != WHITE:
        for row in levels:    # in place
            row[:] = (row.astype(np.uint32) * WHITE + top // 2) // top
    return Picture(levels, info)


Decoded = tuple[np.ndarray, int, int, dict[str, Any]]    # levels, which of them is white, orientation, what is kept


def _tiff(path: Path) -> Decoded:
    from drln.tiff_in import read_tiff

    levels, orientation, kept = read_tiff(path)
    return levels, int(np.iinfo(levels.dtype).max), orientation, kept


def _png(path: Path) -> Decoded:
    from drln.png_in import read_png

    levels, orientation, kept = read_png(path)
    return levels, int(np.iinfo(levels.dtype).max), orientation, kept


def _avif(path: Path) -> Decoded:
    import imagecodecs

    levels = imagecodecs.avif_decode(path.read_bytes())
    return levels, 2 ** avif_bits(path) - 1, *_said_by_pillow(path, _is_grey(levels))


def _heic(path: Path) -> Decoded:
    from drln.heif_in import read_heif

    levels, top, kept = read_heif(path)
    return levels, top, 1, kept


def _said_by_pillow(path: Path, is_grey: bool) -> tuple[int, dict[str, Any]]:
    with Image.open(path, formats=PILLOW_FORMATS) as image:
        return orientation_of(image), kept_of(image, is_grey)


def _is_grey(levels: np.ndarray) -> bool:
    return levels.ndim == 2 or levels.shape[2] < 3
