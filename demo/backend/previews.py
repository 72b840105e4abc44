"""What the page shows of a photo or result: reduced previews and enlarged close-ups, in 8 bits, not transparent.

Knows images only. The bicubic that DRLN is compared with is Pillow's.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from drln.images import Picture
from drln.images.picture import to_eight_bits

PREVIEW_SIDE = 1600    # pixels; the browser loads two such images for the slider
OVERVIEW_SIDE = 640    # of the picture that users click on
CROP_SIDE = 96         # pixels of the result that a close-up shows
ZOOMED_SIDE = 384      # pixels that a close-up has on the page, about
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


def bicubic(lr: Image.Image, scale: int) -> Image.Image:
    """Return Pillow's bicubic upscale of an `eight_bit` photo."""
    return lr.resize((lr.width * scale, lr.height * scale), Image.Resampling.BICUBIC)


def crop_around(size: tuple[int, int], x: int, y: int) -> Box:
    """Return the box for a close-up of an image of this size, centred on (x, y) as far as the borders allow."""
    width, height = size
    side = min(CROP_SIDE, width, height)
    left = min(max(0, x - side // 2), width - side)
    top = min(max(0, y - side // 2), height - side)
    return left, top, left + side, top + side


def bicubic_crop(lr: np.ndarray, box: Box, scale: int) -> Image.Image:
    """Return what lies inside the box in the `bicubic` of a photo, without computing the rest.

    Args:
        lr: uint8, (H, W) or (H, W, C); of a memory-mapped file only a few rows are read.
        box: in pixels of the result.
        scale: of the result.
    """
    left, top, right, bottom = box
    height, width = lr.shape[:2]
    x0, y0 = max(0, left // scale - BICUBIC_REACH), max(0, top // scale - BICUBIC_REACH)
    x1 = min(width, -(-right // scale) + BICUBIC_REACH)
    y1 = min(height, -(-bottom // scale) + BICUBIC_REACH)
    surroundings = bicubic(Image.fromarray(np.ascontiguousarray(lr[y0:y1, x0:x1])), scale)
    return surroundings.crop((left - scale * x0, top - scale * y0, right - scale * x0, bottom - scale * y0))


def zoomed(crop: Image.Image) -> Image.Image:
    """Return a crop as the page shows it, each pixel enlarged to a square of whole pixels."""
    zoom = max(1, ZOOMED_SIDE // max(crop.size))
    return shown(crop).resize((crop.width * zoom, crop.height * zoom), Image.Resampling.NEAREST)


def marked(overview: Image.Image, box: Box, size: tuple[int, int]) -> Image.Image:
    """Return a copy of the overview with a frame around the box, which is in pixels of an image of `size`."""
    copy = overview.convert("RGB") if overview.mode != "RGB" else overview.copy()
    across, down = overview.width / size[0], overview.height / size[1]
    left, top = int(box[0] * across), int(box[1] * down)
    right, bottom = max(left + 4, round(box[2] * across) - 1), max(top + 4, round(box[3] * down) - 1)
    draw = ImageDraw.Draw(copy)
    draw.rectangle((left - 2, top - 2, right + 2, bottom + 2), outline=(0, 0, 0), width=4)
    draw.rectangle((left - 1, top - 1, right + 1, bottom + 1), outline=(255, 255, 255), width=2)
    return copy
