"""Where the archives of a data set come from: a folder, the hub, or the web; each is unpacked into the cache once.

A source is asked for one archive by its file name, and answers with the folder of its images, or
None where there is no such archive. Knows nothing of pairs.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import constants

from drln.data.archives import DamagedArchive, file_key, unpack
from drln.data.web import fetch_file
from drln.weights.download import HubError, MissingFileError, cached, download, forget

Source = Callable[[str], Path | None]
DIV2K_URL = "https://data.vision.ee.ethz.ch/cvl/DIV2K/"    # DRLN_DIV2K_URL names a mirror


@dataclass(frozen=True)
class Cache:
    """Where downloads and unpacked images are kept, and whether it may grow.

    Args:
        cache_dir: instead of the hub's own cache and `drln` in HF_HOME.
        local_files_only: ask nobody.
    """

    cache_dir: str | Path | None = None
    local_files_only: bool = False

    @property
    def root(self) -> Path:
        """The folder of what is unpacked or made."""
        return Path(self.cache_dir or constants.HF_HOME).expanduser() / "drln"

    def unpacked(self, archive: Path) -> Path:
        """The images of an archive on this machine; unpacked again where the archive was changed."""
        return unpack(archive, self.root / "unpacked" / f"{archive.name.split('.')[0]}-{file_key(archive)}")


def folder_source(folder: Path, cache: Cache) -> Source:
    """Archives that lie in a folder."""

    def find(file: str) -> Path | None:
        return cache.unpacked(folder / file) if (folder / file).is_file() else None

    return find


def hub_source(repo: str, cache: Cache, revision: str, token: str | bool | None) -> Source:
    """Archives of a data set repository; from the hub's cache where they are there, and then no hub is asked."""

    def find(file: str) -> Path | None:
        archive = cached(repo, file, revision, cache.cache_dir, "dataset")
        if archive is None and cache.local_files_only:
            raise HubError(f"{file} of {repo} is not in the cache, and local_files_only forbids more")
        try:
            archive = archive or download(repo, file, revision, cache.cache_dir, token, "dataset")
        except MissingFileError:
            return None
        try:
            return cache.unpacked(archive)
        except DamagedArchive as error:
            forget(archive)
            raise DamagedArchive(f"{error}; it was removed from the cache") from error

    return find


def div2k_source(cache: Cache) -> Source:
    """The archives of DIV2K, each some hundred MB or a few GB, which are removed once they are unpacked."""

    def find(file: str) -> Path | None:
        folder = cache.root / "DIV2K" / file.removesuffix(".zip")
        if folder.is_dir():
            return folder
        if cache.local_files_only or constants.HF_HUB_OFFLINE:
            why = "local_files_only" if cache.local_files_only else "HF_HUB_OFFLINE"
            raise HubError(f"{file} of DIV2K is not in the cache, and {why} forbids a download")
        url = os.environ.get("DRLN_DIV2K_URL", DIV2K_URL)
        archive = fetch_file(f"{url.rstrip('/')}/{file}", cache.root / "DIV2K" / file)
        try:
            unpack(archive, folder)
        except DamagedArchive as error:
            archive.unlink(missing_ok=True)
            raise DamagedArchive(f"{error}; it was removed from the cache") from error
        archive.unlink(missing_ok=True)
        return folder

    return find
