"""Files of every format with bytes changed, lost and added: each is read, or refused in one line, and never else."""

import io
import random

import imagecodecs
import numpy as np
import pillow_heif
import pytest
import tifffile
from photo_files import deep_noise, noise, png, tiff
from PIL import Image
from tiff_files import tiff_of

from drln.images import ImageError, Photo
from drln.images.reading import read_header

TIMES = 60
HEAD = 300    # bytes in which most of what a format says of itself lies


def by_pillow(kind: str) -> bytes:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Maker"
    file = io.BytesIO()
    Image.fromarray(noise(32, 40, 3)).save(file, kind, **({} if kind in ("GIF", "BMP") else {"exif": exif}))
    return file.getvalue()


def by_tifffile(pixels: np.ndarray, **options) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, photometric="rgb", **options)
    return file.getvalue()


def heic(mode: str, pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    pillow_heif.from_bytes(mode, (64, 64), pixels.tobytes()).save(file, quality=-1)
    return file.getvalue()


WHOLE = {kind: by_pillow(kind) for kind in ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP", "AVIF")} | {
    "deep PNG": png(deep_noise(32, 40, 3)),
    "deep TIFF": tiff(deep_noise(32, 40, 4)),
    "deep TIFF in strips": by_tifffile(deep_noise(32, 40, 3), compression="zlib", predictor=True, rowsperstrip=8),
    "deep TIFF in tiles": by_tifffile(deep_noise(32, 40, 3), compression="lzw", tile=(16, 16)),
    "TIFF with JPEG": by_tifffile(noise(32, 40, 3), compression="jpeg", rowsperstrip=8),
    "TIFF with JPEG 2000": by_tifffile(noise(32, 40, 3), compression="jpeg2000"),
    "TIFF of YCbCr": tiff_of([bytes(noise(32 * 40 * 3 // 2))], 40, 32, {258: [8] * 3, 262: [6], 530: [2, 2]}),
    "TIFF of a palette": tiff_of([bytes(noise(32 * 40))], 40, 32, {262: [3], 320: noise(768).tolist()}),
    "deep AVIF": imagecodecs.avif_encode(deep_noise(32, 40, 3) >> 6, bitspersample=10),
    "HEIC": heic("RGB", noise(64, 64, 3)),
    "deep HEIC": heic("RGB;16", deep_noise(64, 64, 3)),
}


def broken(content: bytes, rng: random.Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 4, 8])):
        at = rng.randrange(min(len(damaged), HEAD) if rng.random() < 0.7 else len(damaged))
        kind = rng.random()
        if kind < 0.6:
            damaged[at] = rng.choice([0, 1, 127, 128, 255, rng.randrange(256)])
        elif kind < 0.8:
            del damaged[at : at + rng.randrange(1, 9)]
        else:
            damaged[at:at] = rng.randbytes(rng.randrange(1, 9))
    return bytes(damaged)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kind", WHOLE)
def test_a_broken_file_is_read_or_refused_in_one_line(tmp_path, kind):
    rng = random.Random(kind)
    path = tmp_path / "photo"
    path.write_bytes(WHOLE[kind])
    assert Photo.open(path).height in (32, 40, 64)
    refused = 0
    for _ in range(TIMES):
        path.write_bytes(broken(WHOLE[kind], rng))
        try:
            photo = Photo.open(path)
        except ImageError as error:
            refused += 1
            assert str(error).startswith(str(path)) and "\n" not in str(error)
        else:
            header = read_header(path)
            assert {photo.width, photo.height} == {header.width, header.height}
    assert refused > 5
