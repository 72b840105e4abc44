"""What an upscale will take: memory, and seconds by what was timed on this machine.

Knows no network and no device; it is given a run to time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

TIMES_FIXED = 3       # a run must take this many fixed costs before its pixels tell a rate,
LONG_SECONDS = 0.2    # or this long
MOST_SIDE = 512       # pixels, the largest short run


@dataclass(frozen=True)
class Estimate:
    """What an upscale will take: size of the result in pixels, seconds, bytes of memory, and bytes that are free."""

    width: int
    height: int
    seconds: float
    memory: int
    available: int

    @property
    def fits(self) -> bool:
        """Whether there is enough memory."""
        return self.memory <= self.available

    def refusal(self, width: int, height: int) -> str:
        """Return the message for a photo of that many pixels which does not fit."""
        return (
            f"{width}x{height} pixels to {self.width}x{self.height} needs about "
            f"{self.memory / 1e9:.1f} GB of memory, and {self.available / 1e9:.1f} GB are free here; "
            "choose a smaller scale or size, crop the photo, or use a machine with more memory"
        )


@dataclass
class Speed:
    """How long an image takes, by its number of pixels.

    Attributes:
        fixed: seconds for any image, whatever its size.
        rate: further seconds per pixel.
        pixels: the smallest image that tells the rate; smaller ones tell nothing about larger ones.
    """

    fixed: float
    rate: float
    pixels: int

    @classmethod
    def measured(cls, run: Callable[[int], object], side: int) -> Speed:
        """Time short runs.

        Args:
            run: does the work on a square image with a side of that many pixels.
            side: where to begin; it is doubled until a run is long enough.
        """
        fixed = _seconds(run, 1)
        enough = min(TIMES_FIXED * fixed, LONG_SECONDS)
        while (seconds := _seconds(run, side)) < enough and side < MOST_SIDE:
            side *= 2
        return cls(fixed, max(seconds - fixed, 0.0) / side**2, side**2)

    def seconds(self, pixels: int) -> float:
        """Return the seconds that an image of that many pixels will take."""
        return self.fixed + self.rate * pixels

    def correct(self, pixels: int, seconds: float) -> None:
        """Take the rate from an image that was upscaled, if it was large enough."""
        if pixels >= self.pixels:
            self.rate = max(seconds - self.fixed, 0.0) / pixels


def _seconds(run: Callable[[int], object], side: int) -> float:
    for _ in range(2):    # the first run warms up
        began = time.monotonic()
        run(side)
    return time.monotonic() - began
