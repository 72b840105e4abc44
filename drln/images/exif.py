"""Read the EXIF tags that a result keeps: how and when the photo was taken, and whom to credit.

Values are copied byte by byte, because Pillow's `Exif` changes some letters, signs and types. Only listed tags are
kept. Positions, the owner's name, serial numbers, comments and descriptions are private, and maker notes may contain
them. Sizes, offsets and thumbnails no longer match the result.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace
from mmap import mmap
from typing import NamedTuple

PREFIX = b"Exif\0\0"
ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
ORIENTATION, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT, COLOUR_SPACE = 274, 282, 283, 296, 0xA001
CAMERA, INTEROP = 0x8769, 0xA005    # links from image to camera, and from camera to interop
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
INTEROP_TAGS = {1, 2}    # mark Adobe RGB
SHORT, LONG, RATIONAL = 3, 4, 5    # value types
ITEM_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
ENTRY_BYTES, MOST_BYTES = 8_000, 60_000    # limits for one value and for all; JPEG has room for 64 KB


class Entry(NamedTuple):
    """A value as it is stored."""

    kind: int     # the TIFF type
    items: int    # how many
    data: bytes


Directory = dict[int, Entry]    # by tag


@dataclass(frozen=True)
class Exif:
    """The tags to keep, in byte order "<" or ">", and the orientation, 1 to 8, which is not kept."""

    order: str = "<"
    orientation: int = 1
    image: Directory = field(default_factory=dict)
    camera: Directory = field(default_factory=dict)
    interop: Directory = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Return the block as in JPEG, with `PREFIX`; empty if there are no tags."""
        if not (self.image or self.camera or self.interop):
            return b""
        head = struct.pack(self.order + "2sHI", b"II" if self.order == "<" else b"MM", 42, 8)
        return PREFIX + head + _chain([self.image, self.camera, self.interop], [CAMERA, INTEROP], 8, self.order)

    def camera_block(self, at: int) -> bytes:
        """Return the camera and interop directories for a given file offset."""
        return _chain([self.camera, self.interop], [INTEROP], at, self.order)


def read_exif(raw: bytes | mmap) -> Exif:
    """Read an EXIF block, with or without `PREFIX`, or a whole TIFF file. Damaged data yields no tags."""
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
    """Add a resolution in pixels per inch, for formats that store it only in EXIF."""
    x, y = (struct.pack(exif.order + "II", min(round(value * 10_000), 2**32 - 1), 10_000) for value in dpi)
    inch = Entry(SHORT, 1, struct.pack(exif.order + "H", 2))
    resolution = {X_RESOLUTION: Entry(RATIONAL, 1, x), Y_RESOLUTION: Entry(RATIONAL, 1, y), RESOLUTION_UNIT: inch}
    return replace(exif, image=exif.image | resolution)


def without_colour_space(exif: Exif) -> Exif:
    """Drop the colour space, for colours that were converted."""
    camera = {tag: entry for tag, entry in exif.camera.items() if tag != COLOUR_SPACE}
    return replace(exif, camera=camera, interop={})


def _read(raw: bytes | mmap, at: int, order: str) -> Directory:
    """Read the directory at an offset; 0 means none. Skip values that are too long or outside the data."""
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
    """Return a tag's value if it is a single integer, otherwise 0."""
    entry = directory.get(tag)
    if entry is None or entry.kind not in (SHORT, LONG) or entry.items != 1:
        return 0
    return int.from_bytes(entry.data, "little" if order == "<" else "big")


def _chain(directories: list[Directory], links: list[int], at: int, order: str) -> bytes:
    """Encode directories for an offset, each linked to the next by a tag."""
    first, *others = directories
    if not any(others):
        return _packed(first, at, order)
    start = at + len(_packed({**first, links[0]: Entry(LONG, 1, bytes(4))}, at, order))
    first = {**first, links[0]: Entry(LONG, 1, struct.pack(order + "I", start))}
    return _packed(first, at, order) + _chain(others, links[1:], start, order)


def _packed(directory: Directory, at: int, order: str) -> bytes:
    """Encode a directory for an offset, followed by the values that do not fit into it."""
    head, values = struct.pack(order + "H", len(directory)), b""
    for tag, (kind, items, data) in sorted(directory.items()):
        inside = data.ljust(4, b"\0")
        if len(data) > 4:
            inside = struct.pack(order + "I", at + 6 + 12 * len(directory) + len(values))
            values += data + bytes(len(data) % 2)
        head += struct.pack(order + "HHI", tag, kind, items) + inside
    return head + bytes(4) + values
