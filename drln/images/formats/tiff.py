"""TIFF files, by tifffile."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from drln.images.colour_spaces import cmyk_to_rgb, lab_to_rgb, unmultiply, ycbcr_to_rgb
from drln.images.exif import CAMERA, Exif, read_exif
from drln.images.formats.camera_raw import DNG_VERSION, SENSOR_COLOURS, refusal
from drln.images.formats.format import Format, Writer, mute_logger
from drln.images.formats.read_bytes import memory_map
from drln.images.formats.tiff_pages import JPEG, count_pages, stored_samples
from drln.images.header import FRAME_COUNT_LIMIT, Header, ImageError, frames_note, upright_size
from drln.images.metadata import dots_per_inch, result_info
from drln.images.picture import Picture, full_range, is_grey, upright

GREY_WHITE_IS_0, GREY, RGB, PALETTE, CMYK, YCBCR, CIE_LAB, ICC_LAB = 0, 1, 2, 3, 5, 6, 8, 9    # photometric
COLOURS = {GREY_WHITE_IS_0: 1, GREY: 1, RGB: 3, PALETTE: 1, CMYK: 4, YCBCR: 3, CIE_LAB: 3, ICC_LAB: 3}
UNSIGNED, SIGNED, FLOAT, UNDEFINED = 1, 2, 3, 4    # sample formats
PREMULTIPLIED = 1    # a type of extra sample; 0 is not alpha, all others are plain alpha
OLD_JPEG, JPEG_2000_LOSSY = 6, 33004
MOST_SUBIMAGES = 64
# TIFF's defaults, as fractions.
LUMA, LEVELS, D50 = (299, 1000, 587, 1000, 114, 1000), (0, 1, 255, 1, 128, 1, 255, 1, 128, 1, 255, 1), (3457, 10_000)
MIDDLE_WHITE = 0.329    # x between D65, 0.3127, and D50, 0.3457
PLACEHOLDER = CAMERA - 1    # an unused tag that sorts like CAMERA


def _read_header(path: Path) -> Header:
    """Return the header data of the first full-size page.

    Raises:
        ImageError: for a camera's raw file, or unsupported samples or colours.
    """
    with _page(path) as page:
        _check(path, page)
        size = int(page.imagewidth), int(page.imagelength)    # damaged files may have other types
        width, height = upright_size(size, _orientation(page))
        depth = 16 if page.bitspersample > 8 and page.photometric != PALETTE else 8
        is_unclear = page.compression == JPEG_2000_LOSSY and page.photometric == RGB
        further = _samples(page) - COLOURS[page.photometric] - (_alpha(page) is not None)
    frames = count_pages(path)
    notes = frames_note(frames, "pages")
    if further:
        notes += (f"The file has extra channels ({further}), which are ignored.",)
    if is_unclear:    # libvips stores YCbCr, others RGB; the file does not say which
        notes += ("Its JPEG 2000 data is read as RGB but may be YCbCr; if the colours are wrong, save it again.",)
    return Header("TIFF", width, height, frames, depth, notes)


def _read(path: Path, header: Header) -> Picture:
    """Decode the first full-size page.

    Raises:
        ValueError: if pixels are missing.
        ImageError: as `_read_header`, or for levels outside the supported range.
    """
    with _page(path) as page:
        _check(path, page)
        pixels = _in_full_range(path, page, stored_samples(page))
        number, alpha, profile = COLOURS[page.photometric], _alpha(page), page.tags.valueof(34675)
        colours, cover = pixels[..., :number], pixels[..., alpha : alpha + 1] if alpha else None
        if page.photometric == GREY_WHITE_IS_0:
            np.subtract(np.iinfo(pixels.dtype).max, colours, out=colours)
        if alpha and cover is not None and page.extrasamples and page.extrasamples[alpha - number] == PREMULTIPLIED:
            unmultiply(colours, cover)
        colours = _to_rgb(page, colours, profile)
        dpi, orientation = _dpi(page), _orientation(page)
    if cover is not None:
        colours = np.concatenate([colours, cover.astype(colours.dtype)], axis=2)
    with memory_map(path) as content:
        is_converted = page.photometric in (CMYK, CIE_LAB, ICC_LAB)
        info = result_info(profile, dpi, read_exif(content), is_grey(colours), is_converted)
    return Picture(upright(colours[..., 0] if colours.shape[2] == 1 else colours, orientation), info)


@contextmanager
def _page(path: Path) -> Iterator[Any]:
    """Open the first full-size page; thumbnails may come before it."""
    import tifffile

    mute_logger("tifffile")
    with tifffile.TiffFile(path) as tiff:
        first: Any = tiff.pages[0]
        inside: tuple[Any, ...] = tuple(islice(first.pages or (), MOST_SUBIMAGES))
        if DNG_VERSION in first.tags or any(page.photometric in SENSOR_COLOURS for page in (first, *inside)):
            raise ImageError(refusal(path))
        others: Iterable[Any] = chain(inside, islice(tiff.pages, 1, FRAME_COUNT_LIMIT)) if first.is_reduced else ()
        yield next((page for page in others if not page.is_reduced), first)


def _check(path: Path, page: Any) -> None:
    """Raise an `ImageError` for unsupported samples or colours."""
    bits, kind, photometric = page.bitspersample, page.sampleformat, page.photometric
    if not page.imagewidth or not page.imagelength:
        raise ImageError(f"{path} is {page.imagewidth}x{page.imagelength} pixels; give one with at least one pixel")
    if page.compression == OLD_JPEG:
        raise ImageError(f"{path} holds old-style JPEG (TIFF 6.0), which is unsupported; save it again as PNG")
    if isinstance(bits, tuple) or isinstance(kind, tuple) or page.dtype is None:
        raise ImageError(f"{path} has channels of {bits} bits; convert it to 8 or 16 bits first")
    if not (
        kind in (UNSIGNED, UNDEFINED) and (bits <= 16 or bits == 32) or (kind, bits) == (SIGNED, 32) or kind == FLOAT
    ):
        word = {SIGNED: "signed", UNSIGNED: "unsigned", UNDEFINED: "unsigned"}.get(kind, "complex")
        raise ImageError(f"{path} has {bits}-bit {word} samples; convert it to unsigned 8 or 16 bits first")
    is_whole = kind in (UNSIGNED, UNDEFINED) and bits <= 16
    fits = {PALETTE: is_whole, YCBCR: bits == 8, CIE_LAB: is_whole and bits in (8, 16), ICC_LAB: bits in (8, 16)}
    if photometric not in COLOURS or not fits.get(photometric, True) or page.tags.valueof(332, default=1) != 1:
        name = getattr(photometric, "name", photometric)
        raise ImageError(f"{path} has {bits}-bit {name} colours, which are unsupported; convert it to RGB or grey")
    if _samples(page) < COLOURS[photometric]:
        raise ImageError(f"{path} has {_samples(page)} channels, too few for its colours; save it again")


def _in_full_range(path: Path, page: Any, samples: np.ndarray) -> np.ndarray:
    """Stretch samples to the full range of uint8 or uint16. Palette indices are kept."""
    bits = page.bitspersample
    if page.photometric == PALETTE:
        return samples.astype(np.uint16)
    if page.sampleformat != FLOAT and bits <= 16:
        return full_range(samples, 2**bits - 1, 8 if bits <= 8 else 16)
    white = 1 if page.sampleformat == FLOAT else 65_535
    low, high = samples.min(), samples.max()
    if not (low >= 0 and high <= white):    # NaN fails both
        raise ImageError(
            f"{path} has {bits}-bit levels from {low:g} to {high:g}, outside 0 to {white}; convert it to 16 bits"
        )
    return full_range(samples, white, 16)


def _to_rgb(page: Any, colours: np.ndarray, profile: bytes | None) -> np.ndarray:
    """Convert colours to grey, (H, W, 1), or RGB, (H, W, 3)."""
    if page.photometric == PALETTE:
        shades = np.asarray(page.colormap).T    # (2 ** bits, 3)
        return (shades >> 8 if shades.max() > 255 else shades).astype(np.uint8)[colours[..., 0]]
    if page.photometric == CMYK:
        return cmyk_to_rgb(np.ascontiguousarray(colours), profile)
    if page.photometric in (CIE_LAB, ICC_LAB):
        x = np.divide(*page.tags.valueof(318, default=D50)[:2])
        return lab_to_rgb(colours, page.photometric == CIE_LAB, is_d65=x < MIDDLE_WHITE)
    if page.photometric == YCBCR and page.compression != JPEG:
        fractions = (page.tags.valueof(529, default=LUMA), page.tags.valueof(532, default=LEVELS))
        return ycbcr_to_rgb(colours, *(tuple(map(np.divide, found[::2], found[1::2])) for found in fractions))
    return colours


def _alpha(page: Any) -> int | None:
    """Return the index of the alpha sample, if any. A single extra sample of unknown type counts as alpha."""
    colours = COLOURS[page.photometric]
    if not page.extrasamples and _samples(page) == colours + 1:
        return colours
    return next((colours + n for n, kind in enumerate(page.extrasamples[: _samples(page) - colours]) if kind), None)


def _samples(page: Any) -> int:
    return int(page.samplesperpixel)


def _orientation(page: Any) -> int:
    found = page.tags.valueof(274)
    return int(found) if found in range(1, 9) else 1


def _dpi(page: Any) -> tuple[float, float] | None:
    x, y = (page.tags.valueof(tag) for tag in (282, 283))
    try:
        return dots_per_inch((x[0] / x[1], y[0] / y[1]), page.tags.valueof(296, default=2))
    except (LookupError, TypeError, ZeroDivisionError):
        return None


def _write(file: BinaryIO, pixels: np.ndarray, info: dict[str, Any], quality: int | None) -> None:
    """Write with tifffile, then append the camera's EXIF directory."""
    import tifffile

    exif = read_exif(info.get("exif") or b"")
    tags: list[Any] = [(tag, *entry, True) for tag, entry in exif.image.items()]
    has_camera = bool(exif.camera or exif.interop)
    if has_camera:
        tags.append((PLACEHOLDER, 4, 1, 0, True))
    profile = info.get("icc_profile")
    tifffile.imwrite(
        file,
        pixels,
        byteorder="<" if exif.order == "<" else ">",
        photometric="rgb" if pixels.ndim == 3 and pixels.shape[2] > 2 else "minisblack",
        planarconfig="contig" if pixels.ndim == 3 else None,
        extrasamples=["unassalpha"] if pixels.ndim == 3 and pixels.shape[2] in (2, 4) else None,
        compression="zlib",
        predictor=True,
        resolution=info.get("dpi"),
        resolutionunit="inch" if info.get("dpi") else None,
        iccprofile=profile or None,
        software=False,
        metadata=None,
        extratags=tags,
    )
    if has_camera:
        _add_camera(file, exif)


def _add_camera(file: BinaryIO, exif: Exif) -> None:
    at = file.seek(0, 2)
    at += file.write(bytes(at % 2))    # directories start at even offsets
    file.write(exif.camera_block(at))
    file.seek(4)
    (directory,) = struct.unpack(exif.order + "I", file.read(4))
    file.seek(directory)
    (number,) = struct.unpack(exif.order + "H", file.read(2))
    tags = [struct.unpack(exif.order + "H10x", file.read(12))[0] for _ in range(number)]
    file.seek(directory + 2 + 12 * tags.index(PLACEHOLDER))
    file.write(struct.pack(exif.order + "HHII", CAMERA, 4, 1, at))


TIFF = Format(
    "TIFF",
    suffixes=(".tiff", ".tif"),
    matches=lambda start: start[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    read_header=_read_header,
    read=_read,
    writer=Writer((".tiff", ".tif"), _write, max_side=2**31 - 1, holds_16_bits=True, max_bytes=4_000_000_000),
    shown_by_browsers=False,
)
