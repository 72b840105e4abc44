"""The files of a result, in a folder of its own: the upscaled photo, and pixels and previews of it and of the photo.

Knows images and files; no model and no device.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import time
import unicodedata
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from demo.backend import previews
from demo.backend.errors import GoneError
from drln.images import ImageError, Picture, open_image, write_image
from drln.whole_files import WriteError, write_whole

KEPT_SECONDS = 2 * 3600    # after the last use of a result
PREFIX = "drln-"           # of the folders
BICUBIC_NAME, DRLN_NAME = "preview-bicubic.png", "preview-drln.png"
# Pixels for close-ups, 8 bit, from which a few are read without all the others, in whatever format the result is.
LR_PIXELS, SR_PIXELS = "photo.npy", "result.npy"


@dataclass(frozen=True)
class Saved:
    """Where the files of a result are; sizes in pixels."""

    result: Path    # in the format that was asked for
    lr_size: tuple[int, int]
    sr_size: tuple[int, int]

    @property
    def scale(self) -> int:
        return self.sr_size[0] // self.lr_size[0]

    @property
    def preview_size(self) -> tuple[int, int]:
        return previews.capped_size(self.sr_size)

    @property
    def sliders(self) -> tuple[Path, Path]:
        """The previews, bicubic and DRLN, of a result that was saved for the page."""
        return self.result.with_name(BICUBIC_NAME), self.result.with_name(DRLN_NAME)


@dataclass(frozen=True)
class Closeup:
    """The same place of bicubic and DRLN, enlarged, and an overview that shows where it is."""

    overview: Image.Image
    bicubic: Image.Image
    drln: Image.Image


def clear_old(parent: Path) -> None:
    """Remove the results that nobody used for long."""
    for old in parent.glob(f"{PREFIX}*"):
        with suppress(FileNotFoundError):    # another one clears them too
            if time.time() - old.stat().st_mtime > KEPT_SECONDS:
                shutil.rmtree(old, ignore_errors=True)


@contextmanager
def new_folder(parent: Path) -> Iterator[Path]:
    """A folder for one result, which is removed if the block is left by an error; old results go first."""
    parent.mkdir(parents=True, exist_ok=True)
    clear_old(parent)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    try:
        yield folder
    except BaseException:    # GeneratorExit among them: a job that was stopped leaves nothing
        shutil.rmtree(folder, ignore_errors=True)
        raise


def result_name(title: str, model: str, scale: int, extension: str = ".png") -> str:
    """A file name that says photo, model and scale, safe on every system and no longer than any of them takes."""
    stem = Path(unicodedata.normalize("NFC", title.replace("\\", "/"))).stem    # macOS writes an ü as two characters
    stem = re.sub(r"[^\w.-]+", "_", stem).strip("._")[:60]
    stem = stem.encode()[:120].decode(errors="ignore") or "photo"
    return f"{stem}_{re.sub(r'[^A-Za-z0-9.-]+', '_', model.rstrip('/').rsplit('/')[-1])}_{scale}x{extension}"


def save(
    folder: Path, name: str, lr: Picture, sr: Picture, quality: int | None = None, for_page: bool = True
) -> Saved:
    """Write the result, in the format of its name; for the page previews for the slider, and pixels for close-ups too.

    Args:
        folder: where to.
        name: of the result's file.
        lr, sr: the photo and the upscaled photo.
        quality: of a lossy format.
        for_page: whether it will be shown.

    Raises:
        ImageError: if the format cannot hold the result, or the disk refuses a file.
    """
    saved = Saved(folder / name, (lr.width, lr.height), (sr.width, sr.height))
    if not for_page:
        write_image(sr, saved.result, quality)
        return saved
    photo, result = previews.eight_bit(lr), previews.eight_bit(sr)
    bicubic, drln = saved.sliders
    # Beside one another: this takes a tenth as long as a small photo's way through the network.
    with ThreadPoolExecutor(3) as writers:
        writing = [
            writers.submit(write_image, sr, saved.result, quality),
            writers.submit(_save_preview, result, 1, drln),
            writers.submit(_save_preview, photo, saved.scale, bicubic),
        ]
        _save_pixels(folder / SR_PIXELS, result)
        _save_pixels(folder / LR_PIXELS, photo)
    for written in writing:
        written.result()
    return saved


def _save_preview(image: Image.Image, scale: int, path: Path) -> None:
    """As the page shows it: a photo made so many times larger by bicubic, or at 1 a result."""
    write_image(previews.shown(previews.capped(previews.bicubic(image, scale))), path)


def _save_pixels(path: Path, image: Image.Image) -> None:
    pixels = np.ascontiguousarray(image)

    def write(file: BinaryIO) -> None:    # `np.save` does not pass on why a file takes no more
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(pixels))
        file.write(pixels.data)

    try:
        write_whole(path, write)
    except WriteError as error:
        raise ImageError(str(error)) from error


def add_picture(saved: Saved, name: str, picture: Image.Image) -> Path:
    """Write what the page shows beside the result, unless it is there: a browser may be reading it.

    Raises:
        ImageError: if the result has been cleared away, or the disk refuses the file.
    """
    path = saved.result.with_name(f"picture-{name}.png")
    if not path.exists():
        write_image(picture, path)
    return path


def remove_pictures(paths: Iterable[str]) -> None:
    """Those of a place that is no longer shown."""
    for path in paths:
        Path(path).unlink(missing_ok=True)


def closeup(saved: Saved, x: float = 0.5, y: float = 0.5) -> Closeup:
    """The place at those fractions of width and height, cut from the result's own pixels.

    Raises:
        GoneError: if the files have been cleared away.
    """
    width, height = saved.sr_size
    box = previews.crop_around(saved.sr_size, int(x * width), int(y * height))
    try:
        lr, sr = (np.load(saved.result.with_name(name), mmap_mode="r") for name in (LR_PIXELS, SR_PIXELS))
        bicubic = previews.bicubic_crop(lr, box, saved.scale)
        drln = Image.fromarray(np.ascontiguousarray(sr[box[1] : box[3], box[0] : box[2]]))
        preview = open_image(saved.sliders[1])    # Pillow alone opens no PNG with a long profile
    except (FileNotFoundError, ImageError):
        raise GoneError("The result is no longer on the server; upscale the photo again.") from None
    overview = previews.marked(previews.capped(preview, previews.OVERVIEW_SIDE), box, saved.sr_size)
    for crop in (bicubic, drln):    # which have no profile of their own
        crop.info.update(preview.info)
    return Closeup(overview, previews.zoomed(bicubic), previews.zoomed(drln))
