"""Find data sets by name: on the hub, on the web, in a folder with the hub's layout or with photos, or the samples.

Downloads are kept, and need no network afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from drln.data.archives import DataError, images_in
from drln.data.drawn import drawn_images
from drln.data.lr import match_lr_files, names_below
from drln.data.sources import data_folder, div2k_archive, folder_archive, hub_archive
from drln.images.photo_folder import find_photos
from drln.network.config import SCALES
from drln.samples import SAMPLES_FOLDER
from drln.weights.download import HubOptions

SAMPLES, DRAWN = "samples", "drawn"
HUB_OWNER = "eugenesiow"
HUB_SETS = ("Set5", "Set14", "BSD100", "Urban100")
DIV2K = "Div2k"
CONFIGS = tuple(f"bicubic_x{scale}" for scale in SCALES)
SPLITS = {"train": "train", "validation": "valid"}    # our names, and DIV2K's


@dataclass(frozen=True)
class ImageSet(Sequence[Any]):
    """Images on this machine; item i is `{"hr": path, "lr": path or None, "name": name}`."""

    name: str                                       # such as "Set5"; "holiday/" for a folder of photos
    hr: tuple[Path, ...]                            # sorted by name
    lr: tuple[Path, ...] | None = None              # in the same order; None if the set has none
    left_out: tuple[tuple[Path, str], ...] = ()     # the other files in a folder of photos, each with a reason

    @cached_property
    def names(self) -> list[str]:
        """The names of the images, with their folders if these differ."""
        return names_below(self.hr)

    def __len__(self) -> int:
        return len(self.hr)

    def __getitem__(self, index: Any) -> Any:
        return {"hr": self.hr[index], "lr": self.lr[index] if self.lr else None, "name": self.names[index]}


@dataclass(frozen=True)
class _Archives:
    """The archives of a set."""

    name: str                               # of the set
    splits: tuple[str, ...]
    source: Callable[[str], Path | None]    # of the images in an archive, by its file name
    hr_file: str                            # with a place for {split}, as DIV2K calls it
    lr_file: str                            # with places for {split} and {scale}


def find_set(
    path: str | Path,
    name: str | None = None,
    split: str = "validation",
    *,
    revision: str | None = None,
    cache_dir: str | Path | None = None,
    token: str | bool | None = None,
    local_files_only: bool = False,
) -> ImageSet:
    """Find the files of a set, for `evaluate`. Makes no images, and does not need the package `datasets`.

    Args:
        name: as for `load_dataset`; None for the HR images alone, without downloading LR.
        path, split, revision, cache_dir, token, local_files_only: as for `load_dataset`.

    Raises:
        DataError, HubError, ImageError: as `load_dataset`.
    """
    scale = None if name is None else scale_of(path, name)
    if path == DRAWN:
        return ImageSet(DRAWN, tuple(drawn_images(data_folder(cache_dir) / DRAWN)))
    archives = _find_archives(path, HubOptions(revision, cache_dir, token, local_files_only))
    splits = archives.splits if archives else tuple(SPLITS)
    if split not in splits:
        raise DataError(f"{path} has no split {split!r}; choose {' or '.join(splits)}")
    if archives is None:
        return _photos(path)
    file = archives.hr_file.format(split=SPLITS[split])
    folder = archives.source(file)
    if folder is None:
        raise DataError(f"{path} has no {file}, and so is not laid out as {HUB_OWNER}/Set5")
    hr = tuple(images_in(folder))
    lr_file = archives.lr_file.format(split=SPLITS[split], scale=scale)
    lr_folder = archives.source(lr_file) if scale else None
    if scale is None or lr_folder is None:
        return ImageSet(archives.name, hr)
    return ImageSet(archives.name, hr, match_lr_files(hr, images_in(lr_folder), scale, lr_file))


def scale_of(path: str | Path, name: str) -> int:
    """The scale in the name of a configuration.

    Raises:
        DataError: if there is no such configuration.
    """
    if name not in CONFIGS:
        raise DataError(f"{path} has no configuration {name!r}; choose one of {', '.join(CONFIGS)}")
    return int(name.removeprefix("bicubic_x"))


def _photos(path: str | Path) -> ImageSet:
    """The samples, or the photos in a folder."""
    folder = SAMPLES_FOLDER if path == SAMPLES else Path(path).expanduser()
    found = find_photos(folder)
    if not found.photos:
        raise DataError(f"{folder} holds no photos, and no archives such as those of {HUB_OWNER}/Set5")
    # In a folder of unpacked archives, the LR images are no photos to measure or to train on.
    parts = sorted({part for photo in found.photos for part in photo.relative_to(folder).parts[:-1]})
    hr, lr = ([part for part in parts if kind in re.split("[^A-Z]+", part.upper())] for kind in ("HR", "LR"))
    if hr and lr:
        raise DataError(f"{folder} holds LR images, {lr[0]}, beside HR images, {hr[0]}; give {hr[0]} alone")
    if path == SAMPLES:
        return ImageSet(SAMPLES, tuple(found.photos))    # without their licences
    return ImageSet(f"{folder.resolve().name}/", tuple(found.photos), left_out=tuple(found.left_out))


def _find_archives(path: str | Path, options: HubOptions) -> _Archives | None:
    """The archives of a set; None for photos."""
    if not str(path):    # Path("") is the current folder
        raise DataError("the name of the data set is empty; give a folder, or a set as Set5; . is the current folder")
    if path == SAMPLES:
        return None
    folder = Path(path).expanduser()
    if folder.is_dir():
        return _archives_in(folder, options)
    repo = str(path)
    if repo in (*HUB_SETS, DIV2K):
        repo = f"{HUB_OWNER}/{repo}"
    if repo == f"{HUB_OWNER}/{DIV2K}":
        return _div2k(partial(div2k_archive, options))
    if isinstance(path, Path) or not re.fullmatch(r"[\w-][\w.-]*/[\w.-]+", repo):
        known = ", ".join((SAMPLES, *HUB_SETS, DIV2K))
        raise DataError(
            f"there is no folder {path} and no such data set; give a folder, a hub repository, or one of {known}"
        )
    return _as_on_hub(repo.split("/")[1], partial(hub_archive, repo, options))


def _archives_in(folder: Path, options: HubOptions) -> _Archives | None:
    for place in (folder / "data", folder):
        archives = sorted(place.glob("*_HR.tar.gz"))
        if len(archives) > 1:
            names = ", ".join(archive.name for archive in archives)
            raise DataError(f"{place} holds several sets, {names}; give each a folder of its own")
        source = partial(folder_archive, place, options)
        if archives:
            return _as_on_hub(archives[0].name.removesuffix("_HR.tar.gz"), source, "")
        if any(place.glob("DIV2K_*_HR.zip")):
            return _div2k(source)
    return None


def _as_on_hub(name: str, source: Callable[[str], Path | None], place: str = "data/") -> _Archives:
    path = f"{place}{name}"
    return _Archives(name, ("validation",), source, f"{path}_HR.tar.gz", f"{path}_LR_x{{scale}}.tar.gz")


def _div2k(source: Callable[[str], Path | None]) -> _Archives:
    files = "DIV2K_{split}_HR.zip", "DIV2K_{split}_LR_bicubic_X{scale}.zip"
    return _Archives("DIV2K", tuple(SPLITS), source, *files)
