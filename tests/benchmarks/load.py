"""Many users at once: python tests/benchmarks/load.py [--clients 30] [--minutes 3]

Starts the app and lets that many clients of the real library upscale photos of mixed sizes; some cancel, some drop the
connection. Checks every result against the package's own, and prints what came of it as a Markdown table, with the
app's memory and disk over time. Results are kept for half a minute instead of hours, so that the disk can be seen to
be flat. Ends with status 1 if a result was wrong, a job stuck, or memory or disk grew.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as TooSlow
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import httpx2
import live_app
import numpy as np
import psutil
import torch
from gradio_client import Client, handle_file
from PIL import Image

from drln import DrlnModel, Upscaler

MODEL = "drln-bam-compact"
SIZES = ((24, 20), (48, 40), (96, 72), (160, 120))
SCALES = (2, 3, 4)
CANCELS, DROPS = 0.15, 0.1    # shares of the jobs
KEPT = 30                     # seconds that the app keeps results for this test
STUCK = 600                   # seconds after which a job counts as stuck
GROWTH = 1.15                 # of memory and disk, from the second quarter to the last, that is still called flat
SHORT = f"import demo.backend.results; demo.backend.results.KEPT_SECONDS = {KEPT}\n"


class Load:
    """What the clients do, and what came of it."""

    def __init__(self, address: str, folder: Path, seconds: float) -> None:
        self.address, self.folder = address, folder
        self.until = time.monotonic() + seconds
        self.outcomes: Counter[str] = Counter()
        self.waits: list[float] = []
        self.problems: list[str] = []
        self.expected = self._expected()

    def client(self, number: int) -> None:
        """One user, until the time is over."""
        choose = random.Random(number)
        mine = self.folder / f"client-{number}"
        mine.mkdir()
        client = Client(self.address, verbose=False, download_files=mine)
        while time.monotonic() < self.until:
            size, scale, way = choose.choice(SIZES), choose.choice(SCALES), choose.random()
            try:
                if way < DROPS:
                    self._drop(size, scale, choose.random())
                else:
                    self._upscale(client, size, scale, choose.random() * 2 if way < DROPS + CANCELS else None)
            except Exception as error:
                self.outcomes["failed"] += 1
                self.problems.append(f"{type(error).__name__}: {error}")
            time.sleep(choose.random())

    def _upscale(self, client: Client, size: tuple[int, int], scale: int, cancel_after: float | None) -> None:
        began = time.monotonic()
        job = client.submit(handle_file(str(self.photo(size))), scale, MODEL, api_name="/upscale")
        if cancel_after is not None:
            time.sleep(cancel_after)
            job.cancel()
            self.outcomes["cancelled"] += 1
            return
        try:
            path = Path(job.result(timeout=STUCK))
        except (TooSlow, CancelledError):
            self.outcomes["stuck"] += 1
            return
        same = np.array_equal(np.asarray(Image.open(path)), self.expected[size, scale])
        self.outcomes["right" if same else "wrong"] += 1
        self.waits.append(time.monotonic() - began)
        path.unlink()

    def _drop(self, size: tuple[int, int], scale: int, after: float) -> None:
        """Ask as a browser does, and go without a word."""
        with open(self.photo(size), "rb") as file:
            (path,) = httpx2.post(f"{self.address}gradio_api/upload", files={"files": file}).json()
        photo = {"path": path, "meta": {"_type": "gradio.FileData"}}
        call = f"{self.address}gradio_api/call/upscale"
        event = httpx2.post(call, json={"data": [photo, scale, MODEL, "PNG", 95, False]}).json()["event_id"]
        with httpx2.stream("GET", f"{call}/{event}", timeout=60):
            time.sleep(after)
        self.outcomes["dropped"] += 1

    def photo(self, size: tuple[int, int]) -> Path:
        return self.folder / f"{size[0]}x{size[1]}.png"

    def _expected(self) -> dict[tuple[tuple[int, int], int], np.ndarray]:
        found = {}
        for size in SIZES:
            pixels = np.random.default_rng(size[0]).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
            Image.fromarray(pixels).save(self.photo(size))
        for scale in SCALES:
            upscaler = Upscaler(DrlnModel.from_pretrained(MODEL, scale=scale))
            for size in SIZES:
                found[size, scale] = np.asarray(upscaler.upscale(Image.open(self.photo(size))))
        return found


def measure(pid: int, files: Path, seen: list[tuple[float, float]], over: threading.Event) -> None:
    """Memory of the app and size of its folder, in MB, every second."""
    process = psutil.Process(pid)
    while not over.wait(1):
        sizes = 0
        for folder, _, names in os.walk(files):
            for name in names:
                with suppress(FileNotFoundError):    # it was cleared away meanwhile
                    sizes += os.stat(os.path.join(folder, name)).st_size
        seen.append((process.memory_info().rss / 1e6, sizes / 1e6))


def quarters(values: list[float]) -> tuple[float, float]:
    """The medians of the second and the last quarter."""
    part = max(1, len(values) // 4)
    return statistics.median(values[part : 2 * part] or values), statistics.median(values[-part:])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clients", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=3)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    live_app.WATCHED = SHORT + live_app.WATCHED
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with live_app.running_app(folder, DRLN_QUEUE=str(2 * asked.clients), OMP_NUM_THREADS="1") as app:
            load, over = Load(app.address, folder, 60 * asked.minutes), threading.Event()
            seen: list[tuple[float, float]] = []
            clients = [threading.Thread(target=load.client, args=(n,)) for n in range(asked.clients)]
            watch = threading.Thread(target=measure, args=(app.pid, folder / "files", seen, over))
            load.until = time.monotonic() + 60 * asked.minutes
            for thread in [watch, *clients]:
                thread.start()
            for thread in clients:
                thread.join()
            over.set()
            watch.join()
            load.until = time.monotonic() + 60
            load._upscale(Client(app.address, verbose=False, download_files=folder), SIZES[0], 2, None)    # not stuck
            return report(load, seen, asked.clients, asked.minutes, app.output.read_text())


def report(load: Load, seen: list[tuple[float, float]], clients: int, minutes: float, log: str) -> int:
    memory, disk = (quarters(list(values)) for values in zip(*seen))
    waits = sorted(load.waits)
    flat = memory[1] <= GROWTH * memory[0] and disk[1] <= GROWTH * max(disk[0], 1)
    rows = {
        "clients, minutes": f"{clients}, {minutes:g}",
        **{name: load.outcomes[name] for name in ("right", "wrong", "cancelled", "dropped", "failed", "stuck")},
        "seconds from asking to result: median, longest": f"{statistics.median(waits):.1f}, {waits[-1]:.1f}",
        "memory, MB: second quarter, last": f"{memory[0]:.0f}, {memory[1]:.0f}",
        "disk, MB: second quarter, last": f"{disk[0]:.1f}, {disk[1]:.1f}",
        "tracebacks in the log": log.count("Traceback"),
    }
    print("| load | |\n|---|---|")
    for name, value in rows.items():
        print(f"| {name} | {value} |")
    for problem, count in Counter(load.problems).most_common(5):
        print(f"{count} times: {problem[:300]}", file=sys.stderr)
    bad = load.outcomes["wrong"] + load.outcomes["failed"] + load.outcomes["stuck"] + log.count("Traceback")
    if log.count("Traceback"):
        print(log[-3000:], file=sys.stderr)
    return int(bad > 0 or not flat)


if __name__ == "__main__":
    sys.exit(main())
