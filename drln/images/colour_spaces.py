"""Convert CMYK, YCbCr, Lab and premultiplied colours to plain RGB of the same depth.

Knows pixels only.
"""

from __future__ import annotations

import numpy as np
from PIL import ImageCms

# From XYZ, scaled so that the white point is (1, 1, 1), to linear sRGB; D50 is adapted by Bradford.
FROM_D50 = np.array([[3.02173, -1.61687, -0.40486], [-0.94375, 1.91614, 0.02761], [0.06937, -0.22899, 1.15962]])
FROM_D65 = np.array([[3.07995, -1.53714, -0.54282], [-0.92126, 1.87601, 0.04525], [0.05289, -0.20403, 1.15114]])


def cmyk_to_rgb(pixels: np.ndarray, profile: bytes | None) -> np.ndarray:
    """Convert CMYK, (H, W, 4), by its colour profile. Without a usable profile, use Pillow's formula."""
    import imagecodecs

    if profile:
        srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        try:
            return imagecodecs.cms_transform(pixels, profile, srgb, colorspace="cmyk", outcolorspace="rgb")
        except imagecodecs.CmsError:
            pass    # the profile is damaged or not for CMYK
    white = int(np.iinfo(pixels.dtype).max)
    rgb = np.empty((*pixels.shape[:2], 3), pixels.dtype)
    for row, stored in zip(rgb, pixels):
        light = white - stored[:, 3:].astype(np.uint32)
        row[:] = light - (stored[:, :3] * light + white // 2) // white
    return rgb


def ycbcr_to_rgb(pixels: np.ndarray, luma: tuple[float, ...], blacks_and_whites: tuple[float, ...]) -> np.ndarray:
    """Convert 8-bit YCbCr.

    Args:
        pixels: (H, W, 3).
        luma: the weights of red, green and blue.
        blacks_and_whites: TIFF's ReferenceBlackWhite, two values for each channel.
    """
    red, green, blue = luma
    black, white, no_blue, most_blue, no_red, most_red = blacks_and_whites
    rgb = np.empty_like(pixels)
    for row, stored in zip(rgb, pixels):
        y, cb, cr = stored.astype(np.float32).T
        y = (y - black) * (255 / (white - black))
        b = (cb - no_blue) * (127 / (most_blue - no_blue)) * (2 - 2 * blue) + y
        r = (cr - no_red) * (127 / (most_red - no_red)) * (2 - 2 * red) + y
        row[:] = np.stack([r, (y - red * r - blue * b) / green, b], axis=1).round().clip(0, 255)
    return rgb


def lab_to_rgb(pixels: np.ndarray, is_signed: bool, is_d65: bool) -> np.ndarray:
    """Convert CIE L*a*b* to sRGB.

    Args:
        pixels: (H, W, 3).
        is_signed: whether a* and b* are signed; otherwise the middle level means 0.
        is_d65: whether the white point is D65; otherwise it is D50.
    """
    deep = pixels.dtype == np.uint16
    unit, white = (256, 65_535) if deep else (1, 255)
    matrix = FROM_D65 if is_d65 else FROM_D50
    rgb = np.empty_like(pixels)
    for row, stored in zip(rgb, pixels):
        lightness = stored[:, 0] * (100 / (white if is_signed or not deep else 0xFF00))
        ab = stored[:, 1:].view(np.int16 if deep else np.int8) if is_signed else stored[:, 1:] - 128.0 * unit
        y = (lightness + 16) / 116
        f = np.stack([y + ab[:, 0] / (500 * unit), y, y - ab[:, 1] / (200 * unit)], axis=1)
        linear = np.where(f > 6 / 29, f**3, (f - 4 / 29) * (108 / 841)) @ matrix.T
        curved = 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055
        row[:] = (np.where(linear > 0.0031308, curved, 12.92 * linear) * white).round().clip(0, white)
    return rgb


def unmultiply(colours: np.ndarray, alpha: np.ndarray, white: int | None = None) -> None:
    """Undo premultiplied alpha, in place.

    Args:
        colours: (H, W, C).
        alpha: (H, W, 1).
        white: the level of opaque alpha; by default the highest of the type.
    """
    white = white or int(np.iinfo(colours.dtype).max)
    for row, cover in zip(colours, alpha):
        row[:] = np.minimum(np.round(row * (white / np.maximum(cover, 1).astype(np.float64))), white)
