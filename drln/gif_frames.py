"""Count the frames of a GIF by its blocks, without decoding any.

Pillow decodes frame upon frame to count them.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

IMAGE, EXTENSION = b",", b"!"


def count_gif_frames(path: Path, most: int) -> int:
    """How many frames there are; `most` + 1 if there are more. A file that ends too early has those before its end."""
    with open(path, "rb") as file:
        screen = file.read(13)
        _skip_colours(file, screen[10:11])
        frames = 0
        while frames <= most:
            block = file.read(1)
            if block == IMAGE:
                frames += 1
                _skip_colours(file, file.read(9)[8:])
                file.seek(1, 1)    # the size of LZW's first codes
            elif block == EXTENSION:
                file.seek(1, 1)    # its kind
            else:
                break
            while length := file.read(1)[:1]:
                if length == b"\0":
                    break
                file.seek(length[0], 1)
    return max(frames, 1)


def _skip_colours(file: BinaryIO, flags: bytes) -> None:
    if flags and flags[0] & 0x80:
        file.seek(3 << (flags[0] & 7) + 1, 1)
