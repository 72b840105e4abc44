"""Photo files made, and results read back, by other means than the code under test uses for them."""

import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms
from tiff_files import tiff_of

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

# Where EXIF says that row 0 and column 0 of the file lie in the upright picture.
STORED = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],    # top, right
    3: lambda upright: upright[::-1, ::-1],    # bottom, right
    4: lambda upright: upright[::-1],    # bottom, left
    5: lambda upright: upright.swapaxes(0, 1),    # left, top
    6: lambda upright: upright.swapaxes(0, 1)[::-1],    # right, top
    7: lambda upright: upright.swapaxes(0, 1)[::-1, ::-1],    # right, bottom
    8: lambda upright: upright.swapaxes(0, 1)[:, ::-1],    # left, bottom
}
HEIC_LOSSLESS = {"quality": -1, "chroma": 444, "matrix_coefficients": 0}
PNG_COLOURS = {1: 0, 2: 4, 3: 2, 4: 6}    # by the number of channels
SHAPES = {"grey": (), "grey and alpha": (2,), "RGB": (3,), "RGB and alpha": (4,)}


def noise(*shape: int, low: int = 0, high: int = 256, dtype=np.uint8) -> np.ndarray:
    return np.random.default_rng(5).integers(low, high, shape, dtype=dtype)


def deep_noise(*shape: int) -> np.ndarray:
    """16-bit pixels without a 0, so that no pixel is fully transparent."""
    return noise(*shape, low=1, high=65_536, dtype=np.uint16)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(pixels: np.ndarray, beside: bytes = b"") -> bytes:
    """A PNG of 8 or 16 bits, written by its specification: rows without a filter."""
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    head = struct.pack(">IIBBBBB", width, height, 8 * pixels.itemsize, PNG_COLOURS[channels], 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(pixels.dtype.newbyteorder(">")).tobytes() for row in pixels)
    idat = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + beside + idat + chunk(b"IEND", b"")


def tiff(pixels: np.ndarray, order: str = "<", photometric: int | None = None, alpha: int = 2, orientation: int = 1):
    """A TIFF of 8 or 16 bits: one strip, not compressed."""
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    fields = {
        258: [8 * pixels.itemsize] * channels,
        262: [photometric if photometric is not None else 1 if channels < 3 else 2],
        274: [orientation],
    }
    if channels in (2, 4):
        fields[338] = [alpha]
    data = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    return tiff_of([data], pixels.shape[1], pixels.shape[0], fields, order)


def deep_png_pixels(path: Path) -> np.ndarray:
    """The 16-bit pixels of a PNG by Pillow's own decoder, which is told to take the high bytes, then the low ones."""
    with Image.open(path) as image:
        (tile,) = image.tile
        mode = tile.args.split(";")[0]
        assert tile.args.endswith(";16B")
    if mode == "I":
        return np.asarray(Image.open(path)).astype(np.uint16)
    if mode == "LA":    # two bytes each: four channels of 8 bits
        return _decoded(path, "RGBA", "RGBA").view(">u2").astype(np.uint16)
    high, low = (_decoded(path, mode, f"{mode};16{order}") for order in "BL")
    return high.astype(np.uint16) * 256 + low


def _decoded(path: Path, mode: str, raw: str) -> np.ndarray:
    with Image.open(path) as image:
        image._mode = mode
        image.tile = [image.tile[0]._replace(args=raw)]
        return np.asarray(image).copy()
