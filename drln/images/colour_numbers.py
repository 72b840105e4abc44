"""Make ICC profiles from colour numbers: CICP in AVIF, HEIC and PNG, gAMA and cHRM in PNG.

Not every format can hold these numbers, but all can hold a profile. Without one, a result would be shown as sRGB.
"""

from __future__ import annotations

from drln.images.icc import D65, SRGB_CURVE, SRGB_PRIMARIES, Curve, Point, grey_profile, rgb_profile

SRGB_LIKE = (1, 2, 6, 13, 14, 15)    # curves shown as sRGB
CURVES: dict[int, Curve] = {4: (2.2,), 5: (2.8,), 8: (1.0,)}    # other curves, by number
HDR = {16: "PQ", 18: "HLG"}
GAIN_MAPS = b"hdrgm:Version", b"urn:iso:std:iso:ts:21496:-1", b"HDRGainMap", b"hdrgainmap"    # by Google, ISO and Apple
C = (0.310, 0.316)
# By number: the name; x and y of red, green and blue; x and y of white.
PRIMARIES: dict[int, tuple[str, tuple[Point, ...], Point]] = {
    1: ("BT.709", SRGB_PRIMARIES, D65),
    4: ("BT.470 M", ((0.670, 0.330), (0.210, 0.710), (0.140, 0.080)), C),
    5: ("BT.470 BG", ((0.640, 0.330), (0.290, 0.600), (0.150, 0.060)), D65),
    6: ("SMPTE 170M", ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)), D65),
    7: ("SMPTE 240M", ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)), D65),
    8: ("Film", ((0.681, 0.319), (0.243, 0.692), (0.145, 0.049)), C),
    9: ("BT.2020", ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)), D65),
    11: ("DCI-P3", ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)), (0.314, 0.351)),
    12: ("Display P3", ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)), D65),
    22: ("EBU 3213", ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077)), D65),
}
SRGB = (*SRGB_PRIMARIES, D65)
UNSPECIFIED = (2, 2)

SRGB_GAMMA = 0.45455    # the gAMA of sRGB, close to its real curve
NEAR_GAMMA, NEAR_POINT = 0.001, 0.002
SENSIBLE_GAMMA = 0.1, 10.0


def profile_by_number(numbers: tuple[int, int], is_grey: bool = False) -> bytes | None:
    """Return a profile for the CICP numbers of primaries and curve, or None for sRGB and unknown numbers."""
    primaries, curve = numbers
    primaries = 1 if primaries == 2 else primaries
    if primaries not in PRIMARIES or curve not in (*SRGB_LIKE, *CURVES):
        return None
    name, points, white = PRIMARIES[primaries]
    if curve in CURVES:
        name += f", gamma {CURVES[curve][0]:g}"
        return grey_profile(name, CURVES[curve]) if is_grey else rgb_profile(name, points, white, CURVES[curve])
    return None if is_grey or primaries == 1 else rgb_profile(name, points, white)


def number_note(numbers: tuple[int, int]) -> tuple[str, ...]:
    """Return a note if no profile can describe these colours."""
    primaries, curve = numbers
    if curve in HDR:
        return (f"The file is HDR ({HDR[curve]}), which results cannot declare; the result will look pale.",)
    if primaries in (2, *PRIMARIES) and curve in (*SRGB_LIKE, *CURVES):
        return ()
    return (f"The file's colours (CICP {primaries} and {curve}) are unsupported; the result will look different.",)


def gain_map_note(content: bytes) -> tuple[str, ...]:
    """Return a note if a file has a gain map for HDR screens."""
    if b"tmap" in content[8:64] or any(mark in content for mark in GAIN_MAPS):    # tmap is an AVIF brand
        return ("The file has a gain map, which brightens it on HDR screens; the result is the photo without it.",)
    return ()


def profile_by_gamma(gamma: float | None, points: tuple[Point, ...] | None, is_grey: bool) -> bytes | None:
    """Return a profile for PNG's gAMA and cHRM, or None for sRGB and invalid values.

    Args:
        gamma: the exponent from light to stored values.
        points: x and y of red, green, blue and white.
        is_grey: whether the photo has no colours.
    """
    if gamma is not None and not SENSIBLE_GAMMA[0] < gamma < SENSIBLE_GAMMA[1]:
        gamma = None
    if points is not None and _is_near(points):
        points = None
    is_srgb = gamma is None or abs(gamma - SRGB_GAMMA) < NEAR_GAMMA
    if is_srgb and (is_grey or points is None):
        return None
    curve = SRGB_CURVE if gamma is None else (1 / gamma,)
    name = "PNG" if gamma is None else f"PNG, gamma {1 / gamma:.3g}"
    if is_grey:
        return grey_profile(name, curve)
    *primaries, white = points or SRGB
    try:
        return rgb_profile(name, tuple(primaries), white, curve)
    except ValueError:
        return profile_by_gamma(gamma, None, is_grey)


def _is_near(points: tuple[Point, ...]) -> bool:
    pairs = zip(points, SRGB, strict=True)
    return all(abs(found[axis] - wanted[axis]) < NEAR_POINT for found, wanted in pairs for axis in (0, 1))
