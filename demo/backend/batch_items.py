"""The photos of a batch: files, and entries of zips, which are never unpacked under their own paths.

Decodes no image: whether an item is a readable photo shows when it is upscaled.
"""

from __future__ import annotations

import re
import secrets
import shutil
import zipfile
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from demo.backend.errors import UploadError, sentence
from demo.backend.limits import LIMITS
from drln.images.formats import INPUT_SUFFIXES, START_BYTES, format_of
from drln.images.photo_folder import NO_IMAGE, is_clutter

MAX_PHOTOS = 200       # in a batch
MAX_SKIPPED = 50       # listed by name; the rest are only counted
ZIP_HEAD = b"PK\x03\x04"
CHUNK_BYTES = 2**20
# What Python's zipfile raises for a zip that is damaged, or compressed in a way that it does not know.
BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, ValueError, EOFError)
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
OTHER_METHODS = {9: "Deflate64", 93: "Zstandard", 95: "XZ", 98: "PPMd"}
LEADS_OUT = "The entry's path leads out of the zip; pack the photos without such paths."
INNER_ZIP = "A zip within a zip is not opened; unpack it and choose its photos."
ENCRYPTED, UTF8_NAME = 0x1, 0x800    # flags of an entry


@dataclass(frozen=True)
class Item:
    """A file, or an entry of a zip, that may be a photo.

    Attributes:
        title: the user's name for it.
        path: of the file, or of the zip.
        size: in bytes, as the zip declares it.
        entry: in the zip.
        refused: why it is not upscaled, or nothing.
        skipped: whether the reason is only that it is no photo.
    """

    title: str
    path: Path
    size: int
    entry: zipfile.ZipInfo | None = None
    refused: str = ""
    skipped: bool = False

    def file(self, folder: Path, megabytes: float = LIMITS.megabytes) -> Path:
        """Return the photo as a file; an entry of a zip is unpacked into `folder` under a random name.

        Raises:
            UploadError: if the item is refused, the zip is damaged, or the entry unpacks to more than `megabytes`.
        """
        if self.refused:
            raise UploadError(self.refused)
        if self.entry is None:
            return self.path
        unpacked = folder / secrets.token_hex(8)
        try:
            with zipfile.ZipFile(self.path) as zipped, zipped.open(self.entry) as packed, open(unpacked, "wb") as file:
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
            raise UploadError("The entry of the zip is damaged; pack the zip again.") from error
        if _is_zip(unpacked):
            raise UploadError(INNER_ZIP)
        return unpacked


def items(files: Sequence[tuple[str, Path]], limit: int = MAX_PHOTOS) -> list[Item]:
    """List the photos in files and zips, then what is skipped; files that systems add to folders are left out.

    Args:
        files: the user's name for each, and its path.
        limit: how many photos a batch may have.

    Raises:
        UploadError: if there are none, or too many.
    """
    found: list[Item] = []
    for title, path in files:
        if title.lower().endswith(".zip") or _is_zip(path):
            found += _entries(title, path)
        else:
            found.append(Item(title, path, path.stat().st_size if path.is_file() else 0))
    if not found:
        raise UploadError("There is no photo; choose some, or a zip of photos.")
    photos = [item for item in found if not item.skipped]
    skipped = [item for item in found if item.skipped]
    if len(photos) > limit:
        raise UploadError(f"There are {len(photos)} photos, and a batch takes up to {limit}; choose fewer at a time.")
    if len(skipped) > MAX_SKIPPED:
        skipped[MAX_SKIPPED:] = [replace(skipped[-1], title=f"{len(skipped) - MAX_SKIPPED} more files")]
    return photos + skipped


def _entries(title: str, path: Path) -> list[Item]:
    try:
        with zipfile.ZipFile(path) as archive:
            found = [_item(archive, entry, path) for entry in archive.infolist() if not entry.is_dir()]
    except BROKEN_ZIP:
        return [Item(title, path, 0, refused="The zip cannot be read: it is damaged or not a zip. Pack it again.")]
    found = [item for item in found if item.refused == LEADS_OUT or not is_clutter(item.title)]
    if all(item.skipped for item in found):
        found.append(Item(title, path, 0, refused="The zip holds no photo; pack the photos themselves."))
    return found


def _item(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> Item:
    name = _name(entry)
    if refused := _refusal(entry, name):
        return Item(name, path, entry.file_size, entry, refused)
    if PurePosixPath(name).suffix.lower() in INPUT_SUFFIXES or _begins_as_an_image(archive, entry):
        return Item(name, path, entry.file_size, entry)
    return Item(name, path, 0, entry, sentence(NO_IMAGE), skipped=True)


def _name(entry: zipfile.ZipInfo) -> str:
    """Mend a name that is UTF-8 without the flag that says so, which Python reads as an old code page."""
    name = entry.filename
    if not entry.flag_bits & UTF8_NAME:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode()
    return name.replace("\\", "/")


def _refusal(entry: zipfile.ZipInfo, name: str) -> str:
    """Say why an entry is not upscaled; a path that leads out would not be followed, but such a zip is suspect."""
    if name.startswith("/") or re.match("[A-Za-z]:", name) or ".." in PurePosixPath(name).parts:
        return LEADS_OUT
    if name.lower().endswith(".zip"):
        return INNER_ZIP
    if entry.flag_bits & ENCRYPTED:
        return "The entry is encrypted; pack the photos without a password."
    if entry.compress_type not in METHODS:
        method = OTHER_METHODS.get(entry.compress_type, f"method {entry.compress_type}")
        return f"The entry is compressed with {method}, which is not supported here; pack the zip with Deflate."
    return ""


def _begins_as_an_image(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    try:
        with archive.open(entry) as packed:
            return format_of(packed.read(START_BYTES)) is not None
    except BROKEN_ZIP:
        return True    # it is reported as damaged when it is unpacked


def _is_zip(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(len(ZIP_HEAD)) == ZIP_HEAD
    except OSError:
        return False
