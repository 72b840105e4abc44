"""Convert PIL images to pixels without loss. Images for which this is impossible are refused.

Knows no files and no tensors.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from drln.images.colour_spaces import cmyk_to_rgb
from drln.images.header import BROKEN_FILE, ImageError

GREY_MODES = ("1", "L", "LA", "La")
DEEP_GREY_MODES = ("I", "I;16", "I;16L", "I;16B", "I;16N", "F")
RGB_MODES = ("RGB", "RGBA", "RGBa", "RGBX", "P", "PA")
OTHER_MODES = ("CMYK", "YCbCr", "HSV", "LAB")    # 8-bit colours to be converted


def image_to_pixels(image: Image.Image) -> np.ndarray:
    """Decode an image to pixels as in `Picture`, but not turned upright: uint8, or uint16 for deep grey.

    Palettes become RGB, and so does CMYK, by its colour profile if it has one. A transparent colour or shade becomes
    alpha.

    Raises:
        ImageError: if the image is empty or damaged, or its pixels do not fit.
    """
    if not image.width or not image.height:
        raise ImageError(f"the image is {image.width}x{image.height} pixels; give one with at least one pixel")
    try:
        image.load()
    except BROKEN_FILE as error:
        raise ImageError(f"the image cannot be decoded: {error}; open and save it again") from error
    if image.mode in DEEP_GREY_MODES:
        return _deep_grey(image)
    if image.mode == "CMYK":
        return cmyk_to_rgb(np.asarray(image), image.info.get("icc_profile"))
    if image.mode in OTHER_MODES:
        image = image.convert("RGB")
    elif image.mode not in (*GREY_MODES, *RGB_MODES):
        raise ImageError(f"the image has the mode {image.mode}; convert it to 8-bit RGB or 16-bit grey first")
    wanted = ("L" if image.mode in GREY_MODES else "RGB") + ("A" if image.has_transparency_data else "")
    return np.asarray(image if image.mode == wanted else image.convert(wanted))


def _deep_grey(image: Image.Image) -> np.ndarray:
    """Return (H, W), or (H, W, 2) with alpha if there is a transparent shade."""
    stored = np.asarray(image)
    low, high = stored.min(), stored.max()
    # Floats from 0 to 1 are refused, because the level of white is unknown.
    if not (0 <= low and high <= 65535) or (image.mode == "F" and (high <= 1 or (stored % 1).any())):
        raise ImageError(
            f"the image has the mode {image.mode} and levels from {low:g} to {high:g}; "
            "convert it to 16 bits, with whole levels from 0 to 65535, first"
        )
    pixels, shade = stored.astype(np.uint16), image.info.get("transparency")
    return pixels if shade is None else np.stack([pixels, np.where(pixels == shade, 0, 65535).astype(np.uint16)], 2)
