"""The scores of the images in a set, and their means; measures nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class ImageScore:
    """PSNR in dB, infinite for identical images, and SSIM, -1..1, of one image."""

    name: str
    psnr: float
    ssim: float


@dataclass(frozen=True)
class ImageFailure:
    """An image that could not be measured, and the reason."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


@dataclass(frozen=True)
class Scores:
    """The scores of one model on one set, at one scale, by one protocol and with one degradation or none."""

    model: str                                         # its name
    dataset: str                                       # its name
    scale: int                                         # 2, 3 or 4
    protocol: str                                      # "standard" or "card"
    measured: tuple[ImageScore | ImageFailure, ...]    # one for each image, in order; fewer if the work was stopped
    total: int                                         # number of images in the set
    degradation: str = ""                              # its name, as "jpeg40"; empty if LR was clean

    @property
    def images(self) -> tuple[ImageScore, ...]:
        """The scores of the images that could be measured."""
        return tuple(entry for entry in self.measured if isinstance(entry, ImageScore))

    @property
    def failures(self) -> tuple[ImageFailure, ...]:
        """The images that could not be measured."""
        return tuple(entry for entry in self.measured if isinstance(entry, ImageFailure))

    @property
    def psnr(self) -> float:
        """The mean PSNR of the measured images, in dB; NaN if there are none."""
        return _mean([image.psnr for image in self.images])

    @property
    def ssim(self) -> float:
        """The mean SSIM of the measured images; NaN if there are none."""
        return _mean([image.ssim for image in self.images])

    def __repr__(self) -> str:
        """One line, as a notebook shows it."""
        degraded = f"{self.degradation}, " if self.degradation else ""
        of = f"{self.scale}x, {self.protocol} protocol, {degraded}{self.count}"
        names = "; ".join(name for name in (self.model, self.dataset) if name)
        return f"PSNR {self.psnr:.2f} dB, SSIM {self.ssim:.4f} ({of}; {names})"

    @property
    def is_complete(self) -> bool:
        """Whether all images in the set could be measured."""
        return len(self.images) == self.total

    @property
    def is_stopped(self) -> bool:
        """Whether the work was stopped before the last image."""
        return len(self.measured) < self.total

    @property
    def count(self) -> str:
        """The number of images behind the means: "5 images", or "4 of 5 images"."""
        return f"{self.total} images" if self.is_complete else f"{len(self.images)} of {self.total} images"


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else math.nan
