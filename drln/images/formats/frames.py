"""Count the frames of a GIF and the pages of a TIFF by their blocks, no farther than asked.

Pillow decodes frame upon frame to count them, and tifffile counts all.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

IMAGE, EXTENSION = b",", b"!"
SUBFILE_TYPE = 254


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


def count_pages(path: Path, most: int) -> int:
    """How many pages a TIFF has, less those that are small copies of others; `most` + 1 if there are more.

    A chain that leads back or nowhere ends there.
    """
    with open(path, "rb") as file:
        start = file.read(16)
        order = "<" if start[:2] == b"II" else ">"
        is_big = struct.unpack(order + "H", start[2:4])[0] == 43
        number, link, entry = (order + one for one in (("Q", "Q", "H10xI4x") if is_big else ("H", "I", "H6xI")))
        at, seen, copies = struct.unpack_from(link, start, 8 if is_big else 4)[0], set[int](), 0
        while at and at not in seen and len(seen) <= most:
            seen.add(at)
            try:
                file.seek(at)
                (entries,) = struct.unpack(number, file.read(struct.calcsize(number)))
                tag, value = struct.unpack(entry, file.read(struct.calcsize(entry)))
                copies += tag == SUBFILE_TYPE and value & 1    # it is the lowest tag, and so the first
                file.seek(struct.calcsize(entry) * (entries - 1), 1)
                (at,) = struct.unpack(link, file.read(struct.calcsize(link)))
            except (struct.error, OSError, OverflowError):
                break
    return max(len(seen) - copies, 1)


def _skip_colours(file: BinaryIO, flags: bytes) -> None:
    if flags and flags[0] & 0x80:
        file.seek(3 << (flags[0] & 7) + 1, 1)
