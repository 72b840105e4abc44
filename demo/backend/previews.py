"""What the page shows of a picture: capped previews and zoomed crops, 8 bit and without transparency.

Knows images only. The bicubic that DRLN is compared with is Pillow's.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from drln.images import Picture
from drln.images.picture import to_eight_bits

PREVIEW_SIDE = 1600    # pixels; the browser loads two such images for the slider
OVERVIEW_SIDE = 640    # of the picture that is clicked on
CROP_SIDE = 96         # pixels of the result that a zoomed crop shows
ZOOMED_SIDE = 384      # about what they are enlarged to
SQUARE = 8             # pixels of the checkerboard beneath transparency
BICUBIC_REACH = 3      # pixels of the photo that Pillow's bicubic looks around, rounded up

Box = tuple[int, int, int, int]    # left, top, right, bottom


def eight_bit(picture: Picture) -> Image.Image:
    """A picture as L, LA, RGB or RGBA, with its colour profile."""
    image = Image.fromarray(to_eight_bits(picture.pixels))
    image.info.update(picture.info)
    return image


def shown(image: Image.Image) -> Image.Image:
    """L or RGB: transparency over a checkerboard, with the colour profile kept."""
    if not image.mode.endswith("A"):
        return image
    board = (np.indices((image.height, image.width)) // SQUARE).sum(axis=0) % 2
    ground = Image.fromarray(np.where(board, 255, 204).astype(np.uint8)).convert(image.mode[:-1])
    ground.paste(image.convert(image.mode[:-1]), mask=image.getchannel("A"))
    ground.info.update(image.info)
    return ground


def capped(image: Image.Image, side: int = PREVIEW_SIDE) -> Image.Image:
    """The image, reduced where a side of it is longer than `side` pixels."""
    size = capped_size(image.size, side)
    return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def capped_size(size: tuple[int, int], side: int = PREVIEW_SIDE) -> tuple[int, int]:
    """The size of `capped` of an image of that size."""
    factor = min(1.0, side / max(size))
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def bicubic(lr: Image.Image, scale: int) -> Image.Image:
    """Pillow's bicubic upscaling of an `eight_bit` photo."""
    return lr.resize((lr.width * scale, lr.height * scale), Image.Resampling.BICUBIC)


def crop_around(size: tuple[int, int], x: int, y: int) -> Box:
    """The crop of an image of that size whose centre is as near to (x, y) as its borders let it be."""
    width, height = size
    side = min(CROP_SIDE, width, height)
    left = min(max(0, x - side // 2), width - side)
    top = min(max(0, y - side // 2), height - side)
    return left, top, left + side, top + side


def bicubic_crop(lr: np.ndarray, box: Box, scale: int) -> Image.Image:
    """The pixels inside the box that `bicubic` makes of a photo's levels, computed for these alone.

    Args:
        lr: uint8, (H, W) or (H, W, C); of a file that is mapped into the memory, few rows are read.
        box: of the result.
        scale: of the result.
    """
    left, top, right, bottom = box
    height, width = lr.shape[:2]
    x0, y0 = max(0, left // scale - BICUBIC_REACH), max(0, top // scale - BICUBIC_REACH)
    x1 = min(width, -(-right // scale) + BICUBIC_REACH)
    y1 = min(height, -(-bottom // scale) + BICUBIC_REACH)
    part = bicubic(Image.fromarray(np.ascontiguousarray(lr[y0:y1, x0:x1])), scale)
    return part.crop((left - scale * x0, top - scale * y0, right - scale * x0, bottom - scale * y0))


def zoomed(crop: Image.Image) -> Image.Image:
    """A crop as it is shown: every pixel a whole number of times as wide and high."""
    zoom = max(1, ZOOMED_SIDE // max(crop.size))
    return shown(crop).resize((crop.width * zoom, crop.height * zoom), Image.Resampling.NEAREST)


def marked(overview: Image.Image, box: Box, size: tuple[int, int]) -> Image.Image:
    """A copy of the overview of an image of that size with the box drawn into it, light on dark."""
    marked = overview.convert("RGB") if overview.mode != "RGB" else overview.copy()
    across, down = overview.width / size[0], overview.height / size[1]
    left, top = int(box[0] * across), int(box[1] * down)
    right, bottom = max(left + 4, round(box[2] * across) - 1), max(top + 4, round(box[3] * down) - 1)
    draw = ImageDraw.Draw(marked)
    draw.rectangle((left - 2, top - 2, right + 2, bottom + 2), outline=(0, 0, 0), width=4)
    draw.rectangle((left - 1, top - 1, right + 1, bottom + 1), outline=(255, 255, 255), width=2)
    return marked
