"""Many photos upscaled one after another; one that fails is reported and does not stop the others.

Knows no gradio.
"""

from __future__ import annotations

import os
import tempfile
import time
import zipfile
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from demo.backend import errors
from demo.backend.batch_items import Item, items
from demo.backend.errors import GoneError, UnavailableModel
from demo.backend.limits import check_scale
from demo.backend.service import Finished, Service
from drln import ImageError, Progress
from drln.whole_files import WriteError, write_whole

WAITING, WORKING, DONE, FAILED, SKIPPED, STOPPED = "waiting", "working", "done", "failed", "skipped", "stopped"

ARCHIVE_NAME = "upscaled.zip"


@dataclass(frozen=True)
class Entry:
    """One photo of a batch and its state."""

    title: str
    state: str = WAITING
    problem: str = ""    # why it failed or was skipped
    finished: Finished | None = None


@dataclass(frozen=True)
class BatchReport:
    """All photos of a batch, in their order."""

    entries: tuple[Entry, ...]

    @property
    def finished(self) -> list[Finished]:
        """The results so far."""
        return [entry.finished for entry in self.entries if entry.finished]

    def stopped(self) -> BatchReport:
        """Return the report with every unfinished photo marked as stopped."""
        ended = (DONE, FAILED, SKIPPED)
        return BatchReport(
            tuple(entry if entry.state in ended else replace(entry, state=STOPPED) for entry in self.entries)
        )


class Batches:
    """Batches on the service's device, which others may use between two photos."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def stream(
        self, files: Sequence[tuple[str, Path]], scale: int, name: str, **options: Any
    ) -> Generator[Progress | BatchReport, None, None]:
        """Yield `Progress`, and a `BatchReport` at the start and end of each photo.

        Closing the generator stops the work at the next strip.

        Args:
            files: photos and zips: the user's name for each, and its path.
            scale, name, options: as for `Service.upscale`.

        Raises:
            UploadError: if there is no photo, or too many, or the scale or model does not exist.
            UnavailableModel: if the model is unavailable, which affects every photo.
        """
        self._service.choice(name)
        check_scale(scale)
        batch = items(files)
        entries = [Entry(item.title, SKIPPED, item.refused) if item.skipped else Entry(item.title) for item in batch]
        photos = sum(not item.skipped for item in batch)
        total, before, began = sum(item.size + 1 for item in batch), 0, time.monotonic()
        for number, item in enumerate(batch[:photos]):
            entries[number] = replace(entries[number], state=WORKING)
            yield BatchReport(tuple(entries))
            stage = f"{item.title} ({number + 1} of {photos})"
            try:
                for step in self._upscale(item, scale, name, options):
                    if isinstance(step, Finished):
                        entries[number] = Entry(item.title, DONE, finished=step)
                    else:    # larger files take longer, so the bytes measure the work
                        fraction = (before + step.fraction * (item.size + 1)) / total
                        yield Progress.since(began, f"{stage}: {step.stage}", fraction)
            except UnavailableModel:
                raise
            except Exception as error:
                entries[number] = Entry(item.title, FAILED, errors.message(error))
            before += item.size + 1
            report = BatchReport(tuple(entries))
            yield report
            for finished in report.finished:    # the first results are kept as long as the last one
                os.utime(finished.saved.result.parent)

    def _upscale(self, item: Item, scale: int, name: str, options: dict[str, Any]) -> Generator[Any, None, None]:
        with tempfile.TemporaryDirectory(prefix="drln-batch-") as folder:
            photo = item.file(Path(folder), self._service.limits.megabytes)
            with errors.show_as(photo, item.title):
                yield from self._service.upscale(photo, scale, name, item.title, **options)

    def archive(self, report: BatchReport) -> Path | None:
        """Zip the results of a batch that has ended, under different names; return None if there are none.

        Raises:
            GoneError: if results have been deleted.
            ImageError: if the disk refuses the zip.
        """
        if not report.finished:
            return None
        path = report.finished[0].saved.result.with_name(ARCHIVE_NAME)    # deleted together with the results
        if path.exists():
            return path    # after a stop, two callers may ask for it
        if not all(finished.saved.result.is_file() for finished in report.finished):
            raise GoneError("Results are no longer on the server; start the batch again.")
        try:
            write_whole(path, lambda file: _pack(file, report))
        except WriteError as error:
            raise ImageError(f"{error}. The results that the server has room for are below.") from error
        return path


def _pack(file: BinaryIO, report: BatchReport) -> None:
    names: set[str] = set()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:    # pictures are compressed already
        for finished in report.finished:
            archive.write(finished.saved.result, _unused(finished.saved.result.name, names))


def _unused(name: str, names: set[str]) -> str:
    """Number a name that is taken, also where only capitals differ: some systems make no difference."""
    stem, dot, extension = name.rpartition(".")
    number = 1
    while name.casefold() in names:
        number += 1
        name = f"{stem}_{number}{dot}{extension}"
    names.add(name.casefold())
    return name
