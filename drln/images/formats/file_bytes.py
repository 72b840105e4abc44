"""The bytes of a file, as far as they are needed."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HEAD = 1_000_000    # in which a file says what it is


def read_head(path: Path, size: int = HEAD) -> bytes:
    """Return the first bytes of a file."""
    with open(path, "rb") as file:
        return file.read(size)


@contextmanager
def mapped(path: Path) -> Iterator[mmap.mmap]:
    """Open all bytes of a file without reading them."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        yield content
