"""Count the pages of a TIFF, and read the samples of one within limits on memory and time.

Knows arrays, but not what their colours mean.
"""

from __future__ import annotations

import io
import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from drln.images.header import FRAME_COUNT_LIMIT

JPEG, YCBCR = 7, 6    # a compression and a photometric interpretation
SIZED = {JPEG: "JPEG", 33003: "JPEG2000", 33004: "JPEG2000", 33005: "JPEG2000", 34712: "JPEG2000", 50001: "WEBP"}
PLAIN = {1, 5, 8, 32773, 32946, 34925, 50000}    # none, LZW, deflate, PackBits, deflate again, LZMA, zstd
CCITT = {2, 3, 4}
SUBFILE_TYPE = 254    # a tag
MOST_TIMES, SMALL = 4, 4_000_000    # limits on memory: tiles may exceed the image, but not by far


def count_pages(path: Path) -> int:
    """Return the number of pages without thumbnails, among the first `FRAME_COUNT_LIMIT` + 1.

    Stop at a broken link or a loop. tifffile is slower, because it reads all tags of all pages.
    """
    with open(path, "rb") as file:
        start = file.read(16)
        order = "<" if start[:2] == b"II" else ">"
        is_big = struct.unpack(order + "H", start[2:4])[0] == 43
        number, link, entry = (order + one for one in (("Q", "Q", "H10xI4x") if is_big else ("H", "I", "H6xI")))
        at, seen, copies = struct.unpack_from(link, start, 8 if is_big else 4)[0], set[int](), 0
        while at and at not in seen and len(seen) <= FRAME_COUNT_LIMIT:
            seen.add(at)
            try:
                file.seek(at)
                (entries,) = struct.unpack(number, file.read(struct.calcsize(number)))
                tag, value = struct.unpack(entry, file.read(struct.calcsize(entry)))
                copies += tag == SUBFILE_TYPE and value & 1    # tags are sorted, and this is the lowest
                file.seek(struct.calcsize(entry) * (entries - 1), 1)
                (at,) = struct.unpack(link, file.read(struct.calcsize(link)))
            except (struct.error, OSError, OverflowError):
                break
    return max(len(seen) - copies, 1)


def stored_samples(page: Any) -> np.ndarray:
    """Return the samples as stored, (H, W, samples). YCbCr is upsampled, and converted to RGB if it is in JPEG.

    Raises:
        ValueError: if pixels are missing, need far too much memory, or have an unsupported compression or layout.
    """
    parts = math.prod(page.chunked)
    if page.compression not in {*PLAIN, *CCITT, *SIZED}:
        name = getattr(page.compression, "name", "unknown")
        raise ValueError(f"its compression, {int(page.compression)} ({name}), is unsupported")
    if len(page.databytecounts) < parts or len(page.dataoffsets) < parts or not all(page.databytecounts[:parts]):
        raise ValueError("a part of its pixels is missing")    # tifffile would fill it with black
    if page.imagedepth != 1 or page.tiledepth > 1:
        raise ValueError("it is a volume, which is unsupported")
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
    """Return how many pixels, across and down, share each colour sample."""
    across, down = page.tags.valueof(530, default=(2, 2))
    return int(across), int(down)


def _part(page: Any, index: int) -> bytes:
    page.parent.filehandle.seek(page.dataoffsets[index])
    return page.parent.filehandle.read(page.databytecounts[index])


def _check_size(page: Any, data: bytes) -> None:
    """Raise a `ValueError` if a part declares a size far larger than its tile."""
    if kind := SIZED.get(page.compression):
        with Image.open(io.BytesIO(data), formats=[kind]) as image:
            width, height = image.size
        if width * height > MOST_TIMES * math.prod(page.chunks) + SMALL:
            raise ValueError(f"a part of it says that it is {width}x{height} pixels, far more than its tile")


def _subsampled(page: Any, parts: int) -> np.ndarray:
    """Return subsampled YCbCr as (H, W, 3). It is stored in blocks of luma, each followed by one Cb and one Cr."""
    import imagecodecs
    import tifffile

    across, down = _subsampling(page)
    if page.compression not in PLAIN or page.predictor != 1 or page.shape[2:] != (3,) or {across, down} - {1, 2, 4}:
        raise ValueError("its YCbCr layout is unsupported")
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
