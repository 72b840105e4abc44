"""What a result keeps of a photo's EXIF: how and when it was taken, and whom to credit.

Copies the bytes of values as they are: Pillow's `Exif` would turn them into its own types, and lose letters, signs and
types. What is kept is listed, and all else is dropped: places, the owner's name, serial numbers, comments and
descriptions are private; maker notes hold them in ways that only their makers know; sizes, offsets and thumbnails are
no longer true.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace
from mmap import mmap
from typing import NamedTuple

PREFIX = b"Exif\0\0"
ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
ORIENTATION, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT, COLOUR_SPACE = 274, 282, 283, 296, 0xA001
CAMERA, INTEROP = 0x8769, 0xA005    # lead to the directory of the camera, and from there to the one within
IMAGE_TAGS = {271, 272, 306, 315, 33432}    # make, model, date, artist, copyright
CAMERA_TAGS = {
    *(0x829A, 0x829D),                             # exposure time, aperture
    *(0x8822, 0x8824, 0x8827, 0x8828),             # program, sensitivity
    *range(0x8830, 0x8836),
    *(0x9000, 0x9003, 0x9004, 0x9010, 0x9011, 0x9012, 0x9101),    # version, dates and their time zones
    *range(0x9201, 0x920B),                        # shutter, brightness, distance, metering, flash, focal length
    *(0x9290, 0x9291, 0x9292),                     # fractions of the seconds
    *(0xA000, COLOUR_SPACE, 0xA20B, 0xA215, 0xA217, 0xA300, 0xA301, 0xA302),
    *range(0xA401, 0xA40B),                        # rendering, white balance, zoom, scene, contrast, sharpness
    *(0xA40C, 0xA432, 0xA433, 0xA434),             # distance, lens without its serial number
    *(0xA437, 0xA500),                             # photographer, gamma
}
INTEROP_TAGS = {1, 2}    # say that a camera's file is in Adobe RGB
SHORT, LONG, RATIONAL = 3, 4, 5    # types of values
ITEM_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
ENTRY_BYTES, MOST_BYTES = 8_000, 60_000    # of one value and of all: JPEG has 64 KB for it


class Entry(NamedTuple):
    """One value: its TIFF type, how many items it has, and their bytes."""

    kind: int
    items: int
    data: bytes


Directory = dict[int, Entry]    # by tag


@dataclass(frozen=True)
class Exif:
    """What may be kept of an EXIF block, in its own byte order, "<" or ">"; and its orientation, which is not kept.

    The orientation, 1 to 8, says where row 0 and column 0 lie.
    """

    order: str = "<"
    orientation: int = 1
    image: Directory = field(default_factory=dict)
    camera: Directory = field(default_factory=dict)
    interop: Directory = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Return the block as JPEG holds it, with `PREFIX`; empty if there is nothing in it."""
        if not (self.image or self.camera or self.interop):
            return b""
        head = struct.pack(self.order + "2sHI", b"II" if self.order == "<" else b"MM", 42, 8)
        return PREFIX + head + _chain([self.image, self.camera, self.interop], [CAMERA, INTEROP], 8, self.order)

    def camera_block(self, at: int) -> bytes:
        """Return the camera's directory and the one within, to be put at that offset of a file."""
        return _chain([self.camera, self.interop], [INTEROP], at, self.order)


def read_exif(raw: bytes | mmap) -> Exif:
    """Read an EXIF block, with or without `PREFIX`, or a whole TIFF file. Broken bytes give nothing to keep."""
    raw = raw.removeprefix(PREFIX) if isinstance(raw, bytes) else raw
    order = ORDERS.get(bytes(raw[:4]))
    if order is None:
        return Exif()
    nothing = Exif(order)
    try:
        image = _read(raw, struct.unpack_from(order + "I", raw, 4)[0], order)
        orientation = _number(image, ORIENTATION, order)
        nothing = Exif(order, orientation if orientation in range(1, 9) else 1)
        camera = _read(raw, _number(image, CAMERA, order), order)
        interop = _read(raw, _number(camera, INTEROP, order), order)
    except struct.error:
        return nothing
    listed = zip((image, camera, interop), (IMAGE_TAGS, CAMERA_TAGS, INTEROP_TAGS))
    kept = ({tag: directory[tag] for tag in tags & directory.keys()} for directory, tags in listed)
    exif = Exif(order, nothing.orientation, *kept)
    return exif if len(exif.to_bytes()) <= MOST_BYTES else nothing


def with_resolution(exif: Exif, dpi: tuple[float, float]) -> Exif:
    """Add a resolution in pixels an inch, for formats that have no other place for it."""
    x, y = (struct.pack(exif.order + "II", min(round(value * 10_000), 2**32 - 1), 10_000) for value in dpi)
    inch = Entry(SHORT, 1, struct.pack(exif.order + "H", 2))
    resolution = {X_RESOLUTION: Entry(RATIONAL, 1, x), Y_RESOLUTION: Entry(RATIONAL, 1, y), RESOLUTION_UNIT: inch}
    return replace(exif, image=exif.image | resolution)


def without_colour_space(exif: Exif) -> Exif:
    """Drop what is said of colours that were converted."""
    camera = {tag: entry for tag, entry in exif.camera.items() if tag != COLOUR_SPACE}
    return replace(exif, camera=camera, interop={})


def _read(raw: bytes | mmap, at: int, order: str) -> Directory:
    """Read the directory at an offset, without values that are too long or lie outside; an empty one for offset 0."""
    directory: Directory = {}
    if not at:
        return directory
    (number,) = struct.unpack_from(order + "H", raw, at)
    for place in range(at + 2, at + 2 + 12 * number, 12):
        tag, kind, items = struct.unpack_from(order + "HHI", raw, place)
        size = items * ITEM_BYTES.get(kind, ENTRY_BYTES + 1)
        start = place + 8 if size <= 4 else struct.unpack_from(order + "I", raw, place + 8)[0]
        if size <= ENTRY_BYTES and start + size <= len(raw):
            directory[tag] = Entry(kind, items, bytes(raw[start : start + size]))
    return directory


def _number(directory: Directory, tag: int, order: str) -> int:
    """Return a value that is one whole number; 0 if there is none."""
    entry = directory.get(tag)
    if entry is None or entry.kind not in (SHORT, LONG) or entry.items != 1:
        return 0
    return int.from_bytes(entry.data, "little" if order == "<" else "big")


def _chain(directories: list[Directory], links: list[int], at: int, order: str) -> bytes:
    """Return directories as they lie at an offset, each of which leads to the next by a tag."""
    first, *others = directories
    if not any(others):
        return _packed(first, at, order)
    start = at + len(_packed({**first, links[0]: Entry(LONG, 1, bytes(4))}, at, order))
    first = {**first, links[0]: Entry(LONG, 1, struct.pack(order + "I", start))}
    return _packed(first, at, order) + _chain(others, links[1:], start, order)


def _packed(directory: Directory, at: int, order: str) -> bytes:
    """Return a directory as it lies at an offset, and behind it the values that do not fit into it."""
    head, values = struct.pack(order + "H", len(directory)), b""
    for tag, (kind, items, data) in sorted(directory.items()):
        inside = data.ljust(4, b"\0")
        if len(data) > 4:
            inside = struct.pack(order + "I", at + 6 + 12 * len(directory) + len(values))
            values += data + bytes(len(data) % 2)
        head += struct.pack(order + "HHI", tag, kind, items) + inside
    return head + bytes(4) + values
