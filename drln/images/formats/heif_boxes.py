"""Read what the boxes of AVIF and HEIC files say in the same way: brands, colours, second pictures for HDR screens."""

from __future__ import annotations

import struct
from typing import Any

from drln.images.colour_numbers import NOT_SAID, gain_map_note, number_note, profile_by_number

HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
AVIF_BRANDS = {b"avif", b"avis"}


def brands(start: bytes) -> set[bytes]:
    """Return the kinds of file that the first bytes of a file name; none for another format."""
    if start[4:8] != b"ftyp":
        return set()
    end = min(len(start), int.from_bytes(start[:4], "big"))
    return {start[at : at + 4] for at in (8, *range(16, end, 4))}


def colour_notes(head: bytes) -> tuple[str, ...]:
    """Return what is to be said of the colours of a file with that head."""
    return number_note(_colour_numbers(head)) + gain_map_note(head)


def colour_info(head: bytes, is_grey: bool) -> dict[str, Any]:
    """Return an info with an `icc_profile` of the colours that a file gives in numbers; an empty one for sRGB."""
    profile = profile_by_number(_colour_numbers(head), is_grey)
    return {"icc_profile": profile} if profile else {}


def _colour_numbers(head: bytes) -> tuple[int, int]:
    """Return the numbers of the primaries and of the curve."""
    at = head.find(b"colrnclx")
    found = head[at + 8 : at + 12]
    return struct.unpack(">HH", found) if at > 0 and len(found) == 4 else NOT_SAID
