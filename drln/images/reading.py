"""Image files to headers, PIL images and pictures.

Knows arrays and metadata; no tensors.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from drln.images.colour_numbers import colour_notes, head_of
from drln.images.formats import camera_raw
from drln.images.formats.frames import count_gif_frames
from drln.images.formats.heif import heif_header, read_heif
from drln.images.formats.jpeg import jpeg_header, open_jpeg
from drln.images.formats.png import png_header, read_png
from drln.images.formats.tiff import read_tiff, tiff_header
from drln.images.header import (
    AVIF_BRANDS,
    HEIC_BRANDS,
    MANY,
    MOST_PIXELS,
    PILLOW_FORMATS,
    Header,
    ImageError,
    clear_errors,
    frames_note,
    too_many,
)
from drln.images.metadata import kept_of, orientation_of
from drln.images.picture import Picture


def read_header(path: str | os.PathLike[str]) -> Header:
    """The figures of an image file.

    Raises:
        ImageError: if there is no such file, it is none of `FORMATS`, or it declares what no photo has.
    """
    path = Path(path)
    with clear_errors(path):
        if path.exists() and not path.is_file() and not path.is_dir():    # to open a pipe may take for ever
            raise ImageError(f"{path} is a pipe or a device; save the image as a file first")
        header = _header(path)
    if not header.width or not header.height:
        raise ImageError(f"{path} is {header.width}x{header.height} pixels; give one with at least one pixel")
    if header.width * header.height > MOST_PIXELS:
        raise ImageError(too_many(path, f"{header.width}x{header.height}"))
    return header


def file_format(path: Path) -> str | None:
    """TIFF, HEIC, AVIF, JPEG or PNG by the first bytes, whatever the name says; None is for Pillow to find out."""
    with open(path, "rb") as file:
        start = file.read(64)
    if not start:
        raise ImageError(f"{path} is empty; give an image file")
    if camera_raw.STARTS.match(start):
        raise ImageError(camera_raw.refusal(path))
    if start[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "TIFF"
    if start[:8] == b"\x89PNG\r\n\x1a\n":
        return "PNG"
    if start[:3] == b"\xff\xd8\xff":
        return "JPEG"
    if start[4:8] == b"ftyp":
        end = min(len(start), int.from_bytes(start[:4], "big"))
        brands = {start[at : at + 4] for at in (8, *range(16, end, 4))}
        return "AVIF" if brands & AVIF_BRANDS else "HEIC" if brands & HEIC_BRANDS else None
    return None


def _header(path: Path) -> Header:
    kind = file_format(path)
    if kind == "TIFF":
        return tiff_header(path)
    if kind == "PNG":
        return png_header(path)
    if kind == "JPEG":
        return jpeg_header(path)
    if kind == "HEIC":
        return heif_header(path)
    depth = 16 if kind == "AVIF" and avif_bits(path) > 8 else 8
    with Image.open(path, formats=PILLOW_FORMATS) as image:
        width, height = image.size
        if orientation_of(image) > 4:
            width, height = height, width
        frames = count_gif_frames(path, MANY) if image.format == "GIF" else getattr(image, "n_frames", 1)
        name = "WebP" if image.format == "WEBP" else str(image.format)
    notes = frames_note(frames, "frames")
    if kind == "AVIF":
        notes += colour_notes(head_of(path))
    return Header(name, width, height, min(frames, MANY + 1), depth, notes)


def avif_bits(path: Path) -> int:
    """8, 10 or 12, by the first box that says how a picture is coded; others are of its alpha, or of a gain map."""
    _, _, coded = head_of(path).partition(b"av1C")
    flags = coded[2] if len(coded) > 2 else 0
    return 8 if not flags & 0x40 else 12 if flags & 0x20 else 10


def open_image(path: str | os.PathLike[str]) -> Image.Image:
    """Open and decode an image file; of several frames or pages, the first. 16-bit colours are rounded to 8 bits.

    Raises:
        ImageError: if there is no such file, or it cannot be decoded.
    """
    path = Path(path)
    header = read_header(path)
    if not is_for_pillow(header):
        return read_deep(path, header).to_pil()
    with clear_errors(path):
        if header.format == "JPEG":
            return open_jpeg(path)
        with Image.open(path, formats=PILLOW_FORMATS) as image:
            image.load()
        return image


WHITE = 65_535

# Where EXIF's orientation has row 0 and column 0: turned so that the picture stands upright.
UPRIGHT = {
    1: lambda levels: levels,
    2: lambda levels: levels[:, ::-1],
    3: lambda levels: levels[::-1, ::-1],
    4: lambda levels: levels[::-1],
    5: lambda levels: levels.swapaxes(0, 1),
    6: lambda levels: levels.swapaxes(0, 1)[:, ::-1],
    7: lambda levels: levels.swapaxes(0, 1)[::-1, ::-1],
    8: lambda levels: levels.swapaxes(0, 1)[::-1],
}


def is_for_pillow(header: Header) -> bool:
    """Whether Pillow reads such a file without a loss; all others are for `read_deep`."""
    return header.depth == 8 and header.format not in ("PNG", "TIFF", "HEIC")


def read_deep(path: Path, header: Header) -> Picture:
    """Decode a file that is not for Pillow; upright, and with black at 0 and white at 255 or 65535.

    Raises:
        ImageError: if it is damaged.
    """
    with clear_errors(path):
        levels, top, orientation, info = {"TIFF": _tiff, "HEIC": _heic, "PNG": _png, "AVIF": _avif}[header.format](path)
        levels = UPRIGHT[orientation](levels)
    if levels.shape[:2] != (header.height, header.width) or 8 * levels.itemsize != header.depth:
        raise ImageError(f"{path} holds other pixels than its header says; open and save it again in another program")
    if header.depth == 16 and top != WHITE:
        for row in levels:    # in place
            row[:] = (row.astype(np.uint32) * WHITE + top // 2) // top
    return Picture(levels, info)


Decoded = tuple[np.ndarray, int, int, dict[str, Any]]    # levels, which of them is white, orientation, what is kept


def _tiff(path: Path) -> Decoded:
    levels, orientation, kept = read_tiff(path)
    return levels, int(np.iinfo(levels.dtype).max), orientation, kept


def _png(path: Path) -> Decoded:
    levels, orientation, kept = read_png(path)
    return levels, int(np.iinfo(levels.dtype).max), orientation, kept


def _avif(path: Path) -> Decoded:
    import imagecodecs

    levels = imagecodecs.avif_decode(path.read_bytes())
    return levels, 2 ** avif_bits(path) - 1, *_said_by_pillow(path, _is_grey(levels))


def _heic(path: Path) -> Decoded:
    levels, top, kept = read_heif(path)
    return levels, top, 1, kept


def _said_by_pillow(path: Path, is_grey: bool) -> tuple[int, dict[str, Any]]:
    with Image.open(path, formats=PILLOW_FORMATS) as image:
        return orientation_of(image), kept_of(image, is_grey)


def _is_grey(levels: np.ndarray) -> bool:
    return levels.ndim == 2 or levels.shape[2] < 3
