"""Read the start of a file, or map all of it into memory."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HEAD_BYTES = 1_000_000    # enough for the header data


def read_head(path: Path, size: int = HEAD_BYTES) -> bytes:
    """Return the first `size` bytes, or the whole file if it is shorter."""
    with open(path, "rb") as file:
        return file.read(size)


@contextmanager
def memory_map(path: Path) -> Iterator[mmap.mmap]:
    """Give access to the whole file; only the parts in use are read."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        yield content
