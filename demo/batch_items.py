"""The photos of a batch: files, and the entries of zips, which are never written under their own paths.

Knows no images: whether an item is a photo shows when it is its turn.
"""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from demo.limits import LIMITS, UploadError

FILES = 200            # photos in a batch
ZIP_HEAD = b"PK\x03\x04"
CHUNK_BYTES = 2**20
# What Python's zipfile raises for an archive that is damaged, or packed in a way that it does not know.
BROKEN_ZIP = (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError, EOFError)


@dataclass(frozen=True)
class Item:
    """One photo to be: a file, or an entry of a zip.

    Attributes:
        title: the name that its user knows it by.
        path: of the file, or of the zip.
        size: in bytes, as the zip declares it.
        entry: of the zip.
        refused: why it is not taken, or nothing.
    """

    title: str
    path: Path
    size: int
    entry: zipfile.ZipInfo | None = None
    refused: str = ""

    def take(self, folder: Path, megabytes: float = LIMITS.megabytes) -> Path:
        """The photo as a file; an entry of a zip is written into `folder` under a name of ours.

        Raises:
            UploadError: if it is refused, or the zip is damaged, or more comes out of it than is taken.
        """
        if self.refused:
            raise UploadError(self.refused)
        if self.entry is None:
            return self.path
        taken = folder / "entry"
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(self.entry) as packed, open(taken, "wb") as file:
                while chunk := packed.read(CHUNK_BYTES):
                    if file.tell() + len(chunk) > megabytes * 1e6:
                        raise UploadError(
                            f"The entry unpacks to more than the {megabytes:g} MB that this demo takes; "
                            "save the photo smaller or with more compression."
                        )
                    file.write(chunk)
        except UploadError:
            raise
        except BROKEN_ZIP as error:
            if isinstance(error, OSError) and shutil.disk_usage(folder).free < CHUNK_BYTES:
                raise UploadError("The server's disk is full; try again later.") from error
            raise UploadError("The entry of the zip is damaged; pack the zip anew.") from error
        if _is_zip(taken):
            raise UploadError("A zip within a zip is not opened; unpack it and choose its photos.")
        return taken


def items(files: Sequence[tuple[str, Path]], limit: int = FILES) -> list[Item]:
    """The photos of all files; zips give theirs, one level deep.

    Args:
        files: the name that the user knows each by, and where it is.
        limit: how many photos are taken.

    Raises:
        UploadError: if there is none, or there are too many.
    """
    found: list[Item] = []
    for title, path in files:
        if title.lower().endswith(".zip") or _is_zip(path):
            found += _entries(title, path)
        else:
            found.append(Item(title, path, path.stat().st_size if path.is_file() else 0))
    if not found:
        raise UploadError("There is no photo; choose some, or a zip that holds some.")
    if len(found) > limit:
        raise UploadError(f"There are {len(found)} photos, and a batch takes up to {limit}; choose fewer at a time.")
    return found


def _entries(title: str, path: Path) -> list[Item]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except BROKEN_ZIP:
        return [Item(title, path, 0, refused="The zip cannot be read; it is damaged or no zip. Pack it anew.")]
    photos = [entry for entry in entries if not entry.is_dir() and not _is_clutter(entry.filename)]
    if not photos:
        return [Item(title, path, 0, refused="The zip holds no file; pack the photos themselves.")]
    return [Item(entry.filename, path, entry.file_size, entry, _refusal(entry)) for entry in photos]


def _refusal(entry: zipfile.ZipInfo) -> str:
    """Why an entry is not taken; its path would not be followed, but who packed it is not to be trusted."""
    name = entry.filename.replace("\\", "/")
    if name.startswith("/") or re.match("[A-Za-z]:", name) or ".." in PurePosixPath(name).parts:
        return "The entry's path leads out of the zip; pack the photos without such paths."
    if name.lower().endswith(".zip"):
        return "A zip within a zip is not opened; unpack it and choose its photos."
    if entry.flag_bits & 1:
        return "The entry is encrypted; pack the photos without a password."
    return ""


def _is_clutter(name: str) -> bool:
    """What systems add to folders: no photo was put there by anybody."""
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or parts[-1:] in [(".DS_Store",), ("Thumbs.db",), ("desktop.ini",)]


def _is_zip(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(len(ZIP_HEAD)) == ZIP_HEAD
    except OSError:
        return False
