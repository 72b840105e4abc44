"""Find the photos of a folder, by their names or their content, and say what is left out.

Decodes no pixel.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from drln.images.formats import INPUT_SUFFIXES, START_BYTES, format_of
from drln.images.formats.file_bytes import read_head
from drln.images.header import ImageError
from drln.images.reading import read_header

CLUTTER = {"thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "__macosx", "$recycle.bin", "#recycle", "lost+found"}
RECORD_FOLDER = ".drln-results"    # a hidden folder that marks a folder of results
NO_IMAGE = "no image that can be read here"


@dataclass
class FoundPhotos:
    """What a folder holds.

    Attributes:
        photos: the files with the extension or the content of an image; some may be damaged.
        left_out: every other file or folder, and why; without hidden ones and what systems add to folders.
        unreadable: those of `left_out` that may hold photos: folders and files that could not be looked into.
    """

    photos: list[Path] = field(default_factory=list)
    left_out: list[tuple[Path, str]] = field(default_factory=list)
    unreadable: list[Path] = field(default_factory=list)


def find_photos(folder: Path, besides: Path | None = None) -> FoundPhotos:
    """Return the photos of a folder and of the folders in it, sorted.

    A file with the extension of an image counts as a photo, so that a damaged one is reported when it is read. Any
    other file is a photo if its first bytes and its header say so.

    Args:
        besides: a folder that is neither searched nor reported.

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
            elif os.path.isdir(path / RECORD_FOLDER):    # false, and no error, where it may not be looked into
                folders.remove(name)
                found.left_out.append((path, "results of an earlier run; name that folder itself"))
            elif path.is_symlink():    # it may lead back here
                found.left_out.append((path, "a link to a folder; name that folder itself"))
        for name in files:
            if not is_clutter(name):
                _sort_in(found, Path(root, name))
    found.photos.sort()
    found.left_out.sort()
    return found


def is_clutter(path: str | PurePath) -> bool:
    """Whether a part of a relative path is hidden, or is what systems and network drives add to folders."""
    return any(part.startswith(".") or part.casefold() in CLUTTER for part in PurePath(path).parts)


def _sort_in(found: FoundPhotos, path: Path) -> None:
    try:
        if not path.is_file():
            found.left_out.append((path, "a link to nothing" if path.is_symlink() else "a pipe or a device, no file"))
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
