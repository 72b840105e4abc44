"""How far two pictures are from each other, as a picture: one fixed scale of colours for all.

Between a result and bicubic it shows where the network changed something, and not whether that is right.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from demo.backend.errors import GoneError
from demo.backend.results import Closeup, Saved
from drln.images import ImageError, open_image

FULL = 32    # grey levels of 255, and more, that have the last colour
# From no error to FULL, evenly apart; each is lighter than the one before it.
COLOURS = ((0, 0, 0), (62, 22, 110), (178, 42, 84), (244, 132, 34), (255, 246, 170))


def levels(sr_luma: np.ndarray, hr_luma: np.ndarray) -> Image.Image:
    """The absolute difference of two lumas, (H, W) of 0..255, as a grey picture; FULL and more are white."""
    error = np.abs(sr_luma.astype(np.float64) - hr_luma.astype(np.float64))
    return Image.fromarray((error / FULL * 255).clip(0, 255).round().astype(np.uint8))


def picture(levels: Image.Image) -> Image.Image:
    """The same in colours, RGB."""
    stops = np.linspace(0, 255, len(COLOURS))
    table = np.stack([np.interp(np.arange(256), stops, channel) for channel in zip(*COLOURS)], axis=1)
    return Image.fromarray(table.round().astype(np.uint8)[np.asarray(levels)])


def of_previews(saved: Saved) -> Image.Image:
    """The whole picture, at the size of its previews.

    Raises:
        GoneError: if the files have been cleared away.
    """
    try:
        bicubic, drln = map(open_image, saved.sliders)    # Pillow alone opens no PNG with a long profile
    except ImageError:
        raise GoneError("The result is no longer on the server; upscale the photo again.") from None
    return between(bicubic, drln)


def of_closeup(closeup: Closeup) -> Image.Image:
    """The place of a close-up, pixel by pixel."""
    return between(closeup.bicubic, closeup.drln)


def between(first: Image.Image, second: Image.Image) -> Image.Image:
    """The difference in brightness of two pictures of one size: black is none, `FULL` grey levels and more
    have the last colour."""
    return picture(levels(_brightness(first), _brightness(second)))


def _brightness(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("L"))
