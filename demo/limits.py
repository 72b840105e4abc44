"""What an upload may be, read from the file's header before anything is decoded.

Knows no model and no device: whether the memory suffices is asked of the upscaler.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from drln.files import BROKEN_FILE

# Nothing else is tried on an upload: some of Pillow's readers start other programs.
FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")
ORIENTATION = 0x0112    # EXIF's tag; 5 to 8 lie on their side


class UploadError(ValueError):
    """The file cannot be taken; the message gives its figures, the limit, and what to do."""


@dataclass(frozen=True)
class Limits:
    """The largest photo that is taken, whatever the machine could hold."""

    megabytes: float = 100    # of the file
    megapixels: float = 80
    result_megapixels: float = 640


LIMITS = Limits()


def read_size(path: str | Path) -> tuple[int, int]:
    """Width and height of the photo as it is looked at, upright, from the header; no pixel is decoded.

    Raises:
        UploadError: if the file is not there any more, or is no image of the known formats.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            width, height = image.size
            if _lies_on_its_side(image):
                width, height = height, width
    except FileNotFoundError:
        raise UploadError("The photo is no longer on the server; choose it again.") from None
    except Image.DecompressionBombError:
        raise UploadError("The photo has more pixels than any photo that this demo takes; make it smaller.") from None
    except BROKEN_FILE:
        raise UploadError(
            f"The file is no image that can be read here, or it is damaged; use one of {', '.join(FORMATS)}."
        ) from None
    if not width or not height:
        raise UploadError(f"The photo is {width} × {height} pixels; choose one with at least one pixel.")
    return width, height


def check_upload(path: str | Path, scale: int, limits: Limits = LIMITS) -> tuple[int, int]:
    """Width and height, as `read_size`, of a photo that is within the limits.

    Raises:
        UploadError: if it is not.
    """
    path = Path(path)
    megabytes = path.stat().st_size / 1e6 if path.is_file() else 0.0
    if megabytes > limits.megabytes:
        raise UploadError(
            f"The file has {megabytes:.1f} MB, and this demo takes up to {limits.megabytes:g} MB; "
            "save the photo smaller or with more compression."
        )
    width, height = read_size(path)
    megapixels = width * height / 1e6
    if megapixels > limits.megapixels:
        raise UploadError(
            f"The photo has {width} × {height} pixels, {megapixels:.1f} megapixels, and this demo takes up to "
            f"{limits.megapixels:g}; crop it or make it smaller."
        )
    if megapixels * scale**2 > limits.result_megapixels:
        raise UploadError(
            f"The result would have {width * scale} × {height * scale} pixels, {megapixels * scale**2:.0f} megapixels, "
            f"and this demo makes up to {limits.result_megapixels:g}; choose a smaller scale, or crop the photo."
        )
    return width, height


def _lies_on_its_side(image: Image.Image) -> bool:
    if image.format == "TIFF":
        return False    # Pillow has turned its width and height already
    if image.format == "PNG" and "exif" not in image.info:
        return False    # Pillow would decode the whole image to look for it
    try:
        return image.getexif().get(ORIENTATION) in (5, 6, 7, 8)
    except BROKEN_FILE:
        return False    # EXIF that cannot be read says nothing about orientation
