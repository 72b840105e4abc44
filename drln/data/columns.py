"""Image pairs from a data set with the image columns `lr` and `hr`.

Knows PIL images and arrays; takes a `datasets.Dataset` without importing its package.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from drln.data.archives import DataError, file_key, short_hash
from drln.evaluation.protocols import ProtocolError, check_fit, fit_pair, scale_between
from drln.images.header import ImageError, upright_size
from drln.images.metadata import orientation_of
from drln.images.pixels import read_pixels
from drln.images.reading import read_header

COLUMNS = ("lr", "hr")


class ColumnPairs:
    """Pairs of LR and HR images, decoded each time they are read.

    An HR image that is no multiple of LR is resized by Pillow's bicubic, as in super-image.

    Args:
        dataset: from `load_dataset`; or a sequence of mappings whose `lr` and `hr` are PIL images or paths.

    Raises:
        DataError: if it is empty, has other columns, or its first pair fits no scale.
        ImageError: if the first pair cannot be read.
    """

    def __init__(self, dataset: Any) -> None:
        if not len(dataset):
            raise DataError("the data set is empty")
        self.dataset = dataset
        # A path or the bytes of a file, because `datasets` decodes with Pillow, which reads fewer formats than we do.
        # If the user transforms the rows, we take what the transform returns.
        is_table = hasattr(dataset, "with_format") and dataset.format["type"] != "custom"
        self._files = dataset.with_format("arrow") if is_table else None
        with _naming_pair(0):
            self.scale: int = scale_between(*self._sizes(0))

    def __len__(self) -> int:
        return len(self.dataset)

    def pair(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """LR (h, w, 3) and HR (sh, sw, 3) of one pair, uint8.

        Raises:
            DataError: if LR and HR do not fit the scale.
            ImageError: if an image cannot be read.
        """
        row = self._row(index)
        with _naming_pair(index):
            return fit_pair(pixels_of(row["hr"]), pixels_of(row["lr"]), self.scale)

    def smallest_side(self) -> int:
        """The smallest side of all LR images in pixels. Reads the headers alone, and checks all sizes.

        Raises:
            DataError: if a pair does not fit the scale.
            ImageError: if a file is no image.
        """
        smallest = []
        for index in range(len(self)):
            lr, hr = self._sizes(index)
            with _naming_pair(index):
                check_fit(*lr, *hr, self.scale)
            smallest.append(min(lr))
        return min(smallest)

    def keys(self) -> list[tuple[str, str]]:
        """As `Pairs.keys`: the `name_and_key` of each image."""
        return [name_and_key(self._row(index)[column]) for index in range(len(self)) for column in COLUMNS]

    def _row(self, index: int) -> Any:
        row = self.dataset[index] if self._files is None else self._files[index].to_pylist()[0]
        if any(row.get(column) is None for column in COLUMNS):
            raise DataError(f"pair {index + 1} of the data set has no lr and hr, but {', '.join(row)}; name a scale")
        return row

    def _sizes(self, index: int) -> list[tuple[int, int]]:
        """(width, height) of LR and of HR."""
        row = self._row(index)
        return [size_of(row[column]) for column in COLUMNS]


def size_of(value: Any) -> tuple[int, int]:
    """(width, height) of a cell's image, upright. Reads the header of a file alone.

    Raises:
        ImageError: if the file is no image.
    """
    if not isinstance(value, Image.Image):
        with _file_of(value) as path:
            header = read_header(path)
        return header.width, header.height
    if value.format == "PNG" and "exif" not in value.info or value.format == "TIFF":
        return value.size    # looking for EXIF would decode a PNG; Pillow turns a TIFF itself
    return upright_size(value.size, orientation_of(value))


def pixels_of(value: Any) -> np.ndarray:
    """The pixels of a cell's image, as `read_pixels` returns them: uint8, (H, W, 3) or (H, W).

    Raises:
        ImageError: if it cannot be read.
    """
    if isinstance(value, Image.Image):
        return read_pixels(value)
    with _file_of(value) as path:
        return read_pixels(path)


def name_and_key(value: Any) -> tuple[str, str]:
    """The path of a cell's image and its `file_key`. Without a file, both are the key of its content.

    Raises:
        OSError: if there is no such file.
        ImageError: if an image without a file cannot be read.
    """
    if isinstance(value, dict) and value["bytes"] is None:
        value = value["path"]
    if isinstance(value, (str, Path)):
        return str(value), file_key(Path(value))
    if isinstance(value, dict):
        key = short_hash(value["bytes"])
    else:
        pixels = read_pixels(value)
        key = short_hash(f"{pixels.shape}".encode() + np.ascontiguousarray(pixels).tobytes())
    return key, key


@contextmanager
def _naming_pair(index: int) -> Iterator[None]:
    """Turn a `ProtocolError` into a `DataError` that names the pair."""
    try:
        yield
    except ProtocolError as error:
        raise DataError(f"pair {index + 1} of the data set: {error}") from error


@contextmanager
def _file_of(value: Any) -> Iterator[Path]:
    """Yield the path of a cell's file: a path, or what `datasets` stores, which may be the bytes of a file."""
    value = value if isinstance(value, dict) else {"path": value, "bytes": None}
    if value["bytes"] is None:
        yield Path(value["path"])
        return
    with TemporaryDirectory() as folder:
        path = Path(folder, "image")
        path.write_bytes(value["bytes"])
        try:
            yield path
        except ImageError as error:
            raise ImageError(str(error).replace(str(path), value["path"] or "an image")) from error
