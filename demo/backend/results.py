"""The files of a result, in a folder of its own: the upscaled photo, its previews, and its pixels.

Knows images and files; no model and no device.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import tempfile
import time
import unicodedata
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from unicodedata import category

import numpy as np
from PIL import Image

from demo.backend import previews
from demo.backend.errors import GoneError
from drln.images import ImageError, Picture, open_image, write_image
from drln.whole_files import write_whole

KEPT_SECONDS = 2 * 3600    # after the last use of a result
PREFIX = "drln-"           # of the folders
ORIGINAL, BICUBIC, RESULT = "original", "bicubic", "result"    # what a page can show
KINDS = ORIGINAL, BICUBIC, RESULT
THUMBNAIL = "thumbnail.png"
# Pixels in 8 bits: a region is read without the others, whatever the format of the result.
PIXELS = "pixels-{}.npy"
REGION_SIDE = 4096    # pixels of a region at most
FORBIDDEN = frozenset('<>:"/\\|?*')    # in names on Windows; on other systems only some
UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})    # categories of Unicode
DEVICES = re.compile(r"(CON|PRN|AUX|NUL|COM\d|LPT\d) *(\.|$)", re.IGNORECASE)    # no names for files on Windows


@dataclass(frozen=True)
class Saved:
    """Where the files of a result are; sizes in pixels."""

    result: Path
    lr_size: tuple[int, int]
    sr_size: tuple[int, int]

    @property
    def scale(self) -> int:
        """The scale of the model, which may have been reduced to the size that was asked for."""
        return max(math.ceil(sr / lr) for sr, lr in zip(self.sr_size, self.lr_size))

    def preview(self, kind: str) -> Path:
        """The preview of `ORIGINAL`, `BICUBIC` or `RESULT`, of a result that was saved for the page."""
        return self.result.with_name(f"preview-{kind}.png")

    @property
    def thumbnail(self) -> Path:
        """A small picture of a result that was saved for the page."""
        return self.result.with_name(THUMBNAIL)


def clear_old(parent: Path) -> None:
    """Delete the results that nobody has used for `KEPT_SECONDS`."""
    for old in parent.glob(f"{PREFIX}*"):
        with suppress(FileNotFoundError):    # another thread may delete it at the same time
            if time.time() - old.stat().st_mtime > KEPT_SECONDS:
                shutil.rmtree(old, ignore_errors=True)


def keep(saved: Saved) -> None:
    """Let a result stay for another `KEPT_SECONDS`; also with Gradio, which deletes what it serves by its age."""
    folder = saved.result.parent
    with suppress(FileNotFoundError):
        for path in (*folder.iterdir(), folder):
            os.utime(path)


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


def safe_name(name: str) -> str:
    """Return a name for a file or folder with only what no system forbids, short enough, without a hidden file's dot.

    It may come out empty.
    """
    name = unicodedata.normalize("NFC", name)    # macOS writes ü as two characters
    name = "".join("_" if letter in FORBIDDEN or category(letter) in UNSEEN else letter for letter in name)[:100]
    name = name.encode()[:150].decode(errors="ignore").strip(" .")
    return f"_{name}" if DEVICES.match(name) else name


def result_name(title: str, model: str, scale: int, extension: str = ".png") -> str:
    """Return a file name with photo, model and scale that is safe, and short enough, on every system."""
    stem = safe_name(Path(title.replace("\\", "/")).stem) or "photo"
    return f"{stem}_{re.sub(r'[^A-Za-z0-9.-]+', '_', model.rstrip('/').rsplit('/')[-1])}_{scale}x{extension}"


def save(
    folder: Path, name: str, lr: Picture, sr: Picture, quality: int | None = None, for_page: bool = True
) -> Saved:
    """Write a result and, for the page, its previews and pixels.

    Args:
        folder: for the files.
        name: of the result's file; its extension decides the format.
        lr, sr: the photo and the upscaled photo.
        quality: for a lossy format.
        for_page: whether the page will show the result.

    Raises:
        ImageError: if the format cannot hold the result, or a file cannot be written.
        WriteError: if the pixels cannot be written.
    """
    saved = Saved(folder / name, (lr.width, lr.height), (sr.width, sr.height))
    if not for_page:
        write_image(sr, saved.result, quality)
        return saved
    photo, result = previews.eight_bit(lr), previews.eight_bit(sr)
    # At the same time: one after another they would add a tenth to the time that a small photo takes.
    with ThreadPoolExecutor(4) as writers:
        writing = [
            writers.submit(write_image, sr, saved.result, quality),
            writers.submit(_save_preview, result, saved.preview(RESULT)),
            writers.submit(lambda: _save_preview(previews.bicubic(photo, result.size), saved.preview(BICUBIC))),
            writers.submit(_save_preview, photo, saved.preview(ORIGINAL)),
            writers.submit(_save_preview, result, saved.thumbnail, previews.THUMBNAIL_SIDE),
        ]
        _save_pixels(saved, RESULT, result)
        _save_pixels(saved, ORIGINAL, photo)
    for written in writing:
        written.result()
    return saved


def save_photo(folder: Path, lr: Picture) -> Path:
    """Write the preview of a photo that has no result yet, and return its path."""
    path = folder / "preview.png"
    _save_preview(previews.eight_bit(lr), path)
    return path


def _save_preview(image: Image.Image, path: Path, side: int = previews.PREVIEW_SIDE) -> None:
    write_image(previews.shown(previews.capped(image, side)), path)


def _save_pixels(saved: Saved, kind: str, image: Image.Image) -> None:
    pixels = np.ascontiguousarray(image)

    def write(file: BinaryIO) -> None:    # `np.save` would hide why the disk takes no more
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(pixels))
        file.write(pixels.data)

    write_whole(saved.result.with_name(PIXELS.format(kind)), write)


def region(saved: Saved, kind: str, box: Sequence[float]) -> Image.Image:
    """Return a part of the photo, of its bicubic or of the result in its own pixels, with its colour profile.

    Args:
        kind: `ORIGINAL`, `BICUBIC` or `RESULT`.
        box: left, top, right and bottom, as fractions of the whole.

    Raises:
        GoneError: if the files have been deleted.
        ValueError: if the box is empty, leaves the picture or is too large.
    """
    size = saved.lr_size if kind == ORIGINAL else saved.sr_size
    left, top, right, bottom = (round(side * size[i % 2]) for i, side in enumerate(box))
    if not (0 <= left < right <= size[0] and 0 <= top < bottom <= size[1]):
        raise ValueError(f"the box is {box}; give one inside the picture")
    if max(right - left, bottom - top) > REGION_SIDE:
        raise ValueError(f"the box has {right - left}x{bottom - top} pixels; give up to {REGION_SIDE} a side")
    with _gone_error():
        pixels = np.load(saved.result.with_name(PIXELS.format(RESULT if kind == RESULT else ORIGINAL)), mmap_mode="r")
        preview = open_image(saved.preview(kind))    # Pillow alone opens no PNG with a long profile
    if kind == BICUBIC:
        part = previews.bicubic_crop(pixels, size, (left, top, right, bottom))
    else:
        part = Image.fromarray(np.ascontiguousarray(pixels[top:bottom, left:right]))
    part.info.update(preview.info)
    return previews.shown(part)


@contextmanager
def _gone_error() -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, ImageError):
        raise GoneError("The result is no longer on the server; upscale the photo again.") from None
