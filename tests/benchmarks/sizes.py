"""Seconds and memory against the size of the image, as a plot of straight lines in log scale.

    python tests/benchmarks/sizes.py --output demo/images/cost.webp
    python tests/benchmarks/sizes.py --largest 512

The precision is what `auto` picks on a CPU with bfloat16. super-image, in float32, joins in where it can be imported
(see upscale.py), up to the size whose memory is at hand. Each point has a process of its own.
"""

import argparse
import math
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import psutil
from measuring import Cost, machine, table
from networks import HAS_PEER
from upscale import in_own_process

from drln.plots.figures import use_style
from drln.upscaling.device import pick_device, pick_precision

SIZES = ["64x64", "128x128", "256x256", "512x512", "1024x1024", "2048x1536", "4096x3072"]
PEER_BYTES = 40e3    # an LR pixel, that super-image takes; see upscale.py
LINES = {"34 M": ("strips", False), "compact": ("strips", True), "super-image, 34 M, float32": ("super-image", False)}


def pixels(size: str) -> int:
    return math.prod(map(int, size.split("x")))


def sizes_of(line: str, largest: int) -> list[str]:
    """Those that are measured."""
    sizes = [size for size in SIZES if max(map(int, size.split("x"))) <= largest]
    if line == "34 M":
        return [size for size in sizes if size != SIZES[-1]]    # more than half an hour
    if line == "compact":
        return sizes
    return [size for size in sizes if HAS_PEER and pixels(size) * PEER_BYTES < 0.8 * psutil.virtual_memory().available]


def plot(costs: dict[str, dict[str, Cost]], precision: str, output: Path) -> None:
    """Two panels over the pixels of the LR image."""
    use_style()
    mpl.rcParams["savefig.dpi"] = 150
    figure, (time_axis, memory_axis) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for line, points in costs.items():
        name = line if "float32" in line else f"{line}, {precision}"
        x = [pixels(size) for size in points]
        time_axis.loglog(x, [cost.seconds for cost in points.values()], "o-", label=name)
        shown = [(n, cost.memory / 1e9) for n, cost in zip(x, points.values()) if n >= 256**2]
        memory_axis.loglog(*zip(*shown), "o-", label=name)    # below, it is lost in what a process has at hand
    time_axis.set_title("Seconds, 4x")
    memory_axis.set_title("Memory, GB, result included")
    for axis in (time_axis, memory_axis):
        axis.set_xlabel("pixels of the image that is upscaled")
        axis.grid(alpha=0.3)
    time_axis.legend()
    figure.savefig(output)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--largest", type=int, default=4096, help="longer side of the largest image (default: 4096)")
    parser.add_argument("--output", type=Path, help="of the plot; by its ending it is png, webp, svg or pdf")
    args = parser.parse_args()
    precision, costs, rows = pick_precision(pick_device("cpu")), {}, []
    for line, (way, compact) in LINES.items():
        run = argparse.Namespace(device="cpu", warm=0, compact=compact)
        dtype = "float32" if way == "super-image" else precision
        points = {size: in_own_process(way, dtype, size, run) for size in sizes_of(line, args.largest)}
        for size, cost in points.items():
            per_pixel = [f"{1e6 * cost.seconds / pixels(size):.1f}", f"{cost.memory / 1e3 / pixels(size):.2f}"]
            rows.append([line, dtype, size, f"{cost.seconds:.2f}", f"{cost.memory / 1e6:.0f}", *per_pixel])
        if points:
            costs[line] = points
    print(f"4x, one run each; {machine()}\n")
    print(table(("network", "precision", "LR", "seconds", "memory, MB", "µs a pixel", "KB a pixel"), rows))
    if args.output:
        plot(costs, precision, args.output)


if __name__ == "__main__":
    main()
