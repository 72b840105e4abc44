"""Upscale many photos on one device: while it computes one, the next is read and the last one is written.

Results that exist and are up to date are kept, so that a run continues where another one stopped. Prints nothing.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from drln.images import Photo
from drln.images.header import ImageError
from drln.images.reading import read_header
from drln.images.writing import check_format, write_image
from drln.progress import Progress, Work
from drln.system_errors import sentence
from drln.upscaling.device import is_out_of_memory
from drln.upscaling.engine import UpscaleError
from drln.upscaling.record import Made, Record, file_state, place
from drln.upscaling.result_names import result_names
from drln.upscaling.target import TargetSize
from drln.upscaling.upscaler import Result, Upscaler
from drln.whole_files import remove_left_partials

# Nothing; this result; the result of another photo or other options; a file that no run has written.
ABSENT, DONE, OUTDATED, FOREIGN = "absent", "done", "outdated", "foreign"


@dataclass(frozen=True)
class PhotoJob:
    """One photo to upscale."""

    photo: Path
    output: Path    # the file for its result
    made: Made      # what the result is made from
    scale: int      # of the model to use
    found: str      # what was at `output` before: ABSENT, DONE, OUTDATED or FOREIGN


@dataclass(frozen=True)
class Outcome:
    """The end of a job."""

    job: PhotoJob
    error: str | None = None       # why it failed; None if it did not
    notes: tuple[str, ...] = ()    # sentences about the result for the photo's owner
    jpeg_quality: int | None = None    # as in `Photo`


@dataclass
class Scales:
    """How photos reach a target size: by which scale, which have it already, and why others cannot."""

    found: dict[Path, int] = field(default_factory=dict)
    met: list[Path] = field(default_factory=list)
    failed: dict[Path, str] = field(default_factory=dict)


def find_scales(photos: Sequence[Path], target: TargetSize, scales_there: Sequence[int]) -> Scales:
    """Sort photos by their headers. `scales_there` are those that the model has, rising."""
    scales = Scales()
    for photo in photos:
        try:
            header = read_header(photo)
            if target.is_met(header.width, header.height):
                scales.met.append(photo)
            else:
                scales.found[photo] = target.scale(header.width, header.height, scales_there)
        except (ImageError, UpscaleError) as error:
            scales.failed[photo] = str(error)
    return scales


def find_jobs(
    photos: Mapping[Path, int], folder: Path, output: Path, extension: str, options: Mapping[int, str]
) -> list[PhotoJob]:
    """Make a job for each photo. Below `output` there are the same folders as below `folder`.

    Args:
        photos: files in `folder` and below it, and the scale for each.
        folder: the folder of the photos.
        output: the folder for the results.
        extension: extension of the results, such as ".png".
        options: the model and everything else that changes a result, by scale. A result of other options is outdated.

    Raises:
        OSError: if the record of earlier runs cannot be read.
    """
    known = Record(output).read()
    keys = [photo.relative_to(folder).as_posix() for photo in photos]
    names = result_names(keys, extension, {made.result: made.photo for made in known.values()})
    there = {name for name in names if (output / name).exists()}
    if any(place(name) not in known for name in there):    # another run may have written it since, after its line
        known = Record(output).read()
    jobs = []
    for (photo, scale), key, name in zip(photos.items(), keys, names):
        made = Made(name, key, _state(photo), options[scale])
        earlier = known.get(place(name))
        found = FOREIGN if earlier is None else DONE if earlier == made else OUTDATED
        jobs.append(PhotoJob(photo, output / name, made, scale, found if name in there else ABSENT))
    return jobs


def upscale_jobs(
    upscalers: Mapping[int, Upscaler],
    jobs: Sequence[PhotoJob],
    record: Record,
    quality: int | None = None,
    target: TargetSize | None = None,
) -> Generator[Progress | Outcome, None, None]:
    """Run the jobs in order; yield `Progress` through all of them, and an `Outcome` for each.

    A photo that fails does not stop the others. A file that no run has written is not replaced.
    To stop the work at the next strip, close the generator; results that are complete by then are written.

    Args:
        upscalers: the models on their device, by scale.
        jobs: as `find_jobs` made them.
        record: the record of the folder for the results.
        quality: 1 to 100, for JPEG and WebP; None for the default.
        target: the size of each result; None keeps all pixels of its scale.
    """
    began, done = time.monotonic(), 0.0
    for folder in {job.output.parent for job in jobs}:
        remove_left_partials(folder)
    sizes = {}
    for job in jobs:
        try:
            if job.found == FOREIGN:
                raise ImageError(
                    f"{job.output} is there, and no record says what it was made of; move it away, or choose another "
                    "folder for the results"
                )
            header = read_header(job.photo)
            sizes[job] = header.width * header.height
        except ImageError as error:
            yield Outcome(job, str(error))
    total = sum(sizes.values())
    with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as writer:
        readings = _ahead(reader, list(sizes))
        writing: Future[Outcome] | None = None
        for number, (job, reading) in enumerate(readings):
            stage = f"{number + 1}/{len(sizes)} {job.photo.name}"
            try:
                photo = reading.result()
                size = photo.width * job.scale, photo.height * job.scale
                if target:
                    size = target.size(photo.width, photo.height)
                check_format(job.output.name, photo.mode, *size, quality, photo.is_opaque)
                work = Work(upscalers[job.scale].steps(photo, size=size))
                for step in work:
                    yield Progress.since(began, stage, (done + step.fraction * sizes[job]) / total)
            except (ImageError, UpscaleError, OSError, MemoryError, RuntimeError) as error:
                yield Outcome(job, _reason(error))
            else:
                if writing is not None:
                    yield writing.result()
                writing = writer.submit(_write, job, record, work.result, quality, photo.jpeg_quality)
            done += sizes[job]
        if writing is not None:
            yield writing.result()


def _ahead(reader: ThreadPoolExecutor, jobs: Sequence[PhotoJob]) -> Iterator[tuple[PhotoJob, Future[Photo]]]:
    """Yield each job with its photo, while the next photo is read."""
    readings = (reader.submit(Photo.open, job.photo) for job in jobs)    # each starts when the loop takes it
    upcoming = next(readings, None)
    for job in jobs:
        current, upcoming = upcoming, next(readings, None)
        assert current is not None
        yield job, current


def _write(
    job: PhotoJob, record: Record, result: Result, quality: int | None, jpeg_quality: int | None
) -> Outcome:
    try:
        job.output.parent.mkdir(parents=True, exist_ok=True)
        record.add(Made(job.made.result, job.made.photo))    # from now on, a file there was written by a run
        write_image(result.picture, job.output, quality)
        record.add(job.made)
    except (ImageError, OSError, MemoryError, RuntimeError) as error:
        return Outcome(job, _reason(error))
    return Outcome(job, None, result.notes, jpeg_quality)


def _reason(error: Exception) -> str:
    """Why a photo failed, for its owner.

    Raises:
        Exception: `error` itself, if it is a fault of this program.
    """
    if isinstance(error, (ImageError, UpscaleError)):
        return str(error)
    if isinstance(error, OSError):
        return sentence(error)
    if is_out_of_memory(error):
        return "needs more memory than is free; close other programs, or make it smaller"
    raise error


def _state(photo: Path) -> str:
    try:
        return file_state(photo)
    except OSError:    # reading the photo will say why
        return "unknown"
