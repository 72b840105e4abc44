"""Every format that is written: bit for bit where it keeps every pixel, as Pillow writes it where it does not."""

import io

import numpy as np
import pytest
import tifffile
from photo_files import SHAPES, SRGB, deep_noise, deep_png_pixels, noise
from PIL import Image

from drln.images import Picture
from drln.images.header import ImageError
from drln.images.writing import check_format, write_image

GREY_PROFILE = SRGB[:16] + b"GRAY" + SRGB[20:]


@pytest.mark.parametrize("channels", SHAPES)
@pytest.mark.parametrize("name, quality", [("out.png", None), ("out.tiff", None), ("out.webp", 100)])
def test_eight_bits_bit_for_bit(tmp_path, name, quality, channels):
    pixels = noise(23, 31, *SHAPES[channels])

    write_image(Picture(pixels), tmp_path / name, quality)

    saved = Image.open(tmp_path / name)
    whole = saved if name != "out.webp" else saved.convert(Picture(pixels).mode)    # which has RGB and RGBA only
    assert np.array_equal(np.asarray(whole), pixels)
    assert name == "out.webp" or saved.mode == Picture(pixels).mode


@pytest.mark.parametrize("channels", SHAPES)
def test_sixteen_bit_png_bit_for_bit(tmp_path, channels):
    pixels = deep_noise(23, 31, *SHAPES[channels])

    write_image(Picture(pixels), tmp_path / "out.png")

    assert np.array_equal(deep_png_pixels(tmp_path / "out.png"), pixels)


@pytest.mark.parametrize("channels", SHAPES)
def test_sixteen_bit_tiff_bit_for_bit(tmp_path, channels):
    pixels = deep_noise(23, 31, *SHAPES[channels])

    write_image(Picture(pixels, {"dpi": (300, 300)}), tmp_path / "out.tiff")

    with tifffile.TiffFile(tmp_path / "out.tiff") as tiff:
        page = tiff.pages[0]
        assert np.array_equal(page.asarray(), pixels)
        assert [int(kind) for kind in page.extrasamples] == ([2] if "alpha" in channels else [])
        assert page.photometric == (2 if "RGB" in channels else 1)
        assert page.software == ""
    if channels in ("RGB", "RGB and alpha"):    # Pillow's decoder, which cuts to 8 bits
        assert np.array_equal(np.asarray(Image.open(tmp_path / "out.tiff")), pixels >> 8)
    elif channels == "grey":
        assert np.array_equal(np.asarray(Image.open(tmp_path / "out.tiff")), pixels)


@pytest.mark.parametrize("quality", [None, 1, 40, 99])
@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".webp"])
@pytest.mark.parametrize("shape", [(3,), (), (4,)])
def test_jpeg_and_webp_have_the_quality_that_is_asked_for(tmp_path, suffix, shape, quality):
    pixels = noise(23, 31, *((3,) if suffix != ".webp" and shape == (4,) else shape))
    by_pillow = io.BytesIO()
    kind = {"format": "WEBP"} if suffix == ".webp" else {"format": "JPEG", "subsampling": 0}
    Image.fromarray(pixels).save(by_pillow, **kind, quality=quality or 95)

    write_image(Picture(pixels), tmp_path / f"out{suffix}", quality)

    assert np.array_equal(np.asarray(Image.open(tmp_path / f"out{suffix}")), np.asarray(Image.open(by_pillow)))


@pytest.mark.parametrize("quality", [0, 101, -5, 3.5, "80", True])
def test_a_quality_that_is_none_is_refused(quality):
    with pytest.raises(ImageError, match="the quality is .*; give a whole number from 1 to 100"):
        check_format("out.jpg", "RGB", 9, 9, quality)


@pytest.mark.parametrize("name", ["out.png", "out.tiff"])
def test_formats_that_keep_every_pixel_take_no_quality(name):
    with pytest.raises(ImageError, match="keeps every pixel and takes no quality"):
        check_format(name, "RGB", 9, 9, 90)


@pytest.mark.parametrize("mode", ["I;16", "LA;16", "RGB;16", "RGBA;16"])
def test_sixteen_bits_are_not_cut_without_a_word(mode):
    for name in ("out.webp", "out.jpg"):
        with pytest.raises(ImageError, match="cannot hold (16-bit|transparency)"):
            check_format(name, mode, 9, 9)
    for name in ("out.png", "out.tiff"):
        check_format(name, mode, 9, 9)


def test_a_tiff_ends_at_four_gigabytes():
    check_format("out.tiff", "RGBA;16", 20_000, 20_000)
    with pytest.raises(ImageError, match=r"out.tiff: the result is 30000x20000 pixels, 4.8 GB, and TIFF ends at 4 GB"):
        check_format("out.tiff", "RGBA;16", 30_000, 20_000)


@pytest.mark.parametrize("channels", SHAPES)
@pytest.mark.parametrize("suffix", [".png", ".tiff"])
@pytest.mark.parametrize("depth", [8, 16])
def test_profile_and_resolution_are_in_files_of_every_kind(tmp_path, depth, suffix, channels):
    pixels = (noise if depth == 8 else deep_noise)(5, 7, *SHAPES[channels])
    profile = SRGB if "RGB" in channels else GREY_PROFILE

    write_image(Picture(pixels, {"icc_profile": profile, "dpi": (300, 150)}), tmp_path / f"out{suffix}")

    if suffix == ".tiff" and depth == 16:
        with tifffile.TiffFile(tmp_path / "out.tiff") as tiff:
            assert tiff.pages[0].iccprofile == profile
            assert tiff.pages[0].get_resolution("inch") == pytest.approx((300, 150))
    else:
        saved = Image.open(tmp_path / f"out{suffix}")
        assert saved.info["icc_profile"] == profile
        assert saved.info["dpi"] == pytest.approx((300, 150), abs=0.02)    # PNG counts in metres


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_a_resolution_goes_where_the_format_has_a_place(tmp_path, suffix):
    write_image(Picture(noise(5, 7, 3), {"dpi": (300, 150)}), tmp_path / f"out{suffix}")

    saved = Image.open(tmp_path / f"out{suffix}")
    if suffix == ".jpg":
        assert saved.info["dpi"] == (300, 150)
    else:
        assert [saved.getexif()[tag] for tag in (282, 283, 296)] == [300, 150, 2]
