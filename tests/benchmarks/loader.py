"""Patches a second of `TrainDataset` beside super-image's, in one process and one run, on the same 2K images.

    python tests/benchmarks/loader.py                          # mosaics of the sample photos
    python tests/benchmarks/loader.py --photos FOLDER --images 20

The images are mosaics of 2040x1356 pixels, made of photos, with LR by Pillow's bicubic, as PNG files: the kind
and size of DIV2K. super-image opens and decodes two of them for each patch; ours decodes each once, which the
table shows as seconds to build. The peer joins in where it can be imported:

    pip install --no-deps --target peers super-image==0.2.0 h5py opencv-python-headless
    PYTHONPATH=peers python tests/benchmarks/loader.py
"""

import argparse
import importlib.util
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from measuring import machine, table
from peer import stand_in_for_torchvision
from PIL import Image

from drln.data import ColumnPairs, TrainDataset, build_store
from drln.data.batches import Batches, Share
from drln.samples import SAMPLES_FOLDER

WIDTH, HEIGHT, SCALE, PATCH, BATCH = 2040, 1356, 4, 64, 16
SUFFIXES = (".png", ".jpg", ".jpeg")


def mosaics(photos: list[Path], count: int, folder: Path) -> list[dict[str, str]]:
    """Photos beside and beneath one another, turned and shifted so that no two mosaics are alike."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(count):
        canvas = Image.new("RGB", (WIDTH, HEIGHT))
        for top in range(0, HEIGHT, 400):
            for left in range(0, WIDTH, 400):
                with Image.open(photos[rng.integers(len(photos))]) as photo:
                    canvas.paste(photo.convert("RGB").resize((400, 400)).rotate(90 * rng.integers(4)), (left, top))
        row = {name: str(folder / f"{number}-{name}.png") for name in ("lr", "hr")}
        canvas.save(row["hr"])
        canvas.resize((WIDTH // SCALE, HEIGHT // SCALE), Image.Resampling.BICUBIC).save(row["lr"])
        rows.append(row)
    return rows


def peer_dataset(rows: list[dict[str, str]]) -> torch.utils.data.Dataset:
    """super-image's."""
    stand_in_for_torchvision()
    from super_image.data import TrainDataset as PeerDataset

    return PeerDataset(rows, patch_size=PATCH)


def rate(draw: Callable[[int], object], numbers: int, draws: int, runs: int) -> float:
    """Draws a second, of the numbers from 0 on: the median of some runs."""
    rates = []
    for _ in range(runs):
        began = time.perf_counter()
        for index in range(draws):
            draw(index % numbers)
        rates.append(draws / (time.perf_counter() - began))
    return statistics.median(rates)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, default=SAMPLES_FOLDER, help="folder of photos (default: the samples)")
    parser.add_argument("--images", type=int, default=10, help="mosaics to make (default: 10)")
    parser.add_argument("--runs", type=int, default=5, help="of which the median is shown (default: 5)")
    args = parser.parse_args()
    torch.set_num_threads(1)
    photos = sorted(path for path in args.photos.rglob("*") if path.suffix.lower() in SUFFIXES)
    with tempfile.TemporaryDirectory() as folder:
        rows = mosaics(photos, args.images, Path(folder))
        began = time.perf_counter()
        store = build_store(ColumnPairs(rows), folder)
        seconds = time.perf_counter() - began
        batches = Batches(TrainDataset(store, PATCH), 0, Share(BATCH))    # as the Trainer has them
        ours = BATCH * rate(lambda number: batches.batch(number, 0), 1000, 1000 // BATCH, args.runs)
        theirs = None
        if importlib.util.find_spec("super_image") is not None:
            theirs = rate(peer_dataset(rows).__getitem__, len(rows), 20, args.runs)
        print(f"{len(rows)} images of {WIDTH}x{HEIGHT}, LR patches of {PATCH}x{PATCH} at {SCALE}x, one process,")
        print(f"median of {args.runs}; {machine()}\n")
        rates = {"super-image 0.2.0": theirs, "ours": ours} if theirs else {"ours": ours}
        base = next(iter(rates.values()))
        table_rows = [[name, f"{value:.1f}", f"{value / base:.0f}"] for name, value in rates.items()]
        print(table(("loader", "patches a second", "ratio"), table_rows))
        print(f"\nBuilding the store took {seconds:.1f} s, once.")


if __name__ == "__main__":
    main()
