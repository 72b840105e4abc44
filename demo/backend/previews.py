"""What the page shows of a photo or result: reduced previews and parts of it, in 8 bits, not transparent.

Knows images only. The bicubic that DRLN is compared with is Pillow's.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from drln.images import Picture
from drln.images.picture import to_eight_bits

PREVIEW_SIDE = 1600    # pixels; the browser loads several such images
THUMBNAIL_SIDE = 192
SQUARE = 8             # pixels of the checkerboard behind transparent parts
BICUBIC_REACH = 3      # how many pixels around Pillow's bicubic reads, rounded up

Box = tuple[int, int, int, int]    # left, top, right, bottom


def eight_bit(picture: Picture) -> Image.Image:
    """Return a picture as L, LA, RGB or RGBA, with its colour profile."""
    image = Image.fromarray(to_eight_bits(picture.pixels))
    image.info.update(picture.info)
    return image


def shown(image: Image.Image) -> Image.Image:
    """Return the image as L or RGB, on a checkerboard where it is transparent, with its colour profile."""
    if not image.mode.endswith("A"):
        return image
    board = (np.indices((image.height, image.width)) // SQUARE).sum(axis=0) % 2
    ground = Image.fromarray(np.where(board, 255, 204).astype(np.uint8)).convert(image.mode[:-1])
    ground.paste(image.convert(image.mode[:-1]), mask=image.getchannel("A"))
    ground.info.update(image.info)
    return ground


def capped(image: Image.Image, side: int = PREVIEW_SIDE) -> Image.Image:
    """Return the image, reduced if one of its sides is longer than `side` pixels."""
    size = capped_size(image.size, side)
    return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def capped_size(size: tuple[int, int], side: int = PREVIEW_SIDE) -> tuple[int, int]:
    """Return the size that `capped` gives an image of this size."""
    factor = min(1.0, side / max(size))
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def bicubic(lr: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return Pillow's bicubic upscale of an `eight_bit` photo to that size."""
    return lr.resize(size, Image.Resampling.BICUBIC)


def bicubic_crop(lr: np.ndarray, size: tuple[int, int], box: Box) -> Image.Image:
    """Return what lies inside the box in the `bicubic` of a photo, without computing the rest.

    Args:
        lr: uint8, (H, W) or (H, W, C); of a memory-mapped file only a few rows are read.
        size: of the result, in pixels.
        box: in pixels of the result.
    """
    height, width = lr.shape[:2]
    across, down = width / size[0], height / size[1]
    left, top, right, bottom = box[0] * across, box[1] * down, box[2] * across, box[3] * down
    x0, y0 = max(0, int(left) - BICUBIC_REACH), max(0, int(top) - BICUBIC_REACH)
    x1, y1 = min(width, math.ceil(right) + BICUBIC_REACH), min(height, math.ceil(bottom) + BICUBIC_REACH)
    surroundings = Image.fromarray(np.ascontiguousarray(lr[y0:y1, x0:x1]))
    inside = left - x0, top - y0, right - x0, bottom - y0
    return surroundings.resize((box[2] - box[0], box[3] - box[1]), Image.Resampling.BICUBIC, inside)
