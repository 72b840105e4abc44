"""A data set with `lr` and `hr` image columns, read as arrays that fit each other.

Knows PIL images and arrays; takes a `datasets.Dataset` without importing its package.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from PIL import Image

from drln.data.archives import DataError
from drln.pixels import read_pixels
from drln.protocols import ProtocolError, fit_pair


class ColumnPairs:
    """Pairs of LR and HR images, decoded each time they are asked for; read like a `PairStore`.

    HR is resized by Pillow's bicubic where it is no multiple of LR, as the published models' library does.

    Args:
        dataset: of `load_dataset`; or a sequence of mappings whose `lr` and `hr` are PIL images or paths.

    Raises:
        DataError: if it is empty, or LR and HR are not of one scale.
    """

    def __init__(self, dataset: Sequence[Any]) -> None:
        if not len(dataset):
            raise DataError("the data set is empty")
        self.dataset = dataset
        # Undecoded: a path, or the bytes of a file, of which the header is enough to know the size.
        self._files = dataset.with_format("arrow") if hasattr(dataset, "with_format") else None
        lr, hr = self._shape(0, "lr"), self._shape(0, "hr")
        self.scale: int = max(round(hr[0] / lr[0]), round(hr[1] / lr[1]))

    def __len__(self) -> int:
        return len(self.dataset)

    @cached_property
    def shapes(self) -> list[tuple[int, int]]:
        """(h, w) of each LR image; reads headers, not pixels."""
        return [self._shape(index, "lr") for index in range(len(self))]

    def pair(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """LR (h, w, 3) and HR (sh, sw, 3) of one image, uint8."""
        row = self.dataset[index]
        try:
            return fit_pair(read_pixels(row["hr"]), read_pixels(row["lr"]), self.scale)
        except ProtocolError as error:
            raise DataError(f"pair {index + 1} of the data set: {error}") from error

    def _shape(self, index: int, column: str) -> tuple[int, int]:
        row = self.dataset[index] if self._files is None else self._files[index].to_pylist()[0]
        image = open_value(row[column])
        shape = image.height, image.width
        if image is not row[column]:
            image.close()
        return shape


def open_value(value: Any) -> Image.Image:
    """The image of a cell, opened and not decoded: a PIL image, a path, or what `datasets` stores of one."""
    if isinstance(value, Image.Image):
        return value
    if isinstance(value, dict):
        value = value["path"] if value["bytes"] is None else io.BytesIO(value["bytes"])
    return Image.open(value)
