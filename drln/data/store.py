"""Image pairs decoded once into a store on disk.

Knows arrays and image files; nothing of networks.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

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
