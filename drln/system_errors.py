"""Sentences for the errors of the operating system: what went wrong, with which file, and what to do."""

from __future__ import annotations

import errno

# No space on the disk, or for this user, or for a file of this size.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def cache_sentence(error: OSError, what: str) -> str:
    """Why `what` could not be written into the cache, and what to do."""
    if error.errno in FULL:
        return f"the disk is full: there is no room for {what}; free some space, or pass cache_dir= on another disk"
    return f"the cache cannot take {what}: {error}; pass another cache_dir="


def sentence(error: OSError) -> str:
    """The error as a sentence."""
    name = error.filename2 or error.filename
    file = str(name) if name is not None else "a file"
    if error.errno is None:    # a library or this program raised it with a text alone
        return str(error) or type(error).__name__
    if error.errno in FULL:
        return f"the disk is full, {file} could not be written; free some space or choose another place"
    if isinstance(error, PermissionError):
        return f"{file} may not be read or written to; change its permissions or choose another place"
    if isinstance(error, FileNotFoundError):
        return f"there is no {file}; check the path"
    if error.errno == errno.ENAMETOOLONG:
        return f"the name {file} is too long for the system; choose a shorter one"
    if error.errno == errno.EROFS:
        return f"{file} is on a disk that can only be read; choose another place"
    return f"{file}: {error.strerror}; check the path and the disk"
