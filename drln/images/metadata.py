"""Collect the metadata that a result keeps: colour profile, resolution and EXIF.

All else is dropped: XMP, comments and text chunks may hold positions, names and thumbnails.
"""

from __future__ import annotations

import math
from typing import Any

from PIL import Image

from drln.images.colour_numbers import profile_by_gamma
from drln.images.exif import (
    ORIENTATION,
    RESOLUTION_UNIT,
    X_RESOLUTION,
    Y_RESOLUTION,
    Exif,
    read_exif,
    without_colour_space,
)
from drln.images.header import BROKEN_FILE
from drln.images.icc import grey_of

PROFILE_SPACES = {True: b"GRAY", False: b"RGB "}    # by whether the result is grey

INCHES: dict[Any, float] = {2: 1.0, 3: 2.54, "metre": 0.0254}    # units per inch; EXIF has numbers for units

XMP = ("xmp", "XML:com.adobe.xmp")    # Pillow's names for it


def result_info(
    profile: Any, dpi: tuple[float, float] | None, exif: Exif, is_grey: bool, converted: bool = False
) -> dict[str, Any]:
    """Return the info of a result: `icc_profile`, `dpi` and `exif`, as far as available.

    Args:
        profile: the photo's ICC profile, or None.
        dpi: its resolution in pixels per inch, across and down.
        exif: its EXIF tags to keep.
        is_grey: whether the result is grey. It keeps the curve of an RGB profile. Any other profile for another
            colour space is dropped.
        converted: whether the colours were converted, so that the photo's profile no longer fits.
    """
    info: dict[str, Any] = {"dpi": dpi} if dpi else {}
    if converted:
        exif = without_colour_space(exif)
    elif isinstance(profile, bytes) and profile[16:20] == PROFILE_SPACES[is_grey]:
        info["icc_profile"] = profile
    elif isinstance(profile, bytes) and is_grey and profile[16:20] == b"RGB " and (greys := grey_of(profile)):
        info["icc_profile"] = greys
    block = exif.to_bytes()
    return info | ({"exif": block} if block else {})


def image_info(image: Image.Image, is_grey: bool, converted: bool = False) -> dict[str, Any]:
    """Return the `result_info` of a PIL image; Pillow keeps EXIF in several places."""
    raw, dpi = image.info.get("exif"), dots_per_inch(image.info.get("dpi"))
    try:
        found = image.getexif()
        resolution = found.get(X_RESOLUTION), found.get(Y_RESOLUTION)
        dpi = dpi or dots_per_inch(resolution, found.get(RESOLUTION_UNIT, 2))
        raw = raw or (found.tobytes() if found else b"")
    except BROKEN_FILE:
        raw = raw or b""
    profile = image.info.get("icc_profile") or _profile_by_gamma(image.info, is_grey)
    return result_info(profile, dpi, read_exif(raw), is_grey, converted)


def dots_per_inch(resolution: Any, unit: Any = 2) -> tuple[float, float] | None:
    """Return a resolution in pixels per inch, or None if it is invalid.

    Args:
        resolution: pixels per unit, across and down.
        unit: a key of `INCHES`.
    """
    try:
        x, y = (float(value) * INCHES[unit] for value in resolution)
    except BROKEN_FILE:
        return None
    return (x, y) if 0 < x < math.inf and 0 < y < math.inf else None


def orientation_of(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; the default is 1.

    Pillow also follows an orientation in XMP. It is ignored here, as in browsers and libvips.
    """
    try:
        orientation = image.getexif().get(ORIENTATION, 1)
    except BROKEN_FILE:
        return 1
    if not hasattr(image, "tag_v2") and any(key in image.info for key in XMP):
        return read_exif(image.info.get("exif") or b"").orientation
    return int(orientation) if orientation in range(1, 9) else 1


def _profile_by_gamma(info: dict[Any, Any], is_grey: bool) -> bytes | None:
    """Return the profile for gamma and chromaticities in Pillow's info of a PNG."""
    if "srgb" in info:
        return None
    values = info.get("chromaticity", ())    # x and y of white, red, green and blue
    white, *primaries = zip(values[::2], values[1::2], strict=True) if len(values) == 8 else (None,)
    return profile_by_gamma(info.get("gamma"), (*primaries, white) if white else None, is_grey)
