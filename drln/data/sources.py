"""Where the archives of a data set come from: a folder, the hub, or the web. Each is unpacked into the cache once.

Each function takes the file name of an archive and returns the folder of its images, or None if there is no archive.
Knows nothing of pairs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from huggingface_hub import constants

from drln.data.archives import DamagedArchive, file_key, unpack
from drln.data.web import fetch_file
from drln.weights.download import HubError, HubOptions, MissingFileError, cached, download, forget

DIV2K_URL = "https://data.vision.ee.ethz.ch/cvl/DIV2K/"    # DRLN_DIV2K_URL replaces it


def data_folder(cache_dir: str | Path | None) -> Path:
    """The folder for images that are unpacked or made: `drln` in `cache_dir`, by default in HF_HOME."""
    return Path(cache_dir or constants.HF_HOME).expanduser() / "drln"


def folder_archive(folder: Path, options: HubOptions, file: str) -> Path | None:
    """An archive in a folder on this machine."""
    return _unpacked(folder / file, options) if (folder / file).is_file() else None


def hub_archive(repo: str, options: HubOptions, file: str) -> Path | None:
    """An archive of a hub repository. One that is in the hub's cache is taken from there, without asking the hub.

    Raises:
        HubError: if it cannot be downloaded.
        DamagedArchive: if it is damaged; it is then removed from the cache.
    """
    archive = cached(repo, file, options, "dataset")
    if archive is None and options.local_files_only:
        raise HubError(f"{file} of {repo} is not in the cache, and local_files_only forbids more")
    try:
        archive = archive or download(repo, file, options, "dataset")
    except MissingFileError:
        return None
    with _removing(archive, forget):
        return _unpacked(archive, options)


def div2k_archive(options: HubOptions, file: str) -> Path:
    """An archive of DIV2K from its own server. It takes up to a few GB, and is removed once it is unpacked.

    Raises:
        HubError: if it cannot be downloaded.
        DamagedArchive: if it is damaged; it is then removed from the cache.
    """
    archive = data_folder(options.cache_dir) / "DIV2K" / file
    folder = archive.with_suffix("")
    if folder.is_dir():
        return folder
    if options.local_files_only or constants.HF_HUB_OFFLINE:
        why = "local_files_only" if options.local_files_only else "HF_HUB_OFFLINE"
        raise HubError(f"{file} of DIV2K is not in the cache, and {why} forbids a download")
    url = os.environ.get("DRLN_DIV2K_URL", DIV2K_URL)
    fetch_file(f"{url.rstrip('/')}/{file}", archive)
    with _removing(archive, partial(Path.unlink, missing_ok=True)):
        unpack(archive, folder)
    archive.unlink(missing_ok=True)
    return folder


@contextmanager
def _removing(archive: Path, remove: Callable[[Path], None]) -> Iterator[None]:
    """Remove an archive that turns out to be damaged."""
    try:
        yield
    except DamagedArchive as error:
        remove(archive)
        raise DamagedArchive(f"{error}; it was removed from the cache") from error


def _unpacked(archive: Path, options: HubOptions) -> Path:
    """The folder of an archive's images. An archive that was changed has another folder."""
    name = f"{archive.name.split('.')[0]}-{file_key(archive)}"
    return unpack(archive, data_folder(options.cache_dir) / "unpacked" / name)
