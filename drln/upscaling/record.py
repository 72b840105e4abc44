"""What the results in a folder were made of, so that the next run knows which of them are still right.

A hidden folder beside the results holds a file for each process that wrote some, and a line in it for each result: so
several may write at once, on several machines too, and no line is ever changed. The last line on a result counts.
"""

from __future__ import annotations

import json
import os
import secrets
import time
import unicodedata
from dataclasses import asdict, dataclass
from pathlib import Path

from drln.images.photo_folder import RECORD_FOLDER


@dataclass(frozen=True)
class Made:
    """A result, and what it is made of; without `state` and `options` it has only been begun.

    Attributes:
        result, photo: paths with slashes, in the folder of the results and in that of the photos.
        state: of the photo's file, changed when the file is.
        options: the model and all else that changes the result.
    """

    result: str
    photo: str
    state: str = ""
    options: str = ""


class Record:
    """The lines on the results in `folder`; those of this process go into a file of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / RECORD_FOLDER
        self._file = self._folder / f"{secrets.token_hex(6)}.jsonl"

    def read(self) -> dict[str, Made]:
        """The last line on each result, by `place`; a line that was cut off is passed over.

        Raises:
            OSError: if a file cannot be read.
        """
        lines = []
        for file in sorted(self._folder.glob("*.jsonl")):
            for line in file.read_bytes().splitlines():
                try:
                    entry = json.loads(line)
                    lines.append((int(entry.pop("time")), Made(**entry)))
                except (ValueError, TypeError, KeyError, AttributeError):
                    continue
        return {place(made.result): made for _, made in sorted(lines, key=lambda line: line[0])}

    def add(self, made: Made) -> None:
        """Write a line, and see that it reaches the disk before the result does.

        Raises:
            OSError: if it cannot be written.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        with open(self._file, "a") as file:
            file.write(json.dumps({"time": time.time_ns(), **asdict(made)}) + "\n")
            file.flush()
            os.fsync(file.fileno())


def file_state(path: Path) -> str:
    """Changes when the file is replaced, also by an older one.

    Raises:
        OSError: if there is none.
    """
    state = path.stat()
    return f"{state.st_size} bytes of {state.st_mtime_ns}"


def place(name: str) -> str:
    """The same for names that are one file on some file system: they differ by case, or in how accents are coded."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
