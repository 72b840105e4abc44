"""The interface of a file format. Each format has its own file; `formats/__init__.py` lists them."""

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
class Writer:
    """How a format is written, and what its files can hold.

    Attributes:
        suffixes: in lower case; the default comes first.
        write: writes pixels, with `icc_profile`, `dpi` and `exif` from an info, to a file opened for reading and
            writing. The last argument is the quality, 1 to 100, or None for a lossless format.
        max_side: in pixels.
        holds_alpha: whether files can have transparency.
        holds_16_bits: whether files can have 16 bits per channel.
        quality: the default; None for a lossless format.
        max_bytes: the limit for all pixels together; None for no limit.
    """

    suffixes: tuple[str, ...]
    write: Callable[[BinaryIO, np.ndarray, dict[str, Any], int | None], None]
    max_side: int
    holds_alpha: bool = True
    holds_16_bits: bool = False
    quality: int | None = None
    max_bytes: int | None = None


@dataclass(frozen=True)
class Format:
    """A file format.

    Attributes:
        name: shown to users. `read_header` must return a `Header` whose `format` is equal to it.
        suffixes: in lower case.
        matches: takes a file's first `START_BYTES` and returns whether it has this format.
        read_header: returns the header data without decoding pixels.
        read: decodes a file: to an image if Pillow reads it without loss, otherwise to a picture.
        writer: None if files are only read.
        shown_by_browsers: whether most browsers show such files; the others show an empty frame.
    """

    name: str
    suffixes: tuple[str, ...]
    matches: Callable[[bytes], bool]
    read_header: Callable[[Path], Header]
    read: Callable[[Path, Header], Image.Image | Picture]
    writer: Writer | None = None
    shown_by_browsers: bool = True

    @property
    def takes_quality(self) -> bool:
        """Whether results can be saved at a chosen quality."""
        return self.writer is not None and self.writer.quality is not None


def mute_logger(library: str) -> None:
    """Stop a library from printing warnings about files that it can read."""
    logging.getLogger(library).addHandler(SILENT)
