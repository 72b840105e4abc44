"""Image files to PIL images and back: opened with clear errors, checked before the work, written whole or not at all.

Knows no tensors and no model.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

# What Pillow raises for a file that is not what it says, beside OSError.
BROKEN_FILE = (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError)


class ImageError(ValueError):
    """An image that cannot be read, upscaled or saved; the message says why and what to do."""


@dataclass(frozen=True)
class Format:
    """What files of one format can hold, and how they are written."""

    name: str
    max_side: int    # pixels
    alpha: bool = True
    deep: bool = False    # 16-bit grey
    options: tuple[tuple[str, Any], ...] = ()


PNG = Format("PNG", max_side=2**31 - 1, deep=True)
JPEG = Format("JPEG", max_side=65_500, alpha=False, options=(("quality", 95), ("subsampling", "4:4:4")))
WEBP = Format("WebP", max_side=16_383, options=(("quality", 95),))
TIFF = Format("TIFF", max_side=2**31 - 1, deep=True, options=(("compression", "tiff_deflate"),))
FORMATS = {".png": PNG, ".jpg": JPEG, ".jpeg": JPEG, ".webp": WEBP, ".tif": TIFF, ".tiff": TIFF}


def open_image(path: str | os.PathLike[str]) -> Image.Image:
    """Open and decode an image file; of several frames or pages, the first.

    Raises:
        ImageError: if there is no such file, or Pillow cannot decode it.
    """
    path = Path(path)
    try:
        with Image.open(path) as image:
            image.load()
            image.getexif()    # while the file is open: TIFF reads it from there
            return image
    except FileNotFoundError:
        raise ImageError(f"there is no file {path}; check the path") from None
    except IsADirectoryError:
        raise ImageError(f"{path} is a folder; give the path of an image file") from None
    except PermissionError:
        raise ImageError(f"{path} may not be read; change its permissions or copy it elsewhere") from None
    except UnidentifiedImageError:
        raise ImageError(f"{path} is not an image of a known format; give a PNG, JPEG, WebP or TIFF file") from None
    except Image.DecompressionBombError as error:
        raise ImageError(f"{path} has more pixels than Pillow opens: {error}; cut it into parts first") from error
    except BROKEN_FILE as error:
        raise ImageError(f"{path} cannot be decoded: {error}; open and save it anew in another program") from error


def check_output(path: str | os.PathLike[str], mode: str, width: int, height: int) -> Format:
    """Whether an image of this mode and size can be saved under this name; call it before the work.

    Args:
        path: where to; its extension decides the format.
        mode: Pillow's mode of the image to be saved: L, LA, RGB, RGBA or I;16.
        width, height: of the image to be saved, in pixels.

    Raises:
        ImageError: for an unknown extension, a folder that is missing or cannot be written to, or
            a format that cannot hold the mode or the size.
    """
    path = Path(path)
    known = ", ".join(FORMATS)
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise ImageError(f"{path.name!r} has the extension {path.suffix!r}; choose one of {known}")
    if path.is_dir():
        raise ImageError(f"{path} is a folder; add a file name")
    if not path.parent.is_dir():
        raise ImageError(f"there is no folder {path.parent} to save {path.name} in; create it first")
    if not os.access(path.parent, os.W_OK):
        raise ImageError(f"the folder {path.parent} may not be written to; choose another one for {path.name}")
    if mode.endswith("A") and not kind.alpha:
        raise ImageError(f"{path.name}: {kind.name} cannot hold transparency; save as .png, .webp or .tiff")
    if mode.startswith("I") and not kind.deep:
        raise ImageError(f"{path.name}: {kind.name} cannot hold 16-bit grey; save as .png or .tiff")
    if max(width, height) > kind.max_side:
        raise ImageError(
            f"{path.name}: the result is {width}x{height} pixels, and {kind.name} ends at "
            f"{kind.max_side} a side; save as .png or .tiff"
        )
    return kind


def write_image(image: Image.Image, path: str | os.PathLike[str], quality: int | None = None) -> None:
    """Save an image with its colour profile and resolution (`image.info`), in the format of the extension.

    PNG and TIFF keep every pixel; JPEG and WebP are lossy, of quality 95 unless another is given from 1 to 100.
    The file appears under its name when it is complete: an error or an interruption leaves nothing, or the
    file that was there.

    Raises:
        ImageError: as `check_output`, or if the disk refuses the file.
    """
    path = Path(path)
    kind = check_output(path, image.mode, image.width, image.height)
    kept = {key: image.info[key] for key in ("icc_profile", "dpi") if key in image.info}
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        lossy = quality is not None and "quality" in dict(kind.options)
        chosen = {"quality": quality} if lossy else {}
        image.save(partial, format=kind.name, **kept, **{**dict(kind.options), **chosen})
        os.replace(partial, path)
    except OSError as error:
        raise ImageError(f"{path} cannot be written: {error.strerror or error}; choose another place") from error
    finally:
        partial.unlink(missing_ok=True)
