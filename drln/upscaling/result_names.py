"""The names of results: from those of their photos, and no two alike.

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
    """A path for the result of each photo, in the photo's folder; no two are one file on any file system.

    A result has its photo's name; where two photos differ by extension alone, that stays in it. What a photo was
    given before it keeps, and no other photo is given that.

    Args:
        photos: paths with slashes.
        extension: of the results.
        owners: the results of earlier runs, and the photo of each.
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
    """A file name of both; the stem is cut where the name would be too long."""
    while len(os.fsencode(stem + ending)) > LONGEST:
        stem = stem[:-1]
    return stem + ending


def _wishes(photo: PurePosixPath, extension: str, is_alone: bool) -> Iterator[str]:
    if is_alone:
        yield str(photo.with_name(fitting(photo.stem, extension)))
    yield str(photo.with_name(fitting(photo.name, extension)))
    for number in count(2):
        yield str(photo.with_name(fitting(photo.name, f"-{number}{extension}")))
