"""An image as whole levels, 8 or 16 bits a channel, with what belongs to it: Pillow has no mode for 16-bit colour.

Knows no tensors and no files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from drln.images.tensors import to_eight_bits

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}    # by the number of channels


@dataclass(frozen=True, eq=False)
class Picture:
    """Upscaled pixels as they go into a file.

    Attributes:
        levels: uint8 or uint16; (H, W) grey, (H, W, 2) grey and alpha, (H, W, 3) RGB, (H, W, 4) RGB and alpha.
        info: `icc_profile`, `dpi` and `exif`, those that there are.
    """

    levels: np.ndarray
    info: dict[str, Any] = field(default_factory=dict)

    @property
    def width(self) -> int:
        return self.levels.shape[1]

    @property
    def height(self) -> int:
        return self.levels.shape[0]

    @property
    def depth(self) -> int:
        """Bits a channel, 8 or 16."""
        return 8 * self.levels.itemsize

    @property
    def mode(self) -> str:
        """L, LA, RGB or RGBA; with 16 bits I;16, LA;16, RGB;16 or RGBA;16."""
        return mode_of(1 if self.levels.ndim == 2 else self.levels.shape[2], self.depth)

    @property
    def has_alpha(self) -> bool:
        return self.levels.ndim == 3 and self.levels.shape[2] in (2, 4)

    @property
    def is_opaque(self) -> bool:
        """Whether nothing shows through: there is no alpha, or it hides nothing."""
        return not self.has_alpha or bool(self.levels[..., -1].min() == np.iinfo(self.levels.dtype).max)

    @property
    def colours(self) -> np.ndarray:
        """The levels, less an alpha."""
        if not self.has_alpha:
            return self.levels
        return self.levels[..., :3] if self.levels.shape[2] == 4 else self.levels[..., 0]

    def to_pil(self) -> Image.Image:
        """As a PIL image; 16-bit grey stays so, 16 bits with colours or alpha are rounded to 8."""
        image = Image.fromarray(self.levels if self.mode == "I;16" else to_eight_bits(self.levels))
        image.info.update(self.info)
        return image


def mode_of(channels: int, depth: int) -> str:
    """What a picture of that many channels and bits is called; as Pillow calls it, where it has it."""
    if depth == 8:
        return MODES[channels]
    return "I;16" if channels == 1 else f"{MODES[channels]};16"
