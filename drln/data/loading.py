"""Load the image pairs of a set with the package `datasets`, which is imported when it is needed."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from drln.data.archives import DataError
from drln.data.lr import make_lr_files, readable_files
from drln.data.sets import CONFIGS, find_set, scale_of
from drln.data.sources import data_folder

if TYPE_CHECKING:
    from datasets import Dataset


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
    """Load the image pairs of one split as a `datasets.Dataset`, with image columns `lr` and `hr`, decoded when read.

    If the set has no LR images, Pillow's bicubic makes them from HR, as it made those on the hub, and they are kept in
    the cache. HR files that Pillow cannot read completely, such as HEIC and 16-bit colours, are replaced by copies as
    8-bit PNG. A warning names the files in a folder of photos that are no images.

    Args:
        path: "eugenesiow/Set5" or "Set5", and so with Set14, BSD100, Urban100 and Div2k; another hub repository of the
            same layout; "samples", the photos in this package; a folder with the archives as on the hub
            (`data/<Name>_HR.tar.gz` and so on); or a folder of photos, with those in its folders.
        name: "bicubic_x2", "bicubic_x3" or "bicubic_x4".
        split: "validation"; Div2k and photos have "train" too.
        revision: branch, tag or commit of a hub repository, by default main.
        cache_dir: folder for downloads and unpacked images, by default the hub's cache and HF_HOME.
        token: access token; True or None uses that of the logged-in user, False uses none.
        local_files_only: download nothing.

    Raises:
        DataError: if there is no such set, configuration or split, an archive is damaged, or LR does not fit HR.
        HubError: if a file cannot be downloaded.
        ImageError: if an image cannot be read or written.
    """
    if name is None:
        raise DataError(f"{path} has a configuration for each scale; name one of {', '.join(CONFIGS)}")
    try:
        from datasets import Dataset, Features, Image
    except ModuleNotFoundError as error:
        raise DataError("load_dataset needs the package datasets: pip install 'drln[train]'") from error
    found = find_set(
        path, name, split, revision=revision, cache_dir=cache_dir, token=token, local_files_only=local_files_only
    )
    if found.left_out:
        named = "; ".join(f"{file}: {why}" for file, why in found.left_out)
        warnings.warn(f"left out of the data set: {named}", stacklevel=2)
    made = data_folder(cache_dir) / "made" / found.name.rstrip("/")
    for file in (*found.hr, made):
        try:
            str(file).encode()
        except UnicodeEncodeError:    # a path need not be text
            raise DataError(f"the name {os.fsencode(file)!r} is no UTF-8, which datasets needs; rename it") from None
    lr = found.lr or make_lr_files(found.hr, scale_of(path, name), made)
    columns = {"lr": [str(file) for file in lr], "hr": [str(file) for file in readable_files(found.hr, made)]}
    return Dataset.from_dict(columns, features=Features({"lr": Image(), "hr": Image()}))
