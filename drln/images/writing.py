"""Pictures to files: checked before the work, written whole or not at all.

Knows no tensors and no model.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image

from drln.images.exif import read_exif, with_resolution
from drln.images.formats.png_writing import write_png
from drln.images.formats.tiff_writing import write_tiff
from drln.images.header import ImageError
from drln.images.icc import rgb_of
from drln.images.modes import OTHER_MODES, levels_of
from drln.images.picture import Picture
from drln.whole_files import WriteError, refusal, write_whole


@dataclass(frozen=True)
class Format:
    """What files of one format can hold, and how they are written."""

    name: str
    max_side: int    # pixels
    alpha: bool = True
    deep: bool = False    # 16 bits
    quality: int | None = None    # unless another is asked for; None where every pixel is kept
    max_bytes: int | None = None    # of the pixels


PNG = Format("PNG", max_side=1_000_000, deep=True)    # what libpng reads
JPEG = Format("JPEG", max_side=65_500, alpha=False, quality=95)
WEBP = Format("WebP", max_side=16_383, quality=95)
TIFF = Format("TIFF", max_side=2**31 - 1, deep=True, max_bytes=4_000_000_000)
FORMATS = {".png": PNG, ".jpg": JPEG, ".jpeg": JPEG, ".webp": WEBP, ".tif": TIFF, ".tiff": TIFF}


def check_output(
    path: str | os.PathLike[str], mode: str, width: int, height: int, quality: int | None = None, opaque: bool = False
) -> Format:
    """Whether an image of this mode and size can be saved under this name; call it before the work.

    Args:
        path: where to; its extension decides the format.
        mode: of the image to be saved, as `Picture` has it.
        width, height: of the image to be saved, in pixels.
        quality: as in `write_image`.
        opaque: whether its alpha hides nothing, so that it may be left out.

    Raises:
        ImageError: as `check_format`, or for a place that no file can be written to.
    """
    kind = check_format(Path(path).name, mode, width, height, quality, opaque)
    if why := refusal(path):
        raise ImageError(why)
    return kind


def check_format(
    name: str, mode: str, width: int, height: int, quality: int | None = None, opaque: bool = False
) -> Format:
    """Whether the format of a file name's extension can hold an image, as `check_output` is told of it.

    Raises:
        ImageError: if it cannot, or the extension is unknown.
    """
    suffix = Path(name).suffix
    kind = FORMATS.get(suffix.lower())
    if kind is None:
        raise ImageError(f"{name!r} has the extension {suffix!r}; choose one of {', '.join(FORMATS)}")
    if quality is not None:
        if isinstance(quality, bool) or not isinstance(quality, int) or not 1 <= quality <= 100:
            raise ImageError(f"the quality is {quality!r}; give a whole number from 1 to 100")
        if kind.quality is None:
            raise ImageError(f"{name}: {kind.name} keeps every pixel and takes no quality; leave it out")
    if mode.removesuffix(";16").endswith("A") and not kind.alpha and not opaque:
        raise ImageError(f"{name}: {kind.name} cannot hold transparency; save as .png, .webp or .tiff")
    if mode.endswith(";16") and not kind.deep:
        raise ImageError(f"{name}: {kind.name} cannot hold 16-bit {_colours(mode)}; save as .png or .tiff")
    if max(width, height) > kind.max_side:
        raise ImageError(
            f"{name}: the result is {width}x{height} pixels, and {kind.name} ends at "
            f"{kind.max_side} a side; save as {'.tiff' if kind is PNG else '.png or .tiff'}"
        )
    if kind.max_bytes and width * height * _pixel_bytes(mode) > kind.max_bytes:
        raise ImageError(
            f"{name}: the result is {width}x{height} pixels, {width * height * _pixel_bytes(mode) / 1e9:.1f} GB, "
            f"and {kind.name} ends at {kind.max_bytes / 1e9:g} GB; save as .png"
        )
    return kind


def write_image(image: Image.Image | Picture, path: str | os.PathLike[str], quality: int | None = None) -> None:
    """Save an image with its colour profile, resolution and EXIF (`image.info`), in the format of the extension.

    PNG and TIFF keep every pixel; JPEG and WebP are lossy. The file appears under its name when it is complete:
    an error or an interruption leaves nothing, or the file that was there.

    Args:
        image: 8 bits, or 16 for PNG and TIFF; of a PIL image's other modes, what `levels_of` makes of it.
        path: where to.
        quality: of JPEG and WebP, 1 to 100, 95 if it is not given. WebP of quality 100 keeps every pixel.

    Raises:
        ImageError: as `check_output` and `levels_of`, or if the disk refuses the file.
    """
    picture = image if isinstance(image, Picture) else Picture(levels_of(image), _info_of(image))
    kind = check_output(path, picture.mode, picture.width, picture.height, quality, picture.is_opaque)
    levels = picture.levels if kind.alpha else picture.colours
    kept = {key: picture.info[key] for key in ("icc_profile", "dpi", "exif") if picture.info.get(key)}

    def write(file: BinaryIO) -> None:
        if kind is PNG:
            write_png(file, levels, kept)
        elif kind is TIFF:
            write_tiff(file, levels, kept)
        else:    # into memory: Pillow writes to a file without asking how much of it was taken
            packed = io.BytesIO()
            Image.fromarray(levels).save(packed, kind.name, **_options(kind, kept, quality or kind.quality))
            file.write(packed.getbuffer())

    try:
        write_whole(path, write)
    except WriteError as error:
        raise ImageError(str(error)) from error


def _info_of(image: Image.Image) -> dict[str, Any]:
    """Less a profile of colours that were converted."""
    info: dict[Any, Any] = dict(image.info)
    if image.mode in OTHER_MODES:
        info.pop("icc_profile", None)
    return info


def _options(kind: Format, kept: dict[str, Any], quality: int | None) -> dict[str, Any]:
    """What Pillow is told, for JPEG and WebP."""
    if kind is JPEG:
        return {**kept, "quality": quality, "subsampling": "4:4:4"}
    if (profile := kept.get("icc_profile")) and profile[16:20] == b"GRAY":
        kept["icc_profile"] = rgb_of(profile)    # WebP has no greys
    if dpi := kept.pop("dpi", None):    # for which WebP has no place of its own
        kept["exif"] = with_resolution(read_exif(kept.get("exif", b"")), dpi).to_bytes()
    return {**kept, "quality": quality, "lossless": quality == 100, "exact": quality == 100}


def _colours(mode: str) -> str:
    return "colours" if mode.startswith("RGB") else "grey"


def _pixel_bytes(mode: str) -> int:
    return {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "I": 1}.get(mode.removesuffix(";16"), 4) * (1 + mode.endswith(";16"))
