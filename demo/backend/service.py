"""From a photo's file to the files of its result: checks, estimates, and the device for one photo at a time.

Knows no gradio: waiting in line is the page's matter.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from demo.backend import results
from demo.backend.errors import UploadError
from demo.backend.limits import LIMITS, Limits, check_header, check_scale, result_notes
from demo.backend.models import Choice, Models
from demo.backend.results import Saved
from drln import Estimate, Progress
from drln.images import Photo
from drln.images.formats import OUTPUT_FORMATS
from drln.images.header import Header
from drln.images.writing import check_format

T = TypeVar("T")
POLL_SECONDS = 0.25    # between two looks at the device


@dataclass(frozen=True)
class Plan:
    """What an upscale would be: the size of the photo in pixels, what it takes, and what should be known before."""

    lr_size: tuple[int, int]
    scale: int
    estimate: Estimate | None = None    # None while it is being made
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finished:
    """A result, and how it came about."""

    saved: Saved
    model: str
    source: str
    device: str
    precision: str
    seconds: float
    notes: tuple[str, ...] = ()


class Service:
    """The demo without its page.

    Args:
        folder: where results go, each into a folder of its own.
        models: those that can be chosen.
        limits: what an upload may be.
    """

    def __init__(self, folder: str | Path, models: Models | None = None, limits: Limits = LIMITS) -> None:
        self.folder = Path(folder)
        self.models = models or Models()
        self.limits = limits
        self._device = threading.Lock()

    def choice(self, name: str) -> Choice:
        """The model of that name.

        Raises:
            UploadError: if there is none.
        """
        if not isinstance(name, str) or name not in self.models.choices:
            raise UploadError(f"There is no model {name!r}; choose one of {', '.join(self.models.choices)}.")
        return self.models.choices[name]

    def plan(
        self, photo: str | Path, scale: int, name: str, extension: str = ".png", self_ensemble: bool = False
    ) -> Iterator[Plan]:
        """At once the sizes, then the estimate too; asks no hub.

        Raises:
            UploadError: for a file, scale, model or extension that is not taken.
        """
        header = self._check(photo, scale, name, extension)
        size, notes = (header.width, header.height), result_notes(header, scale)
        yield Plan(size, scale, notes=notes)
        estimate = self.models.yardstick(name, scale).estimate(*size, header.depth, self_ensemble)
        yield Plan(size, scale, estimate, notes)

    def upscale(
        self,
        photo: str | Path,
        scale: int,
        name: str,
        title: str | None = None,
        extension: str = ".png",
        quality: int | None = None,
        self_ensemble: bool = False,
        for_page: bool = True,
    ) -> Iterator[Progress | Finished]:
        """Load the model, upscale, write the files: `Progress`, and last the `Finished`.

        Closing the generator stops the work at the next strip and leaves no files.

        Args:
            photo: the file.
            scale: 2, 3 or 4.
            name: of the model.
            title: the file name that the user knows the photo by.
            extension: of the result's file: .png, .jpg, .webp or .tiff.
            quality: 1 to 100, for .jpg and .webp; the other formats keep every pixel, and it says nothing there.
            self_ensemble: average eight flips and turns, at eight times the seconds.
            for_page: whether previews and close-ups are wanted, not the result alone.

        Raises:
            UploadError, ImageError, HubError, CheckpointError, UpscaleError: with a message for the user.
        """
        self._check(photo, scale, name, extension)
        title, extension = title or Path(photo).name, extension.lower()
        if not OUTPUT_FORMATS[extension].takes_quality:
            quality = None
        file = results.result_name(title, name, scale, extension)
        opened = Photo.open(photo)    # before anything is downloaded
        check_format(file, opened.mode, opened.width * scale, opened.height * scale, quality, opened.is_opaque)
        loaded = yield from self.models.loading(name, scale)
        with results.new_folder(self.folder) as folder:
            result = yield from self.with_device(loaded.upscaler.steps(opened, self_ensemble))
            yield Progress("Writing the files", 1.0)
            saved = results.save(folder, file, opened.picture(opened.rgb), result.picture, quality, for_page)
        yield Finished(
            saved,
            self.choice(name).title,
            loaded.source,
            result.device,
            result.precision,
            result.seconds,
            result.notes,
        )

    def _check(self, photo: str | Path, scale: int, name: str, extension: str) -> Header:
        self.choice(name)
        check_scale(scale)
        if not isinstance(extension, str) or extension.lower() not in OUTPUT_FORMATS:
            raise UploadError(f"The format is {extension!r}; choose one of {', '.join(OUTPUT_FORMATS)}.")
        return check_header(photo, scale, self.limits, extension.lower())

    def with_device(self, steps: Generator[Progress, None, T]) -> Generator[Progress, None, T]:
        """Steps that compute, for one caller at a time, with `Progress` until it is the turn of these."""
        while not self._device.acquire(timeout=POLL_SECONDS):
            yield Progress("Waiting for another photo to be done", 0.0)
        try:
            return (yield from steps)
        finally:
            self._device.release()
