"""What an upload may be, read from the file's header before anything is decoded.

Knows no model and no device: whether the memory suffices is asked of the upscaler.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from demo.backend.errors import UploadError
from drln.images.header import MANY, MOST_PIXELS, Header, ImageError
from drln.images.reading import read_header
from drln.images.writing import check_format
from drln.network.config import SCALES

PREFIX = "DRLN_MAX_"    # of the environment variables: DRLN_MAX_MEGABYTES, DRLN_MAX_RESULT_MEGAPIXELS and so on
UNSHOWN = ("HEIC", "TIFF")    # most browsers leave an empty frame where such a photo should be


@dataclass(frozen=True)
class Limits:
    """The largest photo that is taken, whatever the machine could hold."""

    megabytes: float = 100    # of the file
    megapixels: float = 80
    result_megapixels: float = 640
    side: float = 30_000      # pixels
    aspect: float = 100       # times longer than wide, or wider than long
    frames: float = 1000      # or pages, of which the first is taken

    @classmethod
    def of_environment(cls, environment: Mapping[str, str] = os.environ) -> Limits:
        """Those that are set as `DRLN_MAX_...`, and the others as they are.

        Raises:
            UploadError: for a value that is no positive number.
        """
        found = {}
        for limit in fields(cls):
            name = PREFIX + limit.name.upper()
            if name in environment:
                found[limit.name] = _positive(name, environment[name])
        return cls(**found)


def _positive(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise UploadError(f"{name} is {text!r}; set it to a positive number, or unset it.")
    return value


LIMITS = Limits.of_environment()


def check_scale(scale: object) -> None:
    """Raise `UploadError` for a scale that no model has."""
    if not isinstance(scale, int) or scale not in SCALES:
        raise UploadError(f"The scale is {scale!r}; choose one of {', '.join(map(str, SCALES))}.")


def check_upload(path: str | Path, scale: int, limits: Limits = LIMITS, extension: str = ".png") -> tuple[int, int]:
    """Width and height, upright, of a photo that is within the limits; no pixel is decoded.

    Raises:
        UploadError: if it is not.
    """
    header = check_header(path, scale, limits, extension)
    return header.width, header.height


def check_header(path: str | Path, scale: int, limits: Limits = LIMITS, extension: str = ".png") -> Header:
    """The header of a photo that is within the limits, and so is its result in the format of that extension.

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
    header = _read(path)
    _check_photo(header, limits)
    width, height = header.width * scale, header.height * scale
    if width * height / 1e6 > limits.result_megapixels:
        raise UploadError(
            f"The result would have {width} × {height} pixels, {width * height / 1e6:.0f} megapixels, "
            f"and this demo makes up to {limits.result_megapixels:g}; choose a smaller scale, or crop the photo."
        )
    try:
        check_format(f"result{extension}", "L", width, height)    # the mode is known when the photo is decoded
    except ImageError as error:
        text = str(error).removeprefix(f"result{extension}: ")
        raise UploadError(f"{text[0].upper()}{text[1:]}.") from error
    return header


def result_notes(header: Header, scale: int) -> tuple[str, ...]:
    """Sentences that the photo's owner should read before the work."""
    notes = list(header.notes)
    pixels = header.width * header.height * scale**2
    if pixels > MOST_PIXELS:
        notes.append(
            f"The result will have {pixels / 1e6:.0f} megapixels; programs that are built on Pillow, this one too, "
            f"open no file of more than {MOST_PIXELS / 1e6:.0f}."
        )
    if header.format in UNSHOWN:
        notes.append(f"Most browsers cannot show a {header.format} file; it is taken all the same.")
    return tuple(notes)


def _check_photo(header: Header, limits: Limits) -> None:
    width, height = header.width, header.height
    sizes = f"{width} × {height} pixels"
    megapixels, aspect = width * height / 1e6, max(width, height) / min(width, height)
    if megapixels > limits.megapixels:
        raise UploadError(
            f"The photo has {sizes}, {megapixels:.1f} megapixels, and this demo takes up to "
            f"{limits.megapixels:g}; crop it or make it smaller."
        )
    if max(width, height) > limits.side:
        raise UploadError(f"The photo has {sizes}, and this demo takes up to {limits.side:g} a side; crop it.")
    if aspect > limits.aspect:
        raise UploadError(
            f"The photo has {sizes}, one side {aspect:g} times the other, and this demo takes up to "
            f"{limits.aspect:g} times; crop it."
        )
    if header.frames > limits.frames:
        number = header.frames if header.frames <= MANY else f"more than {MANY}"
        raise UploadError(
            f"The file has {number} frames or pages, and this demo takes up to {limits.frames:g}; "
            "save the one that you want as a file of its own."
        )


def _read(path: Path) -> Header:
    if not path.exists():
        raise UploadError("The photo is no longer on the server; choose it again.")
    try:
        return read_header(path)
    except ImageError as error:
        raise UploadError(f"{error}.") from error
