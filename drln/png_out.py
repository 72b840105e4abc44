"""PNG files of 16 bits a channel, with their profile, resolution and EXIF.

Pillow has no mode for most of them: the pixels are coded by libpng, and what is beside them by Pillow.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

START = 8     # bytes before the first chunk
HEADER = START + 25    # and with it, which is IHDR


def write_deep_png(path: Path, levels: np.ndarray, info: dict[str, Any]) -> None:
    """Save levels, uint16, (H, W) or (H, W, C) with C 2 to 4."""
    import imagecodecs

    coded = imagecodecs.png_encode(levels, level=3)    # a quarter of the time of the usual 6, a few percent larger
    is_grey = levels.ndim == 2 or levels.shape[2] == 2
    with open(path, "wb") as file:
        file.write(coded[:HEADER])
        file.write(_chunks_beside(is_grey, info))
        file.write(memoryview(coded)[HEADER:])


def _chunks_beside(is_grey: bool, info: dict[str, Any]) -> bytes:
    """The chunks that Pillow writes between a PNG's header and its pixels."""
    one = io.BytesIO()
    Image.new("L" if is_grey else "RGB", (1, 1)).save(one, "PNG", **info)
    content = one.getvalue()
    return content[HEADER : content.index(b"IDAT", HEADER) - 4]
