"""Hold and convert pixels of 8 or 16 bits; Pillow has no 16-bit colours.

Knows no tensors and no files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}    # by number of channels
BAND_ROWS = 256    # rows rounded at a time, to avoid a float copy of the whole result


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels and metadata, after reading or before writing.

    Attributes:
        pixels: uint8 or uint16, upright; (H, W) grey, (H, W, 2) grey and alpha, (H, W, 3) RGB, (H, W, 4) RGB and alpha.
            White and opaque alpha are 255 or 65535.
        info: `icc_profile` and `exif` as bytes, `dpi` as pixels per inch, across and down; all are optional.
    """

    pixels: np.ndarray
    info: dict[str, Any] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """The width in pixels."""
        return self.pixels.shape[1]

    @property
    def height(self) -> int:
        """The height in pixels."""
        return self.pixels.shape[0]

    @property
    def depth(self) -> int:
        """Bits per channel, 8 or 16."""
        return 8 * self.pixels.itemsize

    @property
    def mode(self) -> str:
        """L, LA, RGB or RGBA for 8 bits; I;16, LA;16, RGB;16 or RGBA;16 for 16 bits."""
        return mode_of(1 if self.pixels.ndim == 2 else self.pixels.shape[2], self.depth)

    @property
    def is_grey(self) -> bool:
        """Whether there are no colours."""
        return is_grey(self.pixels)

    @property
    def has_alpha(self) -> bool:
        """Whether the last channel is alpha."""
        return self.pixels.ndim == 3 and self.pixels.shape[2] in (2, 4)

    @property
    def is_opaque(self) -> bool:
        """Whether alpha is absent or hides nothing."""
        return not self.has_alpha or bool(self.pixels[..., -1].min() == np.iinfo(self.pixels.dtype).max)

    @property
    def colours(self) -> np.ndarray:
        """The pixels without alpha, (H, W) or (H, W, 3)."""
        if not self.has_alpha:
            return self.pixels
        return self.pixels[..., :3] if self.pixels.shape[2] == 4 else self.pixels[..., 0]

    def to_pil(self) -> Image.Image:
        """Return a PIL image. 16 bits are kept for grey, and rounded to 8 with colours or alpha."""
        image = Image.fromarray(self.pixels if self.mode == "I;16" else to_eight_bits(self.pixels))
        image.info.update(self.info)
        return image


def mode_of(channels: int, depth: int) -> str:
    """Return the mode for a number of channels and bits, with Pillow's name if it has one."""
    if depth == 8:
        return MODES[channels]
    return "I;16" if channels == 1 else f"{MODES[channels]};16"


def is_grey(pixels: np.ndarray) -> bool:
    """Whether pixels have no colour channels."""
    return pixels.ndim == 2 or pixels.shape[2] < 3


def to_rgb(pixels: np.ndarray) -> np.ndarray:
    """Convert grey, (H, W), to RGB, (H, W, 3); RGB is returned unchanged."""
    return pixels if pixels.ndim == 3 else np.repeat(pixels[:, :, None], 3, axis=2)


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Return an upright view of pixels stored with an EXIF orientation, 1 to 8."""
    if orientation > 4:
        pixels = pixels.swapaxes(0, 1)
    down, across = -1 if orientation in (3, 4, 7, 8) else 1, -1 if orientation in (2, 3, 6, 7) else 1
    return pixels[::down, ::across]


def full_range(samples: np.ndarray, white: int, depth: int) -> np.ndarray:
    """Stretch samples from 0..`white` to the full range of 8 or 16 bits, in place if the type fits."""
    dtype = np.dtype(f"uint{depth}")
    pixels = samples if samples.dtype == dtype else np.empty(samples.shape, dtype)
    if pixels is not samples or white != 2**depth - 1:
        for row, stored in zip(pixels, samples):
            row[:] = np.round(stored * np.float64((2**depth - 1) / white))
    return pixels


def to_eight_bits(pixels: np.ndarray) -> np.ndarray:
    """Round 16-bit pixels to 8 bits; 8-bit pixels are returned unchanged."""
    if pixels.dtype == np.uint8:
        return pixels
    eight = np.empty(pixels.shape, np.uint8)
    for top in range(0, len(pixels), BAND_ROWS):
        eight[top : top + BAND_ROWS] = np.round(pixels[top : top + BAND_ROWS] / np.float32(257))
    return eight
