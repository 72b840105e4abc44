"""Estimate the quality at which a JPEG file was saved. Nothing is decoded.

A file does not hold the number, only the steps by which its frequencies were rounded. libjpeg scales a standard table
by the quality, and nearly all programs follow it. The quality is that of the scaled table nearest to the file's own, so
it is exact for libjpeg's files and a comparison for all others, such as Photoshop's.

WebP, AVIF and HEIC lose detail too, but hold no such table at their start, their scales of quality are others, and what
they lose does not look like blocks of JPEG. They have no quality here.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

# For luma, in rows: ITU-T T.81 (1992), table K.1.
STANDARD = np.array([
    [16, 11, 10, 16, 24, 40, 51, 61],
    [12, 12, 14, 19, 26, 58, 60, 55],
    [14, 13, 16, 24, 40, 57, 69, 56],
    [14, 17, 22, 29, 51, 87, 80, 62],
    [18, 22, 37, 56, 68, 109, 103, 77],
    [24, 35, 55, 64, 81, 104, 113, 92],
    [49, 64, 78, 87, 103, 121, 120, 101],
    [72, 92, 95, 98, 112, 100, 103, 99],
]).ravel()


def _scaled(quality: int) -> np.ndarray:
    """Return the table of a quality, as `jpeg_quality_scaling` and `jpeg_add_quant_table` of libjpeg's jcparam.c."""
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    return ((STANDARD * percent + 50) // 100).clip(1, 255)


TABLES = np.log([_scaled(quality) for quality in range(1, 101)])


def jpeg_quality(image: Image.Image) -> int | None:
    """Return the quality of an opened JPEG, 1 to 100, by the table of its first channel: luma, if it has one.

    None for an image that was not opened from a JPEG, and for one whose table is missing or invalid.
    """
    layers, tables = getattr(image, "layer", None), getattr(image, "quantization", None)
    table = tables.get(layers[0][3]) if layers and tables else None    # 64 numbers in rows, by Pillow
    if table is None or min(table) < 1:
        return None
    # By least squares of the logarithms, Photoshop's tables get the quality at which libjpeg's errors are as large.
    return 1 + int(((TABLES - np.log(table)) ** 2).sum(axis=1).argmin())
