"""GIF files, by Pillow, which decodes frame upon frame to count them: they are counted here by their blocks."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from drln.images.formats.format import Format
from drln.images.formats.with_pillow import pillow_header, read_with_pillow
from drln.images.header import MANY

IMAGE, EXTENSION = b",", b"!"


def _count_frames(path: Path) -> int:
    """Return how many frames there are, at most `MANY` + 1; of a file that ends too early, those before its end."""
    with open(path, "rb") as file:
        screen = file.read(13)
        _skip_colours(file, screen[10:11])
        frames = 0
        while frames <= MANY:
            block = file.read(1)
            if block == IMAGE:
                frames += 1
                _skip_colours(file, file.read(9)[8:])
                file.seek(1, 1)    # the size of LZW's first codes
            elif block == EXTENSION:
                file.seek(1, 1)    # its kind
            else:
                break
            while (length := file.read(1)) > b"\0":
                file.seek(length[0], 1)
    return max(frames, 1)


def _skip_colours(file: BinaryIO, flags: bytes) -> None:
    if flags and flags[0] & 0x80:
        file.seek(3 << (flags[0] & 7) + 1, 1)


GIF = Format(
    "GIF",
    suffixes=(".gif",),
    begins=lambda start: start[:6] in (b"GIF87a", b"GIF89a"),
    read_header=lambda path: pillow_header(path, "GIF", frames=_count_frames(path)),
    read=lambda path, header: read_with_pillow(path, "GIF"),
)
