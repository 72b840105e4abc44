"""Decode image pairs once into a store on disk, and cut patches from it without decoding.

Knows arrays and files; no networks, and not where pairs come from.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from huggingface_hub.utils import WeakFileLock
from torch import Tensor
from tqdm.auto import tqdm

from drln.data.archives import DataError, short_hash
from drln.data.sources import data_folder
from drln.images.header import ImageError
from drln.system_errors import cache_sentence
from drln.whole_files import remove_left_folders, whole_folder

LR_FILE, HR_FILE, INDEX_FILE = "lr.raw", "hr.raw", "index.json"


class Pairs(Protocol):
    """Pairs that can be stored, such as `ColumnPairs` and `PhotoPairs`."""

    scale: int

    def __len__(self) -> int: ...

    def pair(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """LR (h, w, 3) and HR (sh, sw, 3) of one pair, uint8."""

    def keys(self) -> list[tuple[str, str]]:
        """For each image a text that identifies it and stays when it is changed, and one that changes then."""


class PairStore:
    """Decoded pairs of LR and HR images in two memory-mapped files.

    It can be sent to other processes, which map the files themselves.

    Args:
        folder: as `build_store` made it.

    Raises:
        OSError: if there is no store.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        index = json.loads((self.folder / INDEX_FILE).read_text())
        self.scale: int = index["scale"]
        self.shapes: list[tuple[int, int]] = [tuple(shape) for shape in index["lr_shapes"]]    # (h, w) of each LR image
        self._starts = np.cumsum([0] + [h * w for h, w in self.shapes])    # in LR pixels
        # Copied when written to, so that torch takes them as they are; the files stay.
        self._lr, self._hr = (
            np.memmap(self.folder / file, dtype=np.uint8, mode="c").reshape(-1, 3) for file in (LR_FILE, HR_FILE)
        )

    def __len__(self) -> int:
        return len(self.shapes)

    def __reduce__(self) -> Any:
        return PairStore, (self.folder,)

    def pair(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """LR (h, w, 3) and HR (sh, sw, 3) of one pair, uint8, as views into the files."""
        h, w = self.shapes[index]
        start, stop, area = self._starts[index], self._starts[index + 1], self.scale**2
        lr = self._lr[start:stop].reshape(h, w, 3)
        hr = self._hr[start * area : stop * area].reshape(h * self.scale, w * self.scale, 3)
        return lr, hr

    @cached_property
    def tensors(self) -> tuple[Tensor, Tensor, Tensor]:
        """All LR pixels (N, 3) and HR pixels (s²N, 3), uint8; and (3, images): an image's first LR pixel, h and w."""
        heights, widths = zip(*self.shapes)
        images = torch.tensor([self._starts[:-1].tolist(), heights, widths])
        return torch.from_numpy(self._lr), torch.from_numpy(self._hr), images

    def smallest_side(self) -> int:
        """The smallest side of all LR images in pixels."""
        return min(map(min, self.shapes))


def build_store(pairs: Pairs, cache_dir: str | Path | None = None) -> PairStore:
    """Decode all images into a store, under a progress bar. If a store of the same, unchanged images exists, open it.

    It takes three bytes of disk for each pixel. One process builds it while others that need it wait. If an image has
    changed, the old store is replaced; a process that has it open keeps the old images.

    Args:
        pairs: `PhotoPairs`, `DegradedPairs` or `ColumnPairs`.
        cache_dir: folder for the store, by default `drln` in HF_HOME.

    Raises:
        DataError: if LR and HR do not match, several images fail, or the disk refuses the store.
        ImageError: if one image cannot be read.
    """
    name, state = (short_hash(json.dumps([pairs.scale, texts]).encode()) for texts in zip(*pairs.keys()))
    folder = data_folder(cache_dir) / "stores" / name
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with WeakFileLock(folder.with_suffix(".lock")):
            if _state_of(folder) != state:
                remove_left_folders(folder)
                with whole_folder(folder, replace=True) as partial:    # the images may have changed
                    shapes = _decode_into(partial, pairs)
                    index = {"scale": pairs.scale, "state": state, "lr_shapes": shapes}
                    (partial / INDEX_FILE).write_text(json.dumps(index))
    except OSError as error:
        what = f"the {len(pairs)} decoded images in {folder.parent}"
        raise DataError(cache_sentence(error, what)) from error
    return PairStore(folder)


def _decode_into(folder: Path, pairs: Pairs) -> list[tuple[int, int]]:
    """Write all LR and all HR images, and return the (h, w) of each LR image. An error names all that fail."""
    shapes, failed = [], []
    with open(folder / LR_FILE, "wb") as lr_file, open(folder / HR_FILE, "wb") as hr_file:
        bar = tqdm(_decoded(pairs), total=len(pairs), desc="Decoding", unit=" images", leave=False, delay=1)
        for decoded in bar:
            if isinstance(decoded, (ImageError, DataError)):
                failed.append(decoded)
            if failed:    # the others are decoded all the same, to find all that fail
                continue
            lr, hr = decoded
            shapes.append(lr.shape[:2])
            lr_file.write(np.ascontiguousarray(lr).data)
            hr_file.write(np.ascontiguousarray(hr).data)
    if failed:
        named = "; ".join(map(str, failed))
        raise failed[0] if len(failed) == 1 else DataError(f"{len(failed)} of {len(pairs)} images fail: {named}")
    return shapes


def _decoded(pairs: Pairs) -> Iterator[tuple[np.ndarray, np.ndarray] | ImageError | DataError]:
    """Yield all pairs, or their errors, in order. Decodes in threads, a few images at a time to save memory."""

    def decode(index: int) -> tuple[np.ndarray, np.ndarray] | ImageError | DataError:
        try:
            return pairs.pair(index)
        except (ImageError, DataError) as error:
            return error

    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(pairs), 2 * workers):
            yield from pool.map(decode, range(start, min(start + 2 * workers, len(pairs))))


def _state_of(folder: Path) -> str | None:
    """The state of the images in a store; None if there is no readable store."""
    try:
        return json.loads((folder / INDEX_FILE).read_text())["state"]
    except (OSError, ValueError, KeyError):
        return None
