"""The `upscale` command on a folder: all of its photos, by one process or by those that `accelerate launch` starts."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing

from drln.cli_model import load_upscaler, model_name
from drln.crew import Crew
from drln.device import pick_device
from drln.files import FORMATS
from drln.header import ImageError
from drln.many import Outcome, find_jobs, upscale_jobs
from drln.progress_bar import progress_bar, show


def upscale_folder(args: argparse.Namespace) -> None:
    """Each process takes its share of what is not done yet; a rerun finishes what a dead one left.

    Raises:
        ImageError: at the end, if a photo failed; the others are done.
        KeyboardInterrupt: after Ctrl-C, once the result that is being written is whole.
    """
    crew = Crew.join(args.device)
    device = crew.device if crew.device is not None and args.device == "auto" else pick_device(args.device)
    folder = args.photo.resolve()
    output = args.output or folder.with_name(f"{folder.name}-{model_name(args.model)}-{args.scale}x")
    if output.suffix.lower() in FORMATS or output.is_file():
        raise ImageError(f"{args.photo} is a folder, so the output {output} must be one too; leave out the extension")
    jobs = find_jobs(folder, output, args.extension)
    if not jobs:
        raise ImageError(f"{args.photo} holds no photos")
    left = crew.agree([job for job in jobs if not job.is_done])
    own = crew.share(left)
    with crew.first_goes_first():
        upscaler, source = load_upscaler(args, device)
    failed = 0
    try:
        with progress_bar(hidden=not crew.is_first) as bar, closing(upscale_jobs(upscaler, own, args.quality)) as steps:
            for step in steps:
                if not isinstance(step, Outcome):
                    show(step, bar)
                    continue
                failed += step.error is not None
                told = ([f"failed: {step.error}"] if step.error else []) + list(step.notes)
                for line in told:
                    bar.write(f"drln: {step.job.photo.relative_to(folder)}: {line}", file=sys.stderr)
    except KeyboardInterrupt:
        done = sum(job.is_done for job in own)
        message = f"{done} of {len(own)} photos are done; the same command goes on with the rest"
        raise KeyboardInterrupt(message) from None
    failed = sum(crew.collect(failed))
    if crew.is_first:
        made, before = len(left) - failed, len(jobs) - len(left)
        print(f"{output}: {made} photos upscaled, {before} were there, {failed} failed; {source}")
        if failed:
            raise ImageError(f"{failed} of {len(jobs)} photos could not be upscaled; they are named above")
