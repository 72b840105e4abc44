"""A border around the image, which the network sees and which is cut from the result.

To a convolution everything beyond the image is zero, which is not a colour of the photo. A network that was trained
with a border sees the image's outermost pixels repeated instead; what zeros do to the border's edge is cut away.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from drln.network.config import DrlnConfig


def extended_size(width: int, height: int, config: DrlnConfig) -> tuple[int, int]:
    """Return width and height of the image with its border, in pixels."""
    return width + 2 * config.border, height + 2 * config.border


def extended_area(width: int, height: int, config: DrlnConfig) -> int:
    """Return the number of pixels of the image with its border."""
    width, height = extended_size(width, height, config)
    return width * height


def extended(image: Tensor, config: DrlnConfig) -> Tensor:
    """Repeat the outermost pixels of an image, (B, 3, H, W); a network without a border gets the image itself."""
    return F.pad(image, (config.border,) * 4, mode="replicate") if config.border else image


def inner(sr: Tensor, config: DrlnConfig) -> Tensor:
    """Cut the border from a result, (B, 3, sH, sW); a view."""
    edge = config.scale * config.border
    return sr[:, :, edge : sr.shape[2] - edge, edge : sr.shape[3] - edge]
