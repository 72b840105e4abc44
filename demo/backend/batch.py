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
from demo.backend.naming import named
from demo.backend.service import Finished, Service
from drln import ImageError, Progress
from drln.whole_files import WriteError, write_whole

WAITING, WORKING, DONE, FAILED, SKIPPED, STOPPED = "waiting", "working", "done", "failed", "skipped", "stopped"

ARCHIVE_NAME = "upscaled.zip"


@dataclass(frozen=True)
class Entry:
    """One photo of a batch, and what became of it."""

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
        return [entry.finished for entry in self.entries if entry.finished]

    def stopped(self) -> BatchReport:
        """As it is when nothing more is done."""
        ended = (DONE, FAILED, SKIPPED)
        return BatchReport(tuple(one if one.state in ended else replace(one, state=STOPPED) for one in self.entries))


class Batches:
    """Batches on the service's device; between two photos others may have it."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def stream(
        self, files: Sequence[tuple[str, Path]], scale: int, name: str, **options: Any
    ) -> Generator[Progress | BatchReport, None, None]:
        """`Progress`, and a `BatchReport` whenever a photo is begun or done. Closing it stops at the next strip.

        Args:
            files: the name that the user knows each by, and where it is; zips among them.
            scale, name, options: as `Service.upscale` takes them.

        Raises:
            UploadError: if there is no photo, or too many, or for a scale or model that does not exist.
            UnavailableModel: if the model is unavailable, which concerns every photo.
        """
        self._service.choice(name)
        check_scale(scale)
        batch = items(files)
        entries = [Entry(item.title, SKIPPED, item.refused) if item.skipped else Entry(item.title) for item in batch]
        photos = sum(not item.skipped for item in batch)
        total, began = sum(item.size + 1 for item in batch), time.monotonic()
        for number, item in enumerate(batch[:photos]):
            entries[number] = replace(entries[number], state=WORKING)
            yield BatchReport(tuple(entries))
            before = sum(item.size + 1 for item in batch[:number])
            stage = f"{item.title} ({number + 1} of {photos})"
            try:
                for step in self._one(item, scale, name, options):
                    if isinstance(step, Finished):
                        entries[number] = Entry(item.title, DONE, finished=step)
                    else:    # larger files take longer: the bytes tell how much of the work that is
                        fraction = (before + step.fraction * (item.size + 1)) / total
                        yield Progress.since(began, f"{stage}: {step.stage}", fraction)
            except UnavailableModel:
                raise
            except Exception as error:
                entries[number] = Entry(item.title, FAILED, errors.message(error))
            yield BatchReport(tuple(entries))
            for finished in BatchReport(tuple(entries)).finished:    # they are kept as long as the youngest
                os.utime(finished.saved.result.parent)

    def _one(self, item: Item, scale: int, name: str, options: dict[str, Any]) -> Generator[Any, None, None]:
        with tempfile.TemporaryDirectory(prefix="drln-batch-") as folder:
            photo = item.take(Path(folder), self._service.limits.megabytes)
            with named(photo, item.title):
                yield from self._service.upscale(photo, scale, name, item.title, **options)

    def archive(self, report: BatchReport) -> Path | None:
        """A zip of all results of a batch that has ended, under names that differ; nothing if there is none.

        Raises:
            GoneError: if results have been cleared away.
            ImageError: if the disk refuses it.
        """
        if not report.finished:
            return None
        path = report.finished[0].saved.result.with_name(ARCHIVE_NAME)    # it goes when the results go
        if path.exists():
            return path    # two may ask for it, after a stop
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
    """Also on systems that take A and a for one letter."""
    stem, dot, extension = name.rpartition(".")
    number = 1
    while name.casefold() in names:
        number += 1
        name = f"{stem}_{number}{dot}{extension}"
    names.add(name.casefold())
    return name
