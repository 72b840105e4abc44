"""The LR images beside HR images: matched by name where they come with a set, made where they do not.

Knows image files; where they come from is not its business.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from PIL import Image
from tqdm.auto import tqdm

from drln.data.archives import DataError, file_key
from drln.files import ImageError, write_image
from drln.pixels import read_pixels
from drln.protocols import ProtocolError, check_fit, pillow_lr


def match_lr_files(hr: Iterable[Path], lr: Iterable[Path], scale: int, archive: str) -> tuple[Path, ...]:
    """The LR file of each HR file, by its name: `baby.png` of `baby.png`, `0001x4.png` of `0001.png`.

    Raises:
        DataError: if one is missing, or its size does not fit.
    """
    named = {path.stem: path for path in lr}
    matched = []
    for path in hr:
        file = named.get(path.stem) or named.get(f"{path.stem}x{scale}")
        if file is None:
            raise DataError(f"{archive} has no LR image of {path.name}; get a whole one, or remove it to have LR made")
        try:
            check_fit(*_size(file), *_size(path), scale)
        except ProtocolError as error:
            raise DataError(f"{file.name} of {archive} does not fit its HR image: {error}") from error
        matched.append(file)
    return tuple(matched)


def make_lr_files(hr: Sequence[Path], scale: int, folder: Path) -> tuple[Path, ...]:
    """Make the LR file of each HR file in `folder`; one that is there is taken as it is, unless HR was changed."""
    made = []
    for path in tqdm(hr, desc=f"Making LR images {scale}x", unit=" images", leave=False, delay=1):
        file = folder / f"x{scale}" / f"{path.stem}-{file_key(path)}.png"
        if not file.is_file():
            pixels = read_pixels(path)
            if min(pixels.shape[:2]) < scale:
                raise DataError(f"{path} is {pixels.shape[1]}x{pixels.shape[0]} pixels, too small for {scale}x")
            file.parent.mkdir(parents=True, exist_ok=True)
            write_image(Image.fromarray(pillow_lr(pixels, scale)), file)
        made.append(file)
    return tuple(made)


def _size(path: Path) -> tuple[int, int]:
    """Width and height, from the header."""
    try:
        with Image.open(path) as image:
            return image.size
    except OSError as error:
        raise ImageError(f"{path} cannot be read: {error}") from error
