"""What an upscale will take: seconds from what was timed on this machine, and memory.

Knows no network and no device; it is given a run to time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

TIMES_FIXED = 3       # the fixed costs that a run must take before its pixels tell a rate
LONG_SECONDS = 0.2    # or so many
MOST_SIDE = 512       # pixels, of the short run


@dataclass(frozen=True)
class Estimate:
    """What an upscale will take: size of the result in pixels, seconds, bytes, and the bytes that are free."""

    width: int
    height: int
    seconds: float
    memory: int
    available: int

    @property
    def fits(self) -> bool:
        """Whether the memory suffices."""
        return self.memory <= self.available

    def refusal(self, width: int, height: int) -> str:
        """What to say of a photo of that many pixels where the memory does not suffice."""
        return (
            f"{width}x{height} pixels to {self.width}x{self.height} needs about "
            f"{self.memory / 1e9:.1f} GB of memory, and {self.available / 1e9:.1f} GB are free here; "
            "choose a smaller scale, crop the photo, or use a machine with more memory"
        )


@dataclass
class Speed:
    """Seconds for an image of so many pixels.

    Attributes:
        fixed: seconds that an image takes whatever its size.
        rate: seconds that each of its pixels takes beside that.
        pixels: of the smallest run that the rate is taken from; one of fewer pixels tells nothing of larger images.
    """

    fixed: float
    rate: float
    pixels: int

    @classmethod
    def measured(cls, run: Callable[[int], object], side: int) -> Speed:
        """From short runs.

        Args:
            run: the work on a square image of that side, in pixels.
            side: at which the run may be long enough; it is doubled until it is.
        """
        fixed = _seconds(run, 1)
        enough = min(TIMES_FIXED * fixed, LONG_SECONDS)
        while (seconds := _seconds(run, side)) < enough and side < MOST_SIDE:
            side *= 2
        return cls(fixed, max(seconds - fixed, 0.0) / side**2, side**2)

    def seconds(self, pixels: int) -> float:
        """That one image will take."""
        return self.fixed + self.rate * pixels

    def correct(self, pixels: int, seconds: float) -> None:
        """Take the rate of an image that was done, if it was large enough to have one."""
        if pixels >= self.pixels:
            self.rate = max(seconds - self.fixed, 0.0) / pixels


def _seconds(run: Callable[[int], object], side: int) -> float:
    for _ in range(2):    # the first run warms up
        began = time.monotonic()
        run(side)
    return time.monotonic() - began
