"""What a result keeps of a photo's EXIF: how and when it was taken, and whom to credit.

Knows bytes only, and copies values as they are. What is kept is listed, and all else is dropped: places, the owner's
name, serial numbers, comments and descriptions are private; maker notes hold them in ways that only their makers know;
sizes, offsets and thumbnails are no longer true.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from mmap import mmap

PREFIX = b"Exif\0\0"
ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT, CAMERA, COLOUR_SPACE, INTEROP = 282, 283, 296, 0x8769, 0xA001, 0xA005
ORIENTATION = 274
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
INTEROP_TAGS = {1, 2}    # says that a camera's file is in Adobe RGB
ITEM_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
ENTRY_BYTES, MOST_BYTES = 8_000, 60_000    # of one value and of all: JPEG has 64 KB for it


@dataclass(frozen=True)
class Entry:
    """One value: its TIFF type, how many items, and their bytes."""

    kind: int
    count: int
    data: bytes


@dataclass(frozen=True)
class Exif:
    """The directories of an EXIF block; `order` is "<" or ">"."""

    order: str = "<"
    image: dict[int, Entry] = field(default_factory=dict)
    camera: dict[int, Entry] = field(default_factory=dict)
    interop: dict[int, Entry] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """As JPEG holds it, with `PREFIX`; empty if there is nothing in it."""
        image = dict(self.image)
        camera_at = 8 + _size(image) + 12
        if self.camera or self.interop:
            image[CAMERA] = self.pointer(camera_at)
        block = struct.pack(self.order + "2sHI", b"II" if self.order == "<" else b"MM", 42, 8)
        block += _directory(image, 8, self.order) + self.camera_block(camera_at)
        return PREFIX + block if image else b""

    def camera_block(self, at: int) -> bytes:
        """The camera's directory, with the one in it, to be put at that offset; empty if there is none."""
        camera = dict(self.camera)
        interop_at = at + _size(camera) + 12
        if self.interop:
            camera[INTEROP] = self.pointer(interop_at)
        if not camera:
            return b""
        block = _directory(camera, at, self.order)
        return block + _directory(self.interop, interop_at, self.order) if self.interop else block

    def pointer(self, at: int) -> Entry:
        """A value that leads to an offset."""
        return Entry(4, 1, struct.pack(self.order + "I", at))


def read_exif(raw: bytes | mmap) -> Exif:
    """What may be kept of an EXIF block, with or without `PREFIX`, or of a whole TIFF file; of broken bytes nothing."""
    raw = raw.removeprefix(PREFIX) if isinstance(raw, bytes) else raw
    order = ORDERS.get(bytes(raw[:4]))
    if order is None:
        return Exif()
    try:
        image = _entries(raw, struct.unpack_from(order + "I", raw, 4)[0], order)
        camera = _entries(raw, _target(image, CAMERA, order), order)
        interop = _entries(raw, _target(camera, INTEROP, order), order)
    except struct.error:
        return Exif()
    kept = Exif(order, _only(image, IMAGE_TAGS), _only(camera, CAMERA_TAGS), _only(interop, INTEROP_TAGS))
    return kept if len(kept.to_bytes()) <= MOST_BYTES else Exif(order)


def read_orientation(raw: bytes) -> int:
    """Where row 0 and column 0 lie, 1 to 8; 1 where an EXIF block does not say it or cannot be read."""
    raw = raw.removeprefix(PREFIX)
    order = ORDERS.get(raw[:4])
    if order is None:
        return 1
    try:
        found = _entries(raw, struct.unpack_from(order + "I", raw, 4)[0], order).get(ORIENTATION)
    except struct.error:
        return 1
    orientation = int.from_bytes(found.data[:2], "little" if order == "<" else "big") if found else 1
    return orientation if orientation in range(1, 9) else 1


def with_resolution(exif: Exif, dpi: tuple[float, float]) -> Exif:
    """With a resolution in pixels an inch, for formats that have no other place for it."""
    x, y = (struct.pack(exif.order + "II", min(round(value * 10_000), 2**32 - 1), 10_000) for value in dpi)
    inch = struct.pack(exif.order + "H", 2)
    resolution = {X_RESOLUTION: Entry(5, 1, x), Y_RESOLUTION: Entry(5, 1, y), RESOLUTION_UNIT: Entry(3, 1, inch)}
    return Exif(exif.order, exif.image | resolution, exif.camera, exif.interop)


def without_colour_space(exif: Exif) -> Exif:
    """For pixels whose colours were converted."""
    camera = {tag: entry for tag, entry in exif.camera.items() if tag != COLOUR_SPACE}
    return Exif(exif.order, exif.image, camera)


def _entries(raw: bytes | mmap, at: int, order: str) -> dict[int, Entry]:
    entries: dict[int, Entry] = {}
    if not at:
        return entries
    (number,) = struct.unpack_from(order + "H", raw, at)
    for place in range(at + 2, at + 2 + 12 * number, 12):
        tag, kind, count = struct.unpack_from(order + "HHI", raw, place)
        size = count * ITEM_BYTES.get(kind, ENTRY_BYTES + 1)
        start = place + 8 if size <= 4 else struct.unpack_from(order + "I", raw, place + 8)[0]
        if size <= ENTRY_BYTES and start + size <= len(raw):
            entries[tag] = Entry(kind, count, bytes(raw[start : start + size]))
    return entries


def _target(entries: dict[int, Entry], tag: int, order: str) -> int:
    entry = entries.get(tag)
    return struct.unpack(order + "I", entry.data)[0] if entry and entry.kind == 4 and entry.count == 1 else 0


def _only(entries: dict[int, Entry], tags: set[int]) -> dict[int, Entry]:
    return {tag: entries[tag] for tag in sorted(tags & entries.keys())}


def _size(entries: dict[int, Entry]) -> int:
    """Bytes of a directory and its values; a further pointer takes 12."""
    values = (len(entry.data) for entry in entries.values() if _far(entry))
    return 6 + 12 * len(entries) + sum(size + size % 2 for size in values)


def _far(entry: Entry) -> bool:
    return len(entry.data) > 4


def _directory(entries: dict[int, Entry], at: int, order: str) -> bytes:
    """A directory that lies at that offset, and the values that do not fit into it behind it."""
    head, values = struct.pack(order + "H", len(entries)), b""
    values_at = at + 6 + 12 * len(entries)
    for tag, entry in sorted(entries.items()):
        head += struct.pack(order + "HHI", tag, entry.kind, entry.count)
        if _far(entry):
            head += struct.pack(order + "I", values_at + len(values))
            values += entry.data + bytes(len(entry.data) % 2)
        else:
            head += entry.data.ljust(4, b"\0")
    return head + bytes(4) + values
