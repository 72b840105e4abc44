"""Find data sets by name: on the hub, on the web, in a folder with the hub's layout or with photos, or the samples.

Downloads are kept, and need no network afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from drln.data.archives import DataError, images_in
from drln.data.lr import match_lr_files, names_below
from drln.data.sources import Source, div2k_source, folder_source, hub_source
from drln.images.photo_folder import find_photos
from drln.network.config import SCALES
from drln.samples import SAMPLES_FOLDER
from drln.weights.download import HubOptions

SAMPLES = "samples"
HUB_OWNER = "eugenesiow"
HUB_SETS = ("Set5", "Set14", "BSD100", "Urban100")
DIV2K = "Div2k"
CONFIGS = tuple(f"bicubic_x{scale}" for scale in SCALES)
SPLITS = {"train": "train", "validation": "valid"}    # our names, and DIV2K's


@dataclass(frozen=True)
class ImageSet(Sequence[Any]):
    """Images on this machine; item i is `{"hr": path, "lr": path or None, "name": name}`.

    Attributes:
        name: such as "Set5"; for a folder of photos its name with a slash, such as "holiday/".
        hr: the HR images, sorted by name.
        lr: the LR images of the set in the same order; None if it has none.
        left_out: the other files in a folder of photos, each with a reason.
    """

    name: str
    hr: tuple[Path, ...]
    lr: tuple[Path, ...] | None = None
    left_out: tuple[tuple[Path, str], ...] = ()

    @cached_property
    def names(self) -> list[str]:
        """The names of the images, with their folders if these differ."""
        return names_below(self.hr)

    def __len__(self) -> int:
        return len(self.hr)

    def __getitem__(self, index: Any) -> Any:
        return {"hr": self.hr[index], "lr": self.lr[index] if self.lr else None, "name": self.names[index]}


@dataclass(frozen=True)
class _Layout:
    """Where the images of a set are: in the archives of a source, or in a folder.

    Attributes:
        name: of the set.
        splits: their names.
        source: of the archives; None if the images are in `folder`.
        hr_file: name of the HR archive, with a place for {split}, as DIV2K calls it.
        lr_file: name of the LR archive, with places for {split} and {scale}.
    """

    name: str
    splits: tuple[str, ...]
    source: Source | None
    folder: Path | None = None
    hr_file: str = ""
    lr_file: str = ""


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
    return find_files(path, name, split, HubOptions(revision, cache_dir, token, local_files_only))


def find_files(path: str | Path, name: str | None, split: str, options: HubOptions) -> ImageSet:
    """Do as `find_set` does.

    Raises:
        DataError, HubError, ImageError: as `find_set`.
    """
    scale = None if name is None else scale_of(path, name)
    layout = _find_layout(path, options)
    if split not in layout.splits:
        raise DataError(f"{path} has no split {split!r}; choose {' or '.join(layout.splits)}")
    if layout.folder is not None:
        found = find_photos(layout.folder)
        if not found.photos:
            raise DataError(f"{layout.folder} holds no photos, and no archives such as those of {HUB_OWNER}/Set5")
        _check_no_lr_beside(layout.folder, found.photos)
        left_out = () if path == SAMPLES else tuple(found.left_out)    # the samples' licences
        return ImageSet(layout.name, tuple(found.photos), left_out=left_out)
    assert layout.source is not None
    file = layout.hr_file.format(split=SPLITS[split])
    folder = layout.source(file)
    if folder is None:
        raise DataError(f"{path} has no {file}, and so is not laid out as {HUB_OWNER}/Set5")
    hr = tuple(images_in(folder))
    lr_file = layout.lr_file.format(split=SPLITS[split], scale=scale)
    lr_folder = layout.source(lr_file) if scale else None
    if scale is None or lr_folder is None:
        return ImageSet(layout.name, hr)
    return ImageSet(layout.name, hr, match_lr_files(hr, images_in(lr_folder), scale, lr_file))


def scale_of(path: str | Path, name: str) -> int:
    """The scale in the name of a configuration.

    Raises:
        DataError: if there is no such configuration.
    """
    if name not in CONFIGS:
        raise DataError(f"{path} has no configuration {name!r}; choose one of {', '.join(CONFIGS)}")
    return int(name.removeprefix("bicubic_x"))


def _find_layout(path: str | Path, options: HubOptions) -> _Layout:
    if not str(path):    # Path("") is the current folder
        raise DataError("the name of the data set is empty; give a folder, or a set as Set5; . is the current folder")
    if path == SAMPLES:
        return _Layout(SAMPLES, tuple(SPLITS), None, SAMPLES_FOLDER)
    folder = Path(path).expanduser()
    if folder.is_dir():
        return _in_folder(folder, options)
    repo = str(path)
    if repo in (*HUB_SETS, DIV2K):
        repo = f"{HUB_OWNER}/{repo}"
    if repo == f"{HUB_OWNER}/{DIV2K}":
        return _div2k(div2k_source(options))
    if isinstance(path, Path) or not re.fullmatch(r"[\w-][\w.-]*/[\w.-]+", repo):
        known = ", ".join((SAMPLES, *HUB_SETS, DIV2K))
        raise DataError(
            f"there is no folder {path} and no such data set; give a folder, a hub repository, or one of {known}"
        )
    return _hub_layout(repo.split("/")[1], hub_source(repo, options))


def _in_folder(folder: Path, options: HubOptions) -> _Layout:
    """The layout of a folder: archives as on the hub, those of DIV2K, or photos."""
    for place in (folder / "data", folder):
        archives = sorted(place.glob("*_HR.tar.gz"))
        if len(archives) > 1:
            names = ", ".join(archive.name for archive in archives)
            raise DataError(f"{place} holds several sets, {names}; give each a folder of its own")
        if archives:
            return _hub_layout(archives[0].name.removesuffix("_HR.tar.gz"), folder_source(place, options), "")
        if any(place.glob("DIV2K_*_HR.zip")):
            return _div2k(folder_source(place, options))
    return _Layout(f"{folder.resolve().name}/", tuple(SPLITS), None, folder)


def _check_no_lr_beside(folder: Path, photos: Sequence[Path]) -> None:
    """In a folder of unpacked archives, the LR images are no photos to measure or to train on.

    Raises:
        DataError: if there are LR images beside HR images.
    """
    parts = sorted({part for photo in photos for part in photo.relative_to(folder).parts[:-1]})
    hr, lr = ([part for part in parts if kind in re.split("[^A-Z]+", part.upper())] for kind in ("HR", "LR"))
    if hr and lr:
        raise DataError(f"{folder} holds LR images, {lr[0]}, beside HR images, {hr[0]}; give {hr[0]} alone")


def _hub_layout(name: str, source: Source, place: str = "data/") -> _Layout:
    return _Layout(
        name,
        ("validation",),
        source,
        hr_file=f"{place}{name}_HR.tar.gz",
        lr_file=f"{place}{name}_LR_x{{scale}}.tar.gz",
    )


def _div2k(source: Source) -> _Layout:
    return _Layout(
        "DIV2K",
        tuple(SPLITS),
        source,
        hr_file="DIV2K_{split}_HR.zip",
        lr_file="DIV2K_{split}_LR_bicubic_X{scale}.zip",
    )
