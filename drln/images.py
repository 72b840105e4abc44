"""PIL images to tensors and back, without losing what a photo has beside its colours.

Orientation, transparency, greyness, 16-bit grey, colour profile and resolution are minded here alone,
and so is rounding: clamp, then round. Knows no model and no device.
"""

from __future__ import annotations

import io
import math
import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageCms, ImageOps
from torch import Tensor

from drln.compare import side_by_side
from drln.files import BROKEN_FILE, ImageError, check_output, open_image, write_image
from drln.hidden import fill_hidden

__all__ = ["ImageError", "ImageLoader", "Photo", "check_output", "open_image", "write_image"]

GREY_MODES = ("1", "L", "LA", "La")
DEEP_GREY_MODES = ("I", "I;16", "I;16L", "I;16B", "I;16N")
RGB_MODES = ("RGB", "RGBA", "RGBa", "RGBX", "P", "PA")
OTHER_MODES = ("CMYK", "YCbCr", "HSV", "LAB")    # 8-bit colours that must be converted
BAND_ROWS = 256    # rows rounded at a time, so that a large result needs no second float copy


@dataclass(frozen=True, eq=False)
class Photo:
    """What the network needs of an image, and what must be given back with the result.

    Attributes:
        rgb: float32, (1, 3, H, W), in [0, 1], upright. Pixels that are fully transparent have the
            colours of those around them, so that no hidden colour is drawn into the edge.
        alpha: float32, (1, 1, H, W), in [0, 1], or None for an image without transparency.
        is_grey: whether the three channels of `rgb` are the same, and the result is to be grey.
        depth: bits a channel, 8 or 16, of the image and so of the result.
        info: what goes into the result's `info` for saving: `icc_profile`, `dpi`.
    """

    rgb: Tensor
    alpha: Tensor | None = None
    is_grey: bool = False
    depth: int = 8
    info: dict[str, Any] = field(default_factory=dict)

    @property
    def width(self) -> int:
        return self.rgb.shape[3]

    @property
    def height(self) -> int:
        return self.rgb.shape[2]

    @property
    def mode(self) -> str:
        """Pillow's mode of the result: L, LA, RGB, RGBA or I;16."""
        if self.depth == 16:
            return "I;16"
        return ("L" if self.is_grey else "RGB") + ("A" if self.alpha is not None else "")

    @classmethod
    def from_pil(cls, image: Image.Image) -> Photo:
        """Take an image of any of Pillow's 8-bit modes, or 16-bit grey, and turn it upright by its EXIF orientation.

        Palettes become RGB; so does CMYK, through its colour profile where it has one. 16-bit grey with a
        transparent shade becomes 8-bit, as Pillow has no mode for both.

        Raises:
            ImageError: for what is no PIL image, is empty or broken, or has float or 32-bit pixels.
        """
        if not isinstance(image, Image.Image):
            raise ImageError(f"got {type(image).__name__}; give a PIL image, such as PIL.Image.open(path)")
        if not image.width or not image.height:
            raise ImageError(f"the image is {image.width}x{image.height} pixels; give one with at least one pixel")
        try:
            image.load()
        except BROKEN_FILE as error:
            raise ImageError(f"the image cannot be decoded: {error}; open and save it anew") from error
        image = _upright(image)
        info = _kept_info(image)
        if image.mode in DEEP_GREY_MODES:
            grey, alpha = _deep_grey(image)
            return cls(_rgb(grey), alpha, is_grey=True, depth=16 if alpha is None else 8, info=info)
        is_grey = image.mode in GREY_MODES
        if image.mode in OTHER_MODES:
            info.pop("icc_profile", None)    # it describes the colours before this conversion
            image = _other_to_rgb(image)
        elif not is_grey and image.mode not in RGB_MODES:
            raise ImageError(f"the image has the mode {image.mode}; convert it to 8-bit RGB or 16-bit grey first")
        wanted = ("L" if is_grey else "RGB") + ("A" if image.has_transparency_data else "")
        pixels = _tensor(np.asarray(image.convert(wanted)), top=255)
        if not image.has_transparency_data:
            return cls(_rgb(pixels), None, is_grey, info=info)
        colours, alpha = _rgb(pixels[:, :-1]), pixels[:, -1:].contiguous()
        return cls(fill_hidden(colours, alpha > 0), alpha, is_grey, info=info)

    def rebuild(self, sr_rgb: Tensor) -> Image.Image:
        """The result as an image of `mode`, with this photo's transparency, greyness, depth and info.

        Transparency is upscaled with Pillow's bicubic; a grey result is the mean of the three channels.

        Args:
            sr_rgb: float, (1, 3, sH, sW), about [0, 1]; clamped, then rounded.

        Raises:
            ImageError: if its sides are not whole multiples of this photo's.
        """
        _check_result(sr_rgb, self.height, self.width)
        image = Image.fromarray(_levels(sr_rgb, self.is_grey, self.depth))
        if self.alpha is not None:
            alpha = Image.fromarray(_levels(self.alpha, grey=True, depth=8))
            image.putalpha(alpha.resize(image.size, Image.Resampling.BICUBIC))
        image.info.update(self.info)
        return image


