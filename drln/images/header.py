"""The data that is read before pixels are decoded, and the error for images that cannot be used."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from PIL import Image

MOST_PIXELS = 178_956_970    # Pillow refuses larger files
FRAME_COUNT_LIMIT = 1000     # counting stops after one more

# What Pillow and the other readers raise for damaged files.
BROKEN_FILE = (
    OSError, SyntaxError, ValueError, EOFError, RuntimeError, LookupError, TypeError, AttributeError, AssertionError,
    ArithmeticError, struct.error, Image.DecompressionBombError,
)


class ImageError(ValueError):
    """An image cannot be read, upscaled or saved; the message says why and what to do."""


@dataclass(frozen=True)
class Header:
    """A file's header data.

    Attributes:
        format: equal to `Format.name`, by which `read` finds the format again.
        width, height: in pixels, of the upright image.
        frames: the number of frames or pages; `FRAME_COUNT_LIMIT` + 1 stands for any larger number.
        depth: bits per channel of the result, 8 or 16.
        notes: sentences for the user on what the result will lack.
        jpeg_quality: 1 to 100, estimated; None for other formats, and if the file does not say.
    """

    format: str
    width: int
    height: int
    frames: int = 1
    depth: int = 8
    notes: tuple[str, ...] = ()
    jpeg_quality: int | None = None


def upright_size(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Return the upright width and height of an image stored with an EXIF orientation, 1 to 8."""
    return size[::-1] if orientation > 4 else size


def frames_note(frames: int, word: str, taken: str = "first") -> tuple[str, ...]:
    """Return a note if a file has several frames."""
    if frames <= 1:
        return ()
    number = str(frames) if frames <= FRAME_COUNT_LIMIT else f"more than {FRAME_COUNT_LIMIT}"
    return (f"The file has {number} {word}; the {taken} is taken.",)
