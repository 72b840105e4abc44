"""What it takes to read and write a format. Each format has a file of its own; `formats/__init__.py` lists them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from drln.images.header import Header
from drln.images.picture import Picture

SILENT = logging.NullHandler()


@dataclass(frozen=True)
class Output:
    """What files of a format can hold, and how they are written.

    Attributes:
        suffixes: of the names under which results may be saved; the first is the one that is proposed.
        write: puts pixels, as `Picture` holds them, into a file that is open for writing and reading, with the
            `icc_profile`, `dpi` and `exif` of an info, in a quality of 1 to 100 where the format has one.
        max_side: pixels.
        alpha: whether there is a place for transparency.
        deep: whether there are 16 bits a channel.
        quality: the one that is taken unless another is asked for; None where every pixel is kept.
        max_bytes: of all pixels, None where there is no limit.
    """

    suffixes: tuple[str, ...]
    write: Callable[[BinaryIO, np.ndarray, dict[str, Any], int | None], None]
    max_side: int
    alpha: bool = True
    deep: bool = False
    quality: int | None = None
    max_bytes: int | None = None


@dataclass(frozen=True)
class Format:
    """A file format.

    Attributes:
        name: as people write it.
        suffixes: of the names that such files have, in lower case.
        begins: whether a file with these first 64 bytes is one.
        read_header: returns the figures of a file, and decodes no pixel.
        read: decodes a file whose header is known: to an image where Pillow reads it without a loss, else to a picture.
        output: None for a format that is read only.
    """

    name: str
    suffixes: tuple[str, ...]
    begins: Callable[[bytes], bool]
    read_header: Callable[[Path], Header]
    read: Callable[[Path, Header], Image.Image | Picture]
    output: Output | None = None

    @property
    def takes_quality(self) -> bool:
        """Whether its files are smaller where the quality is lower."""
        return self.output is not None and self.output.quality is not None


def silence(library: str) -> None:
    """Keep a library from printing what is odd in files that it reads all the same."""
    logging.getLogger(library).addHandler(SILENT)
