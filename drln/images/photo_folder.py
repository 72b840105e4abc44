"""Find the photos in a folder by name or content, and list what is left out.

Decodes no pixel.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from drln.images.formats import INPUT_SUFFIXES, START_BYTES, format_of
from drln.images.formats.read_bytes import read_head
from drln.images.header import ImageError
from drln.images.reading import read_header

CLUTTER = {"thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "__macosx", "$recycle.bin", "#recycle", "lost+found"}
RECORD_FOLDER = ".drln-results"    # a hidden folder in every folder of results
NO_IMAGE = "no image that can be read here"


@dataclass
class FoundPhotos:
    """The contents of a folder.

    Attributes:
        photos: files with the extension or the content of an image; some may be damaged.
        left_out: other files and folders, each with the reason; clutter is not listed.
        unreadable: the files and folders in `left_out` that cannot be read, so that they may hold photos.
    """

    photos: list[Path] = field(default_factory=list)
    left_out: list[tuple[Path, str]] = field(default_factory=list)
    unreadable: list[Path] = field(default_factory=list)


def find_photos(folder: Path, besides: Path | None = None) -> FoundPhotos:
    """Find the photos in a folder and its subfolders, sorted.

    A file with an image extension counts as a photo, so that damage is reported when it is read. Any other file counts
    if its first bytes and its header are those of an image.

    Args:
        besides: a folder to skip; it is not listed either.

    Raises:
        ImageError: if the folder itself cannot be read.
    """
    found = FoundPhotos()
    shut = besides.resolve() if besides is not None else None

    def cannot_be_listed(error: OSError) -> None:
        path = Path(error.filename)
        if path == folder:
            raise ImageError(f"the folder {folder} cannot be read: {error.strerror}; check its permissions")
        _leave_out(found, path, error)

    for root, folders, files in os.walk(folder, onerror=cannot_be_listed):
        for name in list(folders):
            path = Path(root, name)
            if is_clutter(path.name) or path.resolve() == shut:
                folders.remove(name)
            elif os.path.isdir(path / RECORD_FOLDER):    # False, without an error, if access is denied
                folders.remove(name)
                found.left_out.append((path, "results of an earlier run; name that folder itself"))
            elif path.is_symlink():    # it may lead back to `folder`
                found.left_out.append((path, "a link to a folder; name that folder itself"))
        for name in files:
            if not is_clutter(name):
                _sort_in(found, Path(root, name))
    found.photos.sort()
    found.left_out.sort()
    return found


def is_clutter(path: str | PurePath) -> bool:
    """Whether any part of a relative path is hidden or was added by a system or network drive."""
    return any(part.startswith(".") or part.casefold() in CLUTTER for part in PurePath(path).parts)


def _sort_in(found: FoundPhotos, path: Path) -> None:
    try:
        if not path.is_file():
            found.left_out.append((path, "a link to nothing" if path.is_symlink() else "a pipe or a device"))
        elif path.suffix.lower() in INPUT_SUFFIXES:
            found.photos.append(path)
        elif format_of(read_head(path, START_BYTES)) is None:
            found.left_out.append((path, NO_IMAGE))
        else:
            read_header(path)
            found.photos.append(path)
    except ImageError as error:
        found.left_out.append((path, str(error).removeprefix(f"{path} ")))
    except OSError as error:
        _leave_out(found, path, error)


def _leave_out(found: FoundPhotos, path: Path, error: OSError) -> None:
    found.left_out.append((path, f"cannot be read: {error.strerror}"))
    found.unreadable.append(path)
