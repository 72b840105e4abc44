"""Read the metadata that AVIF and HEIC store alike: brands, colours and gain maps."""

from __future__ import annotations

import struct
from typing import Any

from drln.images.colour_numbers import UNSPECIFIED, gain_map_note, number_note, profile_by_number

HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
AVIF_BRANDS = {b"avif", b"avis"}


def brands(start: bytes) -> set[bytes]:
    """Return the brands that a file declares at its start; an empty set for other formats."""
    if start[4:8] != b"ftyp":
        return set()
    end = min(len(start), int.from_bytes(start[:4], "big"))
    return {start[at : at + 4] for at in (8, *range(16, end, 4))}


def colour_notes(head: bytes) -> tuple[str, ...]:
    """Return the notes for users on a file's colours and gain map."""
    return number_note(_colour_numbers(head)) + gain_map_note(head)


def colour_info(head: bytes, is_grey: bool) -> dict[str, Any]:
    """Return an info with an `icc_profile` made from CICP numbers; an empty info for sRGB."""
    profile = profile_by_number(_colour_numbers(head), is_grey)
    return {"icc_profile": profile} if profile else {}


def _colour_numbers(head: bytes) -> tuple[int, int]:
    """Return the CICP numbers of the primaries and the curve."""
    at = head.find(b"colrnclx")
    found = head[at + 8 : at + 12]
    return struct.unpack(">HH", found) if at > 0 and len(found) == 4 else UNSPECIFIED
