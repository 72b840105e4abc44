"""Resize a plane of pixels by Pillow's bicubic, some rows at a time, so that a large one takes little memory.

Knows arrays and PIL; no tensors and no files.
"""

from __future__ import annotations

from math import ceil, floor

import numpy as np
from PIL import Image

REACH = 2    # pixels that bicubic looks to each side, times the ratio where it reduces


def resized_rows(plane: np.ndarray, size: tuple[int, int], top: int, bottom: int) -> np.ndarray:
    """Return some rows of the plane that Pillow's `resize` makes: (`bottom` - `top`, new width), of the same type.

    Args:
        plane: (H, W), uint8 or float32. Floats are neither clamped nor rounded. Levels of 16 bits must be floats,
            because Pillow's bicubic is wrong by hundreds for them.
        size: the new width and height of the whole plane.
        top, bottom: the first new row, and the one after the last.
    """
    height, width = plane.shape
    first, last = top * height / size[1], bottom * height / size[1]
    reach = ceil(REACH * max(1.0, height / size[1])) + 1
    low, high = max(0, floor(first) - reach), min(height, ceil(last) + reach)
    box = (0, first - low, width, last - low)    # from `low`, because Pillow takes it in single precision
    rows = Image.fromarray(np.ascontiguousarray(plane[low:high]))
    return np.asarray(rows.resize((size[0], bottom - top), Image.Resampling.BICUBIC, box))
