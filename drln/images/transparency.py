"""Give transparent pixels the colours of their neighbours.

Transparent pixels can have any colour, often black. The network would draw it into the visible edge.
Knows tensors only.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def fill_transparent(rgb: Tensor, visible: Tensor) -> Tensor:
    """Replace hidden colours: near an edge by the mean of visible neighbours, farther away by smooth transitions.

    Args:
        rgb: (1, 3, H, W), float.
        visible: (1, 1, H, W), bool.

    Returns:
        (1, 3, H, W). Visible pixels are unchanged. If all or none are visible, this is `rgb` itself.
    """
    if visible.all() or not visible.any():
        return rgb
    spread, near = _known_mean(rgb, visible, size=3, stride=1)
    rgb = torch.where(visible, rgb, spread)
    if near.all():
        return rgb
    coarse = fill_transparent(*_known_mean(rgb, near, size=2, stride=2))    # again at half the size
    smooth = F.interpolate(coarse, size=rgb.shape[2:], mode="bilinear", align_corners=False)
    return torch.where(near, rgb, smooth)


def _known_mean(rgb: Tensor, known: Tensor, size: int, stride: int) -> tuple[Tensor, Tensor]:
    """Return the mean of the known pixels in each window, and whether there are any."""
    padding = size // 2 if stride == 1 else 0
    weight = F.avg_pool2d(known.float(), size, stride, padding, ceil_mode=True)
    total = F.avg_pool2d(rgb * known, size, stride, padding, ceil_mode=True)
    return total / weight.clamp(min=1e-6), weight > 0
