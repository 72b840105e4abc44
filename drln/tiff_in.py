"""TIFF files of 9 to 16 bits a channel, read by tifffile. Pillow has no mode for most of them.

Knows arrays; what is 8 bits or less is left to Pillow.
"""

from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import Any

import numpy as np

from drln.frames import count_pages
from drln.header import MANY, Header, ImageError, frames_note

GREY_WHITE_IS_0, GREY, RGB = 0, 1, 2    # photometric interpretations
PREMULTIPLIED, PLAIN = 1, 2             # kinds of alpha
SILENCE = logging.NullHandler()         # of files that it can read all the same tifffile would print what is odd
MOST_TIMES, SMALL = 4, 4_000_000        # tiles may reach beyond an image, but not take memory for another
INCHES = {2: 1.0, 3: 2.54}


def tiff_header(path: Path) -> Header:
    """The figures of the first page.

    Raises:
        ImageError: for samples that are no whole numbers of up to 16 bits.
    """
    with _opened(path) as tiff:
        page = tiff.pages[0]
        bits = int(np.max(page.bitspersample))
        if page.sampleformat not in (1, 4) or bits > 16:    # whole numbers, or not said
            kind = {2: "signed", 3: "float"}.get(int(page.sampleformat), "unsigned")
            raise ImageError(f"{path} has {bits}-bit {kind} samples; convert it to 8 or 16 bits, unsigned, first")
        width, height = int(page.imagewidth), int(page.imagelength)    # whatever a file says
        if _value(page, 274, 1) in (5, 6, 7, 8):
            width, height = height, width
        deep = bits > 8 and page.photometric in (GREY_WHITE_IS_0, GREY, RGB)
        notes = ("The file has 16-bit colours other than RGB; the result has 8 bits.",) if bits > 8 and not deep else ()
    frames = count_pages(path, MANY)
    return Header("TIFF", width, height, frames, 16 if deep else 8, frames_note(frames, "pages") + notes)


def read_tiff(path: Path) -> tuple[np.ndarray, int, dict[str, Any]]:
    """The first page as it is stored: levels (H, W) or (H, W, C) with C 2 to 4, the last of them plain alpha where
    C is 2 or 4; the level of white; and `icc_profile`, `dpi` and `orientation`, those that there are.

    Raises:
        ValueError: for a file in which pixels are missing.
        ImageError: for what is no flat grey or RGB image.
    """
    with _opened(path) as tiff:
        page = tiff.pages[0]
        if not all(page.databytecounts) or len(page.databytecounts) < math.prod(page.chunked):
            raise ValueError("a part of its pixels is missing")    # tifffile would leave it black
        if math.prod(page.chunks) > MOST_TIMES * page.size + SMALL:
            raise ValueError(f"its tiles of {page.tilewidth}x{page.tilelength} are far larger than the image")
        top = 2 ** int(np.max(page.bitspersample)) - 1
        colours = 3 if page.photometric == RGB else 1
        samples, extra = page.samplesperpixel, tuple(page.extrasamples)
        if samples < colours or page.imagedepth != 1:
            raise ImageError(f"{path} has {samples} channels and a depth of {page.imagedepth}; give a flat grey or RGB")
        levels = page.asarray()
        if page.planarconfig == 2 and samples > 1:
            levels = np.moveaxis(levels, 0, -1)
        levels = levels.reshape(page.imagelength, page.imagewidth, samples)
        info = {"icc_profile": _value(page, 34675, None), "dpi": _dpi(page), "orientation": _value(page, 274, 1)}
    if page.photometric == GREY_WHITE_IS_0:
        levels[..., 0] = top - levels[..., 0]
    alphas = [colours + number for number, kind in enumerate(extra) if kind in (PREMULTIPLIED, PLAIN)]
    if alphas and extra[alphas[0] - colours] == PREMULTIPLIED:
        _unmultiply(levels, colours, alphas[0], top)
    if samples > colours + len(alphas[:1]):
        levels = levels[..., [*range(colours), *alphas[:1]]]
    return (levels[..., 0] if levels.shape[2] == 1 else levels), top, info


def _opened(path: Path) -> Any:
    import tifffile

    logging.getLogger("tifffile").addHandler(SILENCE)
    return tifffile.TiffFile(path)


def _value(page: Any, tag: int, otherwise: Any) -> Any:
    value = page.tags.valueof(tag)
    return otherwise if value is None else value


def _dpi(page: Any) -> tuple[float, float] | None:
    inch = INCHES.get(int(_value(page, 296, 2)))
    try:
        (x, per_x), (y, per_y) = page.tags.valueof(282), page.tags.valueof(283)
        return None if inch is None else (inch * x / per_x, inch * y / per_y)
    except (TypeError, ValueError, ZeroDivisionError):
        return None


def _unmultiply(levels: np.ndarray, colours: int, alpha: int, top: int) -> None:
    """Colours as they were before they were multiplied by their alpha; a row at a time, in place."""
    for row in levels:
        cover = np.maximum(row[:, alpha : alpha + 1], 1).astype(np.float64)
        row[:, :colours] = np.minimum(np.round(row[:, :colours] * (top / cover)), top)
