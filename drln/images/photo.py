"""Prepare photos for the network, and add their transparency and metadata to the result.

Knows no model and no device.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from drln.images.header import ImageError
from drln.images.metadata import image_info, orientation_of
from drln.images.modes import DEEP_GREY_MODES, GREY_MODES, OTHER_MODES, image_to_pixels
from drln.images.picture import Picture, mode_of, upright
from drln.images.reading import read, read_header
from drln.images.resizing import resized_rows
from drln.images.tensors import to_pixels, to_rgb_tensor, to_tensor
from drln.images.transparency import fill_transparent

ALPHA_ROWS = 240    # of the result at a time; at 2x, 3x and 4x these are whole rows of the photo
ROUNDED_NOTE = "Pillow opened the file's 16-bit colours as 8 bits; Photo.open(path) keeps 16."


@dataclass(frozen=True, eq=False)
class Photo:
    """The network's input, and what the result must keep.

    Attributes:
        rgb: float32, (1, 3, H, W), in [0, 1], upright. Fully transparent pixels have the colours of their neighbours,
            so that the network draws no hidden colour into the edge.
        alpha: float32, (1, 1, H, W), in [0, 1], or None.
        is_grey: whether the three channels of `rgb` are the same, so that the result is grey.
        depth: bits per channel of the photo and the result, 8 or 16.
        info: as in `Picture`, for the result.
        notes: sentences for the user on what the result will lack.
        jpeg_quality: of the opened file, 1 to 100, estimated; None for other formats.
    """

    rgb: Tensor
    alpha: Tensor | None = None
    is_grey: bool = False
    depth: int = 8
    info: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    jpeg_quality: int | None = None

    @property
    def width(self) -> int:
        """The width in pixels."""
        return self.rgb.shape[3]

    @property
    def height(self) -> int:
        """The height in pixels."""
        return self.rgb.shape[2]

    @property
    def mode(self) -> str:
        """The `Picture.mode` of the result."""
        return mode_of((1 if self.is_grey else 3) + (self.alpha is not None), self.depth)

    @property
    def is_opaque(self) -> bool:
        """Whether alpha is absent or hides nothing, so that the result needs none."""
        return self.alpha is None or bool((self.alpha == 1).all())

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Photo:
        """Read a file: AVIF, BMP, GIF, HEIC, JPEG, PNG, TIFF or WebP. More than 8 bits become 16.

        If there are several frames or pages, the first is read, and `notes` say so.

        Raises:
            ImageError: if the file does not exist or cannot be decoded.
        """
        path = Path(path)
        header = read_header(path)
        decoded = read(path, header)
        photo = cls.from_picture(decoded) if isinstance(decoded, Picture) else cls.from_pil(decoded)
        return replace(photo, notes=header.notes, jpeg_quality=header.jpeg_quality)

    @classmethod
    def from_pil(cls, image: Image.Image) -> Photo:
        """Convert an image, 8 bits or 16-bit grey, and turn it upright by its EXIF orientation.

        Palettes become RGB, and so does CMYK, by its colour profile if it has one. Pillow opens 16-bit colours as 8
        bits; `open` keeps them.

        Raises:
            ImageError: if it is not a PIL image, is empty or damaged, or its pixels do not fit into 16 bits.
        """
        if not isinstance(image, Image.Image):
            raise ImageError(f"got {type(image).__name__}; give a PIL image, such as PIL.Image.open(path)")
        notes = (ROUNDED_NOTE,) if _is_cut(image) else ()
        pixels = image_to_pixels(image)    # before the metadata, which TIFF reads from the same open file
        is_grey = image.mode in (*GREY_MODES, *DEEP_GREY_MODES)
        info = image_info(image, is_grey, converted=image.mode in OTHER_MODES)
        return replace(cls.from_picture(Picture(upright(pixels, orientation_of(image)), info)), notes=notes)

    @classmethod
    def from_picture(cls, picture: Picture) -> Photo:
        """Convert a picture."""
        if not picture.has_alpha:
            return cls(to_rgb_tensor(picture.pixels), None, picture.is_grey, picture.depth, picture.info)
        rgb, alpha = to_rgb_tensor(picture.colours), to_tensor(picture.pixels[..., -1:])
        return cls(fill_transparent(rgb, alpha > 0), alpha, picture.is_grey, picture.depth, picture.info)

    def picture(self, sr_rgb: Tensor, size: tuple[int, int] | None = None) -> Picture:
        """Return the result with this photo's transparency, greyness, depth and info.

        Alpha goes to the result's size by Pillow's bicubic. A grey result is the mean of the three channels.

        Args:
            sr_rgb: the network's output, float, (1, 3, sH, sW); it is reduced, clamped to [0, 1], then rounded.
            size: width and height to reduce it to, by Pillow's bicubic; None keeps sW and sH.

        Raises:
            ImageError: if its sides are not the same whole multiple of this photo's, or as `check_size`.
        """
        check_result(sr_rgb, self.height, self.width)
        check_size(size, sr_rgb.shape[3], sr_rgb.shape[2])
        pixels = to_pixels(sr_rgb, self.is_grey, self.depth, self.alpha is not None, size)
        if self.alpha is not None:
            _fill_alpha(pixels[:, :, -1], self.alpha, self.depth)
        return Picture(pixels, dict(self.info))


def check_rgb(tensor: Tensor) -> None:
    """Raise an `ImageError` unless a tensor is one RGB image, float, (1, 3, H, W)."""
    fits = isinstance(tensor, Tensor) and tensor.dim() == 4 and tensor.shape[:2] == (1, 3) and tensor.numel() > 0
    if not fits or not tensor.is_floating_point():
        what = f"{tensor.dtype} of shape {tuple(tensor.shape)}" if isinstance(tensor, Tensor) else type(tensor).__name__
        raise ImageError(f"got {what}; give one RGB image in [0, 1], a float tensor of shape (1, 3, H, W)")


def check_result(sr: Tensor, height: int, width: int) -> None:
    """Raise an `ImageError` unless the sides of a result are the same whole multiple of an image's sides."""
    check_rgb(sr)
    scale = sr.shape[2] // height
    if sr.shape[2:] != (scale * height, scale * width):
        raise ImageError(
            f"the result is {sr.shape[3]}x{sr.shape[2]} pixels and the image {width}x{height}; "
            "give a result whose sides are the same whole multiple of the image's"
        )


