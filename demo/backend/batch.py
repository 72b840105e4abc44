"""Many photos upscaled one after another; one that fails is reported and does not stop the others.

Knows no gradio.
"""

from __future__ import annotations

import time
import zipfile
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from demo.backend import errors, results
from demo.backend.batch_items import Item, items
from demo.backend.errors import GoneError, UnavailableModel
from demo.backend.limits import check_scale
from demo.backend.service import Finished, Plan, Service
from drln import ImageError, Progress, TargetSize
from drln.whole_files import WriteError, write_whole

WAITING, WORKING, DONE, FAILED, SKIPPED, STOPPED = "waiting", "working", "done", "failed", "skipped", "stopped"

KEEP_SECONDS = 600    # between two times that the results so far are kept
ARCHIVE_NAME = "upscaled.zip"


@dataclass(frozen=True)
class Entry:
    """One photo of a batch and its state.

    Attributes:
        title: the user's name for it, with its folders in a zip.
        state: one of the six above.
        problem: why it failed, was skipped or stopped.
        archive: the user's name for the zip that it is in.
        plan: the sizes, once its turn has come.
        step: what is done with it now.
        finished: its result.
    """

    title: str
    state: str = WAITING
    problem: str = ""
    archive: str = ""
    plan: Plan | None = None
    step: Progress | None = None
    finished: Finished | None = None


@dataclass(frozen=True)
class BatchReport:
    """All photos of a batch, in their order; and the error that ended it early, if one did."""

    entries: tuple[Entry, ...]
    error: UnavailableModel | None = None

    @property
    def finished(self) -> list[Finished]:
        """The results so far."""
        return [entry.finished for entry in self.entries if entry.finished]

    def stopped(self, error: UnavailableModel | None = None) -> BatchReport:
        """Return the report with every unfinished photo marked as stopped, by that error if there was one."""
        ended, problem = (DONE, FAILED, SKIPPED), errors.message(error) if error else ""
        entries = (
            entry if entry.state in ended else replace(entry, state=STOPPED, problem=problem) for entry in self.entries
        )
        return BatchReport(tuple(entries), error)


class Batches:
    """Batches on the service's device, which others may use between two photos."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def stream(
        self, files: Sequence[tuple[str, Path]], scale: int | TargetSize, name: str, **options: Any
    ) -> Generator[Progress | BatchReport, None, None]:
        """Yield `Progress`, and a `BatchReport` whenever a photo's state changes.

        If the model is unavailable, which affects every photo, the last report has the error.
        Closing the generator stops the work at the next strip.

        Args:
            files: photos and zips: the user's name for each, and its path.
            scale, name, options: as for `Service.upscale`.

        Raises:
            UploadError: if there is no photo, or too many, or the scale or model does not exist.
        """
        self._service.choice(name)
        check_scale(scale)
        batch = items(files)
        entries = [
            Entry(item.title, SKIPPED if item.skipped else WAITING, item.refused * item.skipped, item.archive)
            for item in batch
        ]
        photos = sum(not item.skipped for item in batch)
        total, before, began = sum(item.size + 1 for item in batch), 0, time.monotonic()
        kept = began

        def changed(number: int, state: str, **changes: Any) -> BatchReport:
            entries[number] = replace(entries[number], state=state, **changes)
            return BatchReport(tuple(entries))

        for number, item in enumerate(batch[:photos]):
            stage, percent = f"{item.title} ({number + 1} of {photos})", -1
            yield changed(number, WORKING)
            try:
                for step in self._upscale(item, scale, name, options):
                    if isinstance(step, Finished):
                        changed(number, DONE, finished=step)
                    elif isinstance(step, Plan):
                        changed(number, WORKING, plan=step)
                    else:    # larger files take longer, so the bytes measure the work
                        if time.monotonic() - kept > KEEP_SECONDS:
                            kept = _keep(BatchReport(tuple(entries)))
                        fraction = (before + step.fraction * (item.size + 1)) / total
                        yield Progress.since(began, f"{stage}: {step.stage}", fraction)
                        if percent != (percent := int(100 * step.fraction)):
                            yield changed(number, WORKING, step=step)
            except UnavailableModel as error:
                yield BatchReport(tuple(entries)).stopped(error)
                return
            except Exception as error:
                changed(number, FAILED, problem=errors.message(error))
            before += item.size + 1
            report = BatchReport(tuple(entries))
            yield report
            kept = _keep(report)

    def _upscale(
        self, item: Item, scale: int | TargetSize, name: str, options: dict[str, Any]
    ) -> Generator[Any, None, None]:
        with item.file(self._service.limits.megabytes) as photo:
            yield next(self._service.plan(photo, scale, name))    # only its sizes; the rest would take a while
            yield from self._service.upscale(photo, scale, name, item.title, **options)

    def archive(self, report: BatchReport) -> Path | None:
        """Zip the results of a batch that has ended, in the folders that the photos had; return None for no results.

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


def _keep(report: BatchReport) -> float:
    """Keep the first results as long as the last one; return when."""
    for finished in report.finished:
        results.keep(finished.saved)
    return time.monotonic()


def _pack(file: BinaryIO, report: BatchReport) -> None:
    names: set[str] = set()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:    # pictures are compressed already
        for entry in report.entries:
            if entry.finished:
                result = entry.finished.saved.result
                folders = map(results.safe_name, PurePosixPath(entry.title.replace("\\", "/")).parent.parts)
                archive.write(result, _unused("/".join([*filter(None, folders), result.name]), names))


def _unused(name: str, names: set[str]) -> str:
    """Number a name that is taken, also where only capitals differ: some systems make no difference."""
    stem, dot, extension = name.rpartition(".")
    number = 1
    while name.casefold() in names:
        number += 1
        name = f"{stem}_{number}{dot}{extension}"
    names.add(name.casefold())
    return name
