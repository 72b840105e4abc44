"""Colours that a file tells by number (CICP) and not by a profile: AVIF, HEIC, and PNG's cICP.

A result has the same pixels, and would be shown as sRGB, paler than the photo; so it gets a profile that says the same.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

HEAD = 1_000_000    # bytes in which a file says it
SRGB_LIKE = (1, 2, 6, 13)    # curves of ordinary photos
HDR = {16: "PQ", 18: "HLG"}
# By number: the name, and x and y of red, green and blue; white is D65.
PRIMARIES = {
    9: ("BT.2020", ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))),
    12: ("Display P3", ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))),
}
D65, D50 = (0.3127, 0.3290), np.array([0.9642, 1.0, 0.8249])
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def colours_by_number(path: Path) -> tuple[int, int]:
    """The numbers of a file's primaries and curve; 2, not said, where there are none."""
    with open(path, "rb") as file:
        start = file.read(HEAD)
    if start[:4] == b"\x89PNG":
        at = start.find(b"cICP", 0, start.find(b"IDAT"))
        return (start[at + 4], start[at + 5]) if at > 0 else (2, 2)
    at = start.find(b"colrnclx")
    found = start[at + 8 : at + 12]
    return struct.unpack(">HH", found) if at > 0 and len(found) == 4 else (2, 2)


def profile_by_number(path: Path) -> bytes | None:
    """An ICC profile of the colours that a file tells by number; None for those of sRGB and for ones unknown."""
    primaries, curve = colours_by_number(path)
    if primaries not in PRIMARIES or curve not in SRGB_LIKE:
        return None
    return rgb_profile(*PRIMARIES[primaries])


def hdr_note(path: Path) -> tuple[str, ...]:
    """What is to be said of a file whose brightness no result can tell."""
    curve = HDR.get(colours_by_number(path)[1])
    return (f"The file is HDR ({curve}), which no result can say of itself; it will look pale.",) if curve else ()


def rgb_profile(name: str, primaries: tuple[tuple[float, float], ...]) -> bytes:
    """An ICC profile of these primaries, with white D65 and the curve of sRGB."""
    red, green, blue = _colorants(primaries).T
    curve = b"para" + struct.pack(">IHH5i", 0, 3, 0, *map(_fixed, SRGB_CURVE))
    tags = {
        b"desc": _text(name),
        b"cprt": _text("No copyright"),
        b"wtpt": _xyz(D50),
        b"chad": b"sf32" + bytes(4) + struct.pack(">9i", *map(_fixed, _adaptation().ravel())),
        **{b"rXYZ": _xyz(red), b"gXYZ": _xyz(green), b"bXYZ": _xyz(blue)},
        **{b"rTRC": curve, b"gTRC": curve, b"bTRC": curve},
    }
    at = 132 + 12 * len(tags)
    table, values = struct.pack(">I", len(tags)), b""
    for tag, value in tags.items():
        table += struct.pack(">4sII", tag, at + len(values), len(value))
        values += value + bytes(-len(value) % 4)
    kinds = struct.pack(">4sI4s4s4s", b"", 0x04000000, b"mntr", b"RGB ", b"XYZ ")
    date = struct.pack(">6H", 2024, 1, 1, 0, 0, 0)
    head = struct.pack(">I", at + len(values)) + kinds + date + b"acsp" + bytes(28) + _xyz(D50)[8:]
    return head.ljust(128, b"\0") + table + values


def _colorants(primaries: tuple[tuple[float, float], ...]) -> np.ndarray:
    """(3, 3): X, Y and Z, down, of red, green and blue, across, as seen under D50."""
    columns = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in (*primaries, D65)]).T
    white = columns[:, 3]
    return _adaptation() @ (columns[:, :3] * np.linalg.solve(columns[:, :3], white))


def _adaptation() -> np.ndarray:
    """(3, 3): from D65 to D50, Bradford's way."""
    x, y = D65
    white = np.array([x / y, 1.0, (1 - x - y) / y])
    return np.linalg.inv(BRADFORD) @ np.diag((BRADFORD @ D50) / (BRADFORD @ white)) @ BRADFORD


def _fixed(value: float) -> int:
    return round(value * 65536)


def _xyz(values: np.ndarray) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *map(_fixed, values))


def _text(text: str) -> bytes:
    coded = text.encode("utf-16-be")
    return b"mluc" + struct.pack(">III2s2sII", 0, 1, 12, b"en", b"US", len(coded), 28) + coded
