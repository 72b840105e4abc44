"""Image pairs made from photos: HR cropped to a multiple of the scale, LR by MATLAB's bicubic, as in the papers.

Knows image files and arrays.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from drln.data.archives import DataError, file_key
from drln.evaluation.resize import imresize
from drln.images.picture import to_rgb
from drln.images.pixels import read_pixels
from drln.images.reading import read_header


class PhotoPairs:
    """Pairs of LR and HR images, made each time they are read.

    Args:
        paths: the photos.
        scale: 2, 3 or 4.

    Raises:
        DataError: if there are no photos.
    """

    def __init__(self, paths: Iterable[str | Path], scale: int) -> None:
        self.paths, self.scale = [Path(path) for path in paths], scale
        if not self.paths:
            raise DataError("there are no photos; give a folder with at least one")

    def __len__(self) -> int:
        return len(self.paths)

    def pair(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """LR (h, w, 3) and HR (sh, sw, 3) of one photo, uint8.

        Raises:
            ImageError: if the photo cannot be read.
            DataError: if it is smaller than one LR pixel.
        """
        hr = to_rgb(read_pixels(self.paths[index]))
        h, w = (side // self.scale * self.scale for side in hr.shape[:2])
        if not h or not w:
            raise DataError(f"{self.paths[index]} is {hr.shape[1]}x{hr.shape[0]} pixels, too small for {self.scale}x")
        hr = hr[:h, :w]
        return imresize(hr, scale=1 / self.scale), hr

    def smallest_side(self) -> int:
        """The smallest side of all LR images in pixels. Reads the headers alone.

        Raises:
            ImageError: if a file is no image.
        """
        headers = map(read_header, self.paths)
        return min(min(header.width, header.height) for header in headers) // self.scale

    def keys(self) -> list[tuple[str, str]]:
        """As `Pairs.keys`: the path of each photo, and its `file_key`."""
        return [(f"photo {path.resolve()}", file_key(path)) for path in self.paths]