class ImageLoader:
    """Images to tensors and back, for a model used by hand; `Upscaler` goes from photo to photo and keeps more."""

    @staticmethod
    def load_image(image: Image.Image) -> Tensor:
        """An image as the model takes it: float32 RGB, (1, 3, H, W), in [0, 1], upright.

        Transparency, greyness, colour profile and resolution are dropped; `Upscaler.upscale` keeps them.

        Raises:
            ImageError: as `Photo.from_pil`.
        """
        return Photo.from_pil(image).rgb

    @staticmethod
    def save_image(tensor: Tensor, path: str | os.PathLike[str]) -> None:
        """Save what the model returned, float RGB (1, 3, H, W), clamped to [0, 1] and rounded to 8 bits.

        Raises:
            ImageError: for another shape or dtype, or a path that `write_image` refuses.
        """
        _check_rgb(tensor)
        write_image(Image.fromarray(_levels(tensor, grey=False, depth=8)), path)

    @staticmethod
    def save_compare(inputs: Tensor, preds: Tensor, path: str | os.PathLike[str]) -> None:
        """Save a picture of `inputs` upscaled with Pillow's bicubic, and beside it `preds`.

        Args:
            inputs: what the model was given, (1, 3, H, W).
            preds: what it returned, (1, 3, sH, sW).
            path: where to save the picture.

        Raises:
            ImageError: for shapes that do not belong together, or a path that `write_image` refuses.
        """
        _check_rgb(inputs)
        _check_result(preds, *inputs.shape[2:])
        lr, sr = (Image.fromarray(_levels(tensor, grey=False, depth=8)) for tensor in (inputs, preds))
        write_image(side_by_side({"Bicubic": lr.resize(sr.size, Image.Resampling.BICUBIC), "DRLN": sr}), path)


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except BROKEN_FILE:
        return image    # EXIF that cannot be read says nothing about orientation


def _kept_info(image: Image.Image) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    if image.info.get("icc_profile"):
        kept["icc_profile"] = image.info["icc_profile"]
    try:
        x, y = (float(value) for value in image.info["dpi"])
        if 0 < x < math.inf and 0 < y < math.inf:
            kept["dpi"] = (x, y)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        pass    # files may hold anything here; no resolution is better than a broken one
    return kept


def _other_to_rgb(image: Image.Image) -> Image.Image:
    """CMYK and the like: through the file's own colour profile where that works, else by Pillow's formula."""
    profile = image.info.get("icc_profile")
    if profile and image.mode == "CMYK":
        try:
            srgb = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, io.BytesIO(profile), srgb, outputMode="RGB")
            assert converted is not None
            return converted
        except (ImageCms.PyCMSError, OSError):
            pass    # a broken profile, or one that is not for CMYK
    return image.convert("RGB")


def _deep_grey(image: Image.Image) -> tuple[Tensor, Tensor | None]:
    """(1, 1, H, W) in [0, 1] and the transparency that a shade named in the file makes."""
    levels = np.asarray(image).astype(np.int32)
    if levels.min() < 0 or levels.max() > 65535:
        raise ImageError(
            f"the image has levels from {levels.min()} to {levels.max()}; convert it to 16 bits, 0 to 65535, first"
        )
    shade = image.info.get("transparency")
    alpha = None if shade is None else _tensor((levels != shade).astype(np.uint8), top=1)
    return _tensor(levels, top=65535), alpha


def _tensor(levels: np.ndarray, top: int) -> Tensor:
    """(H, W) or (H, W, C) of 0 to `top`, to float32 (1, C, H, W) of 0 to 1."""
    pixels = torch.from_numpy(levels.astype(np.float32)).div_(top)
    return pixels.reshape(*levels.shape[:2], -1).permute(2, 0, 1)[None].contiguous()


def _rgb(colours: Tensor) -> Tensor:
    """One or three channels to three."""
    return colours.expand(-1, 3, -1, -1).contiguous()


def _levels(tensor: Tensor, grey: bool, depth: int) -> np.ndarray:
    """(1, C, H, W) to whole levels, (H, W) or (H, W, C): clamped, then rounded, a band of rows at a time."""
    _, channels, height, width = tensor.shape
    levels = np.empty((height, width, 1 if grey else channels), np.uint8 if depth == 8 else np.uint16)
    for top in range(0, height, BAND_ROWS):
        band = tensor[0, :, top : top + BAND_ROWS].detach().float().cpu()
        if grey:
            band = band.mean(dim=0, keepdim=True)
        levels[top : top + BAND_ROWS] = band.clamp(0, 1).mul(2**depth - 1).round().permute(1, 2, 0).numpy()
    return levels[:, :, 0] if grey else levels


def _check_rgb(tensor: Tensor) -> None:
    fits = isinstance(tensor, Tensor) and tensor.dim() == 4 and tensor.shape[:2] == (1, 3) and tensor.numel() > 0
    if not fits or not tensor.is_floating_point():
        what = f"{tensor.dtype} of shape {tuple(tensor.shape)}" if isinstance(tensor, Tensor) else type(tensor).__name__
        raise ImageError(f"got {what}; give one RGB image in [0, 1], a float tensor of shape (1, 3, H, W)")


def _check_result(sr: Tensor, height: int, width: int) -> None:
    _check_rgb(sr)
    scale = sr.shape[2] // height
    if sr.shape[2:] != (scale * height, scale * width):
        raise ImageError(
            f"the result is {sr.shape[3]}x{sr.shape[2]} pixels and the image {width}x{height}; "
            "give a result whose sides are the same whole multiple of the image's"
        )
