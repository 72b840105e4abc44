"""The `evaluate` command: measure models on sets of images and print tables of scores."""

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
    """One cell of a table: a model on a set of images, at one scale and by one protocol."""

    dataset: str
    scale: int
    protocol: str
    model: str

    def config(self) -> str | None:
        """The set's configuration. None for the standard protocol, which needs the HR images alone."""
        return f"bicubic_x{self.scale}" if self.protocol == CARD else None


def add_evaluate(commands: argparse._SubParsersAction) -> None:
    """Add the command and its options."""
    what, more = "measure models on sets of images", "Measure the PSNR and SSIM of models on sets of images."
    command = commands.add_parser("evaluate", help=what, description=more)
    command.set_defaults(run=evaluate)
    add = command.add_argument
    models = f"any of {BICUBIC}, {BUNDLED}, {BUNDLED_PHOTO}, hub repository, folder, weights file"
    default = [BICUBIC, BUNDLED]
    add("--model", nargs="+", type=a_name, default=default, help=f"{models} (default: {' '.join(default)})")
    sets = f"any of {', '.join((*HUB_SETS, DIV2K))}, {SAMPLES} (default), hub repository, folder of photos"
    add("--dataset", nargs="+", type=a_name, default=[SAMPLES], metavar="SET", help=sets)
    add("--split", default="validation", help="validation (default), or train if the set has it")
    add("--scale", nargs="+", type=int, choices=SCALES, default=[4], help="any of 2, 3, 4 (default: 4)")
    protocol = "standard: the papers' (default); card: the published models'; never compare the two"
    add("--protocol", nargs="+", choices=PROTOCOLS, default=[STANDARD], help=protocol)
    output = "file for the score of every image, such as scores.csv; the tables are saved beside it as scores.md"
    add("--output", type=a_path, metavar="FILE", help=output)
    add("--device", default="auto", help="auto (default), cpu, cuda or mps")
    precision = "number format to compute in (default: float32)"
    add("--precision", choices=("auto", *PRECISIONS), default="float32", help=precision)
    add("--self-ensemble", action="store_true", help="average eight flips and turns: DRLN+, eight times slower")
    add_download_options(add)


def evaluate(args: argparse.Namespace) -> None:
    """Run the `evaluate` command. All sets and models are found before the work.

    Raises:
        DataError, HubError, CheckpointError, ValueError, OSError: before the work, saying what is wrong.
        DataError: at the end, if images could not be measured. The others are measured then.
        KeyboardInterrupt: after Ctrl-C; the scores so far are printed and saved.
    """
    processes = Processes.join(args.device)
    if args.output is not None:
        check_report(args.output)
    cells = itertools.product(args.dataset, args.scale, args.protocol, args.model)
    tasks = [Task(*cell) for cell in dict.fromkeys(cells)]
    with processes.first_goes_first():
        sets = with_distinct_names({task: look_for(task, args) for task in tasks})
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
    """The images of a task.

    Raises:
        DataError, HubError: if they are unavailable.
    """
    try:
        return find_set(task.dataset, task.config(), args.split, **download_options(args))
    except HubError as error:
        raise type(error)(f"{error}. The set {SAMPLES!r} needs no network") from error


def with_distinct_names(sets: dict[Task, ImageSet]) -> dict[Task, ImageSet]:
    """The same sets; those that share a name but not their images get the names that the user gave instead."""
    images: dict[str, set[tuple[Path, ...]]] = {}
    for found in sets.values():
        images.setdefault(found.name, set()).add(found.hr)
    return {
        task: replace(found, name=task.dataset) if len(images[found.name]) > 1 else found
        for task, found in sets.items()
    }


def load(name: str, scale: int, args: argparse.Namespace) -> DrlnModel | None:
    """The model of that name; None for bicubic.

    Raises:
        CheckpointError, HubError: if it is unavailable.
    """
    if name == BICUBIC:
        return None
    return DrlnModel.from_pretrained(name, scale, **download_options(args))


def measure(
    task: Task, model: Upscaler | str, found: ImageSet, processes: Processes, stage: str
) -> Iterator[ImageScore | ImageFailure]:
    """Measure this process's share of the images under a progress bar, and print failures as they happen.

    Args:
        task: what to measure.
        model: the task's model, or "bicubic".
        found: the task's images.
        processes: those that share the images.
        stage: what the progress bar says.
    """
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
    """The scores of a task, under the model's name in tables. A plus marks the self-ensemble, as in the paper."""
    model = task.model + "+" * (args.self_ensemble and task.model != BICUBIC)
    return Scores(model, found.name, task.scale, task.protocol, tuple(measured), len(found))


def check_report(path: Path) -> None:
    """Check, before the work, that the scores can be written.

    Raises:
        DataError: unless they can.
    """
    if path.suffix != ".csv":
        raise DataError(f"the output is {path}; give it a name that ends in .csv, and the tables go beside it as .md")
    if why := refusal(path) or refusal(path.with_suffix(".md")):
        raise DataError(why)


def save(done: dict[Task, Scores], tasks: list[Task], path: Path | None, processes: Processes) -> None:
    """Write the scores so far into both files.

    Raises:
        WriteError: if the disk refuses them.
    """
    if path is None or not processes.is_first or not done:
        return
    scores = [done[task] for task in tasks if task in done]
    for file, text in ((path, csv_report(scores)), (path.with_suffix(".md"), markdown_report(scores))):
        write_bytes_whole(file, text.encode(errors="backslashreplace"))    # a name may be no UTF-8


def report(done: dict[Task, Scores], tasks: list[Task], processes: Processes) -> None:
    """Print the tables, with the cells in the order of the command line."""
    if processes.is_first and done:
        print(markdown_report([done[task] for task in tasks if task in done]), end="")
