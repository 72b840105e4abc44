"""Where a result differs from bicubic, as a picture in the colours of the error maps.

It shows where the network changed something, and not whether that is right: nobody has the sharp photo here.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from demo.backend import error_map
from demo.backend.results import Closeup, GoneError, Saved
from drln.images import ImageError, open_image


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
    """The difference in brightness of two pictures of one size: black is none, `error_map.FULL` grey levels and more
    have the last colour."""
    return error_map.picture(error_map.levels(_brightness(first), _brightness(second)))


def _brightness(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("L"))
