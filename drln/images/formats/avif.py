"""AVIF files. Pillow reads 8 bits; libavif reads 10 and 12 bits, which Pillow would round to 8."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from drln.images.formats.format import Format
from drln.images.formats.heif_metadata import AVIF_BRANDS, brands, colour_info, colour_notes
from drln.images.formats.pillow_codec import pillow_header, read_with_pillow
from drln.images.formats.read_bytes import read_head
from drln.images.header import Header
from drln.images.metadata import image_info, orientation_of
from drln.images.picture import Picture, full_range, is_grey, upright


def _read_header(path: Path) -> Header:
    head = read_head(path)
    return pillow_header(path, "AVIF", depth=16 if _bits(head) > 8 else 8, notes=colour_notes(head))


def _read(path: Path, header: Header) -> Image.Image | Picture:
    head = read_head(path)
    if header.depth == 8:
        image = read_with_pillow(path, "AVIF")
        if "icc_profile" not in image.info:
            image.info.update(colour_info(head, is_grey=False))
        return image
    import imagecodecs

    pixels = imagecodecs.avif_decode(path.read_bytes())
    with Image.open(path, formats=("AVIF",)) as image:    # for its metadata only
        orientation, info = orientation_of(image), image_info(image, is_grey(pixels))
    pixels = upright(full_range(pixels, 2 ** _bits(head) - 1, 16), orientation)
    return Picture(pixels, colour_info(head, is_grey(pixels)) | info)


def _bits(head: bytes) -> int:
    """Return 8, 10 or 12. The first av1C box describes the photo; later ones describe its alpha or gain map."""
    _, _, coded = head.partition(b"av1C")
    flags = coded[2] if len(coded) > 2 else 0
    return 8 if not flags & 0x40 else 12 if flags & 0x20 else 10


AVIF = Format(
    "AVIF",
    suffixes=(".avif",),
    matches=lambda start: bool(brands(start) & AVIF_BRANDS),
    read_header=_read_header,
    read=_read,
)
