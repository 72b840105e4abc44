"""How far two pictures differ, as a picture; one fixed colour scale for all, which the viewer has too."""

from __future__ import annotations

import numpy as np
from PIL import Image

FULL = 32    # the last colour stands for this difference and more, in grey levels of 255
# From no difference to FULL in even steps, each lighter than the one before.
COLOURS = ((0, 0, 0), (62, 22, 110), (178, 42, 84), (244, 132, 34), (255, 246, 170))


def grey_map(sr_luma: np.ndarray, hr_luma: np.ndarray) -> Image.Image:
    """Return the absolute difference of two lumas, (H, W) of 0..255, as a grey picture; white is FULL and more."""
    error = np.abs(sr_luma.astype(np.float64) - hr_luma.astype(np.float64))
    return Image.fromarray((error / FULL * 255).clip(0, 255).round().astype(np.uint8))


def in_colours(grey: Image.Image) -> Image.Image:
    """Return a `grey_map` in colours, RGB."""
    stops = np.linspace(0, 255, len(COLOURS))
    table = np.stack([np.interp(np.arange(256), stops, channel) for channel in zip(*COLOURS)], axis=1)
    return Image.fromarray(table.round().astype(np.uint8)[np.asarray(grey)])
