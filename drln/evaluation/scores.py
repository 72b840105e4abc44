"""Scores of the images of a set, and of the set: what was measured, by what, and what could not be.

Measures nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class ImageScore:
    """PSNR in dB, infinite for identical images, and SSIM of one image."""

    name: str
    psnr: float
    ssim: float


@dataclass(frozen=True)
class ImageFailure:
    """An image that could not be measured, and why."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


@dataclass(frozen=True)
class Scores:
    """The scores of one model on one set, and what they are scores of.

    Attributes:
        model, dataset: their names.
        scale: 2, 3 or 4.
        protocol: "standard" or "card".
        images: the score of each image that was measured, in order.
        total: images of the set; more than were measured where some failed or the work was stopped.
        failures: the images that could not be measured.
    """

    model: str
    dataset: str
    scale: int
    protocol: str
    images: tuple[ImageScore, ...]
    total: int
    failures: tuple[ImageFailure, ...] = ()

    @classmethod
    def of(
        cls,
        model: str,
        dataset: str,
        scale: int,
        protocol: str,
        measured: Iterable[ImageScore | ImageFailure],
        total: int,
    ) -> Scores:
        """Of what `stream_scores` gave for each image."""
        measured = list(measured)
        images = tuple(entry for entry in measured if isinstance(entry, ImageScore))
        failures = tuple(entry for entry in measured if isinstance(entry, ImageFailure))
        return cls(model, dataset, scale, protocol, images, total, failures)

    @property
    def psnr(self) -> float:
        """The mean over the images that were measured, in dB; not a number before the first."""
        return _mean([image.psnr for image in self.images])

    @property
    def ssim(self) -> float:
        """The mean over the images that were measured; not a number before the first."""
        return _mean([image.ssim for image in self.images])

    def __repr__(self) -> str:
        """One line, as a notebook shows it."""
        of = f"{self.scale}x, {self.protocol} protocol, {self.count}"
        names = "; ".join(name for name in (self.model, self.dataset) if name)
        return f"PSNR {self.psnr:.2f} dB, SSIM {self.ssim:.4f} ({of}; {names})"

    @property
    def is_complete(self) -> bool:
        """Whether all images of the set were measured."""
        return len(self.images) == self.total

    @property
    def is_stopped(self) -> bool:
        """Whether there are images that were not come to."""
        return len(self.images) + len(self.failures) < self.total

    @property
    def count(self) -> str:
        """Over how many images the means are: "5 images", or "4 of 5 images"."""
        return f"{len(self.images)} of {self.total} images" if not self.is_complete else f"{self.total} images"


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else math.nan
