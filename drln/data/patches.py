"""What networks are trained and evaluated on: patches and whole images, cut from pairs.

Knows arrays and tensors; nothing of where pairs come from, nor of networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from drln.data.columns import ColumnPairs
from drln.data.store import PairStore


class TrainDataset(Dataset[dict[str, Any]]):
    """Random aligned patches, flipped and turned; one from each image and epoch.

    Args:
        pairs: a store, or a data set of `load_dataset`, whose images are then decoded anew for each patch.
        patch_size: side of the LR patch in pixels; the HR patch is `scale` times larger.
    """

    def __init__(self, pairs: PairStore | Sequence[Any], patch_size: int = 64) -> None:
        store = _as_store(pairs)
        smallest = min(min(shape) for shape in store.shapes)
        if smallest < patch_size:
            raise ValueError(f"LR patches of {patch_size} pixels do not fit an LR image with a side of {smallest}")
        self.store, self.patch_size, self.scale = store, patch_size, store.scale

    def __len__(self) -> int:
        return len(self.store)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        return self.patch(index, np.random.default_rng(int(torch.randint(2**62, ()))))

    def patch(self, index: int, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        """`lr` (3, p, p) and `hr` (3, sp, sp), uint8, where `rng` says."""
        lr, hr = self.store.pair(index)
        p, s = self.patch_size, self.scale
        top, left = rng.integers(lr.shape[0] - p + 1), rng.integers(lr.shape[1] - p + 1)
        turns, flip = int(rng.integers(4)), rng.integers(2)
        cuts = {"lr": lr[top : top + p, left : left + p], "hr": hr[s * top : s * (top + p), s * left : s * (left + p)]}
        patches = {}
        for name, cut in cuts.items():
            cut = np.rot90(cut[:, ::-1] if flip else cut, turns)
            patches[name] = torch.from_numpy(np.ascontiguousarray(cut.transpose(2, 0, 1)))
        return patches


class EvalDataset(Dataset[dict[str, Any]]):
    """Whole image pairs: `lr` (3, h, w) and `hr` (3, sh, sw), uint8.

    Args:
        pairs: a store, or a data set of `load_dataset`; of the latter HR is resized where it does not divide.
    """

    def __init__(self, pairs: PairStore | Sequence[Any]) -> None:
        self.store = _as_store(pairs)
        self.scale = self.store.scale

    def __len__(self) -> int:
        return len(self.store)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        lr, hr = self.store.pair(index)
        return {
            "lr": torch.from_numpy(lr.transpose(2, 0, 1).copy()),
            "hr": torch.from_numpy(hr.transpose(2, 0, 1).copy()),
        }


def _as_store(pairs: PairStore | Sequence[Any]) -> PairStore | ColumnPairs:
    return pairs if isinstance(pairs, PairStore) else ColumnPairs(pairs)
