"""GIF files, by Pillow. Frames are counted here, because Pillow decodes them all to count them."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from drln.images.formats.format import Format
from drln.images.formats.pillow_codec import pillow_header, read_with_pillow
from drln.images.header import FRAME_COUNT_LIMIT

IMAGE, EXTENSION = b",", b"!"


def _count_frames(path: Path) -> int:
    """Return the number of frames, at most `FRAME_COUNT_LIMIT` + 1. Stop where a damaged file ends."""
    with open(path, "rb") as file:
        screen = file.read(13)
        _skip_colours(file, screen[10:11])
        frames = 0
        while frames <= FRAME_COUNT_LIMIT:
            block = file.read(1)
            if block == IMAGE:
                frames += 1
                _skip_colours(file, file.read(9)[8:])
                file.seek(1, 1)    # skip the LZW code size
            elif block == EXTENSION:
                file.seek(1, 1)    # skip its type
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
    matches=lambda start: start[:6] in (b"GIF87a", b"GIF89a"),
    read_header=lambda path: pillow_header(path, "GIF", frames=_count_frames(path)),
    read=lambda path, header: read_with_pillow(path, "GIF"),
)
