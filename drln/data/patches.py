"""Data sets for training and evaluation: random patches of image pairs, and whole pairs.

Knows arrays and tensors; not where pairs come from, and no networks.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor
from torch.utils.data import Dataset

from drln.data.columns import ColumnPairs
from drln.data.degraded import DegradedPairs
from drln.data.photos import PhotoPairs
from drln.data.store import PairStore, build_store
from drln.images.tensors import to_tensor

KnownPairs = PairStore | PhotoPairs | DegradedPairs | ColumnPairs
AnyPairs = KnownPairs | Sequence[Any]
Pair = tuple[Tensor, Tensor]    # LR and HR

OWN_EDGE = 0.2    # of the sides of a patch have its own edge as their border, so that networks learn images' edges
ORDERS = torch.tensor(list(itertools.permutations(range(3))))    # of the colours


class TrainDataset(Dataset[Pair]):
    """Random patches, the same place of LR and HR, flipped and turned: one from each image, another one in each epoch.

    Item i is a pair, `inputs, labels`: LR (3, p, p) and HR (3, sp, sp), float32 in [0, 1]. The random numbers are
    torch's, so that the workers of a `DataLoader` draw different patches.
    The images are decoded once, into a store on disk (`build_store`).

    Args:
        dataset: from `load_dataset`; or `PhotoPairs`, `DegradedPairs`, or a store.
        patch_size: p, the side of the LR patch in pixels; the HR patch is `scale` times larger.
        cache_dir: folder for the store, by default `drln` in HF_HOME.
        candidates: places drawn for each patch, of which the one with most detail is cut.
        colour_orders: share of the patches, 0 to 1, whose colours are in a random order.
        flat: share of the patches, 0 to 1, that are of one random colour.

    Raises:
        ValueError: if patches are larger than an image, or a number is out of range. No image is decoded then.
        DataError: if there are no images, LR and HR do not match, or the disk refuses the store.
        ImageError: if a file is no image.
    """

    def __init__(
        self,
        dataset: AnyPairs,
        patch_size: int = 64,
        cache_dir: str | Path | None = None,
        *,
        candidates: int = 1,
        colour_orders: float = 0.0,
        flat: float = 0.0,
    ) -> None:
        source = _as_pairs(dataset)
        if (smallest := source.smallest_side()) < patch_size:
            raise ValueError(
                f"LR patches of {patch_size} pixels do not fit an LR image with a side of {smallest}; "
                "make the patches smaller, or leave out small images"
            )
        if candidates < 1:
            raise ValueError(f"candidates is {candidates}; give a whole number of at least 1")
        for name, share in {"colour_orders": colour_orders, "flat": flat}.items():
            if not 0 <= share <= 1:
                raise ValueError(f"{name} is {share}; give a share from 0 to 1")
        self.store = source if isinstance(source, PairStore) else build_store(source, cache_dir)
        self.patch_size, self.scale = patch_size, self.store.scale
        self.candidates, self.colour_orders, self.flat = candidates, colour_orders, flat
        self.chances = 2 * candidates + 10    # random numbers that decide a patch
        self._on_device: tuple[Tensor, ...] | None = None

    def __len__(self) -> int:
        return len(self.store)

    def __getitem__(self, index: int) -> Pair:
        [lr], [hr] = self.batch(torch.tensor([index]), torch.rand(1, self.chances, dtype=torch.float64))
        return lr.float().div_(255), hr.float().div_(255)

    def to(self, device: torch.device) -> Self:
        """A copy whose pixels lie in the memory of a device, which then cuts the patches."""
        moved = copy.copy(self)
        moved._on_device = tuple(tensor.to(device) for tensor in self.store.tensors)
        return moved

    def batch(self, items: Tensor, chance: Tensor, border: int = 0) -> Pair:
        """Cut a patch from each of some images.

        Args:
            items: numbers of the images, int64, (B,), on the device of the pixels.
            chance: random numbers in [0, 1), float64, (B, `chances`), there too. A patch depends on its own alone.
            border: LR pixels to add on each side of the LR patch: those around it in the image. Where the image ends,
                and at a fifth of the sides anyway, the outermost pixels are repeated.

        Returns:
            LR (B, 3, p + 2 border, p + 2 border) and HR (B, 3, sp, sp), uint8.
        """
        lr, hr, images = self._on_device or self.store.tensors
        p, s = self.patch_size, self.scale
        starts, heights, widths = images[:, items]
        place, chance = chance.split([2 * self.candidates, 10], dim=1)
        tops = (place[:, 0::2] * (heights - p + 1)[:, None]).long()    # (B, candidates)
        lefts = (place[:, 1::2] * (widths - p + 1)[:, None]).long()
        if self.candidates > 1:
            best = _most_detailed(lr, starts, widths, tops, lefts, p)
            tops, lefts = tops.gather(1, best), lefts.gather(1, best)
        top, left, turn = tops[:, 0], lefts[:, 0], (chance[:, 0] * 8).long()
        rows = _span(top, heights, p, border, chance[:, 1:3])
        columns = _span(left, widths, p, border, chance[:, 3:5])
        small = _cut(lr, starts, widths, rows, columns, turn)
        rows, columns = _span(top * s, heights * s, p * s), _span(left * s, widths * s, p * s)
        large = _cut(hr, starts * s**2, widths * s, rows, columns, turn)
        pair = self._coloured((small, large), chance[:, 5:])
        return pair[0].permute(0, 3, 1, 2), pair[1].permute(0, 3, 1, 2)

    def _coloured(self, pair: Pair, chance: Tensor) -> Pair:
        """Patches, (B, h, w, 3), with their colours in other orders, and some of one colour."""
        if self.colour_orders:
            number = (chance[:, 0] / self.colour_orders * len(ORDERS)).long()
            orders = ORDERS.to(number.device, non_blocking=True)    # without waiting for the last step
            order = orders[number.where(number < len(ORDERS), 0)][:, None, None]    # (B, 1, 1, 3)
            pair = (pair[0].gather(3, order.expand_as(pair[0])), pair[1].gather(3, order.expand_as(pair[1])))
        if self.flat:
            colour = torch.where(chance[:, 4:] < 0.5, (chance[:, 1:4] * 2).floor(), chance[:, 1:4])    # half: 0 or 1
            colour = (colour * 255).round().to(torch.uint8)[:, None, None]
            is_flat = (chance[:, 0] >= 1 - self.flat)[:, None, None, None]
            pair = (torch.where(is_flat, colour, pair[0]), torch.where(is_flat, colour, pair[1]))
        return pair


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


def _as_pairs(pairs: AnyPairs) -> KnownPairs:
    return pairs if isinstance(pairs, KnownPairs) else ColumnPairs(pairs)


def _span(start: Tensor, length: Tensor, side: int, border: int = 0, chance: Tensor | None = None) -> Tensor:
    """The rows (or columns) of patches with their borders, (B, side + 2 border), within images of that length."""
    low, high = torch.zeros_like(start), length - 1
    if chance is not None:
        low = torch.where(chance[:, 0] < OWN_EDGE, start, low)
        high = torch.where(chance[:, 1] < OWN_EDGE, start + side - 1, high)
    steps = torch.arange(-border, side + border, device=start.device)
    return (start[:, None] + steps).clamp(low[:, None], high[:, None])


def _cut(pixels: Tensor, starts: Tensor, widths: Tensor, rows: Tensor, columns: Tensor, turn: Tensor) -> Tensor:
    """Patches, (B, h, w, 3), flipped and turned in one of eight ways, from all pixels of all images, (N, 3)."""
    rows = torch.where(turn[:, None] % 2 == 0, rows, rows.flip(1))
    columns = torch.where(turn[:, None] // 2 % 2 == 0, columns, columns.flip(1))
    place = starts[:, None, None] + rows[:, :, None] * widths[:, None, None] + columns[:, None, :]
    place = torch.where(turn[:, None, None] < 4, place, place.transpose(1, 2))
    return pixels.index_select(0, place.flatten()).unflatten(0, place.shape)


def _most_detailed(
    lr: Tensor, starts: Tensor, widths: Tensor, tops: Tensor, lefts: Tensor, side: int
) -> Tensor:
    """Which of the places, (B, candidates), differs most from pixel to pixel: its number, (B, 1)."""
    count = tops.shape[1]
    steps = torch.arange(side, device=tops.device)
    rows, columns = tops.flatten()[:, None] + steps, lefts.flatten()[:, None] + steps
    starts, widths = starts.repeat_interleave(count), widths.repeat_interleave(count)
    patches = _cut(lr, starts, widths, rows, columns, torch.zeros_like(starts)).float()
    detail = patches.diff(dim=1).abs().mean((1, 2, 3)) + patches.diff(dim=2).abs().mean((1, 2, 3))
    return detail.view(-1, count).argmax(1, keepdim=True)
