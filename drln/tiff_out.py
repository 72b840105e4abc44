"""TIFF files of 8 and 16 bits, grey or RGB, with or without alpha, with their profile, resolution and EXIF.

Written by tifffile, but for the camera's part of EXIF, which it cannot write: that goes to the end of the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from drln.exif import CAMERA, read_exif


def write_tiff(path: Path, levels: np.ndarray, info: dict[str, Any]) -> None:
    """Save levels as `Picture` holds them, without loss."""
    import tifffile

    exif = read_exif(info.get("exif") or b"")
    tags: list[Any] = [(tag, entry.kind, entry.count, entry.data, True) for tag, entry in exif.image.items()]
    has_camera = bool(exif.camera or exif.interop)
    if has_camera:
        tags.append((CAMERA, 4, 1, 0, True))    # its place is not known yet
    profile = info.get("icc_profile")
    tifffile.imwrite(
        path,
        levels,
        byteorder="<" if exif.order == "<" else ">",
        photometric="rgb" if levels.ndim == 3 and levels.shape[2] > 2 else "minisblack",
        planarconfig="contig" if levels.ndim == 3 else None,
        extrasamples=["unassalpha"] if levels.ndim == 3 and levels.shape[2] in (2, 4) else None,
        compression="zlib",
        predictor=True,
        resolution=info.get("dpi"),
        resolutionunit="inch" if info.get("dpi") else None,
        iccprofile=profile or None,
        software=False,
        metadata=None,
        extratags=tags,
    )
    if has_camera:
        _add_camera(path, exif)


def _add_camera(path: Path, exif: Any) -> None:
    import tifffile

    with open(path, "r+b") as file:
        at = file.seek(0, 2)
        at += file.write(bytes(at % 2))    # directories begin at even places
        file.write(exif.camera_block(at))
    with tifffile.TiffFile(path, mode="r+") as tiff:
        page: Any = tiff.pages[0]
        page.tags[CAMERA].overwrite(at)
