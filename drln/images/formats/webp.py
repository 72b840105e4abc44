"""WebP files, by Pillow."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np

from drln.images.exif import read_exif, with_resolution
from drln.images.formats.format import Format, Writer
from drln.images.formats.pillow_codec import pillow_header, read_with_pillow, write_with_pillow
from drln.images.icc import rgb_of


def _write(file: BinaryIO, pixels: np.ndarray, info: dict[str, Any], quality: int | None) -> None:
    """Write with Pillow; quality 100 is lossless.

    WebP has no grey mode, so convert a grey profile to RGB. It stores the resolution only in EXIF.
    """
    options = dict(info)
    if (profile := info.get("icc_profile")) and profile[16:20] == b"GRAY":
        options["icc_profile"] = rgb_of(profile)
    if dpi := options.pop("dpi", None):
        options["exif"] = with_resolution(read_exif(info.get("exif", b"")), dpi).to_bytes()
    is_exact = quality == 100
    write_with_pillow(file, pixels, "WebP", **options, quality=quality, lossless=is_exact, exact=is_exact)


WEBP = Format(
    "WebP",
    suffixes=(".webp",),
    matches=lambda start: start[:4] == b"RIFF" and start[8:12] == b"WEBP",
    read_header=lambda path: pillow_header(path, "WebP"),
    read=lambda path, header: read_with_pillow(path, "WebP"),
    writer=Writer((".webp",), _write, max_side=16_383, quality=95),
)
