"""Files and folders that appear whole or not at all. All that this project keeps is written here.

Knows nothing of their contents.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

PARTIAL = ".drln-*.part"    # short, so that the name of the file itself may have any length
PARTIAL_FOLDER = ".partial"
LEFT_SECONDS = 3600         # a partial file that is older was left by a killed process


class WriteError(OSError):
    """A file or folder that cannot be written; the message names it, and says why and what to do."""


def write_whole(path: str | os.PathLike[str], write: Callable[[BinaryIO], Any]) -> None:
    """Write a file under another name in the same folder, sync it to the disk, then rename it.

    After a failure, an interruption or on a full disk, the old file is still there. If two processes write the same
    file, the last one wins.

    Args:
        path: of the file, which is replaced if it exists. A link stays, and the file that it leads to is replaced.
        write: writes the content into a file opened with "x+b". It must use the file's own `write`, which raises an
            error on a full disk. Pillow's encoders go around it, so encode into memory first.

    Raises:
        WriteError: if `refusal` has a reason, or the disk refuses the file.
        Exception: whatever else `write` raises.
    """
    if why := refusal(path):
        raise WriteError(why)
    target = _target(path)
    partial = target.with_name(PARTIAL.replace("*", secrets.token_hex(6)))
    try:
        with open(partial, "x+b") as file:
            write(file)
        put_in_place(partial, target)
    except OSError as error:
        raise WriteError(f"{path} cannot be written: {error.strerror or error}; choose another place") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def write_bytes_whole(path: str | os.PathLike[str], content: bytes | memoryview) -> None:
    """Write a file as `write_whole` does, with this content.

    Raises:
        WriteError: if it cannot be written.
    """
    write_whole(path, lambda file: file.write(content))


def put_in_place(partial: Path, path: Path) -> None:
    """Sync a complete file to the disk, then rename it. Another file of that name is replaced.

    Raises:
        OSError: if the disk refuses it.
    """
    _sync(partial)
    os.replace(partial, path)


@contextmanager
def whole_folder(folder: Path, replace: bool = False) -> Iterator[Path]:
    """Yield a new folder to fill. At the end of the block it is synced to the disk and renamed to `folder`.

    After an error nothing is left. If `folder` exists by then, it is removed with `replace`, and else kept: another
    process was faster.

    Raises:
        WriteError: if no folder can be made there.
        OSError: if the disk refuses a file, or the folder cannot be replaced.
    """
    partial = folder.with_name(f".{folder.name}-{secrets.token_hex(4)}{PARTIAL_FOLDER}")
    try:
        partial.mkdir(parents=True)
    except OSError as error:
        refused = WriteError(f"{folder} cannot be written: {error.strerror or error}; choose another place")
        refused.errno = error.errno
        raise refused from error
    try:
        yield partial
        for path in partial.rglob("*"):
            if path.is_file():
                _sync(path)
        if replace:
            shutil.rmtree(folder, ignore_errors=True)    # what cannot be removed makes the renaming fail
        try:
            os.rename(partial, folder)
        except OSError:
            if replace or not folder.is_dir():
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def remove_left_folders(folder: Path) -> None:
    """Remove what killed processes left of `folder`. The caller must be the only one that fills it."""
    for partial in folder.parent.glob(f".{folder.name}-*{PARTIAL_FOLDER}"):
        shutil.rmtree(partial, ignore_errors=True)


def refusal(path: str | os.PathLike[str]) -> str:
    """A sentence why no file can be written there; empty if one can. Call it before the work."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, ValueError) as error:    # ValueError: a zero byte in the name
        if getattr(error, "errno", None) != errno.ENAMETOOLONG:
            return f"{path} cannot be written: {getattr(error, 'strerror', error)}; choose another place"
        size = len(os.fsencode(os.path.basename(path)))
        return f"the name {path} is too long for the file system, {size} bytes; choose a shorter one"
    target = _target(path)
    if target.is_dir():
        return f"{path} is a folder; add a file name"
    if not target.parent.is_dir():
        return f"there is no folder {target.parent} to save {target.name} in; create it first"
    if target.exists() and not target.is_file():
        return f"{path} is a device or a pipe; give the name of a file"
    if not os.access(target.parent, os.W_OK | os.X_OK):
        return f"the folder {target.parent} may not be written to; choose another one for {target.name}"
    if target.exists() and not os.access(target, os.W_OK):
        return f"{path} may not be overwritten; change its permissions or choose another name"
    return ""


def remove_left_partials(folder: str | os.PathLike[str], older_than: float = LEFT_SECONDS) -> None:
    """Remove partial files that were not written to for `older_than` seconds. Younger ones may be in use."""
    now = time.time()
    for partial in Path(folder).glob(PARTIAL):
        try:
            if now - partial.stat().st_mtime > older_than:
                partial.unlink()
        except OSError:    # another process was faster, or this one may not remove it
            continue


def _target(path: str | os.PathLike[str]) -> Path:
    """The file that a link leads to, so that the link stays."""
    return Path(os.path.realpath(path) if os.path.islink(path) else path)


def _sync(path: Path) -> None:
    """Else a power cut may leave the new name without the new bytes."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
