"""The quality of JPEG files, estimated: against the number that Pillow, by libjpeg, was given to save them."""

import io
import struct
from functools import cache

import numpy as np
import pytest
from photo_files import noise
from PIL import Image, JpegPresets

from drln.images import ImageError, Photo
from drln.images.reading import read_header
from drln.samples import list_samples

TABLE = b"\xff\xdb"    # the marker before the tables
KINDS = [{"subsampling": "4:2:0"}, {"subsampling": "4:4:4"}, {"progressive": True}]


def jpeg(pixels: np.ndarray, **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels, "CMYK" if pixels.shape[-1] == 4 else None).save(file, "JPEG", **options)
    return file.getvalue()


def quality_of(folder, content: bytes) -> int | None:
    (folder / "photo").write_bytes(content)
    return read_header(folder / "photo").jpeg_quality


@pytest.mark.parametrize("options", KINDS, ids=str)
def test_it_is_the_number_that_the_file_was_saved_with(tmp_path, options):
    qualities = range(5, 101)
    found = [quality_of(tmp_path, jpeg(noise(8, 8, 3), quality=quality, **options)) for quality in qualities]

    assert [(wanted, one) for wanted, one in zip(qualities, found) if abs(one - wanted) > 1] == []


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 4)], ids=["grey", "CMYK"])
@pytest.mark.parametrize("quality", [5, 30, 75, 95])
def test_files_without_luma_and_chroma_have_one_too(tmp_path, shape, quality):
    assert quality_of(tmp_path, jpeg(noise(*shape), quality=quality)) == pytest.approx(quality, abs=1)


def test_of_several_pictures_it_is_that_of_the_first(tmp_path):
    first, second = (Image.fromarray(noise(8, 8, 3)) for _ in range(2))
    first.save(tmp_path / "photo", "MPO", quality=40, save_all=True, append_images=[second])

    assert read_header(tmp_path / "photo").jpeg_quality == pytest.approx(40, abs=1)


def test_a_photo_has_that_of_its_file(tmp_path):
    (tmp_path / "photo").write_bytes(jpeg(noise(8, 8, 3), quality=60))

    assert Photo.open(tmp_path / "photo").jpeg_quality == pytest.approx(60, abs=1)


# Of Photoshop, of one step for all frequencies, and of steps that grow faster than the standard ones.
OTHERS = {name: JpegPresets.presets[name]["quantization"] for name in ("low", "medium", "high", "maximum")}
OTHERS |= {f"all {step}": [[step] * 64] * 2 for step in (4, 16)}
OTHERS |= {"steep": [[6 + (row + column) ** 2 for row in range(8) for column in range(8)]] * 2}


@cache
def samples() -> list[np.ndarray]:
    return [np.asarray(Image.open(path).convert("L")) for path in list_samples()]


@cache
def lost_at(quality: int) -> float:
    return lost(quality=quality)


def lost(**options) -> float:
    """The mean logarithm of the squared errors that saving makes in the sample photos."""
    decoded = (np.asarray(Image.open(io.BytesIO(jpeg(image, **options))), float) for image in samples())
    return float(np.mean([np.log(np.square(one - image).mean()) for one, image in zip(decoded, samples())]))


@pytest.mark.parametrize("name", OTHERS)
def test_other_tables_have_the_quality_at_which_as_much_is_lost(tmp_path, name):
    wanted = lost(qtables=OTHERS[name][:1])
    equal = min(range(5, 101), key=lambda quality: abs(lost_at(quality) - wanted))

    assert abs(quality_of(tmp_path, jpeg(noise(8, 8, 3), qtables=OTHERS[name])) - equal) <= 5


def test_a_16_bit_table_counts(tmp_path):
    content = jpeg(noise(8, 8), quality=50)
    at = content.index(TABLE)
    steps = content[at + 5 : at + 69]
    wide = TABLE + struct.pack(">HB64H", 131, 0x10, *steps)

    assert quality_of(tmp_path, content[:at] + wide + content[at + 69 :]) == 50


@pytest.mark.parametrize("suffix", ["png", "webp", "avif", "tiff", "bmp", "gif"])
def test_other_formats_have_none(tmp_path, suffix):
    Image.fromarray(noise(32, 32, 3)).save(tmp_path / f"photo.{suffix}")

    assert read_header(tmp_path / f"photo.{suffix}").jpeg_quality is None
    assert Photo.open(tmp_path / f"photo.{suffix}").jpeg_quality is None


def test_a_tiff_with_jpeg_inside_has_none(tmp_path):
    Image.fromarray(noise(32, 32, 3)).save(tmp_path / "photo.tif", compression="jpeg")

    assert read_header(tmp_path / "photo.tif").jpeg_quality is None


@pytest.mark.parametrize("damage", ["gone", "of another number", "a step of 0"])
def test_a_table_that_is_missing_or_invalid_tells_nothing(tmp_path, damage):
    content = bytearray(jpeg(noise(8, 8), quality=50))
    at = content.index(TABLE)
    if damage == "gone":
        del content[at : at + 69]
    elif damage == "of another number":
        content[at + 4] = 3
    else:
        content[at + 20] = 0

    assert quality_of(tmp_path, content) is None


def test_a_table_that_ends_early_is_told_as_when_reading(tmp_path):
    content = bytearray(jpeg(noise(8, 8), quality=50))
    content[content.index(TABLE) + 3] = 40

    with pytest.raises(ImageError, match="^[^\n]*photo"):
        quality_of(tmp_path, content)
