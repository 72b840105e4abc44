"""Files of the server, told by the names that their users know.

Knows no gradio, and no file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDERS = re.compile(r"(?<![\w.:/])/(?:[^\s/'\"]+/)+")    # of an absolute path, not of an address


@contextmanager
def named(path: Path, title: str) -> Iterator[None]:
    """Whatever is raised inside speaks of the file by its title."""
    try:
        yield
    except Exception as error:
        error.args = tuple(arg.replace(str(path), title) if isinstance(arg, str) else arg for arg in error.args)
        raise


def without_folders(text: str) -> str:
    """A message without the places where the server keeps its files."""
    return FOLDERS.sub("", text)
