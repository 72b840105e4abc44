"""The files of a result, in a folder of its own: the upscaled photo, its previews, and pixels for close-ups.

Knows images and files; no model and no device.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import time
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from demo.backend import error_map, previews
from demo.backend.errors import GoneError
from drln.images import ImageError, Picture, open_image, write_image
from drln.whole_files import write_whole

KEPT_SECONDS = 2 * 3600    # after the last use of a result
PREFIX = "drln-"           # of the folders
BICUBIC_NAME, DRLN_NAME = "preview-bicubic.png", "preview-drln.png"
# Pixels in 8 bits: a close-up reads a few without the others, whatever the format of the result.
LR_PIXELS, SR_PIXELS = "photo.npy", "result.npy"


@dataclass(frozen=True)
class Saved:
    """Where the files of a result are; sizes in pixels."""

    result: Path
    lr_size: tuple[int, int]
    sr_size: tuple[int, int]

    @property
    def scale(self) -> int:
        """How many times the result is as wide as the photo."""
        return self.sr_size[0] // self.lr_size[0]

    @property
    def preview_size(self) -> tuple[int, int]:
        """The size of the previews."""
        return previews.capped_size(self.sr_size)

    @property
    def previews(self) -> tuple[Path, Path]:
        """The previews, bicubic and DRLN, of a result that was saved for the page."""
        return self.result.with_name(BICUBIC_NAME), self.result.with_name(DRLN_NAME)


@dataclass(frozen=True)
class Closeup:
    """One place in bicubic and DRLN, enlarged, and an overview that shows where it is."""

    overview: Image.Image
    bicubic: Image.Image
    drln: Image.Image


def clear_old(parent: Path) -> None:
    """Delete the results that nobody has used for `KEPT_SECONDS`."""
    for old in parent.glob(f"{PREFIX}*"):
        with suppress(FileNotFoundError):    # another thread may delete it at the same time
            if time.time() - old.stat().st_mtime > KEPT_SECONDS:
                shutil.rmtree(old, ignore_errors=True)


@contextmanager
def new_folder(parent: Path) -> Iterator[Path]:
    """Make a folder for one result, and delete it if the block raises; old results are deleted first."""
    parent.mkdir(parents=True, exist_ok=True)
    clear_old(parent)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    try:
        yield folder
    except BaseException:    # including GeneratorExit: a stopped job leaves nothing
        shutil.rmtree(folder, ignore_errors=True)
        raise


def result_name(title: str, model: str, scale: int, extension: str = ".png") -> str:
    """Return a file name with photo, model and scale that is safe, and short enough, on every system."""
    stem = Path(unicodedata.normalize("NFC", title.replace("\\", "/"))).stem    # macOS writes ü as two characters
    stem = re.sub(r"[^\w.-]+", "_", stem).strip("._")[:60]
    stem = stem.encode()[:120].decode(errors="ignore") or "photo"
    return f"{stem}_{re.sub(r'[^A-Za-z0-9.-]+', '_', model.rstrip('/').rsplit('/')[-1])}_{scale}x{extension}"


def save(
    folder: Path, name: str, lr: Picture, sr: Picture, quality: int | None = None, for_page: bool = True
) -> Saved:
    """Write a result and, for the page, its previews and the pixels for close-ups.

    Args:
        folder: for the files.
        name: of the result's file; its extension decides the format.
        lr, sr: the photo and the upscaled photo.
        quality: for a lossy format.
        for_page: whether the page will show the result.

    Raises:
        ImageError: if the format cannot hold the result, or a file cannot be written.
        WriteError: if the pixels for close-ups cannot be written.
    """
    saved = Saved(folder / name, (lr.width, lr.height), (sr.width, sr.height))
    if not for_page:
        write_image(sr, saved.result, quality)
        return saved
    photo, result = previews.eight_bit(lr), previews.eight_bit(sr)
    bicubic, drln = saved.previews
    # At the same time: one after another they would add a tenth to the time that a small photo takes.
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
    write_image(previews.shown(previews.capped(previews.bicubic(image, scale))), path)


def _save_pixels(path: Path, image: Image.Image) -> None:
    pixels = np.ascontiguousarray(image)

    def write(file: BinaryIO) -> None:    # `np.save` would hide why the disk takes no more
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(pixels))
        file.write(pixels.data)

    write_whole(path, write)


def add_picture(saved: Saved, name: str, picture: Image.Image) -> Path:
    """Write a picture next to the result, unless it is there: a browser may be reading it.

    Raises:
        ImageError: if the result has been deleted, or the disk refuses the file.
    """
    path = saved.result.with_name(f"picture-{name}.png")
    if not path.exists():
        write_image(picture, path)
    return path


def difference(saved: Saved) -> Image.Image:
    """Return the error map of the whole result, at the size of its previews.

    Raises:
        GoneError: if the files have been deleted.
    """
    with _gone_error():
        return error_map.between(*map(open_image, saved.previews))


def closeup(saved: Saved, x: float = 0.5, y: float = 0.5) -> Closeup:
    """Return the place at these fractions of width and height, in the result's own pixels.

    Raises:
        GoneError: if the files have been deleted.
    """
    width, height = saved.sr_size
    box = previews.crop_around(saved.sr_size, int(x * width), int(y * height))
    with _gone_error():
        lr, sr = (np.load(saved.result.with_name(name), mmap_mode="r") for name in (LR_PIXELS, SR_PIXELS))
        preview = open_image(saved.previews[1])    # Pillow alone opens no PNG with a long profile
    bicubic = previews.bicubic_crop(lr, box, saved.scale)
    drln = Image.fromarray(np.ascontiguousarray(sr[box[1] : box[3], box[0] : box[2]]))
    overview = previews.marked(previews.capped(preview, previews.OVERVIEW_SIDE), box, saved.sr_size)
    for crop in (bicubic, drln):    # they have no profile of their own
        crop.info.update(preview.info)
    return Closeup(overview, previews.zoomed(bicubic), previews.zoomed(drln))


@contextmanager
def _gone_error() -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, ImageError):
        raise GoneError("The result is no longer on the server; upscale the photo again.") from None
