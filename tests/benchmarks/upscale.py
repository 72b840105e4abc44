"""Seconds and memory of an upscale: super-image, our plain pass and our strips, side by side.

    python tests/benchmarks/upscale.py                                     # the 34 M network, 4x, 384x384
    python tests/benchmarks/upscale.py --compact --size 1024x1024 --runs 3
    python tests/benchmarks/upscale.py --size 4000x3000 --ways strips --precision bfloat16
    python tests/benchmarks/upscale.py --device cuda --size 480x320 1920x1080 --runs 9

Each run has a process of its own; rounds go through all ways, so that a slower hour of the machine hits all of
them. The limit is the rate of a convolution of the same dtype, measured in each round too: a way that reaches 100 %
computes the network's multiplications as fast as that convolution computes its own. On CUDA super-image and the
plain pass in float32 run once with TF32 and once without.

super-image joins in where it can be imported. It needs these packages, and none that they ask for:

    pip install --no-deps --target peers super-image==0.2.0 h5py opencv-python-headless
    PYTHONPATH=peers python tests/benchmarks/upscale.py
"""

import argparse
import json
import statistics
import subprocess
import sys
from dataclasses import asdict

import torch
from measuring import Cost, convolution_rate, cost_of, machine, table
from networks import COMPACT, HAS_PEER, PUBLISHED, ours, peer
from torch import nn

from drln import DrlnModel
from drln.network.cost import network_cost
from drln.network.strips import upscale_in_strips
from drln.upscaling.device import PRECISIONS, keep_freed_memory

NAMES = {
    "super-image": "super-image 0.2.0, whole image",
    "plain": "ours, whole image (`forward_whole`)",
    "strips": "ours, in strips",
    "limit": "a 3x3 convolution",
}
HEADER = ("LR", "precision", "way", "seconds", "ratio", "memory, MB", "ratio", "KB an LR pixel", "of the limit")


def measure(way: str, precision: str, size: str, compact: bool, device: str, warm: int) -> Cost:
    """One run, after a small one, or after `warm` whole ones."""
    tf32 = precision == "TF32"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
    dtype = "float32" if tf32 else precision
    if way == "limit":
        return Cost(1 / convolution_rate(PRECISIONS[dtype], device), 0)
    width, height = map(int, size.split("x"))
    image = torch.rand(1, 3, height, width, device=device)
    if way == "super-image":
        model, run = peer(dtype, device), nn.Module.__call__
        image = image.to(PRECISIONS[dtype])
    else:
        model = ours(COMPACT if compact else PUBLISHED, dtype, device)
        run = upscale_in_strips if way == "strips" else DrlnModel.forward_whole
        if way == "strips":
            keep_freed_memory()    # as app and command line do
    with torch.no_grad():
        for warming in [image] * warm or [image[:, :, :32, :32]]:
            run(model, warming)
        return cost_of(lambda: run(model, image), device)


def in_own_process(way: str, precision: str, size: str, args: argparse.Namespace) -> Cost:
    """As `measure`."""
    what = ["--one", way, precision, "--size", size, "--device", args.device, "--warm", str(args.warm)]
    command = [sys.executable, __file__, *what, *(["--compact"] if args.compact else [])]
    return Cost(**json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout))


def cells(args: argparse.Namespace) -> list[tuple[str, str]]:
    """Ways and precisions that are run; the first is what the ratios are of."""
    precisions = list(args.precision)
    if args.device.startswith("cuda") and "float32" in precisions:
        precisions.insert(precisions.index("float32") + 1, "TF32")
    ways = [way for way in args.ways if way != "super-image" or (HAS_PEER and not args.compact)]
    return [(way, precision) for precision in precisions for way in ways]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", nargs="+", default=["384x384"], help="of the LR image, width x height")
    parser.add_argument("--compact", action="store_true", help="the compact network instead of that of 34 M")
    parser.add_argument("--runs", type=int, default=1, help="of each way; medians are printed")
    parser.add_argument("--precision", nargs="+", default=list(PRECISIONS), choices=list(PRECISIONS))
    parser.add_argument("--ways", nargs="+", default=["super-image", "plain", "strips"], choices=list(NAMES)[:3])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--warm", type=int, default=0, help="whole runs before the one that is measured")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(asdict(measure(*args.one, args.size[0], args.compact, args.device, args.warm))))
        return
    model = DrlnModel(COMPACT if args.compact else PUBLISHED)
    print(f"{'Compact' if args.compact else '34 M'} network, 4x, {args.device}, median of {args.runs};")
    print(f"{machine(args.device)}\n")
    rows = []
    for size in args.size:
        limits = [("limit", precision) for precision in dict.fromkeys(precision for _, precision in cells(args))]
        costs: dict[tuple[str, str], list[Cost]] = {cell: [] for cell in [*limits, *cells(args)]}
        for _ in range(args.runs):
            for cell in costs:
                costs[cell].append(in_own_process(*cell, size, args))
        middle = {
            cell: Cost(statistics.median(c.seconds for c in runs), int(statistics.median(c.memory for c in runs)))
            for cell, runs in costs.items()
        }
        first = middle[cells(args)[0]]
        width, height = map(int, size.split("x"))
        operations = 2 * network_cost(model) * width * height
        for way, precision in cells(args):
            cost, limit = middle[way, precision], 1 / middle["limit", precision].seconds
            row = [size, precision, NAMES[way], f"{cost.seconds:.2f}", f"{first.seconds / cost.seconds:.2f}"]
            row += [f"{cost.memory / 1e6:.0f}", f"{first.memory / max(1, cost.memory):.1f}"]
            rows.append([*row, f"{cost.memory / 1e3 / width / height:.2f}", f"{operations / cost.seconds / limit:.0%}"])
        for way, precision in limits:
            print(f"The limit in {precision}: {1e-9 / middle[way, precision].seconds:.0f} GFLOP/s at {size}.")
    print(f"\n{table(HEADER, rows)}")


if __name__ == "__main__":
    main()
