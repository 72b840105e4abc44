"""Archives of images, unpacked once: whole or not at all, and nothing outside the folder.

Checks every name itself, because Python does not refuse all that is refused here: `tarfile`'s "data" filter takes hard
links and moves absolute paths into the folder, and `zipfile` so moves every path that leads out.
Knows files; nothing of hubs, pairs and arrays.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePath, PurePosixPath
from typing import IO, NamedTuple

from tqdm.auto import tqdm

from drln.images.formats import INPUT_SUFFIXES
from drln.images.photo_folder import is_clutter
from drln.system_errors import FULL, cache_sentence
from drln.whole_files import WriteError, whole_folder

DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile, tarfile.TarError, zipfile.BadZipFile, RuntimeError)


class DataError(ValueError):
    """A data set that cannot be read; the message says why and what to do."""


class DamagedArchive(DataError):
    """An archive that is cut off, damaged or not to be trusted."""


class Member(NamedTuple):
    """One entry of an archive; `content` is None unless it is a regular file."""

    name: str
    content: IO[bytes] | None
    is_folder: bool = False


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack the images of a `.tar.gz` or `.zip` archive and return `folder`. If it exists, nothing is unpacked.

    The folder appears after the archive was read to its end and its checksums were right. Other files than images
    are left out.

    Raises:
        DamagedArchive: if the archive is cut off or damaged, or names a place outside the folder, a link or a device.
        DataError: if it holds no image, or the disk refuses them.
    """
    if folder.is_dir():
        return folder
    try:
        with whole_folder(folder) as partial:
            if not _write_images(archive, partial):
                raise DataError(f"{archive.name} holds no images; those end in {', '.join(sorted(INPUT_SUFFIXES))}")
    except DAMAGED as error:
        what = str(error) or type(error).__name__
        raise DamagedArchive(f"{archive.name} is cut off or damaged ({what}); download it again") from error
    except WriteError as error:
        raise DataError(f"{error} with cache_dir=") from error
    except OSError as error:
        if error.errno in FULL:
            raise DataError(cache_sentence(error, f"the images of {archive.name}")) from error
        raise DamagedArchive(f"{archive.name} cannot be unpacked: {error}") from error
    return folder


def file_key(path: Path) -> str:
    """Twelve letters that change with a file's place, its size, and the times it was written.

    A copy may keep the old time of writing. The time of its arrival here (ctime) cannot be set.

    Raises:
        OSError: if there is no such file.
    """
    state = path.stat()
    place = os.fsencode(path.resolve())    # names need not be UTF-8
    return short_hash(b"%b %d %d %d" % (place, state.st_size, state.st_mtime_ns, state.st_ctime_ns))


def short_hash(content: bytes) -> str:
    """Twelve letters that change with the content."""
    return hashlib.sha256(content).hexdigest()[:12]


def images_in(folder: Path) -> list[Path]:
    """The image files in a folder and in the folders below it, sorted. Hidden files and clutter are left out."""
    paths = (path for path in sorted(folder.rglob("*")) if is_image(path.relative_to(folder)))
    return [path for path in paths if path.is_file()]


def is_image(path: PurePath) -> bool:
    """Whether a relative path has the extension of an image and is no clutter."""
    return path.suffix.lower() in INPUT_SUFFIXES and not is_clutter(path)


def _write_images(archive: Path, folder: Path) -> int:
    """Unpack the images and return how many there are."""
    read = _zip_members if zipfile.is_zipfile(archive) or archive.suffix == ".zip" else _tar_members
    count = 0
    for name, content, is_folder in tqdm(
        read(archive), desc=f"Unpacking {archive.name}", unit=" files", leave=False, delay=1
    ):
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or any(letter in name for letter in "\\:\0"):
            raise DamagedArchive(f"{archive.name} names {name!r}, which leads out of its folder; do not trust it")
        if content is None and not is_folder:
            raise DamagedArchive(f"{archive.name} holds {name!r}, a link or a device; do not trust it")
        if content is None or not is_image(path):
            continue
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        with open(folder / path, "xb") as file:
            shutil.copyfileobj(content, file)
        count += 1
    return count


def _tar_members(archive: Path) -> Iterator[Member]:
    with gzip.open(archive) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
        for entry in tar:
            yield Member(entry.name, tar.extractfile(entry) if entry.isfile() else None, entry.isdir())
        while stream.read(2**20):    # past the end of the tar, to where gzip checks its sum
            pass


def _zip_members(archive: Path) -> Iterator[Member]:
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            kind = stat.S_IFMT(entry.external_attr >> 16)    # 0 where the zip was made without Unix modes
            if entry.is_dir() or kind not in (0, stat.S_IFREG):
                yield Member(entry.filename, None, entry.is_dir())
            else:
                with opened.open(entry) as content:
                    yield Member(entry.filename, content)
