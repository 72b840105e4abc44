"""What a photo's file gives back when no network touches it."""

from pathlib import Path

import numpy as np

from drln.images import Photo, Picture
from drln.images.reading import read_header


def came_back(path: Path) -> Picture:
    photo = Photo.open(path)
    return photo.picture(photo.rgb)


def assert_same(path: Path, pixels: np.ndarray, mode: str) -> None:
    picture = came_back(path)
    header = read_header(path)
    assert picture.mode == mode
    assert picture.pixels.dtype == pixels.dtype and np.array_equal(picture.pixels, pixels)
    assert (header.width, header.height) == (picture.width, picture.height)
    assert header.depth == picture.depth
