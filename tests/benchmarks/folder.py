"""Photos a second of a whole folder, beside the network alone on the same photos, and what a million would cost.

    python tests/benchmarks/folder.py
    python tests/benchmarks/folder.py --device cuda --model eugenesiow/drln-bam --count 200

The photos are pieces of a mosaic of the samples, as PNG files; so are the results. "One by one" reads, upscales and
writes in turn, in a simple loop; the pipeline is that of `python -m drln upscale FOLDER`. All ways run once a round.
"""

import argparse
import shutil
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

from measuring import machine, seconds_of, table
from tiles import mosaic

from drln import DrlnModel, Photo, Result, Upscaler, write_image
from drln.upscaling.device import keep_freed_memory
from drln.upscaling.folder import find_jobs, upscale_jobs
from drln.upscaling.record import Record

MILLION = 1_000_000


def network(upscaler: Upscaler, photos: list[Path]) -> Callable[[], None]:
    """No file is read or written while it runs."""
    tensors = [Photo.open(path).rgb for path in photos]

    def run() -> None:
        for rgb in tensors:
            for _ in upscaler.stream_tensor(rgb):
                pass

    return run


def one_by_one(upscaler: Upscaler, photos: list[Path], output: Path) -> None:
    for path in photos:
        for step in upscaler.stream(Photo.open(path)):
            if isinstance(step, Result):
                write_image(step.picture, output / path.name)


def pipeline(upscaler: Upscaler, folder: Path, output: Path) -> None:
    photos = dict.fromkeys(sorted(folder.iterdir()), upscaler.scale)
    jobs = find_jobs(photos, folder, output, ".png", options={upscaler.scale: ""})
    for _ in upscale_jobs({upscaler.scale: upscaler}, jobs, Record(output)):
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="drln-bam-compact", help="name, folder or file (default: drln-bam-compact)")
    parser.add_argument("--count", type=int, default=12, help="photos (default: 12)")
    parser.add_argument("--size", default="256x192", help="of a photo, width x height (default: 256x192)")
    parser.add_argument("--runs", type=int, default=3, help="of each way; medians are printed (default: 3)")
    parser.add_argument("--device", default="auto")
    args = parser.parse_args()
    keep_freed_memory()    # as app and command line do
    width, height = map(int, args.size.split("x"))
    upscaler = Upscaler(DrlnModel.from_pretrained(args.model, 4), args.device)
    with tempfile.TemporaryDirectory() as name:
        folder, output = Path(name, "photos"), Path(name, "results")
        folder.mkdir(), output.mkdir()
        canvas = mosaic(4 * width, -(-args.count // 4) * height)
        for number in range(args.count):
            left, top = number % 4 * width, number // 4 * height
            canvas.crop((left, top, left + width, top + height)).save(folder / f"{number:03}.png")
        photos = sorted(folder.iterdir())
        ways = {
            "the network alone": network(upscaler, photos),
            "one by one": lambda: one_by_one(upscaler, photos, output),
            "pipeline": lambda: pipeline(upscaler, folder, output / "pipeline"),
        }
        seconds: dict[str, list[float]] = {way: [] for way in ways}
        ways["the network alone"]()    # warms up
        for _ in range(args.runs):
            for way, run in ways.items():
                seconds[way].append(seconds_of(run))
                shutil.rmtree(output), output.mkdir()
    print(f"{args.model}, 4x, {args.count} photos of {args.size}, {upscaler.precision}, median of {args.runs};")
    print(f"{machine(str(upscaler.device))}\n")
    least, rows = statistics.median(seconds["the network alone"]), []
    for way, runs in seconds.items():
        took = statistics.median(runs)
        days = MILLION * took / args.count / 86400
        rows.append([way, f"{args.count / took:.2f}", f"{least / took:.0%}", f"{days:.1f}"])
    print(table(("way", "photos a second", "of the network's rate", "days for a million, one device"), rows))


if __name__ == "__main__":
    main()
