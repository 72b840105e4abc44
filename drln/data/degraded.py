"""Pairs whose LR image is as people have photos: a little blurred, noisy, and compressed as JPEG.

Knows arrays; LR and HR come from other pairs.
"""

from __future__ import annotations

import numpy as np

from drln.data.photos import PhotoPairs
from drln.evaluation.degradations import add_noise, blur, compress

# Shares of the LR images, and ranges.
BLURRED, BLUR = 0.25, (0.2, 0.6)           # sigma in pixels
NOISY, NOISE = 0.35, (0.0, 10.0)           # sigma of Gaussian noise, in grey levels of 255
GRAINY, GRAIN = 0.15, (2.0, 3.5)           # Poisson noise: log10 of the photons of a white pixel
COMPRESSED, QUALITY = 0.9, (30, 95)        # JPEG
TWICE, QUALITY_BEFORE = 0.2, (50, 95)      # of those: compressed before, too


class DegradedPairs:
    """The pairs of photos with a degraded LR image, the same each time they are read.

    Args:
        pairs: of the photos.
        versions: pairs of each photo, each degraded in another way.
    """

    def __init__(self, pairs: PhotoPairs, versions: int = 1) -> None:
        self.pairs, self.versions, self.scale = pairs, versions, pairs.scale

    def __len__(self) -> int:
        return len(self.pairs) * self.versions

    def pair(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """LR (h, w, 3) and HR (sh, sw, 3), uint8.

        Raises:
            ImageError, DataError: as `PhotoPairs.pair`.
        """
        lr, hr = self.pairs.pair(index % len(self.pairs))
        return degraded(lr, np.random.default_rng((index, self.scale))), hr

    def smallest_side(self) -> int:
        """As that of the photos' pairs."""
        return self.pairs.smallest_side()

    def keys(self) -> list[tuple[str, str]]:
        """As `Pairs.keys`."""
        keys = self.pairs.keys()
        return [(f"degraded {version}, {name}", key) for version in range(self.versions) for name, key in keys]


def degraded(lr: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Degrade an image at random, in the order in which a camera does: blur, noise, JPEG. uint8, (h, w, 3)."""
    if rng.random() < BLURRED:
        lr = blur(lr, rng.uniform(*BLUR))
    kind = rng.random()
    if kind < NOISY:
        lr = add_noise(lr, rng.uniform(*NOISE), rng)
    elif kind < NOISY + GRAINY:
        photons = 10 ** rng.uniform(*GRAIN) / 255    # of each grey level
        lr = (rng.poisson(lr * photons) / photons).round().clip(0, 255).astype(np.uint8)
    if rng.random() < COMPRESSED:
        if rng.random() < TWICE:
            lr = _compressed(lr, QUALITY_BEFORE, rng)
        lr = _compressed(lr, QUALITY, rng)
    return lr


def _compressed(lr: np.ndarray, quality: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    subsampling = ("4:4:4", "4:2:0")[rng.integers(2)]
    return compress(lr, int(rng.integers(*quality, endpoint=True)), subsampling)
