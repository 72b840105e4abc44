"""From `python app.py` to the first result: python tests/benchmarks/startup.py [--runs 3]

Each run starts the app again, waits until its page answers, and asks it twice for the same photo through the real
client: the first time no model is in memory. After each request, while the app is idle, a process that has loaded the
model runs the network alone on the same pixels: cold, then warm. What a request takes beyond that is reading, loading,
writing, and the way between client and app. Prints medians as Markdown tables, of starts to a tenth of a second, and
ends with status 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import httpx2
import live_app
import measuring
from gradio_client import Client, handle_file
from PIL import Image

from drln import DrlnModel, Photo, Upscaler
from drln.samples import list_samples

MODEL, SCALE = "drln-bam-compact", 4
START_GOAL, OVERHEAD_GOAL = 6.0, 0.1    # seconds; share of the network's seconds
# An audit hook, as the tests have it, would be part of what is measured.
UNWATCHED = "import runpy, sys; del sys.argv[1]; runpy.run_path('app.py', run_name='__main__')"


def measure(photo: Path, folder: Path) -> dict[str, float]:
    """Seconds of imports and start, and of requests and the network alone, by turns."""
    command = [sys.executable, "-c", "import demo.interface"]
    seconds = {"imports": measuring.seconds_of(lambda: subprocess.run(command, cwd=live_app.ROOT, check=True))}
    began = time.perf_counter()
    with live_app.running_app(folder) as app:
        httpx2.get(app.address).raise_for_status()
        seconds["start"] = time.perf_counter() - began
        # Without certificates, which a client loads for each request, and plain HTTP does not need.
        client = Client(app.address, ssl_verify=False, verbose=False, download_files=folder)
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:    # starts when it is first used
            for state in ("first", "warm"):
                seconds[f"{state} request"] = request_seconds(client, photo)
                seconds[f"{state} network"] = alone.submit(network_seconds, photo).result()
    return seconds


def request_seconds(client: Client, photo: Path) -> float:
    """From sending the photo to having the file of the result."""
    began = time.perf_counter()
    result = client.predict(handle_file(str(photo)), SCALE, MODEL, api_name="/upscale")
    seconds = time.perf_counter() - began
    with Image.open(photo) as small, Image.open(result) as large:
        assert large.size == (SCALE * small.width, SCALE * small.height)
    return seconds


@cache
def loaded() -> Upscaler:
    """With the model, once a process."""
    return Upscaler(DrlnModel.from_pretrained(MODEL, scale=SCALE))


def network_seconds(photo: Path) -> float:
    """Of a photo's pixels through the network, with nothing loaded, read or written meanwhile."""
    upscaler, rgb = loaded(), Photo.open(photo).rgb
    return measuring.seconds_of(lambda: list(upscaler.stream_tensor(rgb)))


def report(runs: list[dict[str, float]], side: int) -> int:
    """Print what was measured; returns the status to end with."""
    seconds = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    print(f"{measuring.machine()}; median of {len(runs)}\n")
    starts = {"until the page answers": "start", "imports alone, in a process of their own": "imports"}
    print(measuring.table(["start", "seconds"], [[row, f"{seconds[name]:.1f}"] for row, name in starts.items()]))
    print(f"\nGoal: the page in under {START_GOAL:g} s. {MODEL}, {SCALE}x, {side}x{side}:\n")
    rows, overheads = [], []
    for state in ("first", "warm"):
        request, network = seconds[f"{state} request"], seconds[f"{state} network"]
        overheads.append((request - network) / network)
        rows.append([state, f"{request:.2f}", f"{network:.2f}", f"{overheads[-1]:.1%}"])
    print(measuring.table(["request", "seconds", "network alone, seconds", "overhead"], rows))
    print(f"\nGoal: overhead under {OVERHEAD_GOAL:.0%}.")
    return int(seconds["start"] >= START_GOAL or max(overheads) >= OVERHEAD_GOAL)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=3, help="medians of these are printed")
    parser.add_argument("--side", type=int, default=512, help="of the square photo, in pixels")
    asked = parser.parse_args()
    live_app.WATCHED = UNWATCHED
    with tempfile.TemporaryDirectory() as name:
        photo, runs = Path(name) / "photo.png", []
        with Image.open(list_samples()[0]) as sample:
            sample.resize((asked.side, asked.side), Image.Resampling.BICUBIC).save(photo)
        for number in range(asked.runs):
            folder = Path(name) / str(number)
            folder.mkdir()
            runs.append(measure(photo, folder))
    return report(runs, asked.side)


if __name__ == "__main__":
    sys.exit(main())
