"""The photos of a batch: files, and entries of zips, which are never unpacked under their own paths.

Decodes no image: whether an item is a readable photo shows when it is upscaled.
"""

from __future__ import annotations

import re
import secrets
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from demo.backend.errors import UploadError, show_as
from demo.backend.limits import LIMITS
from drln.images.formats import INPUT_SUFFIXES, START_BYTES, format_of
from drln.images.formats.camera_raw import STARTS
from drln.images.formats.read_bytes import read_head
from drln.images.photo_folder import is_clutter

MAX_PHOTOS = 200       # in a batch
MAX_ENTRIES = 5000     # of a zip, whatever they are
MAX_SKIPPED = 50       # listed by name; the rest are only counted
ZIP_HEAD = b"PK\x03\x04"
CHUNK_BYTES = 2**20
# What Python's zipfile raises for a zip that is damaged, or compressed in a way that it does not know.
BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, ValueError, EOFError)
# Of the others that Python knows, bzip2 and LZMA, it would unpack any amount at once.
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
OTHER_METHODS = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "XZ", 98: "PPMd"}
NO_PHOTO = "not a photo"
INNER_ZIP = "A zip within a zip is not opened; unpack it and choose its photos."
ENCRYPTED, UTF8_NAME = 0x1, 0x800    # flags of an entry


@dataclass(frozen=True)
class Item:
    """A file, or an entry of a zip, that may be a photo.

    Attributes:
        title: the user's name for it, with its folders in a zip.
        path: of the file, or of the zip.
        size: in bytes, as the zip declares it.
        entry: in the zip.
        archive: the user's name for the zip.
        refused: why it is not upscaled, or nothing.
        skipped: whether the reason is only that it is no photo.
    """

    title: str
    path: Path
    size: int
    entry: zipfile.ZipInfo | None = None
    archive: str = ""
    refused: str = ""
    skipped: bool = False

    @property
    def place(self) -> str:
        """What messages call an entry of a zip."""
        return f"{PurePosixPath(self.title).name} in {self.archive}"

    @contextmanager
    def file(self, megabytes: float = LIMITS.megabytes) -> Iterator[Path]:
        """Give the photo as a file, which errors raised inside call by its title.

        An entry of a zip is unpacked under a random name until the end of the block.

        Raises:
            UploadError: if the item is refused, the zip is damaged, or the entry unpacks to more than `megabytes`.
        """
        if self.refused:
            raise UploadError(self.refused)
        with tempfile.TemporaryDirectory(prefix="drln-batch-") as folder:
            photo = self._unpacked(Path(folder), self.entry, megabytes) if self.entry else self.path
            with show_as(photo, self.title):
                yield photo

    def _unpacked(self, folder: Path, entry: zipfile.ZipInfo, megabytes: float) -> Path:
        unpacked = folder / secrets.token_hex(8)
        try:
            with zipfile.ZipFile(self.path) as zipped, zipped.open(entry) as packed, open(unpacked, "wb") as file:
                while chunk := packed.read(CHUNK_BYTES):
                    if file.tell() + len(chunk) > megabytes * 1e6:
                        raise UploadError(
                            f"{self.place} unpacks to more than the {megabytes:g} MB that this demo takes; "
                            "save the photo smaller or with more compression."
                        )
                    file.write(chunk)
        except UploadError:
            raise
        except BROKEN_ZIP as error:
            if isinstance(error, OSError) and shutil.disk_usage(folder).free < CHUNK_BYTES:
                raise UploadError("The server's disk is full; try again later.") from error
            raise UploadError(f"{self.place} is damaged; pack the zip again.") from error
        if _start(unpacked).startswith(ZIP_HEAD):
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
        start = _start(path)
        if title.lower().endswith(".zip") or start.startswith(ZIP_HEAD):
            found += _entries(title, path)
        elif _named_as_photo(title) or _begins_as_photo(start) or not path.is_file():    # one that is gone is reported
            found.append(Item(title, path, path.stat().st_size if path.is_file() else 0))
        else:
            found.append(Item(title, path, 0, refused=NO_PHOTO, skipped=True))
    if not found:
        raise UploadError("There is no photo; choose some, or a zip of photos.")
    photos = [item for item in found if not item.skipped]
    skipped = [item for item in found if item.skipped]
    if len(photos) > limit:
        raise UploadError(f"There are {len(photos)} photos, and a batch takes up to {limit}; choose fewer at a time.")
    if len(skipped) > MAX_SKIPPED:
        skipped[MAX_SKIPPED:] = [replace(skipped[-1], title=f"{len(skipped) - MAX_SKIPPED} more files")]
    return photos + skipped


def _entries(archive: str, path: Path) -> list[Item]:
    try:
        with zipfile.ZipFile(path) as zipped:
            if (count := len(zipped.infolist())) > MAX_ENTRIES:
                refused = f"The zip has {count} entries, and the limit is {MAX_ENTRIES}; pack the photos alone."
                return [Item(archive, path, 0, refused=refused)]
            found = [_item(zipped, entry, archive, path) for entry in zipped.infolist() if not entry.is_dir()]
    except BROKEN_ZIP:
        return [Item(archive, path, 0, refused="The zip cannot be read: it is damaged or not a zip. Pack it again.")]
    found = [item for item in found if _leads_out(item.title) or not is_clutter(item.title)]
    if all(item.skipped for item in found):
        found.append(Item(archive, path, 0, refused="The zip holds no photo; pack the photos themselves."))
    return found


def _item(zipped: zipfile.ZipFile, entry: zipfile.ZipInfo, archive: str, path: Path) -> Item:
    item = Item(_name(entry), path, entry.file_size, entry, archive)
    if refused := _refusal(item, entry):
        return replace(item, refused=refused)
    if _named_as_photo(item.title):
        return item
    with suppress(*BROKEN_ZIP), zipped.open(entry) as packed:    # a damaged one is reported when it is unpacked
        if not _begins_as_photo(packed.read(START_BYTES)):
            return replace(item, size=0, refused=NO_PHOTO, skipped=True)
    return item


def _name(entry: zipfile.ZipInfo) -> str:
    """Mend a name that is UTF-8 without the flag that says so, which Python reads as an old code page."""
    name = entry.filename
    if not entry.flag_bits & UTF8_NAME:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode()
    return name.replace("\\", "/")


def _leads_out(name: str) -> bool:
    return name.startswith("/") or bool(re.match("[A-Za-z]:", name)) or ".." in PurePosixPath(name).parts


def _refusal(item: Item, entry: zipfile.ZipInfo) -> str:
    """Say why an entry is not upscaled; a path that leads out would not be followed, but such a zip is suspect."""
    if _leads_out(item.title):
        return f"The path of {item.place} leads out of the zip; pack the photos without such paths."
    if item.title.lower().endswith(".zip"):
        return INNER_ZIP
    if entry.flag_bits & ENCRYPTED:
        return f"{item.place} is encrypted; pack the photos without a password."
    if entry.compress_type not in METHODS:
        method = OTHER_METHODS.get(entry.compress_type, f"method {entry.compress_type}")
        return f"{item.place} is compressed with {method}, which is not supported here; pack the zip with Deflate."
    return ""


def _named_as_photo(title: str) -> bool:
    return PurePosixPath(title).suffix.lower() in INPUT_SUFFIXES


def _begins_as_photo(start: bytes) -> bool:
    return format_of(start) is not None or STARTS.match(start) is not None    # a camera's raw file is told why


def _start(path: Path) -> bytes:
    try:
        return read_head(path, START_BYTES)
    except OSError:
        return b""
