"""The `evaluate` command: measure models on sets of images and print tables of scores."""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from drln.cli.arguments import a_name, a_path, add_download_options, download_options
from drln.cli.progress_bar import progress_bar, show
from drln.data import DataError, ImageSet, find_set
from drln.data.sets import DIV2K, HUB_SETS, SAMPLES
from drln.evaluation.degradations import CLEAN, check_degradation
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


class Task(NamedTuple):
    """One cell of a table: a model on a set of images, at one scale, by one protocol and with one degradation."""

    dataset: str
    scale: int
    protocol: str
    degradation: str    # empty for none
    model: str


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
    degradation = f"what LR suffers: {CLEAN} (default), or such as jpeg40, noise10; at 3x also bd, dn; standard only"
    add("--degradation", nargs="+", type=a_name, default=[CLEAN], metavar="NAME", help=degradation)
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
        DataError, HubError, CheckpointError, ProtocolError, ValueError, OSError: before the work, saying what is wrong.
        DataError: at the end, if images could not be measured. The others are measured then.
        KeyboardInterrupt: after Ctrl-C; the scores so far are printed and saved.
    """
    processes = Processes.join(args.device)
    if args.output is not None:
        check_report(args.output)
    cells = itertools.product(args.dataset, args.scale, args.protocol, args.degradation, args.model)
    tasks = list(dict.fromkeys(checked(Task(*cell)) for cell in cells))
    options = download_options(args)
    with processes.first_goes_first():
        sets = find_sets(tasks, args)
        for name, scale in dict.fromkeys((task.model, task.scale) for task in tasks if task.model != BICUBIC):
            DrlnModel.from_pretrained(name, scale, **options)
    if processes.is_first:
        for path, why in dict.fromkeys(entry for found in sets.values() for entry in found.left_out):
            print(f"drln: {path}: left out: {why}", file=sys.stderr)
    scores = {}
    for task, found in sets.items():
        model = task.model + "+" * (args.self_ensemble and task.model != BICUBIC)    # as the paper marks it
        scores[task] = Scores(model, found.name, task.scale, task.protocol, (), len(found), task.degradation)
    began, tables, upscaler, loaded = time.monotonic(), "", None, None
    try:
        for number, task in enumerate(sorted(tasks, key=lambda task: (task.scale, task.model))):    # one load each
            if loaded != (task.model, task.scale):
                loaded, upscaler = (task.model, task.scale), None
                if task.model != BICUBIC:
                    network = DrlnModel.from_pretrained(task.model, task.scale, **options)
                    upscaler = Upscaler(network, processes.device, args.precision, args.self_ensemble)
            entry, measured = scores[task], []
            kind = f"{entry.protocol} {entry.degradation}".rstrip()
            stage = f"{number + 1}/{len(tasks)} {entry.dataset} {entry.scale}x {kind}, {entry.model}"
            images = processes.share(sets[task])
            for image in measure(entry, upscaler or BICUBIC, images, stage, not processes.is_first):
                measured.append(image)
                if processes.count == 1:    # then Ctrl-C keeps it
                    scores[task] = replace(entry, measured=tuple(measured))
            scores[task] = replace(entry, measured=tuple(processes.gather(measured)))
            if processes.is_first:
                tables = report(scores.values(), args.output)
    except KeyboardInterrupt:
        if processes.is_first:
            print(report(scores.values(), args.output), end="")
        what = f"what was done is above{f' and in {args.output}' if args.output else ''}"
        is_any = any(entry.measured for entry in scores.values())
        raise KeyboardInterrupt(what if is_any else "nothing was measured") from None
    if processes.is_first:
        print(tables, end="")
        count, seconds = sum(len(entry.images) for entry in scores.values()), time.monotonic() - began
        device, together = processes.device, f"{processes.count} process{'es' * (processes.count > 1)}"
        where = f"{device}, {pick_precision(device, args.precision)}, {together}"
        print(f"drln: {count} scores in {seconds:.1f} s on {where}", file=sys.stderr)
    failed = {(entry.dataset, failure.name) for entry in scores.values() for failure in entry.failures}
    if failed:
        total = sum({found.name: len(found) for found in sets.values()}.values())
        raise DataError(f"{len(failed)} of {total} images could not be measured; they are named above")


def checked(task: Task) -> Task:
    """The same, with no degradation in place of "clean". Raise ProtocolError if its scale or protocol has no such."""
    return task._replace(degradation=check_degradation(task.degradation, task.scale, task.protocol))


def find_sets(tasks: Sequence[Task], args: argparse.Namespace) -> dict[Task, ImageSet]:
    """The images of each task. Sets that share a name but not their images get the names that the user gave instead."""
    sets, images = {}, defaultdict(set)
    for task in tasks:
        config = f"bicubic_x{task.scale}" if task.protocol == CARD else None    # the standard protocol needs HR alone
        try:
            sets[task] = find_set(task.dataset, config, args.split, **download_options(args))
        except HubError as error:
            raise type(error)(f"{error}. The set {SAMPLES!r} needs no network") from error
        images[sets[task].name].add(sets[task].hr)
    return {
        task: replace(found, name=task.dataset) if len(images[found.name]) > 1 else found
        for task, found in sets.items()
    }


def measure(
    scores: Scores, model: Upscaler | str, images: Sequence[Any], stage: str, is_hidden: bool = False
) -> Iterator[ImageScore | ImageFailure]:
    """Measure images under a progress bar, and print failures as they happen.

    Args:
        scores: what to measure; it holds no scores yet.
        model: the model, or "bicubic".
        images: of the set, or a share of them.
        stage: what the progress bar says.
        is_hidden: show no progress bar.
    """
    if not images:
        return
    began = time.monotonic()
    with progress_bar(is_hidden) as bar:
        kind: dict[str, Any] = {"scale": scores.scale, "degradation": scores.degradation}
        for step in stream_scores(model, images, scores.protocol, **kind):
            if isinstance(step, Progress):
                show(Progress.since(began, f"{stage}: {step.stage}", step.fraction), bar)
                continue
            if isinstance(step, ImageFailure):
                what = f"{scores.dataset} {scores.scale}x, {scores.model}"
                bar.write(f"drln: {what}: not measured: {step}", file=sys.stderr)
            yield step


def check_report(path: Path) -> None:
    """Raise DataError, before the work, unless the scores can be written."""
    if path.suffix != ".csv":
        raise DataError(f"the output is {path}; give it a name that ends in .csv, and the tables go beside it as .md")
    if why := refusal(path) or refusal(path.with_suffix(".md")):
        raise DataError(why)


def report(scores: Iterable[Scores], output: Path | None) -> str:
    """Write the scores so far into both files, and return the tables."""
    done = [entry for entry in scores if entry.measured]
    tables = markdown_report(done)
    if done and output:
        for file, text in ((output, csv_report(done)), (output.with_suffix(".md"), tables)):
            write_bytes_whole(file, text.encode(errors="backslashreplace"))    # a name may be no UTF-8
    return tables
