"""The `evaluate` command: models, sets, scales and protocols in, tables of scores out."""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from drln.cli.arguments import a_name, a_path, add_download_options, download_options
from drln.cli.progress_bar import progress_bar, show
from drln.data import DataError, ImageSet, find_set
from drln.data.sets import DIV2K, HUB_SETS, SAMPLES
from drln.evaluation.protocols import CARD, PROTOCOLS, STANDARD
from drln.evaluation.scores import ImageFailure, ImageScore, Scores
from drln.evaluation.scoring import BICUBIC, stream_scores
from drln.evaluation.tables import csv_report, markdown_report
from drln.model import DrlnModel
from drln.network.config import SCALES
from drln.progress import Progress
from drln.upscaling.device import PRECISIONS, pick_precision
from drln.upscaling.processes import Processes
from drln.upscaling.upscaler import Upscaler
from drln.weights.download import HubError
from drln.weights.sources import BUNDLED, BUNDLED_PHOTO
from drln.whole_files import refusal, write_bytes_whole


@dataclass(frozen=True)
class Task:
    """One cell of a table."""

    dataset: str
    scale: int
    protocol: str
    model: str

    def config(self) -> str | None:
        """The set's configuration; the standard protocol needs HR alone."""
        return f"bicubic_x{self.scale}" if self.protocol == CARD else None


def add_evaluate(commands: argparse._SubParsersAction) -> None:
    """The command and its options."""
    command = commands.add_parser("evaluate", help="measure models on sets of images: PSNR and SSIM")
    command.set_defaults(run=evaluate)
    add = command.add_argument
    add(
        "--model",
        nargs="+",
        type=a_name,
        default=[BICUBIC, BUNDLED],
        help=f"one or more of: {BICUBIC}, {BUNDLED}, {BUNDLED_PHOTO}, hub repository, folder, weights file "
        "(default: the first two)",
    )
    add(
        "--dataset",
        nargs="+",
        type=a_name,
        default=[SAMPLES],
        help=f"one or more of: {', '.join((*HUB_SETS, DIV2K))}, {SAMPLES} (default), hub repository, folder of photos",
    )
    add("--split", default="validation", help="validation (default), or train where the set has it")
    add("--scale", nargs="+", type=int, choices=SCALES, default=[4], help="one or more of 2, 3, 4 (default: 4)")
    add("--protocol", nargs="+", choices=PROTOCOLS, default=[STANDARD], help="of papers (default), or of the card")
    add("--output", type=a_path, help="scores.csv: every image's score; the tables go beside it, into scores.md")
    add("--device", default="auto", help="auto (default), cpu, cuda or mps")
    add("--precision", choices=("auto", *PRECISIONS), default="float32", help="what to compute in (default: float32)")
    add("--self-ensemble", action="store_true", help="average the eight flips and turns: DRLN+, eight times slower")
    add_download_options(add)


def evaluate(args: argparse.Namespace) -> None:
    """The `evaluate` command: sets and models are looked for before the work begins.

    Raises:
        DataError: at the end, if images could not be measured; the others are.
    """
    processes = Processes.join(args.device)
    if args.output is not None:
        check_report(args.output)
    cells = itertools.product(args.dataset, args.scale, args.protocol, args.model)
    tasks = [Task(*cell) for cell in dict.fromkeys(cells)]
    with processes.first_goes_first():
        sets = told_apart({task: look_for(task, args) for task in tasks})
        for name, scale in dict.fromkeys((task.model, task.scale) for task in tasks):
            load(name, scale, args)
    if processes.is_first:
        for path, why in dict.fromkeys(entry for found in sets.values() for entry in found.left_out):
            print(f"drln: {path}: left out: {why}", file=sys.stderr)
    done: dict[Task, Scores] = {}
    part: tuple[Task, list[ImageScore | ImageFailure]] | None = None
    began, upscaler, loaded = time.monotonic(), None, None
    try:
        for number, task in enumerate(sorted(tasks, key=lambda task: (task.scale, task.model))):    # one load each
            if loaded != (task.model, task.scale):
                loaded, model = (task.model, task.scale), load(task.model, task.scale, args)
                upscaler = Upscaler(model, processes.device, args.precision, args.self_ensemble) if model else None
            part = task, []
            stage = f"{number + 1}/{len(tasks)} {sets[task].name} {task.scale}x {task.protocol}, {task.model}"
            for image in measure(task, upscaler or BICUBIC, sets[task], processes, stage):
                part[1].append(image)
            gathered, part = processes.gather(part[1]), None
            done[task] = scores_of(task, sets[task], gathered, args)
            save(done, tasks, args.output, processes)
    except KeyboardInterrupt:
        if part and part[1] and processes.count == 1:
            done[part[0]] = scores_of(part[0], sets[part[0]], part[1], args)
        save(done, tasks, args.output, processes)
        report(done, tasks, processes)
        what = f"what was done is above{f' and in {args.output}' if args.output else ''}"
        raise KeyboardInterrupt(what if done else "nothing was measured") from None
    report(done, tasks, processes)
    if processes.is_first:
        count, seconds = sum(len(entry.images) for entry in done.values()), time.monotonic() - began
        device, together = processes.device, f"{processes.count} process{'es' * (processes.count > 1)}"
        where = f"{device}, {pick_precision(device, args.precision)}, {together}"
        print(f"drln: {count} scores in {seconds:.1f} s on {where}", file=sys.stderr)
    failed = {(entry.dataset, failure.name) for entry in done.values() for failure in entry.failures}
    if failed:
        images = sum({found.name: len(found) for found in sets.values()}.values())
        raise DataError(f"{len(failed)} of {images} images could not be measured; they are named above")


