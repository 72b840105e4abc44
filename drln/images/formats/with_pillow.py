"""Read and write the formats that Pillow knows well enough.

Pillow is given the one format to try: some of its readers start other programs.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from drln.images.header import MANY, Header, frames_note, upright_size
from drln.images.metadata import orientation_of


def pillow_header(
    path: Path, name: str, frames: int = 0, depth: int = 8, notes: tuple[str, ...] = ()
) -> Header:
    """Return the figures of a file of the named format.

    Args:
        frames: how many there are; 0 asks Pillow, which takes long to count some.
        depth: bits a channel.
        notes: what is to be said after the number of frames.
    """
    with Image.open(path, formats=(name,)) as image:
        width, height = upright_size(image.size, orientation_of(image))
        frames = frames or getattr(image, "n_frames", 1)
    return Header(name, width, height, min(frames, MANY + 1), depth, frames_note(frames, "frames") + notes)


def read_with_pillow(source: Path | BinaryIO, name: str) -> Image.Image:
    """Decode a file of the named format; of several frames, the first."""
    with Image.open(source, formats=(name,)) as image:
        image.load()
    return image


def write_with_pillow(file: BinaryIO, pixels: np.ndarray, name: str, **options: Any) -> None:
    """Encode in memory, then write: Pillow writes to a file without asking how much of it was taken."""
    packed = io.BytesIO()
    Image.fromarray(pixels).save(packed, name, **options)
    file.write(packed.getbuffer())
