"""Image files to headers, images and pictures: finds the format, lets it read, and says what went wrong.

Knows no format by name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from drln.images.formats import BY_NAME, START_BYTES, Format, camera_raw, format_of
from drln.images.formats.file_bytes import read_head
from drln.images.header import BROKEN_FILE, MOST_PIXELS, Header, ImageError
from drln.images.picture import Picture


def read_header(path: str | os.PathLike[str]) -> Header:
    """Return the figures of an image file, by its content, whatever its name says.

    Raises:
        ImageError: if there is no such file, it is of no known format, or it declares what no photo has.
    """
    path = Path(path)
    with _clear_errors(path):
        if path.exists() and not path.is_file() and not path.is_dir():    # to open a pipe may take for ever
            raise ImageError(f"{path} is a pipe or a device; save the image as a file first")
        header = _format(path).read_header(path)
    if not header.width or not header.height:
        raise ImageError(f"{path} is {header.width}x{header.height} pixels; give one with at least one pixel")
    if header.width * header.height > MOST_PIXELS:
        raise ImageError(_too_many(path, f"{header.width}x{header.height}"))
    return header


def open_image(path: str | os.PathLike[str]) -> Image.Image:
    """Open and decode an image file; of several frames or pages, the first. 16-bit colours are rounded to 8 bits.

    Raises:
        ImageError: if there is no such file, or it cannot be decoded.
    """
    path = Path(path)
    decoded = read(path, read_header(path))
    return decoded.to_pil() if isinstance(decoded, Picture) else decoded


def read(path: Path, header: Header) -> Image.Image | Picture:
    """Decode a file whose header is known, without a loss: to an image, or to a picture where Pillow would lose some.

    Raises:
        ImageError: if it is damaged.
    """
    with _clear_errors(path):
        decoded = BY_NAME[header.format].read(path, header)
    said = header.width, header.height, header.depth
    if isinstance(decoded, Picture) and (decoded.width, decoded.height, decoded.depth) != said:
        raise ImageError(f"{path} holds other pixels than its header says; open and save it again in another program")
    return decoded


def _format(path: Path) -> Format:
    start = read_head(path, START_BYTES)
    if not start:
        raise ImageError(f"{path} is empty; give an image file")
    if camera_raw.STARTS.match(start):
        raise ImageError(camera_raw.refusal(path))
    found = format_of(start)
    if found is None:
        raise UnidentifiedImageError
    return found


@contextmanager
def _clear_errors(path: Path) -> Iterator[None]:
    """Turn whatever goes wrong with reading a file into an `ImageError` that says what to do."""
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
            f"{path} is no image that can be read here, or it is damaged; give one of {', '.join(sorted(BY_NAME))}"
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


def _too_many(path: Path, pixels: str) -> str:
    return f"{path} declares {pixels} pixels, and up to {MOST_PIXELS:,} are read; make it smaller or cut it into parts"
