"""Files of 9 to 16 bits a channel, read bit for bit: nothing is cut to 8 on the way."""

import struct

import imagecodecs
import numpy as np
import pillow_heif
import pytest
import tifffile
from coming_back import assert_same, came_back
from photo_files import HEIC_LOSSLESS, SHAPES, STORED, chunk, deep_noise, noise, png, tiff
from PIL import Image

from drln.images import open_image
from drln.images.pixels import read_pixels


@pytest.mark.parametrize("channels", SHAPES)
def test_sixteen_bit_png(tmp_path, channels):
    pixels = deep_noise(9, 14, *SHAPES[channels])
    (tmp_path / "photo.png").write_bytes(png(pixels))

    assert_same(tmp_path / "photo.png", pixels, came_back(tmp_path / "photo.png").mode)
    assert came_back(tmp_path / "photo.png").pixels.shape == pixels.shape


@pytest.mark.parametrize("channels", ["grey", "RGB"])
def test_a_transparent_shade_of_a_sixteen_bit_png(tmp_path, channels):
    pixels = deep_noise(9, 14, *SHAPES[channels])
    pixels[2:4, 3:5] = shade = pixels[2, 3]
    other = pixels[0, 0].copy()
    pixels[5, 5] = other + 1 if channels == "grey" else other + (0, 0, 1)    # near a shade is not the shade
    key = chunk(b"tRNS", np.atleast_1d(shade).astype(">u2").tobytes())
    (tmp_path / "photo.png").write_bytes(png(pixels, key))

    back = came_back(tmp_path / "photo.png").pixels

    clear = np.zeros((9, 14), bool)
    clear[2:4, 3:5] = True
    assert back.dtype == np.uint16 and np.array_equal(back[..., -1], np.where(clear, 0, 65_535))
    colours = back[..., :-1].reshape(pixels.shape)
    assert np.array_equal(colours[~clear], pixels[~clear])


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("channels", SHAPES)
def test_sixteen_bit_tiff(tmp_path, channels, order):
    pixels = deep_noise(9, 14, *SHAPES[channels])
    (tmp_path / "photo.tiff").write_bytes(tiff(pixels, order))

    assert_same(tmp_path / "photo.tiff", pixels, came_back(tmp_path / "photo.tiff").mode)


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_every_orientation_of_sixteen_bits_comes_upright(tmp_path, suffix, orientation):
    upright = deep_noise(9, 14, 3)
    stored = np.ascontiguousarray(STORED[orientation](upright))
    exif = Image.Exif()
    exif[0x0112] = orientation
    block = chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0"))
    content = png(stored, block) if suffix == ".png" else tiff(stored, orientation=orientation)
    (tmp_path / f"photo{suffix}").write_bytes(content)

    assert_same(tmp_path / f"photo{suffix}", upright, "RGB;16")


@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "packbits", "zstd"])
@pytest.mark.parametrize(
    "layout", [{}, {"tile": (16, 16)}, {"rowsperstrip": 3}, {"bigtiff": True}, {"planarconfig": 2}], ids=str
)
def test_sixteen_bit_tiff_however_it_is_laid_out(tmp_path, layout, compression):
    pixels = deep_noise(19, 37, 3)
    predictor = compression in ("lzw", "zlib") and "planarconfig" not in layout
    stored = pixels.transpose(2, 0, 1) if "planarconfig" in layout else pixels
    options = {"photometric": "rgb", "compression": compression, "predictor": predictor, **layout}
    tifffile.imwrite(tmp_path / "photo.tif", stored, **options)

    assert_same(tmp_path / "photo.tif", pixels, "RGB;16")


def test_a_tiff_in_which_white_is_0(tmp_path):
    pixels = deep_noise(9, 14)
    (tmp_path / "photo.tiff").write_bytes(tiff(65_535 - pixels, photometric=0))

    assert_same(tmp_path / "photo.tiff", pixels, "I;16")


def test_a_tiff_with_premultiplied_alpha(tmp_path):
    alpha = noise(9, 14, 1, low=30_000, high=65_536, dtype=np.uint16)
    colours = deep_noise(9, 14, 3)
    stored = np.round(colours * (alpha / 65_535)).astype(np.uint16)
    (tmp_path / "photo.tiff").write_bytes(tiff(np.concatenate([stored, alpha], axis=2), alpha=1))

    back = came_back(tmp_path / "photo.tiff").pixels

    assert np.array_equal(back[..., 3:], alpha)
    assert np.abs(back[..., :3].astype(int) - colours).max() <= 2    # what the rounding of the product took


def test_a_channel_that_is_said_to_be_no_alpha_is_none(tmp_path):
    pixels = deep_noise(9, 14, 4)
    (tmp_path / "photo.tiff").write_bytes(tiff(pixels, alpha=0))

    assert_same(tmp_path / "photo.tiff", pixels[..., :3], "RGB;16")


def test_twelve_bit_tiff_has_its_white_at_the_top(tmp_path):
    packed = np.array([[0xFF, 0xF0, 0x00], [0x80, 0x0F, 0xFF]], np.uint8)    # 4095 0, 2048 4095
    content = tiff(np.zeros((2, 2), np.uint16))
    bits = [struct.pack("<HHIHH", 258, 3, 1, number, 0) for number in (16, 12)]
    (tmp_path / "photo.tiff").write_bytes((content[:8] + packed.tobytes() + content[14:]).replace(*bits))

    assert came_back(tmp_path / "photo.tiff").pixels.tolist() == [[65_535, 0], [round(2048 * 65_535 / 4095), 65_535]]


@pytest.mark.parametrize("bits", [10, 12])
def test_avif_of_more_than_8_bits_becomes_16(tmp_path, bits):
    pixels = noise(16, 24, 3, high=2**bits, dtype=np.uint16)
    content = imagecodecs.avif_encode(pixels, level=100, pixelformat="444", bitspersample=bits)
    (tmp_path / "photo.avif").write_bytes(content)

    picture = came_back(tmp_path / "photo.avif")

    wanted = imagecodecs.avif_decode(content) * (65_535 / (2**bits - 1))
    assert picture.mode == "RGB;16" and np.abs(picture.pixels - wanted).max() <= 0.51    # rounded to the nearest


@pytest.mark.parametrize("mode, channels", [("RGB;16", 3), ("RGBA;16", 4)])
def test_ten_bit_heic_becomes_16_bit(tmp_path, mode, channels):
    pixels = noise(64, 72, channels, low=1, high=1024, dtype=np.uint16)
    heif = pillow_heif.from_bytes(mode, (72, 64), (pixels * 64).tobytes())
    heif.save(tmp_path / "photo.heic", **HEIC_LOSSLESS)

    assert_same(tmp_path / "photo.heic", np.round(pixels * (65_535 / 1023)).astype(np.uint16), mode)


def test_measuring_rounds_sixteen_bits_to_eight(tmp_path):
    pixels = deep_noise(9, 14, 3)
    (tmp_path / "photo.png").write_bytes(png(pixels))

    assert np.array_equal(read_pixels(tmp_path / "photo.png"), np.round(pixels / 257).astype(np.uint8))
    assert np.array_equal(np.asarray(open_image(tmp_path / "photo.png")), np.round(pixels / 257).astype(np.uint8))
