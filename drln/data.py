"""Image pairs for training and evaluation: decoded once into a store on disk, patches cut from there.

Knows arrays and image files; nothing of networks.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset

from drln.resize import imresize


class PairStore:
    """Pairs of LR and HR images, decoded, in two memory-mapped uint8 files.

    Args:
        folder: as `build_store` made it.
    """

    def __init__(self, folder: str | Path) -> None:
        folder = Path(folder)
        index = json.loads((folder / "index.json").read_text())
        self.scale: int = index["scale"]
        self.shapes: list[tuple[int, int]] = [tuple(shape) for shape in index["lr_shapes"]]    # (h, w) of each LR image
        pixels = np.cumsum([0] + [h * w for h, w in self.shapes])
        self._starts = 3 * pixels
        self._lr = np.memmap(folder / "lr.raw", dtype=np.uint8, mode="r")
        self._hr = np.memmap(folder / "hr.raw", dtype=np.uint8, mode="r")

    def __len__(self) -> int:
        return len(self.shapes)

    def pair(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """LR (h, w, 3) and HR (sh, sw, 3) of one image, uint8 views into the files."""
        h, w = self.shapes[index]
        start, stop, area = self._starts[index], self._starts[index + 1], self.scale**2
        lr = self._lr[start:stop].reshape(h, w, 3)
        hr = self._hr[start * area : stop * area].reshape(h * self.scale, w * self.scale, 3)
        return lr, hr


def build_store(paths: Iterable[str | Path], scale: int, folder: str | Path) -> PairStore:
    """Decode photos, crop them to a multiple of `scale`, make their LR images by MATLAB's bicubic, and store both.

    A store that is already there is opened as it is. A new one appears under its name only when
    it is whole.
    """
    folder = Path(folder)
    if not (folder / "index.json").is_file():
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=folder.name, dir=folder.parent))
        try:
            _write_store(paths, scale, partial)
            os.replace(partial, folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return PairStore(folder)


def _write_store(paths: Iterable[str | Path], scale: int, folder: Path) -> None:
    shapes = []
    with open(folder / "lr.raw", "wb") as lr_file, open(folder / "hr.raw", "wb") as hr_file:
        for path in paths:
            with Image.open(path) as image:
                hr = np.asarray(image.convert("RGB"))
            h, w = hr.shape[0] // scale, hr.shape[1] // scale
            hr = np.ascontiguousarray(hr[: h * scale, : w * scale])
            shapes.append((h, w))
            lr_file.write(imresize(hr, scale=1 / scale).tobytes())
            hr_file.write(hr.tobytes())
    if not shapes:
        raise ValueError("there is no image to store")
    (folder / "index.json").write_text(json.dumps({"scale": scale, "lr_shapes": shapes}))


class TrainDataset(Dataset[dict[str, Any]]):
    """Random aligned patches, flipped and turned; one from each image and epoch.

    Args:
        store: the image pairs.
        patch_size: side of the LR patch in pixels; the HR patch is `scale` times larger.
    """

    def __init__(self, store: PairStore, patch_size: int = 64) -> None:
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
    """Whole image pairs: `lr` (3, h, w) and `hr` (3, sh, sw), uint8."""

    def __init__(self, store: PairStore) -> None:
        self.store, self.scale = store, store.scale

    def __len__(self) -> int:
        return len(self.store)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        lr, hr = self.store.pair(index)
        return {
            "lr": torch.from_numpy(lr.transpose(2, 0, 1).copy()),
            "hr": torch.from_numpy(hr.transpose(2, 0, 1).copy()),
        }
