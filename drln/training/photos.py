"""Choose the photos for a training run and check them, before anything is decoded.

Knows files; trains nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from drln.data import DataError, ImageSet
from drln.evaluation.protocols import is_too_small
from drln.images.header import Header, ImageError
from drln.images.reading import read_header

MOST_NAMED = 20    # names in one message


@dataclass(frozen=True)
class TrainingImages:
    """The HR images of a run, from which LR is made."""

    used: list[Path]                    # to train on
    held: list[Path]                    # to choose the best weights by; none of these is in `used`
    left_out: list[tuple[Path, str]]    # the other files in the folders, each with a reason


def choose_images(
    data: Sequence[str], validation: str | None, hold_out: int, curve: Path, find: Callable[[str, str], ImageSet]
) -> TrainingImages:
    """Split the images of sets into those to train on and those to choose the best weights by.

    Args:
        data: names of sets, or folders.
        validation: set to choose by; None takes the validation split of `data`, or if that is the same, every
            `hold_out`-th image.
        hold_out: see `validation`.
        curve: picture of an earlier run, which may be in one of the folders and is no photo.
        find: returns the images by a set's name and split.

    Raises:
        DataError: if no image is left for one of the two.
    """
    left_out: dict[tuple[Path, str], None] = {}

    def images_of(name: str, part: str) -> list[Path]:
        found = find(name, part)
        left_out.update(dict.fromkeys(found.left_out))
        return [path for path in (hr.resolve() for hr in found.hr) if path != curve.resolve()]

    images = list(dict.fromkeys(path for name in data for path in images_of(name, "train")))
    known = set(images)
    if validation:
        held = images_of(validation, "validation")
    else:
        everything = (path for name in data for path in images_of(name, "validation"))
        held = [path for path in everything if path not in known]    # of sets with a split of their own for this
    if not held:
        if hold_out < 2 or len(images) < 2:
            raise DataError(
                f"there are {len(images)} images, and --hold-out is {hold_out}: none is left to train on; give "
                "more, hold out fewer, or name others with --validation"
            )
        held = images[::hold_out]
    kept_out = set(held)
    used = [path for path in images if path not in kept_out]
    if not used:
        raise DataError(f"all images of {' '.join(data)} are in --validation; none is left to train on")
    return TrainingImages(used, held, list(left_out))


def check_images(images: TrainingImages, scale: int, patch_size: int) -> None:
    """Check by their headers that all images can be read and are large enough.

    Args:
        images: of the run.
        scale: 2, 3 or 4.
        patch_size: side of the LR patches in pixels.

    Raises:
        DataError: naming those that cannot be read or are too small.
    """
    headers: dict[Path, Header] = {}
    unread = []
    for path in [*images.used, *images.held]:
        try:
            headers[path] = read_header(path)
        except ImageError as error:
            unread.append(str(error))
    if unread:
        raise DataError(f"{len(unread)} of {len(unread) + len(headers)} images cannot be read: {_listed(unread)}")
    sides = {path: min(headers[path].width, headers[path].height) // scale for path in images.used}
    small = [path for path, side in sides.items() if side < patch_size]
    if small:
        raise DataError(
            f"LR patches of {patch_size} pixels do not fit an LR image with a side of {min(sides.values())}; "
            f"make the patches smaller, or leave out {_sized(small, headers)}"
        )
    small = [path for path in images.held if is_too_small(headers[path].width, headers[path].height, scale)]
    if small:
        raise DataError(
            f"{_sized(small, headers)}, to choose the best weights by, are too small to be measured at {scale}x; "
            "leave them out, or name others with --validation"
        )


def _sized(paths: Iterable[Path], headers: dict[Path, Header]) -> str:
    return _listed([f"{path} ({headers[path].width}x{headers[path].height})" for path in paths])


def _listed(texts: list[str]) -> str:
    more = len(texts) - MOST_NAMED
    return "; ".join(texts[:MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")
