"""The limits on an upload, checked against the file's header before anything is decoded.

Knows no model and no device: whether the memory is enough, the upscaler says.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from demo.backend.errors import UploadError
from drln.images.header import FRAME_COUNT_LIMIT, MOST_PIXELS, Header, ImageError
from drln.images.reading import read_header
from drln.images.writing import check_format
from drln.network.config import SCALES
from drln.upscaling import TargetSize

PREFIX = "DRLN_MAX_"    # of the environment variables: DRLN_MAX_MEGABYTES, DRLN_MAX_RESULT_MEGAPIXELS and so on


@dataclass(frozen=True)
class Limits:
    """The largest photo that the demo takes, whatever the machine could hold."""

    megabytes: float = 100    # of the file
    megapixels: float = 80
    result_megapixels: float = 640
    side: float = 30_000      # pixels
    aspect: float = 100       # the longer side divided by the shorter one
    frames: float = 1000      # or pages; only the first is upscaled

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Limits:
        """Read the `DRLN_MAX_...` variables; a limit that is not set keeps its default.

        Raises:
            UploadError: for a value that is not a positive number.
        """
        variables = {limit.name: PREFIX + limit.name.upper() for limit in fields(cls)}
        return cls(**{name: _positive(v, environment[v]) for name, v in variables.items() if v in environment})


def _positive(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise UploadError(f"{name} is {text!r}; set it to a positive number, or unset it.")
    return value


LIMITS = Limits.from_environment()


def check_scale(scale: object) -> None:
    """Raise `UploadError` unless there are models of that scale, or it is a `TargetSize`."""
    if not isinstance(scale, TargetSize) and (not isinstance(scale, int) or scale not in SCALES):
        raise UploadError(f"The scale is {scale!r}; choose one of {', '.join(map(str, SCALES))}.")


def result_size(scale: int | TargetSize, width: int, height: int) -> tuple[int, tuple[int, int]]:
    """Return the scale of the model, and the result's width and height, for a photo of that many pixels.

    Raises:
        UpscaleError: if no scale makes the target size of the photo.
    """
    if isinstance(scale, TargetSize):
        return scale.scale(width, height), scale.size(width, height)
    return scale, (width * scale, height * scale)


def check_photo(path: str | Path, scale: int | TargetSize, limits: Limits = LIMITS, extension: str = ".png") -> Header:
    """Read a photo's header and check the photo and its result, in the format of that extension.

    Raises:
        UploadError: if the file is missing or unreadable, exceeds a limit, or its result does not fit the format.
        UpscaleError: if no scale makes the target size of the photo.
    """
    if not os.path.exists(path):
        raise UploadError("The photo is no longer on the server; choose it again.")
    megabytes = os.path.getsize(path) / 1e6
    _check(
        megabytes, limits.megabytes, f"The file is {megabytes:.1f} MB",
        "save the photo smaller or with more compression", unit=" MB",
    )
    try:
        header = read_header(Path(path))
    except ImageError as error:
        raise UploadError(f"{error}.") from error

    photo = f"The photo has {header.width} × {header.height} pixels"
    longer, shorter = max(header.width, header.height), min(header.width, header.height)
    megapixels, aspect = header.width * header.height / 1e6, longer / shorter
    frames = header.frames if header.frames <= FRAME_COUNT_LIMIT else f"more than {FRAME_COUNT_LIMIT}"
    _check(megapixels, limits.megapixels, f"{photo}, {megapixels:.1f} megapixels", "crop it or make it smaller")
    _check(longer, limits.side, photo, "crop it", unit=" a side")
    _check(aspect, limits.aspect, f"{photo}, one side {aspect:g} times the other", "crop it", unit=" times")
    _check(
        header.frames, limits.frames, f"The file has {frames} frames or pages",
        "save the one you want as a separate file",
    )

    factor, (width, height) = result_size(scale, header.width, header.height)
    megapixels *= factor**2    # also of what is reduced at the end
    _check(
        megapixels, limits.result_megapixels,
        f"The result would have {header.width * factor} × {header.height * factor} pixels, {megapixels:.0f} megapixels",
        "choose a smaller scale or size, or crop the photo", verb="makes",
    )
    try:
        check_format(f"result{extension}", "L", width, height)    # the mode is known once the photo is decoded
    except ImageError as error:
        text = str(error).removeprefix(f"result{extension}: ")
        raise UploadError(f"{text[0].upper()}{text[1:]}.") from error
    return header


def result_notes(header: Header, width: int, height: int) -> tuple[str, ...]:
    """Return sentences that the user should read before starting; width and height are the result's."""
    notes = list(header.notes)
    pixels = width * height
    if pixels > MOST_PIXELS:
        notes.append(
            f"The result will have {pixels / 1e6:.0f} megapixels. Programs built on Pillow, this demo included, "
            f"cannot open images of more than {MOST_PIXELS / 1e6:.0f}."
        )
    return tuple(notes)


def _check(value: float, limit: float, found: str, advice: str, unit: str = "", verb: str = "takes") -> None:
    if value > limit:
        raise UploadError(f"{found}, and this demo {verb} up to {limit:g}{unit}; {advice}.")
