"""Files that are there whole or not at all: the one way in which this project writes what somebody keeps.

Knows nothing of what is in them.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

PARTIAL = ".drln-*.part"    # short, so that a result's name may be as long as the file system takes
LEFT_SECONDS = 3600         # after which a partial file belongs to a process that was killed


def write_whole(path: str | os.PathLike[str], write: Callable[[BinaryIO], Any]) -> None:
    """Write a file under another name in the same folder, sync it to the disk, and then rename it.

    A failure, an interruption or a full disk leaves what was there before. Of two processes that write the same
    file, the last one wins.

    Args:
        path: of the file; one that is there is replaced.
        write: puts the content into a file opened with "w+b". It must go through the file's own `write`, which
            writes all or raises: Pillow's encoders write past it and ignore a full disk, so encode into memory first.

    Raises:
        OSError: if the disk refuses it; and whatever `write` raises.
    """
    path = Path(path)
    partial = path.with_name(PARTIAL.replace("*", secrets.token_hex(6)))
    try:
        with open(partial, "w+b") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())    # else a power cut may leave the new name without the new bytes
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def remove_left_partials(folder: str | os.PathLike[str]) -> None:
    """Remove partial files that nobody has written to for an hour. Those of a process that still runs stay."""
    now = time.time()
    for partial in Path(folder).glob(PARTIAL):
        try:
            if now - partial.stat().st_mtime > LEFT_SECONDS:
                partial.unlink()
        except OSError:    # another process was faster, or it may not be removed
            continue