def check_size(size: tuple[int, int] | None, width: int, height: int) -> None:
    """Raise an `ImageError` unless an upscaled image of that many pixels can be reduced to a size; None is no size."""
    if size is None:
        return
    if len(size) != 2 or any(isinstance(side, bool) or not isinstance(side, int) or side < 1 for side in size):
        raise ImageError(f"the size is {size!r}; give width and height, whole numbers of pixels, at least 1")
    if size[0] > width or size[1] > height:
        raise ImageError(
            f"the size is {size[0]}x{size[1]} pixels, and the upscaled photo has {width}x{height}; "
            "choose a smaller size or a larger scale"
        )


def _fill_alpha(plane: np.ndarray, alpha: Tensor, depth: int) -> None:
    """Fill a plane of the result with upscaled alpha, (1, 1, H, W). 16 bits are upscaled as floats."""
    pixels = to_pixels(alpha, grey=True, depth=depth)
    whole = pixels if depth == 8 else pixels.astype(np.float32)
    height, width = plane.shape
    for top in range(0, height, ALPHA_ROWS):
        bottom = min(height, top + ALPHA_ROWS)
        rows = resized_rows(whole, (width, height), top, bottom)
        plane[top:bottom] = rows if depth == 8 else rows.clip(0, 65535).round()


def _is_cut(image: Image.Image) -> bool:
    """Whether Pillow will drop bits when it decodes this opened image."""
    raw_modes = (tile.args if isinstance(tile.args, str) else tile.args[0] for tile in getattr(image, "tile", ()))
    return image.mode in ("RGB", "RGBA", "CMYK") and any(str(mode).find(";16") > 0 for mode in raw_modes)
