"""Convert pixels to tensors and back.

Knows arrays and tensors; no files.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from drln.images.picture import BAND_ROWS
from drln.images.resizing import resized_rows


def to_tensor(pixels: np.ndarray) -> Tensor:
    """Convert uint8 or uint16 pixels, (H, W) or (H, W, C), to float32, (1, C, H, W), in [0, 1], with a single copy."""
    white = np.float32(np.iinfo(pixels.dtype).max)
    channels = pixels.reshape(*pixels.shape[:2], -1)
    planes = np.empty((1, channels.shape[2], *channels.shape[:2]), np.float32)
    for number, plane in enumerate(planes[0]):
        np.divide(channels[:, :, number], white, out=plane, dtype=np.float32, casting="unsafe")
    return torch.from_numpy(planes)


def to_rgb_tensor(pixels: np.ndarray) -> Tensor:
    """Convert grey or RGB pixels to float32 RGB, (1, 3, H, W), in [0, 1]."""
    return to_tensor(pixels).expand(-1, 3, -1, -1).contiguous()


def to_pixels(
    tensor: Tensor, grey: bool, depth: int, alpha: bool = False, size: tuple[int, int] | None = None
) -> np.ndarray:
    """Convert a tensor to pixels, (H, W) or (H, W, C): resize it, clamp it to [0, 1], then round it.

    Args:
        tensor: float, (1, C, H, W).
        grey: whether to return the mean of the channels.
        depth: bits per channel, 8 or 16.
        alpha: whether to add an empty last channel for the caller to fill.
        size: width and height to resize to by bicubic; None keeps the tensor's own.
    """
    planes = tensor[0].detach()
    width, height = size or (planes.shape[2], planes.shape[1])
    if is_resized := planes.shape[1:] != (height, width):
        planes = planes.float().cpu()
    colours = 1 if grey else planes.shape[0]
    pixels = np.empty((height, width, colours + alpha), np.uint8 if depth == 8 else np.uint16)
    shared = torch.from_numpy(pixels)
    for top in range(0, height, BAND_ROWS):
        bottom = min(height, top + BAND_ROWS)
        if is_resized:
            rows = [resized_rows(plane, (width, height), top, bottom) for plane in planes.numpy()]
            band = torch.from_numpy(np.stack(rows))
        else:
            band = planes[:, top:bottom].float().cpu()
        if grey:
            band = band.mean(dim=0, keepdim=True)
        rounded = band.clamp(0, 1).mul_(2**depth - 1).round_()
        shared[top:bottom, :, :colours] = rounded.permute(1, 2, 0)
    return pixels[:, :, 0] if pixels.shape[2] == 1 else pixels
