"""A data set with `lr` and `hr` image columns, read as arrays that fit each other.

Knows PIL images and arrays; takes a `datasets.Dataset` without importing its package.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from drln.data.archives import DataError, file_key, short_hash
from drln.pixels import read_pixels
from drln.protocols import ProtocolError, check_fit, fit_pair

COLUMNS = ("lr", "hr")


class ColumnPairs:
    """Pairs of LR and HR images, decoded each time they are asked for.

    HR is resized by Pillow's bicubic where it is no multiple of LR, as the published models' library does.

    Args:
        dataset: of `load_dataset`; or a sequence of mappings whose `lr` and `hr` are PIL images or paths.

    Raises:
        DataError: if it is empty, or has other columns.
    """

    def __init__(self, dataset: Sequence[Any]) -> None:
        if not len(dataset):
            raise DataError("the data set is empty")
        self.dataset = dataset
        # Undecoded: a path, or the bytes of a file, of which the header is enough to know the size.
        self._files = dataset.with_format("arrow") if hasattr(dataset, "with_format") else None
        (lr_height, lr_width), (height, width) = self._shapes(0)
        self.scale: int = max(round(height / lr_height), round(width / lr_width))

    def __len__(self) -> int:
        return len(self.dataset)

    def pair(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """LR (h, w, 3) and HR (sh, sw, 3) of one image, uint8."""
        row = self.dataset[index]
        try:
            return fit_pair(read_pixels(row["hr"]), read_pixels(row["lr"]), self.scale)
        except ProtocolError as error:
            raise DataError(f"pair {index + 1} of the data set: {error}") from error

    def smallest_side(self) -> int:
        """Of the LR images, in pixels; reads headers, not pixels.

        Raises:
            DataError: where LR and HR are not of one scale.
        """
        smallest = []
        for index in range(len(self)):
            lr, hr = self._shapes(index)
            try:
                check_fit(*lr[::-1], *hr[::-1], self.scale)
            except ProtocolError as error:
                raise DataError(f"pair {index + 1} of the data set: {error}") from error
            smallest.append(min(lr))
        return min(smallest)

    def names(self) -> list[str]:
        return [name_and_key(value)[0] for value in self._values()]

    def state(self) -> list[str]:
        return [name_and_key(value)[1] for value in self._values()]

    def _values(self) -> Iterator[Any]:
        return (self._row(index)[column] for index in range(len(self)) for column in COLUMNS)

    def _row(self, index: int) -> Any:
        row = self.dataset[index] if self._files is None else self._files[index].to_pylist()[0]
        if any(row.get(column) is None for column in COLUMNS):
            raise DataError(f"pair {index + 1} of the data set has no lr and hr, but {', '.join(row)}; name a scale")
        return row

    def _shapes(self, index: int) -> list[tuple[int, int]]:
        """(h, w) of LR and of HR."""
        row, shapes = self._row(index), []
        for column in COLUMNS:
            image = open_value(row[column])
            shapes.append((image.height, image.width))
            if image is not row[column]:
                image.close()
        return shapes


def open_value(value: Any) -> Image.Image:
    """The image of a cell, opened and not decoded: a PIL image, a path, or what `datasets` stores of one."""
    if isinstance(value, Image.Image):
        return value
    if isinstance(value, dict):
        value = value["path"] if value["bytes"] is None else io.BytesIO(value["bytes"])
    return Image.open(value)


def name_and_key(value: Any) -> tuple[str, str]:
    """The path of a cell's image and letters that change with its file; where there is none, its content's twice."""
    if isinstance(value, dict) and value["bytes"] is None:
        value = value["path"]
    if isinstance(value, (str, Path)):
        return str(value), file_key(Path(value))
    content = value["bytes"] if isinstance(value, dict) else np.ascontiguousarray(read_pixels(value)).tobytes()
    return (key := short_hash(content)), key
