"""The `upscale` command for a folder of photos, in one process or in those that `accelerate launch` starts."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import groupby
from pathlib import Path

from drln.cli.loading import load_upscaler, model_name
from drln.cli.progress_bar import progress_bar, show
from drln.cli.result_size import DEFAULT_SCALE, target_size
from drln.images.formats import OUTPUT_FORMATS
from drln.images.header import ImageError
from drln.images.photo_folder import find_photos
from drln.upscaling.folder import DONE, OUTDATED, Outcome, Scales, find_jobs, find_scales, upscale_jobs
from drln.upscaling.processes import Processes
from drln.upscaling.record import Record
from drln.weights.sources import BUNDLED_PHOTO, scales_of
from drln.weights.suggestion import MOST_QUALITY, suggested_model

NAMED = 5    # names in a line about files that are left out


def upscale_folder(args: argparse.Namespace) -> None:
    """Upscale the photos that have no up-to-date result yet. Each process takes its share.

    Raises:
        ImageError: before the work, if the folders are wrong; at the end, if a photo failed. The others are done then.
        CheckpointError, HubError, ValueError, OSError: before the work, saying what is wrong.
        KeyboardInterrupt: after Ctrl-C, when the current result is written.
    """
    target = target_size(args)
    scales_there = scales_of(args.model) if target else (args.scale or DEFAULT_SCALE,)
    processes = Processes.join(args.device)
    folder = args.photo.resolve()
    made_to = str(target).replace(" ", "-") if target else f"{scales_there[0]}x"
    output = args.output or folder.with_name(f"{folder.name}-{model_name(args.model)}-{made_to}")
    check_folders(folder, output)
    found, scales = find_photos(folder, besides=output), Scales()
    if processes.is_first:
        scales = Scales(dict.fromkeys(found.photos, scales_there[0]))
        if target:
            scales = find_scales(found.photos, target, scales_there)
        left_out = found.left_out + [(photo, "large enough already") for photo in scales.met]
        for line in left_out_lines(folder, left_out):
            print(f"drln: {line}", file=sys.stderr)
        for photo, why in scales.failed.items():
            print(f"drln: {photo.relative_to(folder)}: failed: {why}", file=sys.stderr)
    if not found.photos:
        raise ImageError(f"{args.photo} holds no photos")
    upscalers, options = {}, {}
    needed = processes.agree(sorted(set(scales.found.values())))
    with processes.first_goes_first():
        for scale in needed:
            upscalers[scale], options[scale] = load_upscaler(args, scale, processes.device, target)
    jobs = find_jobs(scales.found, folder, output, args.extension, options) if processes.is_first else []
    jobs = processes.agree(jobs)
    left = [job for job in jobs if job.found != DONE]
    own, record, failed, poor = processes.share(left), Record(output), 0, 0
    if processes.is_first and (outdated := sum(job.found == OUTDATED for job in left)):
        print(f"drln: {outdated} results are made again: the photo or the options have changed", file=sys.stderr)
    try:
        with (
            progress_bar(hidden=not processes.is_first) as bar,
            closing(upscale_jobs(upscalers, own, record, args.quality, target)) as steps,
        ):
            for step in steps:
                if not isinstance(step, Outcome):
                    show(step, bar)
                    continue
                failed += step.error is not None
                poor += suggested_model(args.model, step.jpeg_quality) is not None
                for line in [f"failed: {step.error}"] * (step.error is not None) + list(step.notes):
                    bar.write(f"drln: {step.job.photo.relative_to(folder)}: {line}", file=sys.stderr)
    except KeyboardInterrupt:
        known = set(record.read().values())
        done = sum(job.made in known for job in own)
        message = f"{done} of {len(own)} photos are done; the same command does the rest"
        raise KeyboardInterrupt(message) from None
    failed, poor = map(sum, zip(*processes.gather([(failed, poor)])))
    if processes.is_first:
        made, before = len(left) - failed, len(jobs) - len(left)
        failed += len(scales.failed)
        if poor:
            which = f"{poor} of {made} photos are JPEGs of quality {MOST_QUALITY} or less"
            better = f"--model {BUNDLED_PHOTO} removes their blocks instead of sharpening them"
            print(f"drln: {which}; {better}", file=sys.stderr)
        counts = f"{made} photos upscaled, {before} were there, {failed} failed"
        print("; ".join([f"{output}: {counts}", *(upscaler.source for upscaler in upscalers.values())]))
        if failed:
            count = len(jobs) + len(scales.failed)
            raise ImageError(f"{failed} of {count} photos could not be upscaled; they are named above")
        if found.unreadable:
            raise ImageError(f"{len(found.unreadable)} files or folders could not be read; they are named above")


def check_folders(folder: Path, output: Path) -> None:
    """Raise ImageError, before the work, unless results can be written into `output`, apart from the photos."""
    if output.suffix.lower() in OUTPUT_FORMATS or (output.exists() and not output.is_dir()):
        raise ImageError(f"{folder} is a folder, so the output {output} must be one too; leave out the extension")
    place = output.resolve()
    if folder.is_relative_to(place) and (folder / folder.relative_to(place)).is_dir():
        raise ImageError(f"results in {output} would lie among the photos of {folder}; choose another --output")
    there = next(path for path in (place, *place.parents) if path.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        raise ImageError(f"the folder {there} may not be written to; choose another --output than {output}")


def left_out_lines(folder: Path, left_out: list[tuple[Path, str]]) -> Iterator[str]:
    """Yield a line for each reason, with the first names."""
    for why, group in groupby(sorted(left_out, key=lambda one: one[1]), key=lambda one: one[1]):
        names = [str(path.relative_to(folder)) for path, _ in group]
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        yield f"left out, {why}: {', '.join(names[:NAMED])}{more}"
