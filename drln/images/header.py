"""What an image file says about itself before a pixel is decoded, and the error for a file that cannot be used."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from PIL import Image

MOST_PIXELS = 178_956_970    # above this Pillow, and what is built on it, refuses to open a file
MANY = 1000                  # frames are not counted beyond

# What Pillow and the other readers raise for a file that is not what it says.
BROKEN_FILE = (
    OSError, SyntaxError, ValueError, EOFError, RuntimeError, LookupError, TypeError, AttributeError, AssertionError,
    ArithmeticError, struct.error, Image.DecompressionBombError,
)


class ImageError(ValueError):
    """An image that cannot be read, upscaled or saved; the message says why and what to do."""


@dataclass(frozen=True)
class Header:
    """What a file says about itself.

    Attributes:
        format: the name of its `Format`.
        width, height: in pixels, of the image as it is looked at, upright.
        frames: or pages; where there are more than `MANY`, one more than these.
        depth: bits a channel of the result, 8 or 16.
        notes: sentences on what of the file a result will lack.
    """

    format: str
    width: int
    height: int
    frames: int = 1
    depth: int = 8
    notes: tuple[str, ...] = ()


def upright_size(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Return width and height of a stored image of that size once EXIF's orientation, 1 to 8, is followed."""
    return size[::-1] if orientation > 4 else size


def frames_note(frames: int, word: str, taken: str = "first") -> tuple[str, ...]:
    """Return the sentence for a file of several frames; nothing for one."""
    if frames <= 1:
        return ()
    number = str(frames) if frames <= MANY else f"more than {MANY}"
    return (f"The file has {number} {word}; the {taken} is taken.",)
