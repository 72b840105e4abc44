"""Read and write files with Pillow.

Always name the format: if Pillow tries them all, some of its readers start other programs.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from drln.images.formats.jpeg_quality import jpeg_quality
from drln.images.header import FRAME_COUNT_LIMIT, Header, frames_note, upright_size
from drln.images.metadata import orientation_of


def pillow_header(
    path: Path, name: str, frames: int = 0, depth: int = 8, notes: tuple[str, ...] = ()
) -> Header:
    """Return a file's header data.

    Args:
        name: what both Pillow and `Format` call the format.
        frames: their number, or 0 to let Pillow count them, which is slow for some formats.
        depth: bits per channel of the result.
        notes: added after the note on frames.
    """
    with Image.open(path, formats=(name,)) as image:
        width, height = upright_size(image.size, orientation_of(image))
        frames, quality = frames or getattr(image, "n_frames", 1), jpeg_quality(image)
    notes = frames_note(frames, "frames") + notes
    return Header(name, width, height, min(frames, FRAME_COUNT_LIMIT + 1), depth, notes, quality)


def read_with_pillow(source: Path | BinaryIO, name: str) -> Image.Image:
    """Decode the first frame of a file."""
    with Image.open(source, formats=(name,)) as image:
        image.load()
    return image


def write_with_pillow(file: BinaryIO, pixels: np.ndarray, name: str, **options: Any) -> None:
    """Encode in memory, then write, because Pillow does not notice when a file takes only part of its data."""
    packed = io.BytesIO()
    Image.fromarray(pixels).save(packed, name, **options)
    file.write(packed.getbuffer())
