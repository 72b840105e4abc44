"""HEIC files: what they say of themselves, in the same way for 8 and for 10 bits."""

import struct

import numpy as np
import pillow_heif
import pytest
from coming_back import assert_same, came_back
from photo_files import HEIC_LOSSLESS, noise
from PIL import Image

from drln.images.reading import read_header

DEPTHS = [8, 10]
NOTHING = 0xFDE8    # a tag that means nothing
ORIENTATION = 0x0112


def pixels_of(bits: int, *channels: int) -> np.ndarray:
    """With no 0, so that no pixel is fully transparent."""
    return noise(64, 72, *channels, low=1, high=2**bits, dtype=np.uint8 if bits == 8 else np.uint16)


def save(path, pixels: np.ndarray, mode: str, bits: int, **options) -> None:
    heif = pillow_heif.from_bytes(*coded(pixels, mode, bits))
    heif.save(path, **(HEIC_LOSSLESS if pixels.ndim == 3 else {"quality": -1}), **options)


def coded(pixels: np.ndarray, mode: str, bits: int):
    stored = pixels if bits == 8 else pixels << 6
    return mode + ("" if bits == 8 else ";16"), pixels.shape[1::-1], stored.tobytes()


def whole(pixels: np.ndarray, bits: int) -> np.ndarray:
    return pixels if bits == 8 else np.round(pixels * (65_535 / 1023)).astype(np.uint16)


@pytest.mark.parametrize("bits", DEPTHS)
def test_the_resolution_of_heic_is_that_of_its_exif(tmp_path, bits):
    exif = Image.Exif()
    exif[282], exif[283], exif[296] = 100.0, 50.0, 3    # a centimetre
    save(tmp_path / "photo.heic", pixels_of(bits, 3), "RGB", bits, exif=exif.tobytes())

    assert came_back(tmp_path / "photo.heic").info["dpi"] == pytest.approx((254, 127))


@pytest.mark.parametrize("bits", DEPTHS)
def test_an_orientation_in_exif_alone_does_not_turn_heic(tmp_path, bits):
    """HEIF turns by its own boxes; browsers, libheif and libvips show such a file as it is stored."""
    pixels = pixels_of(bits, 3)
    exif = Image.Exif()
    exif[NOTHING] = 6
    save(tmp_path / "photo.heic", pixels, "RGB", bits, exif=exif.tobytes())
    content = (tmp_path / "photo.heic").read_bytes()
    entries = [struct.pack(">HHIH", tag, 3, 1, 6) for tag in (NOTHING, ORIENTATION)]
    assert content.count(entries[0]) == 1
    (tmp_path / "photo.heic").write_bytes(content.replace(*entries))
    assert pillow_heif.open_heif(tmp_path / "photo.heic").info["exif"].count(entries[1]) == 1

    assert_same(tmp_path / "photo.heic", whole(pixels, bits), "RGB" if bits == 8 else "RGB;16")


@pytest.mark.parametrize("bits", DEPTHS)
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_the_boxes_of_heic_turn_it(tmp_path, bits, orientation):
    pixels = pixels_of(bits, 3)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation    # which the writer makes a box of
    save(tmp_path / "photo.heic", pixels, "RGB", bits, exif=exif.tobytes())

    turns = {1: 0, 3: 2, 6: 3, 8: 1}[orientation]
    assert_same(tmp_path / "photo.heic", np.rot90(whole(pixels, bits), turns), "RGB" if bits == 8 else "RGB;16")


@pytest.mark.parametrize("bits", DEPTHS)
def test_grey_heic_stays_grey(tmp_path, bits):
    pixels = pixels_of(bits)
    save(tmp_path / "photo.heic", pixels, "L", bits)

    assert_same(tmp_path / "photo.heic", whole(pixels, bits), "L" if bits == 8 else "I;16")


@pytest.mark.parametrize("bits", DEPTHS)
def test_heic_that_was_multiplied_by_its_alpha_is_as_it_was(tmp_path, bits):
    top = 2**bits - 1
    pixels = pixels_of(bits, 4)
    pixels[..., 3] = np.maximum(pixels[..., 3], top // 2)
    stored = pixels.copy()
    stored[..., :3] = np.round(pixels[..., :3] * (pixels[..., 3:] / top))
    save(tmp_path / "photo.heic", stored, "RGBa", bits)

    back = came_back(tmp_path / "photo.heic").pixels.astype(int)

    white = 255 if bits == 8 else 65_535
    assert np.array_equal(back[..., 3], whole(pixels[..., 3], bits))
    assert np.abs(back[..., :3] - whole(pixels[..., :3], bits).astype(int)).max() <= 2 * white / top


@pytest.mark.parametrize("bits", DEPTHS)
def test_of_several_pictures_the_main_one_is_taken_wherever_it_stands(tmp_path, bits):
    first, second = pixels_of(bits, 3), pixels_of(bits, 3)[:, :, ::-1]
    heif = pillow_heif.from_bytes(*coded(np.ascontiguousarray(first[:32]), "RGB", bits))
    heif.add_frombytes(*coded(np.ascontiguousarray(second), "RGB", bits))
    heif.save(tmp_path / "photo.heic", primary_index=1, **HEIC_LOSSLESS)

    assert_same(tmp_path / "photo.heic", whole(second, bits), "RGB" if bits == 8 else "RGB;16")
    assert read_header(tmp_path / "photo.heic").notes == ("The file has 2 pictures; the main one is taken.",)


@pytest.mark.parametrize("full_range", [0, 1])
@pytest.mark.parametrize("matrix", [1, 6, 9])
def test_the_colours_of_heic_are_by_the_matrix_that_it_tells(tmp_path, matrix, full_range):
    shades = np.array([[[200, 40, 60], [40, 200, 60], [60, 40, 200], [255, 255, 255]]], np.uint8)
    pixels = shades.repeat(64, axis=0).repeat(16, axis=1)
    heif = pillow_heif.from_bytes("RGB", (64, 64), pixels.tobytes())
    heif.save(tmp_path / "photo.heic", quality=-1, chroma=444, matrix_coefficients=matrix, full_range_flag=full_range)

    assert np.abs(came_back(tmp_path / "photo.heic").pixels.astype(int) - pixels).max() <= 3


def test_a_gain_map_of_heic_is_told(tmp_path):
    save(tmp_path / "photo.heic", pixels_of(8, 3), "RGB", 8)
    assert not read_header(tmp_path / "photo.heic").notes

    # As cameras name the picture beside the photo, in a box of its own.
    with open(tmp_path / "photo.heic", "ab") as file:
        kind = b"urn:com:apple:photo:2020:aux:hdrgainmap\0"
        file.write((8 + len(kind)).to_bytes(4, "big") + b"free" + kind)

    assert "gain map" in read_header(tmp_path / "photo.heic").notes[0]
