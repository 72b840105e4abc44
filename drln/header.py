"""What an image file says of itself: format, size, frames, depth. No pixel is decoded.

Knows no tensors, and no limits but the one above which a file is taken for a trap.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from drln import camera_raw
from drln.frames import count_gif_frames
from drln.metadata import orientation_of
from drln.wide_colours import colour_notes, head_of

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


def read_header(path: str | os.PathLike[str]) -> Header:
    """The figures of an image file.

    Raises:
        ImageError: if there is no such file, it is none of `FORMATS`, or it declares what no photo has.
    """
    path = Path(path)
    with clear_errors(path):
        if path.exists() and not path.is_file() and not path.is_dir():    # to open a pipe may take for ever
            raise ImageError(f"{path} is a pipe or a device; save the image as a file first")
        header = _header(path)
    if not header.width or not header.height:
        raise ImageError(f"{path} is {header.width}x{header.height} pixels; give one with at least one pixel")
    if header.width * header.height > MOST_PIXELS:
        raise ImageError(_too_many(path, f"{header.width}x{header.height}"))
    return header


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
        raise ImageError(_too_many(path, f"{int(figures[1]):,}" if figures else "too many")) from None
    except BROKEN_FILE as error:
        # A decoder of PNG stumbles over its own message where the bytes that it tells of are no text.
        reason = "it is damaged" if isinstance(error, UnicodeError) else " ".join(str(error).split())
        reason = reason or type(error).__name__
        raise ImageError(f"{path} cannot be decoded: {reason}; open and save it again in another program") from error


def file_format(path: Path) -> str | None:
    """TIFF, HEIC, AVIF, JPEG or PNG by the first bytes, whatever the name says; None is for Pillow to find out."""
    with open(path, "rb") as file:
        start = file.read(64)
    if not start:
        raise ImageError(f"{path} is empty; give an image file")
    if camera_raw.STARTS.match(start):
        raise ImageError(camera_raw.refusal(path))
    if start[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "TIFF"
    if start[:8] == b"\x89PNG\r\n\x1a\n":
        return "PNG"
    if start[:3] == b"\xff\xd8\xff":
        return "JPEG"
    if start[4:8] == b"ftyp":
        end = min(len(start), int.from_bytes(start[:4], "big"))
        brands = {start[at : at + 4] for at in (8, *range(16, end, 4))}
        return "AVIF" if brands & AVIF_BRANDS else "HEIC" if brands & HEIC_BRANDS else None
    return None


def _header(path: Path) -> Header:
    kind = file_format(path)
    if kind == "TIFF":
        from drln.tiff_in import tiff_header

        return tiff_header(path)
    if kind == "PNG":
        from drln.png_in import png_header

        return png_header(path)
    if kind == "JPEG":
        from drln.jpeg_in import jpeg_header

        return jpeg_header(path)
    if kind == "HEIC":
        from drln.heif_in import heif_header

        return heif_header(path)
    depth = 16 if kind == "AVIF" and avif_bits(path) > 8 else 8
    with Image.open(path, formats=PILLOW_FORMATS) as image:
        width, height = image.size
        if orientation_of(image) > 4:
            width, height = height, width
        frames = count_gif_frames(path, MANY) if image.format == "GIF" else getattr(image, "n_frames", 1)
        name = "WebP" if image.format == "WEBP" else str(image.format)
    notes = frames_note(frames, "frames")
    if kind == "AVIF":
        notes += colour_notes(head_of(path))
    return Header(name, width, height, min(frames, MANY + 1), depth, notes)


def avif_bits(path: Path) -> int:
    """8, 10 or 12, by the first box that says how a picture is coded; others are of its alpha, or of a gain map."""
    _, _, coded = head_of(path).partition(b"av1C")
    flags = coded[2] if len(coded) > 2 else 0
    return 8 if not flags & 0x40 else 12 if flags & 0x20 else 10


def frames_note(frames: int, word: str, taken: str = "first") -> tuple[str, ...]:
    """What is to be said of a file of several frames."""
    if frames <= 1:
        return ()
    number = str(frames) if frames <= MANY else f"more than {MANY}"
    return (f"The file has {number} {word}; the {taken} is taken.",)


def _too_many(path: Path, pixels: str) -> str:
    return f"{path} declares {pixels} pixels, and up to {MOST_PIXELS:,} are read; make it smaller or cut it into parts"
