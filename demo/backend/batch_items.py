"""The photos of a batch: files, and the entries of zips, which are never written under their own paths.

Decodes no image: whether an item is a whole photo shows when it is its turn.
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

from demo.backend.errors import UploadError
from demo.backend.limits import LIMITS
from drln.images.formats import INPUT_SUFFIXES, START_BYTES, format_of
from drln.images.photo_folder import NO_IMAGE, is_clutter

FILES = 200            # photos in a batch
SKIPPED = 50           # files of a zip that are named as no photos; more are counted
ZIP_HEAD = b"PK\x03\x04"
CHUNK_BYTES = 2**20
# What Python's zipfile raises for an archive that is damaged, or packed in a way that it does not know.
BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, ValueError, EOFError)
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
OTHER_METHODS = {9: "Deflate64", 93: "Zstandard", 95: "XZ", 98: "PPMd"}
LEADS_OUT = "The entry's path leads out of the zip; pack the photos without such paths."
INNER_ZIP = "A zip within a zip is not opened; unpack it and choose its photos."
UTF8_NAME = 0x800      # the flag of an entry


@dataclass(frozen=True)
class Item:
    """One photo to be: a file, or an entry of a zip.

    Attributes:
        title: the name that its user knows it by.
        path: of the file, or of the zip.
        size: in bytes, as the zip declares it.
        entry: of the zip.
        refused: why it is not taken, or nothing.
        skipped: whether it is refused because it is no photo, which is nobody's fault.
    """

    title: str
    path: Path
    size: int
    entry: zipfile.ZipInfo | None = None
    refused: str = ""
    skipped: bool = False

    def take(self, folder: Path, megabytes: float = LIMITS.megabytes) -> Path:
        """The photo as a file; an entry of a zip is written into `folder` under a name of ours.

        Raises:
            UploadError: if it is refused, or the zip is damaged, or more comes out of it than is taken.
        """
        if self.refused:
            raise UploadError(self.refused)
        if self.entry is None:
            return self.path
        taken = folder / secrets.token_hex(8)
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
            raise UploadError("The entry of the zip is damaged; pack the zip again.") from error
        if _is_zip(taken):
            raise UploadError(INNER_ZIP)
        return taken


def items(files: Sequence[tuple[str, Path]], limit: int = FILES) -> list[Item]:
    """The photos of all files, then what is none; zips give theirs, one level deep.

    What systems add to folders is left out.

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
    photos, skipped = ([item for item in found if item.skipped is which] for which in (False, True))
    if len(photos) > limit:
        raise UploadError(f"There are {len(photos)} photos, and a batch takes up to {limit}; choose fewer at a time.")
    if len(skipped) > SKIPPED:
        skipped[SKIPPED:] = [replace(skipped[-1], title=f"{len(skipped) - SKIPPED} more files")]
    return photos + skipped


def _entries(title: str, path: Path) -> list[Item]:
    try:
        with zipfile.ZipFile(path) as archive:
            found = [_item(archive, entry, path) for entry in archive.infolist() if not entry.is_dir()]
    except BROKEN_ZIP:
        return [Item(title, path, 0, refused="The zip cannot be read; it is damaged or no zip. Pack it again.")]
    found = [item for item in found if item.refused == LEADS_OUT or not is_clutter(item.title)]
    if all(item.skipped for item in found):
        found.append(Item(title, path, 0, refused="The zip holds no photo; pack the photos themselves."))
    return found


def _item(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> Item:
    name = _name(entry)
    refused, skipped = _refusal(entry, name), False
    has_suffix = PurePosixPath(name).suffix.lower() in INPUT_SUFFIXES
    if not refused and not has_suffix and not _begins_as_an_image(archive, entry):
        refused, skipped = _sentence(NO_IMAGE), True
    return Item(name, path, 0 if skipped else entry.file_size, entry, refused, skipped)


def _name(entry: zipfile.ZipInfo) -> str:
    """As its packer meant it: some write UTF-8 and do not say so, which is read as the letters of an old code page."""
    name = entry.filename
    if not entry.flag_bits & UTF8_NAME:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode()
    return name.replace("\\", "/")


def _refusal(entry: zipfile.ZipInfo, name: str) -> str:
    """Why an entry is not taken; its path would not be followed, but who packed it is not to be trusted."""
    if name.startswith("/") or re.match("[A-Za-z]:", name) or ".." in PurePosixPath(name).parts:
        return LEADS_OUT
    if name.lower().endswith(".zip"):
        return INNER_ZIP
    if entry.flag_bits & 1:
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
        return True    # it is told as damaged when it is its turn


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _is_zip(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(len(ZIP_HEAD)) == ZIP_HEAD
    except OSError:
        return False