def look_for(task: Task, args: argparse.Namespace) -> ImageSet:
    """The images of a task."""
    try:
        return find_set(task.dataset, task.config(), args.split, **download_options(args))
    except HubError as error:
        raise type(error)(f"{error}. The set {SAMPLES!r} needs no network") from error


def told_apart(sets: dict[Task, ImageSet]) -> dict[Task, ImageSet]:
    """Sets of one name that are not the same images bear the paths that they were asked for by."""
    images: dict[str, set[tuple[Path, ...]]] = {}
    for found in sets.values():
        images.setdefault(found.name, set()).add(found.hr)
    return {
        task: replace(found, name=task.dataset) if len(images[found.name]) > 1 else found
        for task, found in sets.items()
    }


def load(name: str, scale: int, args: argparse.Namespace) -> DrlnModel | None:
    """The model by that name; None for bicubic."""
    if name == BICUBIC:
        return None
    return DrlnModel.from_pretrained(name, scale, **download_options(args))


def measure(
    task: Task, model: Upscaler | str, found: ImageSet, processes: Processes, stage: str
) -> Iterator[ImageScore | ImageFailure]:
    """What became of this process's share of the images, under a progress bar; failures are told as they come."""
    rows, began = processes.share(found), time.monotonic()
    if not rows:
        return
    with progress_bar(hidden=not processes.is_first) as bar:
        for step in stream_scores(model, rows, task.protocol, scale=task.scale):
            if isinstance(step, Progress):
                show(Progress.since(began, f"{stage}: {step.stage}", step.fraction), bar)
                continue
            if isinstance(step, ImageFailure):
                bar.write(f"drln: {found.name} {task.scale}x, {task.model}: not measured: {step}", file=sys.stderr)
            yield step


def scores_of(
    task: Task, found: ImageSet, measured: list[ImageScore | ImageFailure], args: argparse.Namespace
) -> Scores:
    """Scores under the names of the tables; the paper marks the self-ensemble with a plus."""
    model = task.model + "+" * (args.self_ensemble and task.model != BICUBIC)
    return Scores.of(model, found.name, task.scale, task.protocol, measured, len(found))


def check_report(path: Path) -> None:
    """Whether the scores can be written; called before the work."""
    if path.suffix != ".csv":
        raise DataError(f"the output is {path}; give it a name that ends in .csv, and the tables go beside it as .md")
    if why := refusal(path) or refusal(path.with_suffix(".md")):
        raise DataError(why)


def save(done: dict[Task, Scores], tasks: list[Task], path: Path | None, processes: Processes) -> None:
    """Write what is done so far, each file whole or not at all."""
    if path is None or not processes.is_first or not done:
        return
    scores = [done[task] for task in tasks if task in done]
    for file, text in ((path, csv_report(scores)), (path.with_suffix(".md"), markdown_report(scores))):
        write_bytes_whole(file, text.encode(errors="backslashreplace"))    # a name may be no UTF-8


def report(done: dict[Task, Scores], tasks: list[Task], processes: Processes) -> None:
    """Print the tables, in the order in which the cells were asked for."""
    if processes.is_first and done:
        print(markdown_report([done[task] for task in tasks if task in done]), end="")
