"""Data sets by name: from the hub, a folder laid out like it, the web, a folder of photos, or the samples.

What is downloaded is kept, and needs no network afterwards.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drln.data.archives import DataError, images_in
from drln.data.lr import make_lr_files, match_lr_files, names_below, readable_files
from drln.data.sources import Source, data_folder, div2k_source, folder_source, hub_source
from drln.images.photo_folder import find_photos
from drln.network.config import SCALES
from drln.samples import SAMPLES_FOLDER
from drln.weights.download import HubOptions

if TYPE_CHECKING:
    from datasets import Dataset

SAMPLES = "samples"
HUB_OWNER = "eugenesiow"
HUB_SETS = ("Set5", "Set14", "BSD100", "Urban100")
DIV2K = "Div2k"
CONFIGS = tuple(f"bicubic_x{scale}" for scale in SCALES)
SPLITS = {"train": "train", "validation": "valid"}    # ours, and DIV2K's word


@dataclass(frozen=True)
class ImageSet(Sequence[Any]):
    """Images on this machine; item i is `{"hr": path, "lr": path or None, "name": name}`.

    Attributes:
        name: "Set5"; of a folder of photos its name with a slash, "holiday/".
        hr: the sharp images, sorted by name.
        lr: the images that come with them, smaller, in the same order; None if none do.
        left_out: what else is in a folder of photos, and why it is no part of the set.
    """

    name: str
    hr: tuple[Path, ...]
    lr: tuple[Path, ...] | None = None
    left_out: tuple[tuple[Path, str], ...] = ()

    @cached_property
    def names(self) -> list[str]:
        """Of the images, with the folders in which they lie where these differ."""
        return names_below(self.hr)

    def __len__(self) -> int:
        return len(self.hr)

    def __getitem__(self, index: Any) -> Any:
        return {"hr": self.hr[index], "lr": self.lr[index] if self.lr else None, "name": self.names[index]}


@dataclass(frozen=True)
class _Layout:
    """Where the images of a set lie: in archives of a source, or in a folder as they are."""

    name: str
    splits: tuple[str, ...]
    source: Source | None
    folder: Path | None = None
    hr_file: str = ""    # may name {split}, in DIV2K's words
    lr_file: str = ""    # and {scale}


def load_dataset(
    path: str | Path,
    name: str | None = None,
    split: str = "validation",
    *,
    revision: str | None = None,
    cache_dir: str | Path | None = None,
    token: str | bool | None = None,
    local_files_only: bool = False,
) -> Dataset:
    """The image pairs of one split as a `datasets.Dataset`, with image columns `lr` and `hr`, decoded when read.

    LR images that do not come with the set are made from HR by Pillow's bicubic, which is how
    those on the hub were made, and kept in the cache. So are copies, as 8-bit PNG, of HR files that Pillow reads
    in part or not at all, as HEIC and 16-bit colours. What else a folder of photos holds is named in a warning.

    Args:
        path: "eugenesiow/Set5" or "Set5", likewise Set14, BSD100, Urban100 and Div2k; another hub repository
            of the same layout; "samples", the photos of this package; a folder that holds the archives
            as the hub does (`data/<Name>_HR.tar.gz` and so on); or a folder of photos and of folders of them.
        name: "bicubic_x2", "bicubic_x3" or "bicubic_x4".
        split: "validation"; Div2k and photos have "train" too.
        revision: branch, tag or commit of a hub repository, by default main.
        cache_dir: folder for downloads and what is unpacked, by default the hub's cache and HF_HOME.
        token: hub access token; True or None for the one that is logged in, False for none.
        local_files_only: download nothing.

    Raises:
        DataError: if there is no such set, configuration or split, an archive is damaged, or LR does not fit HR.
        HubError: if it cannot be downloaded.
    """
    if name is None:
        raise DataError(f"{path} has a configuration for each scale; name one of {', '.join(CONFIGS)}")
    try:
        from datasets import Dataset, Features, Image
    except ModuleNotFoundError as error:
        raise DataError("load_dataset needs the package datasets: pip install 'drln[train]'") from error
    found = _find(path, name, split, HubOptions(revision, cache_dir, token, local_files_only))
    if found.left_out:
        named = "; ".join(f"{file}: {why}" for file, why in found.left_out)
        warnings.warn(f"left out of the data set: {named}", stacklevel=2)
    made = data_folder(cache_dir) / "made" / found.name.rstrip("/")
    _check_names([*found.hr, made])
    lr = found.lr or make_lr_files(found.hr, _scale_of(path, name), made)
    columns = {"lr": [str(file) for file in lr], "hr": [str(file) for file in readable_files(found.hr, made)]}
    return Dataset.from_dict(columns, features=Features({"lr": Image(), "hr": Image()}))


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
    """The files of a set, for `evaluate`; arguments and errors are those of `load_dataset`, and none is made.

    Args:
        name: as in `load_dataset`; None for the HR images alone, and then no LR archive is downloaded.
    """
    return _find(path, name, split, HubOptions(revision, cache_dir, token, local_files_only))


def _find(path: str | Path, name: str | None, split: str, options: HubOptions) -> ImageSet:
    scale = None if name is None else _scale_of(path, name)
    layout = _find_layout(path, options)
    if split not in layout.splits:
        raise DataError(f"{path} has no split {split!r}; choose {' or '.join(layout.splits)}")
    if layout.folder is not None:
        found = find_photos(layout.folder)
        if not found.photos:
            raise DataError(f"{layout.folder} holds no photos, and no archives as {HUB_OWNER}/Set5 has them")
        _check_no_lr_beside(layout.folder, found.photos)
        left_out = () if path == SAMPLES else tuple(found.left_out)    # their licences
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


def _scale_of(path: str | Path, name: str) -> int:
    if name not in CONFIGS:
        raise DataError(f"{path} has no configuration {name!r}; choose one of {', '.join(CONFIGS)}")
    return int(name.removeprefix("bicubic_x"))


def _find_layout(path: str | Path, options: HubOptions) -> _Layout:
    if not str(path):    # which would be the current folder
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
    """What lies in a folder on this machine."""
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


def _check_names(files: Sequence[Path]) -> None:
    """`datasets` holds text, and a path need not be that."""
    for file in files:
        try:
            str(file).encode()
        except UnicodeEncodeError:
            raise DataError(f"the name {os.fsencode(file)!r} is no UTF-8, which datasets needs; rename it") from None


def _check_no_lr_beside(folder: Path, photos: Sequence[Path]) -> None:
    """A folder of unpacked archives holds LR images, which are no photos to measure or to train on."""
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
