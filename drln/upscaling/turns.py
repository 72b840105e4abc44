"""The eight flips and turns of an image, for the self-ensemble. Knows tensors only."""

from __future__ import annotations

import torch
from torch import Tensor

TURNS = [(turns, flip) for flip in (False, True) for turns in range(4)]    # quarter turns; mirrored before them?


def turned(x: Tensor, turns: int, flip: bool) -> Tensor:
    """Mirror (B, C, H, W) if `flip`, then turn it by quarter turns."""
    return torch.rot90(x.flip(3) if flip else x, turns, dims=(2, 3))


def turned_back(x: Tensor, turns: int, flip: bool) -> Tensor:
    """Undo `turned`."""
    x = torch.rot90(x, -turns, dims=(2, 3))
    return x.flip(3) if flip else x
