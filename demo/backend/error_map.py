"""How far a restored picture is from the sharp one, as a picture: one fixed scale of colours for all.

Knows arrays and images only.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

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
