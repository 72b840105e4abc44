"""From a photo's file to the files of its result: checks, estimates, and one photo at a time on the device.

Knows no gradio; the page keeps the queue.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from demo.backend import results
from demo.backend.errors import UploadError
from demo.backend.limits import LIMITS, Limits, check_photo, check_scale, result_notes, result_size
from demo.backend.line import Line
from demo.backend.models import Choice, Models
from demo.backend.results import Saved
from drln import Estimate, Progress, TargetSize
from drln.images import ImageError, Photo
from drln.images.formats import OUTPUT_FORMATS
from drln.images.header import Header
from drln.images.writing import check_format
from drln.upscaling import Result
from drln.weights.suggestion import suggested_model

T = TypeVar("T")
LOOKS = 20    # photos whose previews are remembered


@dataclass(frozen=True)
class Look:
    """A photo as it is read: a preview for browsers, its size in pixels, and what formats must hold of it."""

    preview: Path | None
    size: tuple[int, int]
    mode: str           # as in `Photo`
    is_opaque: bool


@dataclass(frozen=True)
class Plan:
    """What an upscale would take; sizes in pixels."""

    lr_size: tuple[int, int]
    sr_size: tuple[int, int]
    scale: int                          # of the model, which may make more pixels than are kept
    estimate: Estimate | None = None    # None until it is computed
    notes: tuple[str, ...] = ()         # what the user should know before starting
    jpeg_quality: int | None = None     # as in `Photo`
    suggested: str | None = None        # a model that suits the photo better


@dataclass(frozen=True)
class Finished:
    """A result, how it was computed, and the photo that it was made of."""

    saved: Saved
    model: str
    source: str
    device: str
    precision: str
    seconds: float
    notes: tuple[str, ...] = ()
    suggested: str | None = None    # as in `Plan`
    photo: Path | None = None       # as it was uploaded
    title: str = ""                 # the user's name for it
    depth: int = 8                  # bits per channel
    label: str = ""                 # what the model is called in the list of models


class Service:
    """The demo without its page.

    Args:
        folder: for results; each gets a folder of its own in it.
        models: those that users can choose.
        limits: on uploads.
    """

    def __init__(self, folder: str | Path, models: Models | None = None, limits: Limits = LIMITS) -> None:
        self.folder = Path(folder)
        self.models = models or Models()
        self.limits = limits
        self._line = Line()
        self._looking = threading.Lock()    # one after another: large photos take much memory
        self._looks: OrderedDict[Path, Look] = OrderedDict()

    def choice(self, name: str) -> Choice:
        """Return the model of that name.

        Raises:
            UploadError: if there is none.
        """
        if not isinstance(name, str) or name not in self.models.choices:
            raise UploadError(f"There is no model {name!r}; choose one of {', '.join(self.models.choices)}.")
        return self.models.choices[name]

    def look(self, photo: str | Path, for_page: bool = True) -> Look:
        """Read a photo, unless it was read lately.

        Args:
            photo: the file.
            for_page: whether to write a preview that every browser can show.

        Raises:
            UploadError: for a file that the demo does not take.
            ImageError: if it is damaged, or the preview cannot be written.
        """
        path = Path(photo)
        with self._looking:
            look = self._looks.get(path)
            if not look or (for_page and not (look.preview and look.preview.exists())):
                check_photo(path, 1, self.limits)
                opened, preview = Photo.open(path), None
                if for_page:
                    with results.new_folder(self.folder) as folder:
                        preview = results.save_photo(folder, opened.picture(opened.rgb))
                look = Look(preview, (opened.width, opened.height), opened.mode, opened.is_opaque)
            self._looks[path] = look
            while len(self._looks) > LOOKS:
                self._looks.popitem(last=False)
        return look

    def plan(
        self,
        photo: str | Path,
        scale: int | TargetSize,
        name: str,
        extension: str = ".png",
        self_ensemble: bool = False,
        for_page: bool = False,
    ) -> Iterator[Plan]:
        """Yield the sizes at once, then, once the photo has been read, the estimate too; contacts no hub.

        Raises:
            UploadError: for a photo, scale, model or extension that the demo does not take.
            ImageError: if the photo is damaged, or the format cannot hold its result.
        """
        header = self._check(photo, scale, name, extension)
        lr_size = header.width, header.height
        suggested = suggested_model(self.choice(name).where, header.jpeg_quality)
        factor, sr_size = result_size(scale, *lr_size)
        notes = result_notes(header, *sr_size)
        plan = Plan(lr_size, sr_size, factor, None, notes, header.jpeg_quality, suggested)
        yield plan
        look = self.look(photo, for_page)
        try:
            check_format(f"result{extension.lower()}", look.mode, *sr_size, None, look.is_opaque)
        except ImageError as error:    # the file has no name yet
            raise UploadError(str(error).partition(": ")[2]) from error
        estimate = self.models.estimator(name, factor).estimate(*lr_size, header.depth, self_ensemble)
        yield replace(plan, estimate=estimate)

    def upscale(
        self,
        photo: str | Path,
        scale: int | TargetSize,
        name: str,
        title: str | None = None,
        extension: str = ".png",
        quality: int | None = None,
        self_ensemble: bool = False,
        for_page: bool = True,
    ) -> Iterator[Progress | Finished]:
        """Load the model, upscale, write the files: yield `Progress`, and `Finished` at the end.

        Closing the generator stops the work at the next strip and leaves no files.

        Args:
            photo: the file.
            scale: 2, 3 or 4, or the size of the result, for which the smallest scale that makes it is taken.
            name: of the model.
            title: the user's name for the photo's file.
            extension: of the result's file: .png, .jpg, .webp or .tiff.
            quality: 1 to 100, for .jpg and .webp; ignored for the others, which keep every pixel.
            self_ensemble: average eight flips and turns, which takes eight times as long.
            for_page: whether to write previews and pixels for close-ups too.

        Raises:
            UploadError, ImageError, HubError, CheckpointError, UpscaleError, WriteError: as the message says.
        """
        header = self._check(photo, scale, name, extension)
        title, extension = title or Path(photo).name, extension.lower()
        if not OUTPUT_FORMATS[extension].takes_quality:
            quality = None
        look = self.look(photo, for_page=False)    # before anything is downloaded
        factor, size = result_size(scale, *look.size)
        file = results.result_name(title, name, factor, extension)
        check_format(file, look.mode, *size, quality, look.is_opaque)
        loaded = yield from self.models.loading(name, factor)

        def compute() -> Generator[Progress, None, tuple[Photo, Result]]:
            opened = Photo.open(photo)    # only now: those who wait would hold their photos in memory
            return opened, (yield from loaded.upscaler.steps(opened, self_ensemble, size))

        estimate = partial(loaded.upscaler.estimate, *look.size, header.depth, self_ensemble)
        opened, result = yield from self.with_device(compute(), lambda: estimate().seconds)
        yield Progress("Writing the files", 1.0)
        with results.new_folder(self.folder) as folder:
            saved = results.save(folder, file, opened.picture(opened.rgb), result.picture, quality, for_page)
        choice, computed = self.choice(name), (result.device, result.precision, result.seconds, result.notes)
        suggested = suggested_model(choice.where, header.jpeg_quality)
        given = Path(photo), title, opened.depth, choice.label
        yield Finished(saved, choice.title, loaded.source, *computed, suggested, *given)

    def with_device(
        self, steps: Generator[Progress, None, T], estimate: Callable[[], float] | None = None
    ) -> Generator[Progress, None, T]:
        """Take the steps while no other caller computes, like `Line.in_turn`."""
        return self._line.in_turn(steps, estimate)

    def _check(self, photo: str | Path, scale: int | TargetSize, name: str, extension: str) -> Header:
        self.choice(name)
        check_scale(scale)
        if not isinstance(extension, str) or extension.lower() not in OUTPUT_FORMATS:
            raise UploadError(f"The format is {extension!r}; choose one of {', '.join(OUTPUT_FORMATS)}.")
        return check_photo(photo, scale, self.limits, extension.lower())
