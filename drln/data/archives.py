"""Archives of images, unpacked once: whole or not at all, and nothing outside the folder.

Knows files; nothing of hubs, pairs and arrays.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import IO

from tqdm.auto import tqdm

from drln.images.formats import INPUT_SUFFIXES
from drln.images.photo_folder import is_clutter
from drln.system_errors import FULL
from drln.whole_files import sync_files

DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile, tarfile.TarError, zipfile.BadZipFile, RuntimeError)


class DataError(ValueError):
    """A data set that cannot be read; the message says why and what to do."""


class DamagedArchive(DataError):
    """An archive that is cut off, damaged or not to be trusted."""


@dataclass(frozen=True)
class Member:
    """One entry of an archive, open for reading where it is a plain file."""

    name: str
    content: IO[bytes] | None
    is_folder: bool


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack the images of a `.tar.gz` or `.zip` archive; a folder that is there already is taken as it is.

    The folder appears under its name when the archive was read to its end and its checksums were
    right. What is no image is left out.

    Raises:
        DamagedArchive: if the archive is cut off or damaged, or names a place outside of it, a link or a device.
        DataError: if it holds no image, or the disk refuses them.
    """
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise DataError(f"the cache cannot be written: {error}; pass another cache_dir=") from error
    try:
        count = _write_images(archive, partial)
        if not count:
            raise DataError(f"{archive.name} holds no images; those end in {', '.join(sorted(INPUT_SUFFIXES))}")
        sync_files(partial)
        partial.chmod(0o755)    # mkdtemp's is for the owner alone
        try:
            os.rename(partial, folder)
        except OSError:
            if not folder.is_dir():    # else another process was first
                raise
    except DAMAGED as error:
        what = str(error) or type(error).__name__
        raise DamagedArchive(f"{archive.name} is cut off or damaged ({what}); download it again") from error
    except OSError as error:
        if error.errno in FULL:
            message = f"the disk is full: there is no room to unpack {archive.name}; free some, or pass cache_dir="
            raise DataError(message) from error
        raise DamagedArchive(f"{archive.name} cannot be unpacked: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def file_key(path: Path) -> str:
    """Twelve letters that change with a file: with its place, its size and the times it was written.

    A copy may bring its old time along; when it came here (ctime) cannot be set.
    """
    state = path.stat()
    place = os.fsencode(path.resolve())    # names need not be UTF-8
    return short_hash(b"%b %d %d %d" % (place, state.st_size, state.st_mtime_ns, state.st_ctime_ns))


def short_hash(content: bytes) -> str:
    """Twelve letters that change with the content."""
    return hashlib.sha256(content).hexdigest()[:12]


def images_in(folder: Path) -> list[Path]:
    """The image files of a folder and those beneath it, sorted; hidden ones and clutter are left out."""
    paths = (path for path in sorted(folder.rglob("*")) if is_image(path.relative_to(folder)))
    return [path for path in paths if path.is_file()]


def is_image(path: PurePath) -> bool:
    """Whether a relative path is that of an image, by its extension."""
    return path.suffix.lower() in INPUT_SUFFIXES and not is_clutter(path)


def _write_images(archive: Path, folder: Path) -> int:
    read = _zip_members if zipfile.is_zipfile(archive) or archive.suffix == ".zip" else _tar_members
    count = 0
    for member in tqdm(read(archive), desc=f"Unpacking {archive.name}", unit=" files", leave=False, delay=1):
        parts = _safe_parts(archive, member)
        if member.is_folder or not is_image(PurePosixPath(member.name)):
            continue
        assert member.content is not None
        path = folder.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "xb") as file:
            shutil.copyfileobj(member.content, file)
        count += 1
    return count


def _safe_parts(archive: Path, member: Member) -> tuple[str, ...]:
    """The parts of its path, once it is known to lead to a plain file or folder inside."""
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or "\\" in member.name or ":" in member.name or "\0" in member.name:
        raise DamagedArchive(f"{archive.name} names {member.name!r}, which leads out of its folder; do not trust it")
    if member.content is None and not member.is_folder:
        raise DamagedArchive(f"{archive.name} holds {member.name!r}, a link or a device; do not trust it")
    return path.parts


def _tar_members(archive: Path) -> Iterator[Member]:
    with ExitStack() as stack:
        stream = stack.enter_context(gzip.open(archive))
        tar = stack.enter_context(tarfile.open(fileobj=stream, mode="r|"))
        for entry in tar:
            yield Member(entry.name, tar.extractfile(entry) if entry.isfile() else None, entry.isdir())
        while stream.read(2**20):    # tar ends before gzip's checksum, which is read at the end of the stream
            pass


def _zip_members(archive: Path) -> Iterator[Member]:
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            kind = stat.S_IFMT(entry.external_attr >> 16)    # 0 where the zip was made without Unix modes
            if entry.is_dir():
                yield Member(entry.filename, None, True)
            elif kind not in (0, stat.S_IFREG) :
                yield Member(entry.filename, None, False)
            else:
                with opened.open(entry) as content:
                    yield Member(entry.filename, content, False)
