"""Write pictures to files: check before the work, and leave no partial file.

Knows formats by name only to recommend them; no tensors and no model.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from PIL import Image

from drln.images.formats import OUTPUT_FORMATS
from drln.images.formats.format import Writer
from drln.images.header import ImageError
from drln.images.modes import OTHER_MODES, image_to_pixels
from drln.images.picture import Picture
from drln.whole_files import WriteError, refusal, write_whole


def check_output(
    path: str | os.PathLike[str], mode: str, width: int, height: int, quality: int | None = None, opaque: bool = False
) -> Writer:
    """Raise an `ImageError` unless an image of this mode and size can be saved at this path. Call it before the work.

    Args:
        path: where to save; the extension decides the format.
        mode: as `Picture.mode`.
        width, height: in pixels.
        quality: as in `write_image`.
        opaque: whether alpha hides nothing, so that it may be dropped.

    Raises:
        ImageError: as `check_format`, or if no file can be written there.
    """
    writer = check_format(Path(path).name, mode, width, height, quality, opaque)
    if why := refusal(path):
        raise ImageError(why)
    return writer


def check_format(
    name: str, mode: str, width: int, height: int, quality: int | None = None, opaque: bool = False
) -> Writer:
    """Raise an `ImageError` unless the format of this file name can hold such an image.

    The arguments are those of `check_output`. The disk is not checked.
    """
    suffix = Path(name).suffix
    found = OUTPUT_FORMATS.get(suffix.lower())
    if found is None or found.writer is None:
        raise ImageError(f"{name!r} has the extension {suffix!r}; choose one of {', '.join(OUTPUT_FORMATS)}")
    writer = found.writer
    if quality is not None:
        if isinstance(quality, bool) or not isinstance(quality, int) or not 1 <= quality <= 100:
            raise ImageError(f"the quality is {quality!r}; give a whole number from 1 to 100")
        if writer.quality is None:
            raise ImageError(f"{name}: {found.name} keeps every pixel and takes no quality; leave it out")
    if mode.removesuffix(";16").endswith("A") and not writer.holds_alpha and not opaque:
        raise ImageError(f"{name}: {found.name} cannot hold transparency; save as .png, .webp or .tiff")
    if mode.endswith(";16") and not writer.holds_16_bits:
        colours = "colours" if mode.startswith("RGB") else "grey"
        raise ImageError(f"{name}: {found.name} cannot hold 16-bit {colours}; save as .png or .tiff")
    if max(width, height) > writer.max_side:
        others = ".tiff" if suffix.lower() == ".png" else ".png or .tiff"
        raise ImageError(
            f"{name}: the result is {width}x{height} pixels, and {found.name} ends at "
            f"{writer.max_side} a side; save as {others}"
        )
    size = width * height * _pixel_bytes(mode)
    if writer.max_bytes and size > writer.max_bytes:
        raise ImageError(
            f"{name}: the result is {width}x{height} pixels, {size / 1e9:.1f} GB, "
            f"and {found.name} ends at {writer.max_bytes / 1e9:g} GB; save as .png"
        )
    return writer


def write_image(image: Image.Image | Picture, path: str | os.PathLike[str], quality: int | None = None) -> None:
    """Save an image with its colour profile, resolution and EXIF (`image.info`), in the format of the extension.

    PNG and TIFF are lossless; JPEG and WebP are lossy. The file appears only when it is complete. After an error or an
    interruption, any earlier file is still there.

    Args:
        image: 8 bits, or 16 bits for PNG and TIFF. `image_to_pixels` converts other modes of PIL images.
        path: where to save.
        quality: of JPEG and WebP, 1 to 100; the default is 95. WebP at 100 is lossless.

    Raises:
        ImageError: as `check_output` and `image_to_pixels`, or if writing fails.
    """
    picture = image if isinstance(image, Picture) else Picture(image_to_pixels(image), _info_of(image))
    writer = check_output(path, picture.mode, picture.width, picture.height, quality, picture.is_opaque)
    pixels = picture.pixels if writer.holds_alpha else picture.colours
    info = {key: picture.info[key] for key in ("icc_profile", "dpi", "exif") if picture.info.get(key)}
    try:
        write_whole(path, lambda file: writer.write(file, pixels, info, quality or writer.quality))
    except WriteError as error:
        raise ImageError(str(error)) from error


def _info_of(image: Image.Image) -> dict[str, Any]:
    """Return an image's info, without the profile if the colours were converted."""
    info: dict[Any, Any] = dict(image.info)
    if image.mode in OTHER_MODES:
        info.pop("icc_profile", None)
    return info


def _pixel_bytes(mode: str) -> int:
    return {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "I": 1}.get(mode.removesuffix(";16"), 4) * (1 + mode.endswith(";16"))
