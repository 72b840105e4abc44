"""Pixels around an image that a network runs over and that are cut from its result.

To a convolution all beyond the image is zero, which is no colour of the photo. A network that was trained with a border
sees the image's outermost pixels repeated instead, and what zeros do to their edge is cut away.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from drln.network.config import DrlnConfig


def extended_size(width: int, height: int, config: DrlnConfig) -> tuple[int, int]:
    """Width and height of what the network runs over, for an image of that size, in pixels."""
    return width + 2 * config.border, height + 2 * config.border


def extended_area(width: int, height: int, config: DrlnConfig) -> int:
    """Pixels of what the network runs over, for an image of that size."""
    width, height = extended_size(width, height, config)
    return width * height


def extended(image: Tensor, config: DrlnConfig) -> Tensor:
    """The image, (B, 3, H, W), with its outermost pixels repeated on each side; without a border the image itself."""
    return F.pad(image, (config.border,) * 4, mode="replicate") if config.border else image


def inner(sr: Tensor, config: DrlnConfig) -> Tensor:
    """The result for the image alone, a view of that for the extended one."""
    edge = config.scale * config.border
    return sr[:, :, edge : sr.shape[2] - edge, edge : sr.shape[3] - edge]
