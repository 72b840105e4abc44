"""Data sets for training and evaluation: random patches of image pairs, and whole pairs.

Knows arrays and tensors; not where pairs come from, and no networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from drln.data.columns import ColumnPairs
from drln.data.photos import PhotoPairs
from drln.data.store import PairStore, build_store
from drln.images.tensors import to_tensor

AnyPairs = PairStore | PhotoPairs | ColumnPairs | Sequence[Any]
Pair = tuple[Tensor, Tensor]    # LR and HR


class TrainDataset(Dataset[Pair]):
    """Random patches, the same place of LR and HR, flipped and turned: one from each image, another one in each epoch.

    Item i is a pair, `inputs, labels`: LR (3, p, p) and HR (3, sp, sp), float32 in [0, 1]. The random numbers are
    torch's, so that the workers of a `DataLoader` draw different patches.
    The images are decoded once, into a store on disk (`build_store`).

    Args:
        dataset: from `load_dataset`; or `PhotoPairs`, or a store.
        patch_size: p, the side of the LR patch in pixels; the HR patch is `scale` times larger.
        cache_dir: folder for the store, by default `drln` in HF_HOME.

    Raises:
        ValueError: if patches are larger than an image. No image is decoded then.
        DataError: if there are no images, LR and HR do not match, or the disk refuses the store.
        ImageError: if a file is no image.
    """

    def __init__(self, dataset: AnyPairs, patch_size: int = 64, cache_dir: str | Path | None = None) -> None:
        source = _as_pairs(dataset)
        if (smallest := source.smallest_side()) < patch_size:
            raise ValueError(
                f"LR patches of {patch_size} pixels do not fit an LR image with a side of {smallest}; "
                "make the patches smaller, or leave out small images"
            )
        self.store = source if isinstance(source, PairStore) else build_store(source, cache_dir)
        self.patch_size, self.scale = patch_size, self.store.scale

    def __len__(self) -> int:
        return len(self.store)

    def __getitem__(self, index: int) -> Pair:
        lr, hr = self.patch(index, np.random.default_rng(int(torch.randint(2**62, ()))))
        return lr.float().div_(255), hr.float().div_(255)

    def patch(self, index: int, rng: np.random.Generator) -> Pair:
        """LR (3, p, p) and HR (3, sp, sp) as in an item, but uint8, and cut at a place that `rng` draws."""
        lr, hr = self.store.pair(index)
        p, s = self.patch_size, self.scale
        top, left = rng.integers(lr.shape[0] - p + 1), rng.integers(lr.shape[1] - p + 1)
        turns, flip = int(rng.integers(4)), rng.integers(2)

        def cut(image: np.ndarray, scale: int) -> Tensor:
            piece = image[scale * top : scale * (top + p), scale * left : scale * (left + p)]
            turned = np.rot90(piece[:, ::-1] if flip else piece, turns)
            return torch.from_numpy(np.ascontiguousarray(turned.transpose(2, 0, 1)))

        return cut(lr, 1), cut(hr, s)


class PatchSequence(Dataset[Pair]):
    """The patches of a training run in their order: a data set again and again, shuffled in each epoch.

    Each patch of a `TrainDataset` depends on the seed and its own number alone. It is the same on any number of
    devices, and after an interruption. Another data set of pairs gives its own items.

    Args:
        dataset: a `TrainDataset`, or another one of pairs.
        seed: of the order and the patches.
        start, stop: numbers of the first patch and of the one after the last, counted through all epochs.
        threads: cut a batch in so many threads; 0 cuts it in the caller's. Processes would have to be stopped too, and
            most of the time goes into copies that NumPy makes beside other threads.
    """

    def __init__(self, dataset: Any, seed: int, start: int, stop: int, threads: int = 0) -> None:
        self.dataset, self.seed, self.start, self.stop = dataset, seed, start, stop
        self._pool = ThreadPoolExecutor(threads) if threads else None

    def __len__(self) -> int:
        return max(0, self.stop - self.start)

    def __getitem__(self, index: int) -> Pair:
        number = self.start + index
        epoch, place = divmod(number, len(self.dataset))
        order = np.random.default_rng((self.seed, 0, epoch)).permutation(len(self.dataset))
        item = int(order[place])
        if not hasattr(self.dataset, "patch"):
            lr, hr = self.dataset[item]
            return torch.as_tensor(lr), torch.as_tensor(hr)
        return self.dataset.patch(item, np.random.default_rng((self.seed, 1, number)))

    def __getitems__(self, indices: list[int]) -> list[Pair]:
        """The patches of one batch, for a `DataLoader`."""
        return list((self._pool.map if self._pool else map)(self.__getitem__, indices))


class EvalDataset(Dataset[Pair]):
    """Whole image pairs, for batches of one: `inputs, labels`, LR (3, h, w) and HR (3, sh, sw), float32 in [0, 1].

    A pair is decoded each time it is read.

    Args:
        dataset: from `load_dataset`, whose HR images are resized if they are no multiple of LR; or `PhotoPairs`, or a
            store.

    Raises:
        DataError: if there are no images, or LR and HR do not match.
        ImageError: if a file is no image.
    """

    def __init__(self, dataset: AnyPairs) -> None:
        self.pairs = _as_pairs(dataset)
        self.scale = self.pairs.scale
        self.pairs.smallest_side()    # reads all headers and so checks the sizes

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> Pair:
        lr, hr = self.pairs.pair(index)
        return to_tensor(lr)[0], to_tensor(hr)[0]


def _as_pairs(pairs: AnyPairs) -> PairStore | PhotoPairs | ColumnPairs:
    return pairs if isinstance(pairs, (PairStore, PhotoPairs, ColumnPairs)) else ColumnPairs(pairs)
