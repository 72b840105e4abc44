"""The names of results, made from the names of their photos; no two are the same.

Knows no files.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import PurePosixPath

from drln.upscaling.record import place

LONGEST = 255    # bytes of a name, on nearly all file systems


def result_names(photos: Sequence[str], extension: str, owners: Mapping[str, str]) -> list[str]:
    """A path for the result of each photo, in the photo's folder. No file system takes two of them for one.

    A result has its photo's name. Where photos differ in their extension alone, the result keeps it too. A photo keeps
    the path that an earlier run gave it.

    Args:
        photos: paths with slashes.
        extension: extension of the results, such as ".png".
        owners: the photo of each result of earlier runs.
    """
    taken = {place(str(parent)): "" for photo in photos for parent in PurePosixPath(photo).parents}
    taken |= {place(result): photo for result, photo in owners.items()}
    kept = {photo: result for result, photo in owners.items() if result.endswith(extension)}
    stems = Counter(place(str(PurePosixPath(photo).with_suffix(""))) for photo in photos)
    names = []
    for photo in photos:
        path = PurePosixPath(photo)
        is_alone = stems[place(str(path.with_suffix("")))] == 1
        wishes = _wishes(path, extension, is_alone)
        name = kept.get(photo) or next(wish for wish in wishes if taken.setdefault(place(wish), photo) == photo)
        names.append(name)
    return names


def fitting(stem: str, ending: str) -> str:
    """The file name `stem` + `ending`, with the stem cut to 255 bytes in all."""
    while len(os.fsencode(stem + ending)) > LONGEST:
        stem = stem[:-1]
    return stem + ending


def _wishes(photo: PurePosixPath, extension: str, is_alone: bool) -> Iterator[str]:
    if is_alone:
        yield str(photo.with_name(fitting(photo.stem, extension)))
    yield str(photo.with_name(fitting(photo.name, extension)))
    for number in count(2):
        yield str(photo.with_name(fitting(photo.name, f"-{number}{extension}")))
