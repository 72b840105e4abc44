"""Read images as plain 8-bit pixels, for measuring and training."""

from __future__ import annotations

import os

import numpy as np
from PIL import Image

from drln.images.photo import Photo
from drln.images.reading import open_image
from drln.images.tensors import to_pixels


def read_pixels(image: Image.Image | str | os.PathLike[str]) -> np.ndarray:
    """Return an image or an image file as upright uint8 pixels: RGB, (H, W, 3), or grey, (H, W).

    Transparency and colour profile are dropped; 16 bits are rounded to 8.

    Raises:
        ImageError: as `open_image` and `Photo.from_pil`.
    """
    if not isinstance(image, Image.Image):
        image = open_image(image)
    if image.mode in ("L", "RGB") and not image.getexif() and not image.has_transparency_data:
        return np.asarray(image)
    photo = Photo.from_pil(image)
    return to_pixels(photo.rgb, photo.is_grey, depth=8)
