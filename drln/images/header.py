"""What an image file says about itself before a pixel is decoded, and the error for a file that cannot be used."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

# Nothing else is tried: some of Pillow's readers start other programs.
FORMATS = ("AVIF", "BMP", "GIF", "HEIC", "JPEG", "PNG", "TIFF", "WebP")
PILLOW_FORMATS = tuple(name.upper() for name in FORMATS if name != "HEIC")
HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
AVIF_BRANDS = {b"avif", b"avis"}
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
    """A file's figures.

    Attributes:
        format: one of `FORMATS`.
        width, height: in pixels, of the image as it is looked at, upright.
        frames: or pages; where there are more than `MANY`, one more than these.
        depth: bits a channel of the result, 8 or 16.
        notes: sentences on what of the file is not taken.
    """

    format: str
    width: int
    height: int
    frames: int = 1
    depth: int = 8
    notes: tuple[str, ...] = ()


@contextmanager
def clear_errors(path: Path) -> Iterator[None]:
    """Whatever goes wrong with reading this file becomes an `ImageError` that says what to do."""
    try:
        yield
    except ImageError:
        raise
    except FileNotFoundError:
        raise ImageError(f"there is no file {path}; check the path") from None
    except IsADirectoryError:
        raise ImageError(f"{path} is a folder; give the path of an image file") from None
    except PermissionError:
        raise ImageError(f"{path} may not be read; change its permissions or copy it elsewhere") from None
    except UnidentifiedImageError:
        raise ImageError(
            f"{path} is no image that can be read here, or it is damaged; give one of {', '.join(FORMATS)}"
        ) from None
    except MemoryError:
        raise ImageError(f"{path} needs more memory than is free; close other programs, or make it smaller") from None
    except Image.DecompressionBombError as error:
        figures = re.search(r"\((\d+) pixels\)", str(error))
        raise ImageError(too_many(path, f"{int(figures[1]):,}" if figures else "too many")) from None
    except BROKEN_FILE as error:
        # A decoder of PNG stumbles over its own message where the bytes that it tells of are no text.
        reason = "it is damaged" if isinstance(error, UnicodeError) else " ".join(str(error).split())
        reason = reason or type(error).__name__
        raise ImageError(f"{path} cannot be decoded: {reason}; open and save it again in another program") from error


def frames_note(frames: int, word: str, taken: str = "first") -> tuple[str, ...]:
    """What is to be said of a file of several frames."""
    if frames <= 1:
        return ()
    number = str(frames) if frames <= MANY else f"more than {MANY}"
    return (f"The file has {number} {word}; the {taken} is taken.",)


def too_many(path: Path, pixels: str) -> str:
    return f"{path} declares {pixels} pixels, and up to {MOST_PIXELS:,} are read; make it smaller or cut it into parts"
