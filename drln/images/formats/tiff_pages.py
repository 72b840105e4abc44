"""The pages of a TIFF: how many there are, and the samples that one stores.

tifffile reads them, with limits here on the memory and time that a page may ask for. Knows arrays, and not what their
colours mean.
"""

from __future__ import annotations

import io
import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from drln.images.header import MANY

JPEG, YCBCR = 7, 6    # a compression, a photometric interpretation
SIZED = {JPEG: "JPEG", 33003: "JPEG2000", 33004: "JPEG2000", 33005: "JPEG2000", 34712: "JPEG2000", 50001: "WEBP"}
PLAIN = {1, 5, 8, 32773, 32946, 34925, 50000}    # none, LZW, deflate, PackBits, deflate again, LZMA, zstd
CCITT = {2, 3, 4}
SUBFILE_TYPE = 254    # a tag
MOST_TIMES, SMALL = 4, 4_000_000    # tiles may reach beyond an image, but not take memory for another


def count_pages(path: Path) -> int:
    """Return how many pages there are, at most `MANY` + 1, less those that are small copies of others.

    A chain that leads back or nowhere ends there. tifffile would read all tags of all pages.
    """
    with open(path, "rb") as file:
        start = file.read(16)
        order = "<" if start[:2] == b"II" else ">"
        is_big = struct.unpack(order + "H", start[2:4])[0] == 43
        number, link, entry = (order + one for one in (("Q", "Q", "H10xI4x") if is_big else ("H", "I", "H6xI")))
        at, seen, copies = struct.unpack_from(link, start, 8 if is_big else 4)[0], set[int](), 0
        while at and at not in seen and len(seen) <= MANY:
            seen.add(at)
            try:
                file.seek(at)
                (entries,) = struct.unpack(number, file.read(struct.calcsize(number)))
                tag, value = struct.unpack(entry, file.read(struct.calcsize(entry)))
                copies += tag == SUBFILE_TYPE and value & 1    # it is the lowest tag, and so the first
                file.seek(struct.calcsize(entry) * (entries - 1), 1)
                (at,) = struct.unpack(link, file.read(struct.calcsize(link)))
            except (struct.error, OSError, OverflowError):
                break
    return max(len(seen) - copies, 1)


def stored_samples(page: Any) -> np.ndarray:
    """Return (H, W, samples) as they are stored; but of YCbCr in JPEG, RGB, and of YCbCr with fewer colours, all.

    Raises:
        ValueError: for a page whose pixels are missing, are packed in an unknown way, or ask for far too much.
    """
    parts = math.prod(page.chunked)
    if page.compression not in {*PLAIN, *CCITT, *SIZED}:
        name = getattr(page.compression, "name", "unknown")
        raise ValueError(f"its compression, {int(page.compression)} ({name}), is not supported")
    if len(page.databytecounts) < parts or len(page.dataoffsets) < parts or not all(page.databytecounts[:parts]):
        raise ValueError("a part of its pixels is missing")    # tifffile would leave it black
    if page.imagedepth != 1 or page.tiledepth > 1:
        raise ValueError(f"it is {page.imagedepth} layers deep, and flat images are read")
    if math.prod(page.chunks) > MOST_TIMES * page.size + SMALL:
        raise ValueError(f"its tiles of {page.tilewidth}x{page.tilelength} are far larger than the image")
    if sum(page.databytecounts[:parts]) > MOST_TIMES * page.parent.filehandle.size + SMALL:
        raise ValueError("its parts lie over one another")
    if page.photometric == YCBCR and page.compression != JPEG and _subsampling(page) != (1, 1):
        return _subsampled(page, parts)
    planes, _, height, width, samples = page.shaped
    pixels = np.empty((planes, height, width, samples), page.dtype)
    for index in range(parts):
        data = _part(page, index)
        _check_size(page, data)
        part, (plane, _, top, left, _), _ = page.decode(data, index, jpegtables=page.jpegtables)
        part = part[0, : height - top, : width - left]
        pixels[plane, top : top + part.shape[0], left : left + part.shape[1]] = part
    return pixels[0] if planes == 1 else np.moveaxis(pixels[..., 0], 0, -1)


def _subsampling(page: Any) -> tuple[int, int]:
    """Return how many pixels, across and down, share one sample of each colour difference."""
    across, down = page.tags.valueof(530, default=(2, 2))
    return int(across), int(down)


def _part(page: Any, index: int) -> bytes:
    page.parent.filehandle.seek(page.dataoffsets[index])
    return page.parent.filehandle.read(page.databytecounts[index])


def _check_size(page: Any, data: bytes) -> None:
    """Raise a `ValueError` for a part that says itself how large it is, and is far larger than its tile."""
    if kind := SIZED.get(page.compression):
        with Image.open(io.BytesIO(data), formats=[kind]) as image:
            width, height = image.size
        if width * height > MOST_TIMES * math.prod(page.chunks) + SMALL:
            raise ValueError(f"a part of it says that it is {width}x{height} pixels, far more than its place has")


def _subsampled(page: Any, parts: int) -> np.ndarray:
    """Return (H, W, 3), of blocks of luma that are followed by their two colour differences."""
    import imagecodecs
    import tifffile

    across, down = _subsampling(page)
    if page.compression not in PLAIN or page.predictor != 1 or page.shape[2:] != (3,) or {across, down} - {1, 2, 4}:
        raise ValueError("it has YCbCr in a layout that is not supported")
    height, width, _ = page.shape
    rows, columns = page.chunks[:2]
    blocks = -(-rows // down), -(-columns // across)
    pixels = np.empty((height, width, 3), np.uint8)
    for index in range(parts):
        top, left = index // page.chunked[1] * rows, index % page.chunked[1] * columns
        part = pixels[top : top + rows, left : left + columns]
        used = blocks if page.is_tiled else (-(-part.shape[0] // down), blocks[1])
        size = math.prod(used) * (across * down + 2)
        data: Any = _part(page, index)
        if page.fillorder == 2:
            data = imagecodecs.bitorder_decode(data)
        unpacked = data if page.compression == 1 else tifffile.TIFF.DECOMPRESSORS[page.compression](data, out=size)
        packed = np.frombuffer(unpacked, np.uint8, size).reshape(*used, -1)
        luma = packed[..., :-2].reshape(*used, down, across).swapaxes(1, 2)
        part[..., 0] = luma.reshape(used[0] * down, -1)[: part.shape[0], : part.shape[1]]
        for channel in (1, 2):
            whole = packed[..., channel - 3].repeat(down, 0).repeat(across, 1)
            part[..., channel] = whole[: part.shape[0], : part.shape[1]]
    return pixels
