"""TIFF files of 8 and 16 bits, grey or RGB, with or without alpha, with their profile, resolution and EXIF.

Written by tifffile, but for the camera's part of EXIF, which it cannot write: that goes to the end of the file.
"""

from __future__ import annotations

import struct
from typing import Any, BinaryIO

import numpy as np

from drln.images.exif import CAMERA, Exif, read_exif

PLACEHOLDER = CAMERA - 1    # a tag that means nothing, in the camera's place in the order


def write_tiff(file: BinaryIO, levels: np.ndarray, info: dict[str, Any]) -> None:
    """Save levels as `Picture` holds them, without loss, into a file that can be read too."""
    import tifffile

    exif = read_exif(info.get("exif") or b"")
    tags: list[Any] = [(tag, entry.kind, entry.count, entry.data, True) for tag, entry in exif.image.items()]
    has_camera = bool(exif.camera or exif.interop)
    if has_camera:
        tags.append((PLACEHOLDER, 4, 1, 0, True))
    profile = info.get("icc_profile")
    tifffile.imwrite(
        file,
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
        _add_camera(file, exif)


def _add_camera(file: BinaryIO, exif: Exif) -> None:
    at = file.seek(0, 2)
    at += file.write(bytes(at % 2))    # directories begin at even places
    file.write(exif.camera_block(at))
    file.seek(4)
    (directory,) = struct.unpack(exif.order + "I", file.read(4))
    file.seek(directory)
    (number,) = struct.unpack(exif.order + "H", file.read(2))
    tags = [struct.unpack(exif.order + "H10x", file.read(12))[0] for _ in range(number)]
    file.seek(directory + 2 + 12 * tags.index(PLACEHOLDER))
    file.write(struct.pack(exif.order + "HHII", CAMERA, 4, 1, at))
