"""What the results in a folder were made from, so that the next run knows which of them are up to date.

A hidden folder beside the results holds one file for each process that wrote some, with a line for each result. So
several processes can write at once, on several machines too. No line is ever changed; the last one on a result counts.
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
    """A result, and what it is made from. Without `state` and `options` it was only started."""

    result: str          # path with slashes in the folder of the results
    photo: str           # path with slashes in the folder of the photos
    state: str = ""      # `file_state` of the photo
    options: str = ""    # the model and everything else that changes the result


class Record:
    """The lines on the results in `folder`. Those of this process have a file of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / RECORD_FOLDER
        self._file = self._folder / f"{secrets.token_hex(6)}.jsonl"

    def read(self) -> dict[str, Made]:
        """Return the last line on each result, by `place`. A line that was cut off is ignored.

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
        """Write a line and sync it, so that it is on the disk before the result.

        Raises:
            OSError: if it cannot be written.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        with open(self._file, "a") as file:
            file.write(json.dumps({"time": time.time_ns(), **asdict(made)}) + "\n")
            file.flush()
            os.fsync(file.fileno())


def file_state(path: Path) -> str:
    """A text that changes when the file is replaced, by an older one too.

    Raises:
        OSError: if there is no such file.
    """
    state = path.stat()
    return f"{state.st_size} bytes of {state.st_mtime_ns}"


def place(name: str) -> str:
    """The same text for all names that some file system takes for one: they differ in case, or in coded accents."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
