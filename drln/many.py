"""Many photos through one device: while it computes one, the next is read and the last is written.

What is there is not made again, so that a run goes on where another stopped. Knows files; prints nothing.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from glob import escape
from pathlib import Path

from drln.files import check_format, write_image
from drln.header import ImageError, read_header
from drln.images import Photo, Picture
from drln.upscaler import Progress, Result, UpscaleError, Upscaler

SUFFIXES = (".avif", ".bmp", ".gif", ".heic", ".heif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


@dataclass(frozen=True)
class Job:
    """One photo, and the file that its result goes into."""

    photo: Path
    output: Path

    @property
    def is_done(self) -> bool:
        """Whether the result is there, and no older than the photo. It appears only when it is whole."""
        return self.output.is_file() and self.output.stat().st_mtime >= self.photo.stat().st_mtime


@dataclass(frozen=True)
class Outcome:
    """What became of a job: an error for its owner, or none; `notes` are sentences that he should read."""

    job: Job
    error: str | None = None
    notes: tuple[str, ...] = ()


def find_jobs(folder: Path, output: Path, extension: str) -> list[Job]:
    """A job for each image file of a folder and those beneath it, sorted, with the same folders beneath `output`.

    A result has its photo's name; where two photos differ by extension alone, that stays in it. Hidden files and
    what lies in `output` itself are left out.
    """
    photos = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in SUFFIXES and path.is_file() and not path.resolve().is_relative_to(output.resolve())
    ]
    photos = [path for path in photos if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    stems = [str(path.with_suffix("")).casefold() for path in photos]    # some file systems know no case
    counts, jobs = Counter(stems), []
    for path, stem in zip(photos, stems):
        name = path.name if counts[stem] > 1 else path.stem
        jobs.append(Job(path, output / path.relative_to(folder).with_name(name + extension)))
    return jobs


def upscale_jobs(
    upscaler: Upscaler, jobs: Sequence[Job], quality: int | None = None
) -> Generator[Progress | Outcome, None, None]:
    """Run the jobs in order: `Progress` over all of them, and an `Outcome` for each.

    A photo that fails does not stop the others. Closing the generator stops the work at the next strip; what was
    computed by then is written.
    """
    began, done = time.monotonic(), 0.0
    sizes = {}
    for job in jobs:
        try:
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
                check_format(
                    job.output.name, photo.mode, photo.width * upscaler.scale, photo.height * upscaler.scale, quality
                )
                for step in upscaler.stream(photo):
                    if isinstance(step, Result):
                        result = step
                        continue
                    yield Progress.since(began, stage, (done + step.fraction * sizes[job]) / total)
            except (ImageError, UpscaleError) as error:
                yield Outcome(job, str(error))
            else:
                if writing is not None:
                    yield writing.result()
                writing = writer.submit(_write, job, result.picture, quality, result.notes)
            done += sizes[job]
        if writing is not None:
            yield writing.result()


def _ahead(reader: ThreadPoolExecutor, jobs: Sequence[Job]) -> Iterator[tuple[Job, Future[Photo]]]:
    """Each job with its photo; the next one is being read meanwhile."""
    readings = (reader.submit(Photo.open, job.photo) for job in jobs)    # each begins when it is asked for
    upcoming = next(readings, None)
    for job in jobs:
        current, upcoming = upcoming, next(readings, None)
        assert current is not None
        yield job, current


def _write(job: Job, picture: Picture, quality: int | None, notes: tuple[str, ...]) -> Outcome:
    try:
        job.output.parent.mkdir(parents=True, exist_ok=True)
        for left in job.output.parent.glob(f".{escape(job.output.name)}.*.part"):    # of a process that was killed
            left.unlink(missing_ok=True)
        write_image(picture, job.output, quality)
    except (ImageError, OSError) as error:
        return Outcome(job, str(error))
    return Outcome(job, None, notes)
