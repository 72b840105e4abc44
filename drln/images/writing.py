"""Pictures to files: checked before the work, written whole or not at all.

Knows no format by name but in its advice; no tensors and no model.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from PIL import Image

from drln.images.formats import OUTPUT_FORMATS
from drln.images.formats.format import Output
from drln.images.header import ImageError
from drln.images.modes import OTHER_MODES, image_to_pixels
from drln.images.picture import Picture
from drln.whole_files import WriteError, refusal, write_whole


def check_output(
    path: str | os.PathLike[str], mode: str, width: int, height: int, quality: int | None = None, opaque: bool = False
) -> Output:
    """Raise an `ImageError` unless an image of this mode and size can be saved at this path; call it before the work.

    Args:
        path: where to; its extension decides the format.
        mode: of the image to be saved, as `Picture` has it.
        width, height: of the image to be saved, in pixels.
        quality: as in `write_image`.
        opaque: whether its alpha hides nothing, so that it may be left out.

    Raises:
        ImageError: as `check_format`, or for a place that no file can be written to.
    """
    output = check_format(Path(path).name, mode, width, height, quality, opaque)
    if why := refusal(path):
        raise ImageError(why)
    return output


def check_format(
    name: str, mode: str, width: int, height: int, quality: int | None = None, opaque: bool = False
) -> Output:
    """Raise an `ImageError` unless the extension of a file name is that of a format that can hold such an image.

    The arguments are those of `check_output`; nothing is asked of the disk.
    """
    suffix = Path(name).suffix
    found = OUTPUT_FORMATS.get(suffix.lower())
    if found is None or found.output is None:
        raise ImageError(f"{name!r} has the extension {suffix!r}; choose one of {', '.join(OUTPUT_FORMATS)}")
    output = found.output
    if quality is not None:
        if isinstance(quality, bool) or not isinstance(quality, int) or not 1 <= quality <= 100:
            raise ImageError(f"the quality is {quality!r}; give a whole number from 1 to 100")
        if output.quality is None:
            raise ImageError(f"{name}: {found.name} keeps every pixel and takes no quality; leave it out")
    if mode.removesuffix(";16").endswith("A") and not output.alpha and not opaque:
        raise ImageError(f"{name}: {found.name} cannot hold transparency; save as .png, .webp or .tiff")
    if mode.endswith(";16") and not output.deep:
        colours = "colours" if mode.startswith("RGB") else "grey"
        raise ImageError(f"{name}: {found.name} cannot hold 16-bit {colours}; save as .png or .tiff")
    if max(width, height) > output.max_side:
        others = ".tiff" if suffix.lower() == ".png" else ".png or .tiff"
        raise ImageError(
            f"{name}: the result is {width}x{height} pixels, and {found.name} ends at "
            f"{output.max_side} a side; save as {others}"
        )
    size = width * height * _pixel_bytes(mode)
    if output.max_bytes and size > output.max_bytes:
        raise ImageError(
            f"{name}: the result is {width}x{height} pixels, {size / 1e9:.1f} GB, "
            f"and {found.name} ends at {output.max_bytes / 1e9:g} GB; save as .png"
        )
    return output


def write_image(image: Image.Image | Picture, path: str | os.PathLike[str], quality: int | None = None) -> None:
    """Save an image with its colour profile, resolution and EXIF (`image.info`), in the format of the extension.

    PNG and TIFF keep every pixel; JPEG and WebP are lossy. The file appears under its name when it is complete:
    an error or an interruption leaves nothing, or the file that was there.

    Args:
        image: 8 bits, or 16 for PNG and TIFF; of a PIL image's other modes, what `image_to_pixels` makes of it.
        path: where to.
        quality: of JPEG and WebP, 1 to 100, 95 if it is not given. WebP of quality 100 keeps every pixel.

    Raises:
        ImageError: as `check_output` and `image_to_pixels`, or if the disk refuses the file.
    """
    picture = image if isinstance(image, Picture) else Picture(image_to_pixels(image), _info_of(image))
    output = check_output(path, picture.mode, picture.width, picture.height, quality, picture.is_opaque)
    pixels = picture.pixels if output.alpha else picture.colours
    info = {key: picture.info[key] for key in ("icc_profile", "dpi", "exif") if picture.info.get(key)}
    try:
        write_whole(path, lambda file: output.write(file, pixels, info, quality or output.quality))
    except WriteError as error:
        raise ImageError(str(error)) from error


def _info_of(image: Image.Image) -> dict[str, Any]:
    """Return an image's info without a profile of colours that were converted."""
    info: dict[Any, Any] = dict(image.info)
    if image.mode in OTHER_MODES:
        info.pop("icc_profile", None)
    return info


def _pixel_bytes(mode: str) -> int:
    return {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "I": 1}.get(mode.removesuffix(";16"), 4) * (1 + mode.endswith(";16"))
