"""The published models' augmentation: cut each image into its four corners and its centre, half as wide and high.

Knows image files; no networks and no hubs.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm.auto import tqdm

from drln.data.columns import COLUMNS, name_and_key, pixels_of, size_of
from drln.data.sources import data_folder
from drln.evaluation.protocols import pillow_lr, pillow_resize, scale_between
from drln.images.writing import write_image

MOST_AT_ONCE = 8    # images in memory, some 20 MB each for DIV2K's


def augment_five_crop(
    batch: Mapping[str, Any], scale: int | None = None, cache_dir: str | Path | None = None
) -> dict[str, list[str]]:
    """Make five pairs from each pair, for `dataset.map(augment_five_crop, batched=True)`.

    Pillow's bicubic resizes HR crops to multiples of the scale, and makes LR from them. The crops are written as PNG
    files, and a few images are decoded at a time, so that a batch of any length needs little memory. Crops that exist
    are not made again.

    Args:
        batch: image columns `lr` and `hr` as `map` gives them, or lists of PIL images or paths.
        scale: 2, 3 or 4; by default that of the first pair.
        cache_dir: folder for the crops, by default `drln` in HF_HOME; pass it through `fn_kwargs`.

    Returns:
        The paths of the crops' files: columns `lr` and `hr`, five times as long.

    Raises:
        ImageError: if an image cannot be read, or a crop cannot be written.
        ProtocolError: if the first pair fits no scale.
    """
    rows = _undecoded(batch)
    if scale is None and rows:
        scale = scale_between(*(size_of(rows[0][column]) for column in COLUMNS))
    folder = data_folder(cache_dir) / "made" / f"five_crop_x{scale}"
    for column in COLUMNS:
        (folder / column).mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(min(MOST_AT_ONCE, os.cpu_count() or 1)) as pool:
        made = pool.map(lambda row: _crop_files(row, scale or 0, folder), rows)
        # The bar of `map` moves once in a batch, which is a thousand images.
        crops = list(tqdm(made, total=len(rows), desc="Cutting crops", unit=" images", leave=False, delay=1))
    return {column: [str(file) for files in crops for file in files[column]] for column in COLUMNS}


def _crop_files(row: Mapping[str, Any], scale: int, folder: Path) -> dict[str, list[Path]]:
    """The files of one image's crops; makes them unless they exist."""
    name, key = name_and_key(row["hr"])
    files = {column: [folder / column / f"{Path(name).stem}-{key}-{i}.png" for i in range(5)] for column in COLUMNS}
    if not all(file.is_file() for column in COLUMNS for file in files[column]):
        for number, hr in enumerate(five_crops(pixels_of(row["hr"]))):
            height, width = (side // scale * scale for side in hr.shape[:2])
            hr = pillow_resize(hr, width, height)
            write_image(Image.fromarray(pillow_lr(hr, scale)), files["lr"][number])
            write_image(Image.fromarray(hr), files["hr"][number])
    return files


def five_crops(image: np.ndarray) -> list[np.ndarray]:
    """Top left, top right, bottom left, bottom right and centre of an image (H, W, ...), each (H // 2, W // 2, ...)."""
    height, width = image.shape[:2]
    h, w = height // 2, width // 2
    top, left = round((height - h) / 2), round((width - w) / 2)
    corners = [(0, 0), (0, width - w), (height - h, 0), (height - h, width - w), (top, left)]
    return [image[y : y + h, x : x + w] for y, x in corners]


def _undecoded(batch: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a batch. `map` would decode all images of a column at once, but its table holds their files."""
    if hasattr(batch, "pa_table"):
        return batch.pa_table.select(["lr", "hr"]).to_pylist()
    return [{"lr": lr, "hr": hr} for lr, hr in zip(batch["lr"], batch["hr"])]
