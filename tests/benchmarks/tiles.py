"""Exact strips against overlapping tiles: seconds, and how far each is from the plain pass of the whole image.

    python tests/benchmarks/tiles.py                      # the trained compact model on a mosaic of the samples
    python tests/benchmarks/tiles.py --network 34M --size 480x480

Tiles are the usual ones: 256 pixels with 32 of overlap, each upscaled by itself in a plain pass, cut in the middle
of the overlap. The default sizes are such that tiles fit without a rest. The 34 M network has random weights: its
seconds hold for the trained one, its differences do not.
"""

import argparse
import statistics
import time

import torch
from measuring import machine, table
from networks import PUBLISHED, ours
from PIL import Image
from torch import Tensor

from drln import DrlnModel, ImageLoader
from drln.network.strips import upscale_in_strips
from drln.samples import SAMPLES_FOLDER
from drln.upscaling.device import PRECISIONS, keep_freed_memory

TILE, OVERLAP = 256, 32


def upscale_in_tiles(model: DrlnModel, image: Tensor) -> Tensor:
    """(1, 3, H, W) to (1, 3, sH, sW)."""
    s, (height, width) = model.config.scale, image.shape[2:]
    output = torch.empty(1, 3, s * height, s * width)
    for top, y1, y2 in edges(height):
        for left, x1, x2 in edges(width):
            sr = model.forward_whole(image[:, :, top : top + TILE, left : left + TILE])
            output[:, :, s * y1 : s * y2, s * x1 : s * x2] = sr[
                :, :, s * (y1 - top) : s * (y2 - top), s * (x1 - left) : s * (x2 - left)
            ]
    return output


def edges(side: int) -> list[tuple[int, int, int]]:
    """Where each tile starts, and from where to where its result is taken."""
    last = max(0, side - TILE)
    starts = [*range(0, last, TILE - OVERLAP), last]
    cuts = [0, *((a + TILE + b) // 2 for a, b in zip(starts, starts[1:])), side]
    return list(zip(starts, cuts, cuts[1:]))


def mosaic(width: int, height: int) -> Image.Image:
    """The sample photos beside and beneath one another."""
    canvas = Image.new("RGB", (width, height))
    photos = sorted(path for path in SAMPLES_FOLDER.iterdir() if path.suffix in (".png", ".jpg", ".webp"))
    left = top = number = 0
    while top < height:
        with Image.open(photos[number % len(photos)]) as photo:
            canvas.paste(photo.convert("RGB").resize((320, 240)), (left, top))
        left, top = (left + 320, top) if left + 320 < width else (0, top + 240)
        number += 1
    return canvas


def psnr(a: Tensor, b: Tensor) -> str:
    """Of RGB values in [0, 1], in dB."""
    error = (a - b).square().mean().item()
    return f"{-10 * torch.tensor(error).log10().item():.1f}" if error else "equal"


def compare(model: DrlnModel, image: Tensor, runs: int) -> tuple[dict[str, float], dict[str, Tensor]]:
    """Median seconds and the result of each way."""
    ways = {"whole": DrlnModel.forward_whole, "tiles": upscale_in_tiles, "strips": upscale_in_strips}
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    results = {}
    for run in ways.values():
        run(model, image[:, :, :64, :64])
    for _ in range(runs):
        for way, run in ways.items():
            began = time.perf_counter()
            results[way] = run(model, image)
            seconds[way].append(time.perf_counter() - began)
    return {way: statistics.median(values) for way, values in seconds.items()}, results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=("compact", "34M"), default="compact")
    parser.add_argument("--size", default="928x704", help="of the LR image, width x height")
    parser.add_argument("--runs", type=int, default=1, help="of each way; medians are printed")
    parser.add_argument("--precision", nargs="+", default=list(PRECISIONS), choices=list(PRECISIONS))
    args = parser.parse_args()
    keep_freed_memory()    # as app and command line do
    width, height = map(int, args.size.split("x"))
    image, rows = ImageLoader.load_image(mosaic(width, height)), []
    for precision in args.precision:
        if args.network == "34M":
            model = ours(PUBLISHED, precision)
        else:
            model = DrlnModel.from_pretrained("drln-bam-compact", 4).requires_grad_(False)
            model = model.to(memory_format=torch.channels_last).set_trunk_dtype(PRECISIONS[precision])
        seconds, results = compare(model, image, args.runs)
        for way in ("tiles", "strips"):
            worst = 255 * (results[way] - results["whole"]).abs().max().item()
            row = [precision, way, f"{seconds[way]:.2f}", f"{seconds['tiles'] / seconds[way]:.2f}", f"{worst:.5f}"]
            rows.append([*row, psnr(results[way], results["whole"])])
    print(f"{args.network} network, 4x, {args.size}, median of {args.runs};\n{machine()}\n")
    print(table(("precision", "way", "seconds", "ratio", "largest difference, of 255", "PSNR to the whole, dB"), rows))


if __name__ == "__main__":
    main()
