"""Read image files: find the format, let it decode, and turn failures into clear errors.

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
from drln.images.formats.read_bytes import read_head
from drln.images.header import BROKEN_FILE, MOST_PIXELS, Header, ImageError
from drln.images.picture import Picture


def read_header(path: str | os.PathLike[str]) -> Header:
    """Return a file's header data. The content decides the format, not the extension.

    Raises:
        ImageError: if the file does not exist, or its format or size is unsupported.
    """
    path = Path(path)
    with _clear_errors(path):
        if path.exists() and not path.is_file() and not path.is_dir():    # opening a pipe may block forever
            raise ImageError(f"{path} is a pipe or a device; save the image as a file first")
        header = _format(path).read_header(path)
    if not header.width or not header.height:
        raise ImageError(f"{path} is {header.width}x{header.height} pixels; give one with at least one pixel")
    if header.width * header.height > MOST_PIXELS:
        raise ImageError(_too_many(path, f"{header.width}x{header.height}"))
    return header


def open_image(path: str | os.PathLike[str]) -> Image.Image:
    """Decode an image file, the first frame or page of several. 16-bit colours are rounded to 8 bits.

    Raises:
        ImageError: if the file does not exist or cannot be decoded.
    """
    path = Path(path)
    decoded = read(path, read_header(path))
    return decoded.to_pil() if isinstance(decoded, Picture) else decoded


def read(path: Path, header: Header) -> Image.Image | Picture:
    """Decode a file without loss: to an image if Pillow can do so, otherwise to a picture.

    Raises:
        ImageError: if the file is damaged.
    """
    with _clear_errors(path):
        decoded = BY_NAME[header.format].read(path, header)
    declared = header.width, header.height, header.depth
    if isinstance(decoded, Picture) and (decoded.width, decoded.height, decoded.depth) != declared:
        raise ImageError(f"{path} does not match its own header; open and save it again in another program")
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
    """Turn any error while reading a file into an `ImageError` that says what to do."""
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
        found = re.search(r"\((\d+) pixels\)", str(error))
        raise ImageError(_too_many(path, f"{int(found[1]):,}" if found else "too many")) from None
    except BROKEN_FILE as error:
        # libpng's message may quote bytes of the file, which cannot always be decoded as text.
        reason = "it is damaged" if isinstance(error, UnicodeError) else " ".join(str(error).split())
        reason = reason or type(error).__name__
        raise ImageError(f"{path} cannot be decoded: {reason}; open and save it again in another program") from error


def _too_many(path: Path, pixels: str) -> str:
    return f"{path} declares {pixels} pixels, and up to {MOST_PIXELS:,} are read; make it smaller or cut it into parts"
