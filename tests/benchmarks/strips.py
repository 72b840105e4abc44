"""Strips against the plain pass: seconds and memory, side by side, each in a process of its own.

    python tests/benchmarks/strips.py                       # the 34 M network, 4x, 384x384
    python tests/benchmarks/strips.py --side 256 --runs 3
    python tests/benchmarks/strips.py --compact --side 1024

Weights are random: neither seconds nor bytes depend on them. Memory is the growth of the process
(resident set, sampled every 5 ms) over the idle one with the model loaded and warmed up.

The library of the published models joins in where it can be imported. It needs these packages, and
none that they ask for:

    pip install --no-deps --target peers super-image==0.2.0 h5py opencv-python-headless
    PYTHONPATH=peers python tests/benchmarks/strips.py
"""

import argparse
import importlib.util
import json
import platform
import statistics
import subprocess
import sys
import threading
import time

import psutil
import torch
from peer import stand_in_for_torchvision

from drln import DrlnConfig, DrlnModel
from drln.device import PRECISIONS
from drln.strips import upscale_in_strips

WAYS = ("super-image", "plain", "strips")
PEER = importlib.util.find_spec("super_image") is not None


def build(compact: bool, precision: str) -> DrlnModel:
    config = DrlnConfig(4, bam=True, channels=24, groups=(3, 3)) if compact else DrlnConfig(4, bam=True)
    torch.manual_seed(0)
    model = DrlnModel(config).eval().requires_grad_(False)
    return model.to(memory_format=torch.channels_last).set_trunk_dtype(PRECISIONS[precision])


def build_peer(precision: str) -> torch.nn.Module:
    """super-image's model."""
    stand_in_for_torchvision()
    from super_image import DrlnConfig as PeerConfig
    from super_image import DrlnModel as PeerModel

    return PeerModel(PeerConfig(scale=4, bam=True)).eval().requires_grad_(False).to(PRECISIONS[precision])


def measure(way: str, precision: str, side: int, compact: bool) -> dict[str, float]:
    """Seconds and peak bytes of one run in this process."""
    image = torch.rand(1, 3, side, side)
    if way == "super-image":
        model, run = build_peer(precision), torch.nn.Module.__call__
        image = image.to(PRECISIONS[precision])
    else:
        model, run = build(compact, precision), upscale_in_strips if way == "strips" else DrlnModel.forward_whole
    run(model, image[:, :, :32, :32])
    process, done = psutil.Process(), threading.Event()
    idle = peak = process.memory_info().rss

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.005):
            peak = max(peak, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.perf_counter()
    run(model, image)
    seconds = time.perf_counter() - began
    done.set()
    watcher.join()
    return {"seconds": seconds, "bytes": peak - idle}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=384, help="of the square LR image, in pixels")
    parser.add_argument("--compact", action="store_true", help="24 channels, groups (3, 3) instead of the 34 M network")
    parser.add_argument("--runs", type=int, default=1, help="of each way; medians are printed")
    parser.add_argument("--precision", nargs="+", default=list(PRECISIONS), choices=list(PRECISIONS))
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(measure(*args.one, args.side, args.compact)))
        return
    size = "compact" if args.compact else "34 M"
    print(f"{size} network, 4x, {args.side}x{args.side} LR, median of {args.runs}; torch {torch.__version__}, ", end="")
    print(f"{torch.get_num_threads()} threads, {platform.machine()}\n")
    print("| precision | way | seconds | memory, MB | KB an LR pixel |\n|---|---|---|---|---|")
    command = [sys.executable, __file__, "--side", str(args.side), *(["--compact"] if args.compact else [])]
    ways = [way for way in WAYS if way != "super-image" or (PEER and not args.compact)]
    for precision in args.precision:
        for way in ways:
            runs = []
            for _ in range(args.runs):
                done = subprocess.run([*command, "--one", way, precision], stdout=subprocess.PIPE, check=True)
                runs.append(json.loads(done.stdout))
            seconds, memory = (statistics.median(run[key] for run in runs) for key in ("seconds", "bytes"))
            row = f"| {precision} | {way} | {seconds:.1f} | {memory / 1e6:.0f} | {memory / 1e3 / args.side**2:.2f} |"
            print(row, flush=True)


if __name__ == "__main__":
    main()
