"""What the commands take as a path or a name: anything but nothing, for which a variable in a script was left empty."""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path


def a_path(text: str) -> Path:
    """An empty one would be the current folder."""
    return Path(a_name(text))


def a_name(text: str) -> str:
    """Of a model or a set, which may be a folder too."""
    if not text:
        raise ArgumentTypeError("it is empty; give a path or a name")
    return text
