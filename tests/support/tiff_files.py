"""TIFF files written by their specification, of whatever fields a test wants."""

import struct

LONG_FIELDS = {273, 279, 513, 514, 324, 325, 330}


def tiff_of(parts: list[bytes], width: int, height: int, fields: dict[int, list[int]], order: str = "<") -> bytes:
    """One page of strips, or of tiles where 322 is among the fields; all its fields are whole numbers.

    Args:
        parts: the bytes of each strip or tile.
        width, height: in pixels.
        fields: further ones by number: 258 is bits, 259 compression, 262 the kind of colours, 278 rows a strip.
        order: "<" or ">".
    """
    starts = [8 + sum(map(len, parts[:number])) for number in range(len(parts))]
    places = {True: (324, 325), False: (273, 279)}[322 in fields]
    fields = {
        256: [width], 257: [height], 258: [8], 259: [1], 262: [1], 277: [len(fields.get(258, [8]))],
        **({} if 322 in fields else {278: [height]}),
        **dict(zip(places, (starts, list(map(len, parts))))),
        **fields,
    }    # fmt: skip
    data = b"".join(parts)
    data += bytes(len(data) % 2)
    directory = struct.pack(order + "H", len(fields))
    for tag, numbers in sorted(fields.items()):
        kind, letter = (4, "I") if tag in LONG_FIELDS else (3, "H")
        packed = struct.pack(f"{order}{len(numbers)}{letter}", *numbers)
        if len(packed) > 4:
            data, packed = data + packed, struct.pack(order + "I", 8 + len(data))
        directory += struct.pack(order + "HHI", tag, kind, len(numbers)) + packed.ljust(4, b"\0")
    start = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8 + len(data))
    return start + data + directory + bytes(4)
