"""The batches of a training run, in their order: a data set again and again, shuffled in each epoch.

Knows data sets and tensors; no networks.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from drln.data.patches import Pair


class Share(NamedTuple):
    """What one of several processes takes of each step: its batches, one after another."""

    batch: int           # patches in a batch
    process: int = 0     # its number
    processes: int = 1
    batches: int = 1     # of each process in a step

    @property
    def step(self) -> int:
        """The number of patches in a step, of all processes."""
        return self.batch * self.processes * self.batches


class Batches:
    """One process's batches of a training run.

    A patch of a `TrainDataset` depends on the seed, the step and its number in the step alone. It is the same for any
    number of processes, and after an interruption. Another data set of pairs gives its own items.

    Args:
        dataset: a `TrainDataset`, or another one of pairs.
        seed: of the order and the patches.
        share: what this process takes of a step.
        first: number of the first step.
        last: number of the step after the last; None for no end.
        border: see `TrainDataset.batch`.
        data_device: where the data set's pixels are.
        device: where to put the batches.
        threads: so many batches are cut ahead, each in a thread; with 0 a batch is cut when it is asked for.
        pin: move batches through memory that a GPU reads faster.
    """

    def __init__(
        self,
        dataset: Any,
        seed: int,
        share: Share,
        *,
        first: int = 0,
        last: int | None = None,
        border: int = 0,
        data_device: torch.device | str = "cpu",
        device: torch.device | str = "cpu",
        threads: int = 0,
        pin: bool = False,
    ) -> None:
        self.dataset, self.seed, self.share, self.border = dataset, seed, share, border
        self.first, self.last, self.threads, self.pin = first, last, threads, pin
        self.data_device, self.device = torch.device(data_device), torch.device(device)

    def __iter__(self) -> Iterator[Pair]:
        steps = itertools.count(self.first) if self.last is None else range(self.first, self.last)
        numbers = ((step, part) for step in steps for part in range(self.share.batches))
        if not self.threads:
            yield from itertools.starmap(self.batch, numbers)
            return
        pool, ahead = ThreadPoolExecutor(self.threads), deque[Any]()
        try:
            for number in numbers:
                ahead.append(pool.submit(self.batch, *number))
                if len(ahead) > self.threads:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)

    def batch(self, step: int, part: int) -> Pair:
        """Batch number `part` of a step: LR (B, 3, p, p), with a border if there is one, and HR (B, 3, sp, sp)."""
        share = self.share
        start = (part * share.processes + share.process) * share.batch
        mine = slice(start, start + share.batch)    # of the patches of the step
        items = _items(self.seed, step * share.step + np.arange(share.step)[mine], len(self.dataset))
        if not hasattr(self.dataset, "batch"):
            pairs = [self.dataset[int(item)] for item in items]
            lr, hr = (torch.stack([torch.as_tensor(image) for image in images]) for images in zip(*pairs))
            return self._moved(lr), self._moved(hr)
        chance = np.random.default_rng((self.seed, 1, step)).random((share.step, self.dataset.chances))[mine]
        given = (torch.from_numpy(array).to(self.data_device, non_blocking=True) for array in (items, chance))
        lr, hr = self.dataset.batch(*given, self.border)
        return self._moved(lr), self._moved(hr)

    def _moved(self, patches: Tensor) -> Tensor:
        if self.pin and not patches.is_cuda:
            patches = patches.pin_memory()
        return patches.to(self.device, non_blocking=True)


def _items(seed: int, numbers: np.ndarray, count: int) -> np.ndarray:
    """The images of the patches of these numbers, counted through all epochs of a data set of `count` images."""
    epochs, places = np.divmod(numbers, count)
    return np.array([_order(seed, epoch, count)[place] for epoch, place in zip(epochs.tolist(), places.tolist())])


@lru_cache(maxsize=4)
def _order(seed: int, epoch: int, count: int) -> np.ndarray:
    """The order of the images in an epoch."""
    return np.random.default_rng((seed, 0, epoch)).permutation(count)
