"""The size that a result shall have: its pixels for a photo, and the scale that reaches them.

Needs only the photo's width and height, and no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from drln.network.config import SCALES
from drln.upscaling.engine import UpscaleError

NAMES = {"width": "width", "height": "height", "long_side": "long side", "megapixels": "number of megapixels"}
MOST_MEGAPIXELS = 1_000_000


@dataclass(frozen=True)
class TargetSize:
    """The size of a result, by one measure. The result keeps the photo's shape.

    Attributes:
        width, height: in pixels.
        long_side: the longer of both, in pixels.
        megapixels: millions of pixels; the result has about as many, as its sides are whole.

    Raises:
        ValueError: unless exactly one is given: whole pixels from 1, or megapixels above 0 and up to a million.
    """

    width: int | None = None
    height: int | None = None
    long_side: int | None = None
    megapixels: float | None = None

    def __post_init__(self) -> None:
        given = {key: value for key, value in vars(self).items() if value is not None}
        if len(given) != 1:
            told = " and ".join(f"{key}={value!r}" for key, value in given.items()) or "nothing"
            raise ValueError(f"the target size is given by {told}; give one of {', '.join(NAMES)}")
        [(key, value)] = given.items()
        is_number = isinstance(value, (int, float) if key == "megapixels" else int) and not isinstance(value, bool)
        if key == "megapixels" and not (is_number and 0 < value <= MOST_MEGAPIXELS):
            raise ValueError(f"the {NAMES[key]} is {value!r}; give one above 0 and up to {MOST_MEGAPIXELS:,}")
        if key != "megapixels" and not (is_number and value >= 1):
            raise ValueError(f"the {NAMES[key]} is {value!r}; give a whole number of pixels, at least 1")

    def __str__(self) -> str:
        """The measure and its value, such as "width 1920"."""
        key, value = self._given
        return f"{key.replace('_', ' ')} {value:.10g}"

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Return the width and height of the result for a photo of that many pixels, upright.

        Each is rounded, halves up, and is at least 1. Whether a scale reaches them is not checked.
        """
        key, value = self._given
        if key == "megapixels":
            factor = sqrt(value * 1e6 / (width * height))
            return max(1, int(width * factor + 0.5)), max(1, int(height * factor + 0.5))
        side = self._measured(width, height)
        across, down = ((2 * length * int(value) + side) // (2 * side) for length in (width, height))
        return max(1, across), max(1, down)

    def scale(self, width: int, height: int, scales: Sequence[int] = SCALES) -> int:
        """Return the smallest scale that makes at least the result's pixels of such a photo.

        Args:
            width, height: of the upright photo.
            scales: those that a model has, rising.

        Raises:
            UpscaleError: if the photo is as large already, or the last scale makes fewer pixels.
        """
        what = NAMES[self._given[0]]
        if self.is_met(width, height):
            own = self._measured_text(width, height)
            raise UpscaleError(f"the photo already has {width}x{height} pixels; choose a {what} over {own}")
        across, down = self.size(width, height)
        for scale in scales:
            if across <= scale * width and down <= scale * height:
                return scale
        width, height = scale * width, scale * height
        most = self._measured_text(width, height)
        raise UpscaleError(f"{scale}x makes at most {width}x{height} pixels of the photo; choose a {what} up to {most}")

    def is_met(self, width: int, height: int) -> bool:
        """Whether a photo of that many pixels is as large as the result already, or larger."""
        across, down = self.size(width, height)
        return across <= width and down <= height

    @property
    def _given(self) -> tuple[str, float]:
        [given] = ((key, value) for key, value in vars(self).items() if value is not None)
        return given

    def _measured(self, width: int, height: int) -> int:
        """The same measure of an image of that many pixels; all its pixels for megapixels."""
        sides = {"width": width, "height": height, "long_side": max(width, height), "megapixels": width * height}
        return sides[self._given[0]]

    def _measured_text(self, width: int, height: int) -> str:
        measured = self._measured(width, height)
        return str(measured) if self.megapixels is None else f"{measured / 1e6:f}".rstrip("0").rstrip(".")
