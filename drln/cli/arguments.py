"""Options that several commands have, and the paths and names that they take."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any


def a_path(text: str) -> Path:
    """A path from the command line.

    Raises:
        ArgumentTypeError: if it is empty, as an unset variable in a script is. It would mean the current folder.
    """
    return Path(a_name(text))


def a_name(text: str) -> str:
    """The name of a model or a set; a folder is one too.

    Raises:
        ArgumentTypeError: if it is empty.
    """
    if not text:
        raise ArgumentTypeError("it is empty; give a path or a name")
    return text


def add_download_options(add: Callable[..., Any], kept: str = "downloads") -> None:
    """Add the options that say where downloads are kept, and whether there may be any.

    Args:
        add: a parser's `add_argument`.
        kept: what the command keeps there.
    """
    add("--cache-dir", type=a_path, metavar="FOLDER", help=f"where to keep {kept} (default: the hub's own cache)")
    add("--local-files-only", action="store_true", help="use what is on this machine and download nothing")


def download_options(args: Namespace) -> dict[str, Any]:
    """The same options, as `from_pretrained` and `find_set` take them."""
    return {"cache_dir": args.cache_dir, "local_files_only": args.local_files_only}
