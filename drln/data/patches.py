"""What networks are trained and evaluated on: patches and whole images, cut from pairs.

Knows arrays and tensors; nothing of where pairs come from, nor of networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from drln.data.columns import ColumnPairs
from drln.data.photos import PhotoPairs
from drln.data.store import PairStore, build_store

AnyPairs = PairStore | PhotoPairs | ColumnPairs | Sequence[Any]


class TrainDataset(Dataset[dict[str, Tensor]]):
    """Random aligned patches, flipped and turned; one from each image and epoch.

    The images are decoded once, into a store on disk (`build_store`), however often patches are cut from them.

    Args:
        pairs: a data set of `load_dataset`, `PhotoPairs`, or a store.
        patch_size: side of the LR patch in pixels; the HR patch is `scale` times larger.
        cache_dir: folder for the store, by default `drln` in HF_HOME.

    Raises:
        ValueError: if patches are larger than an image; before any is decoded.
        DataError: if there are no images, or LR and HR do not match.
    """

    def __init__(self, pairs: AnyPairs, patch_size: int = 64, cache_dir: str | Path | None = None) -> None:
        source = _as_pairs(pairs)
        smallest = min(map(min, source.shapes)) if isinstance(source, PairStore) else source.smallest_side()
        if smallest < patch_size:
            raise ValueError(
                f"LR patches of {patch_size} pixels do not fit an LR image with a side of {smallest}; "
                "make the patches smaller, or leave out small images"
            )
        self.store = source if isinstance(source, PairStore) else build_store(source, cache_dir)
        self.patch_size, self.scale = patch_size, self.store.scale

    def __len__(self) -> int:
        return len(self.store)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return self.patch(index, np.random.default_rng(int(torch.randint(2**62, ()))))

    def patch(self, index: int, rng: np.random.Generator) -> dict[str, Tensor]:
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


class PatchStream(Dataset[dict[str, Tensor]]):
    """Patches number `start` to `stop` of an endless run through a `TrainDataset`, shuffled anew each epoch.

    Each depends on the seed and its own number alone: whoever draws it, on however many devices
    and after whatever interruption, gets the same one.
    """

    def __init__(self, dataset: Any, seed: int, start: int, stop: int) -> None:
        self.dataset, self.seed, self.start, self.stop = dataset, seed, start, stop

    def __len__(self) -> int:
        return max(0, self.stop - self.start)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        number = self.start + index
        epoch, place = divmod(number, len(self.dataset))
        order = np.random.default_rng((self.seed, 0, epoch)).permutation(len(self.dataset))
        return self.dataset.patch(int(order[place]), np.random.default_rng((self.seed, 1, number)))


class EvalDataset(Dataset[dict[str, Tensor]]):
    """Whole image pairs: `lr` (3, h, w) and `hr` (3, sh, sw), uint8; decoded when they are asked for.

    Args:
        pairs: a data set of `load_dataset`, of which HR is resized where it does not divide; `PhotoPairs`, or a store.

    Raises:
        DataError, ImageError: if there are no images, LR and HR do not match, or a file is no image.
    """

    def __init__(self, pairs: AnyPairs) -> None:
        self.pairs = _as_pairs(pairs)
        self.scale = self.pairs.scale
        if not isinstance(self.pairs, PairStore):
            self.pairs.smallest_side()    # reads the headers, and so finds what does not match

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        lr, hr = self.pairs.pair(index)
        return {
            "lr": torch.from_numpy(lr.transpose(2, 0, 1).copy()),
            "hr": torch.from_numpy(hr.transpose(2, 0, 1).copy()),
        }


def _as_pairs(pairs: AnyPairs) -> PairStore | PhotoPairs | ColumnPairs:
    return pairs if isinstance(pairs, (PairStore, PhotoPairs, ColumnPairs)) else ColumnPairs(pairs)
