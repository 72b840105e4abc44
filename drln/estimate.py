"""What an upscale will take. Computes nothing."""

from __future__ import annotations

from dataclasses import dataclass


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
