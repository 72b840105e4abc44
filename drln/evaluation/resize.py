"""MATLAB's `imresize` with its bicubic kernel, by which super-resolution papers make LR.

Other libraries differ: Pillow at the borders, OpenCV and `torch.nn.functional.interpolate` do not antialias by default.
Knows arrays and tensors: no files, no colours.
"""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

Image = TypeVar("Image", np.ndarray, Tensor)

KERNEL_WIDTH = 4.0    # pixels that the cubic spans, two on each side


def imresize(image: Image, scale: float | None = None, size: tuple[int, int] | None = None) -> Image:
    """Resize with the bicubic kernel of a = -0.5, with antialiasing if the image shrinks, and mirrored borders.

    Give the size or the scale, as in MATLAB. They differ if the scaled size is no whole number: `scale` makes
    `ceil(side * scale)` pixels and places them by the scale itself; `size` places them by the ratio of the sides. The
    weights of a side are one matrix, new side by old: some hundred MB for a few thousand pixels.

    Args:
        image: numpy (H, W) or (H, W, C), or torch (..., H, W); uint8 in 0..255, or float of any range.
        scale: factor for both sides, above 0; below 1 shrinks.
        size: height and width of the result in pixels.

    Returns:
        The same type and dtype as `image`. uint8 is clamped and rounded once, at the end; float is not clamped.

    Raises:
        TypeError: for another dtype.
        ValueError: if both or none of scale and size are given, one is not above 0, or the image has another number of
            dimensions or an empty side.
    """
    if isinstance(image, Tensor):
        return _resize(image, scale, size)
    if image.ndim not in (2, 3):
        raise ValueError(f"the array has shape {image.shape}; give (H, W) or (H, W, C)")
    planes = np.array(image if image.ndim == 2 else np.moveaxis(image, 2, 0))    # (H, W) or (C, H, W), a copy
    resized = _resize(torch.from_numpy(planes), scale, size).numpy()
    return resized if image.ndim == 2 else np.ascontiguousarray(np.moveaxis(resized, 0, 2))


def _resize(planes: Tensor, scale: float | None, size: tuple[int, int] | None) -> Tensor:
    """`imresize` for (..., H, W)."""
    if planes.dtype != torch.uint8 and not planes.is_floating_point():
        raise TypeError(f"the image is {planes.dtype}; give uint8 or float")
    if planes.dim() < 2 or 0 in planes.shape:
        raise ValueError(f"the image has shape {tuple(planes.shape)}; it needs a height and a width above 0")
    exact = planes.to(torch.float64 if planes.dtype == torch.uint8 else torch.promote_types(planes.dtype, torch.float))
    # Nothing is rounded between the two passes: that would cost the bicubic baseline 0.015 dB at 2x, and papers print
    # the higher number.
    rows, columns = (
        _matrix(planes.shape[dim], *_target(planes.shape[dim], scale, size[dim] if size else None)).to(exact)
        for dim in (-2, -1)
    )
    exact = rows @ exact @ columns.T
    if planes.dtype == torch.uint8:
        exact = (exact.clamp(0, 255) + 0.5).floor()    # halves go up, as in MATLAB; torch.round sends them to even
    return exact.to(planes.dtype)


def _target(side: int, scale: float | None, length: int | None) -> tuple[int, float]:
    """The new length of a side of `side` pixels, and the scale that places its pixels."""
    if (scale is None) == (length is None):
        raise ValueError("give either scale or size, not both and not neither")
    if length is not None:
        if length < 1:
            raise ValueError(f"size asks for a side of {length} pixels; give at least 1")
        return length, length / side
    assert scale is not None
    if not 0 < scale < math.inf:
        raise ValueError(f"scale is {scale}; give a number above 0")
    return math.ceil(side * scale - 1e-9), scale    # 1e-9: floats such as 1/3 are not exact


def _matrix(side: int, length: int, scale: float) -> Tensor:
    """The weight of each of the `side` old pixels in each of the `length` new ones: (length, side), float64."""
    shrink = min(scale, 1.0)    # antialiasing: stretch the kernel over more old pixels
    reach = KERNEL_WIDTH / shrink
    centres = (torch.arange(length, dtype=torch.float64) + 0.5) / scale - 0.5
    taps = torch.floor(centres - reach / 2)[:, None] + torch.arange(math.ceil(reach) + 2)    # (length, T)
    weights = _cubic((centres[:, None] - taps) * shrink)
    weights = weights / weights.sum(dim=1, keepdim=True)
    mirrored = taps.long() % (2 * side)    # ... 1 0 | 0 1 ... n-1 | n-1 ... 0 | 0 ...
    mirrored = torch.minimum(mirrored, 2 * side - 1 - mirrored)
    return weights.new_zeros(length, side).scatter_add_(1, mirrored, weights)


def _cubic(x: Tensor) -> Tensor:
    """Keys' cubic convolution kernel with a = -0.5, as in MATLAB and Pillow."""
    x = x.abs()
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return torch.where(x <= 1, near, torch.where(x <= 2, far, 0.0))
