"""Pixels of 8 or 16 bits with what belongs to them: Pillow has no 16-bit colours.

Knows no tensors and no files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}    # by the number of channels
BAND_ROWS = 256    # rounded at a time, so that a large result needs no float copy


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels as they came from a file or go into one, and what belongs to them.

    Attributes:
        pixels: uint8 or uint16, upright; (H, W) grey, (H, W, 2) grey and alpha, (H, W, 3) RGB, (H, W, 4) RGB and alpha.
            White is 255 or 65535, and so is an alpha that hides nothing.
        info: `icc_profile` in bytes, `dpi` as pixels an inch across and down, and `exif` in bytes, those that there
            are.
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
        """Bits a channel, 8 or 16."""
        return 8 * self.pixels.itemsize

    @property
    def mode(self) -> str:
        """L, LA, RGB or RGBA; with 16 bits I;16, LA;16, RGB;16 or RGBA;16."""
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
        """Whether nothing shows through: there is no alpha, or it hides nothing."""
        return not self.has_alpha or bool(self.pixels[..., -1].min() == np.iinfo(self.pixels.dtype).max)

    @property
    def colours(self) -> np.ndarray:
        """The pixels without an alpha, (H, W) or (H, W, 3)."""
        if not self.has_alpha:
            return self.pixels
        return self.pixels[..., :3] if self.pixels.shape[2] == 4 else self.pixels[..., 0]

    def to_pil(self) -> Image.Image:
        """Return a PIL image; 16-bit grey stays so, 16 bits with colours or alpha are rounded to 8."""
        image = Image.fromarray(self.pixels if self.mode == "I;16" else to_eight_bits(self.pixels))
        image.info.update(self.info)
        return image


def mode_of(channels: int, depth: int) -> str:
    """Return what a picture of that many channels and bits is called; as Pillow calls it, where it has it."""
    if depth == 8:
        return MODES[channels]
    return "I;16" if channels == 1 else f"{MODES[channels]};16"


def is_grey(pixels: np.ndarray) -> bool:
    """Whether pixels have no colours, by their channels."""
    return pixels.ndim == 2 or pixels.shape[2] < 3


def to_rgb(pixels: np.ndarray) -> np.ndarray:
    """Return grey, (H, W), or RGB pixels as RGB, (H, W, 3)."""
    return pixels if pixels.ndim == 3 else np.repeat(pixels[:, :, None], 3, axis=2)


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Return a view of stored pixels that is upright, by EXIF's orientation, 1 to 8."""
    if orientation > 4:
        pixels = pixels.swapaxes(0, 1)
    down, across = -1 if orientation in (3, 4, 7, 8) else 1, -1 if orientation in (2, 3, 6, 7) else 1
    return pixels[::down, ::across]


def full_range(samples: np.ndarray, white: int, depth: int) -> np.ndarray:
    """Stretch samples of 0 to `white` to the whole range of 8 or 16 bits; in place where the type is right."""
    dtype = np.dtype(f"uint{depth}")
    pixels = samples if samples.dtype == dtype else np.empty(samples.shape, dtype)
    if pixels is not samples or white != 2**depth - 1:
        for row, stored in zip(pixels, samples):
            row[:] = np.round(stored * np.float64((2**depth - 1) / white))
    return pixels


def to_eight_bits(pixels: np.ndarray) -> np.ndarray:
    """Round 16-bit pixels to 8 bits; 8-bit ones come back as they are."""
    if pixels.dtype == np.uint8:
        return pixels
    eight = np.empty(pixels.shape, np.uint8)
    for top in range(0, len(pixels), BAND_ROWS):
        eight[top : top + BAND_ROWS] = np.round(pixels[top : top + BAND_ROWS] / np.float32(257))
    return eight
