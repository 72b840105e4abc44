"""The LR images for HR images: matched by name if they come with a set, otherwise made.

Knows image files; not where they come from.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath

from PIL import Image
from tqdm.auto import tqdm

from drln.data.archives import DataError, file_key
from drln.evaluation.protocols import ProtocolError, check_fit, pillow_lr
from drln.images.pixels import read_pixels
from drln.images.reading import read_header
from drln.images.writing import write_image

# Formats that Pillow, and so `datasets`, reads as completely as we do.
READ_BY_PILLOW = ("AVIF", "BMP", "GIF", "JPEG", "PNG", "WebP")


def match_lr_files(hr: Iterable[Path], lr: Iterable[Path], scale: int, archive: str) -> tuple[Path, ...]:
    """Find the LR file of each HR file. It has the same name, or the name and the scale: `0001x4.png` for `0001.png`.

    It is in the same folder below that of the set. Extension and case may differ if one file alone has the name.

    Args:
        hr, lr: the files of the set.
        scale: 2, 3 or 4.
        archive: name of the LR archive, for messages.

    Raises:
        DataError: if an LR file is missing, one of several that fit, or has a size that does not fit.
        ImageError: if a file is no image.
    """
    hr, lr = list(hr), list(lr)
    named = defaultdict(list)
    for path, name in zip(lr, names_below(lr)):
        named[_stem(name)].append((path, name))
    of: dict[Path, str] = {}
    for path, name in zip(hr, names_below(hr)):
        candidates = named[_stem(name)] or named[f"{_stem(name)}x{scale}"]
        exact = [candidate for candidate in candidates if candidate[1] == name]
        found = exact or candidates
        if not found:
            raise DataError(f"{archive} has no LR image of {name}; get a whole one, or remove it to have LR made")
        if len(found) > 1:
            several = " and ".join(candidate[1] for candidate in found)
            raise DataError(f"{archive} has {several}, each of which may be the LR image of {name}; remove all but one")
        [(file, lr_name)] = found
        if file in of:
            raise DataError(f"{lr_name} of {archive} would be the LR image of both {of[file]} and {name}; rename one")
        _check_size(file, path, scale, f"{lr_name} of {archive}")
        of[file] = name
    return tuple(of)


def make_lr_files(hr: Sequence[Path], scale: int, folder: Path) -> tuple[Path, ...]:
    """Make an LR file in `folder` for each HR file. A file that exists is kept, unless HR has changed since.

    Raises:
        DataError: if an HR image is smaller than one LR pixel.
        ImageError: if an image cannot be read or written.
    """
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


def readable_files(hr: Sequence[Path], folder: Path) -> list[Path]:
    """The same files. Those that Pillow does not read as we do are replaced by copies in `folder`, as 8-bit PNG.

    Raises:
        ImageError: if an image cannot be read or written.
    """
    files = []
    for path in hr:
        header = read_header(path)
        if header.format not in READ_BY_PILLOW or header.depth == 16:
            copy = folder / "hr" / file_key(path) / f"{path.name}.png"
            if not copy.is_file():
                copy.parent.mkdir(parents=True, exist_ok=True)
                write_image(Image.fromarray(read_pixels(path)), copy)
            path = copy
        files.append(path)
    return files


def names_below(paths: Sequence[Path]) -> list[str]:
    """The paths of the files below the folder that they share, with slashes."""
    if not paths:
        return []
    shared = os.path.commonpath([path.parent for path in paths])
    return [path.relative_to(shared).as_posix() for path in paths]


def _stem(name: str) -> str:
    return str(PurePath(name).with_suffix("")).casefold()


def _check_size(lr: Path, hr: Path, scale: int, name: str) -> None:
    small, large = read_header(lr), read_header(hr)
    try:
        check_fit(small.width, small.height, large.width, large.height, scale)
    except ProtocolError as error:
        raise DataError(f"{name} does not fit its HR image: {error}") from error
