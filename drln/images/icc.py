"""Write small ICC profiles, and convert profiles between grey and RGB.

`cms_profile` of imagecodecs cannot combine the sRGB curve with other primaries. It also adds the time to each profile
and accepts any white. Knows numbers and bytes, no files.
"""

from __future__ import annotations

import struct

import numpy as np

Point = tuple[float, float]    # CIE x and y
Curve = tuple[float, ...]      # (g,): light is level ** g; (g, a, b, c, d): (a level + b) ** g, below d: c level

D65 = (0.3127, 0.3290)
SRGB_PRIMARIES = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
D50 = np.array([0.9642, 1.0, 0.8249])    # the white of every ICC profile
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
LARGEST_XYZ = 100.0    # larger values of X, Y or Z are invalid


def rgb_profile(name: str, primaries: tuple[Point, ...], white: Point = D65, curve: Curve = SRGB_CURVE) -> bytes:
    """Return a profile with these primaries (red, green and blue), this white, and one curve for all channels.

    Raises:
        ValueError: if the primaries or the white are invalid.
    """
    return _rgb(name, primaries, white, _curve(curve))


def grey_profile(name: str, curve: Curve) -> bytes:
    """Return a grey profile with this curve."""
    return _profile(b"GRAY", name, {b"kTRC": _curve(curve)})


def grey_of(profile: bytes) -> bytes | None:
    """Return a grey profile with the curve of an RGB profile, or None if that has none or is damaged.

    Grey photos often have the profile of the RGB photos they were made from.
    """
    light = _curve_of(profile, b"gTRC")
    return _profile(b"GRAY", "Grey", {b"kTRC": light}) if light else None


def rgb_of(profile: bytes) -> bytes | None:
    """Return an RGB profile with the curve of a grey profile, or None as in `grey_of`."""
    light = _curve_of(profile, b"kTRC")
    return _rgb("Grey", SRGB_PRIMARIES, D65, light) if light else None


def _curve_of(profile: bytes, wanted: bytes) -> bytes:
    """Return a tag's content if it is a curve, otherwise empty bytes."""
    try:
        (tags,) = struct.unpack_from(">I", profile, 128)
        for at in range(132, 132 + 12 * min(tags, 100), 12):
            tag, start, size = struct.unpack_from(">4sII", profile, at)
            curve = profile[start : start + size]
            if tag == wanted and len(curve) == size and curve[:4] in (b"curv", b"para"):
                return curve
    except struct.error:
        pass
    return b""


def _rgb(name: str, primaries: tuple[Point, ...], white: Point, light: bytes) -> bytes:
    red, green, blue = _colorants(primaries, white).T
    adapted = b"sf32" + bytes(4) + struct.pack(">9i", *map(_fixed, _adaptation(white).ravel()))
    colorants = {b"rXYZ": _xyz(red), b"gXYZ": _xyz(green), b"bXYZ": _xyz(blue)}
    return _profile(b"RGB ", name, {b"chad": adapted, **colorants, b"rTRC": light, b"gTRC": light, b"bTRC": light})


def _profile(space: bytes, name: str, tags: dict[bytes, bytes]) -> bytes:
    tags = {b"desc": _text(name), b"cprt": _text("No copyright"), b"wtpt": _xyz(D50), **tags}
    at = 132 + 12 * len(tags)
    table, values = struct.pack(">I", len(tags)), b""
    for tag, value in tags.items():
        table += struct.pack(">4sII", tag, at + len(values), len(value))
        values += value + bytes(-len(value) % 4)
    kinds = struct.pack(">4sI4s4s4s", b"", 0x04000000, b"mntr", space, b"XYZ ")
    date = struct.pack(">6H", 2024, 1, 1, 0, 0, 0)
    head = struct.pack(">I", at + len(values)) + kinds + date + b"acsp" + bytes(28) + _xyz(D50)[8:]
    return head.ljust(128, b"\0") + table + values


def _colorants(primaries: tuple[Point, ...], white: Point) -> np.ndarray:
    """Return (3, 3): a column of X, Y and Z under D50 for each of red, green and blue."""
    if not all(0.1 < value < 0.8 for value in white) or not all(y for _, y in primaries):
        raise ValueError("the white is invalid, or a primary has no light")
    columns = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in (*primaries, white)]).T
    try:
        scaled = columns[:, :3] * np.linalg.solve(columns[:, :3], columns[:, 3])
    except np.linalg.LinAlgError as error:
        raise ValueError("the primaries lie on one line") from error
    colorants = _adaptation(white) @ scaled
    if not np.abs(colorants).max() < LARGEST_XYZ:
        raise ValueError("the primaries are invalid")
    return colorants


def _adaptation(white: Point) -> np.ndarray:
    """Return the Bradford matrix, (3, 3), from a white to D50."""
    x, y = white
    seen = np.array([x / y, 1.0, (1 - x - y) / y])
    adaptation: np.ndarray = np.linalg.inv(BRADFORD) @ np.diag((BRADFORD @ D50) / (BRADFORD @ seen)) @ BRADFORD
    return adaptation


def _curve(curve: Curve) -> bytes:
    return b"para" + struct.pack(f">IHH{len(curve)}i", 0, 0 if len(curve) == 1 else 3, 0, *map(_fixed, curve))


def _fixed(value: float) -> int:
    return round(value * 65536)


def _xyz(values: np.ndarray) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *map(_fixed, values))


def _text(text: str) -> bytes:
    coded = text.encode("utf-16-be")
    return b"mluc" + struct.pack(">III2s2sII", 0, 1, 12, b"en", b"US", len(coded), 28) + coded
