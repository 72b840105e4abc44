"""Palettes, inks and other colours become RGB; what is kept beside the pixels, and what makes no sense."""

import io
import struct

import numpy as np
import pytest
from photo_files import SRGB, noise
from photo_stand_ins import bicubic, identity
from PIL import Image, ImageCms

from drln.images import ImageError, Photo, open_image, write_image
from drln.images.icc import SRGB_PRIMARIES, rgb_profile


def test_a_palette_becomes_its_colours():
    image = Image.fromarray(noise(6, 8, high=16), "P")
    image.putpalette(noise(16 * 3).tolist())

    result = identity(image)

    assert result.mode == "RGB"
    assert np.array_equal(np.asarray(result), np.asarray(image.convert("RGB")))


def test_a_palette_with_alpha_becomes_rgba():
    image = Image.merge("RGBA", [Image.fromarray(noise(6, 8, low=1)) for _ in range(4)]).convert("PA")

    result = identity(image)

    assert np.array_equal(np.asarray(result), np.asarray(image.convert("RGBA")))


@pytest.mark.parametrize("profile", [None, b"no profile", SRGB])
def test_cmyk_without_a_profile_of_its_own_becomes_rgb_by_pillows_formula(profile):
    image = Image.fromarray(noise(6, 8, 4), "CMYK")
    if profile:
        image.info["icc_profile"] = profile

    result = identity(image)

    assert result.mode == "RGB" and "icc_profile" not in result.info
    assert np.array_equal(np.asarray(result), np.asarray(image.convert("RGB")))


def test_cmyk_goes_through_its_own_profile():
    image = Image.new("CMYK", (2, 2), (255, 0, 0, 0))
    image.info["icc_profile"] = cmyk_profile_of_red_ink()

    red, green, blue = identity(image).getpixel((0, 0))

    assert red > 230 and green < 30 and blue < 30    # Pillow's formula knows no inks, and says cyan


def cmyk_profile_of_red_ink() -> bytes:
    """A printer whose first ink is red, and whose others are black: an 8-bit table from CMYK to Lab."""
    ramp = bytes(range(256))
    paper, red, black = (255, 128, 128), (136, 208, 195), (0, 128, 128)
    corners = [paper] + [black] * 7 + [red] + [black] * 7    # K varies fastest, C slowest
    matrix = struct.pack(">9i", *(65536 * on for on in (1, 0, 0, 0, 1, 0, 0, 0, 1)))
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + matrix + ramp * 4 + bytes(sum(corners, ())) + ramp * 3
    tags = struct.pack(">I4sII", 1, b"A2B0", 144, len(table))
    header = struct.pack(">I4sI4s4s4s12s4s", 144 + len(table), b"", 0x02400000, b"prtr", b"CMYK", b"Lab ", b"", b"acsp")
    illuminant = struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)
    return header + bytes(28) + illuminant + bytes(48) + tags + table


@pytest.mark.parametrize("suffix", [".png", ".tiff", ".jpg", ".webp"])
def test_a_grey_photo_keeps_what_a_profile_of_colours_says_of_greys(tmp_path, suffix):
    greys = np.arange(256, dtype=np.uint8).reshape(16, 16)
    linear = rgb_profile("Linear", SRGB_PRIMARIES, curve=(1.0,))
    Image.fromarray(greys).save(tmp_path / "in.jpg", icc_profile=linear, quality=100)

    photo = Photo.open(tmp_path / "in.jpg")
    quality = 100 if suffix in (".jpg", ".webp") else None
    write_image(photo.picture(photo.rgb).to_pil(), tmp_path / f"out{suffix}", quality)

    with Image.open(tmp_path / f"out{suffix}") as image:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        shown = np.asarray(ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB"))
    light = greys / 255
    wanted = 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    assert image.mode == ("RGB" if suffix == ".webp" else "L")
    bright = greys > 16    # below, a level off is seen as many
    assert np.abs(shown - wanted[..., None])[bright].max() < 6


@pytest.mark.parametrize("mode", ["YCbCr", "HSV", "LAB"])
def test_other_colour_spaces_become_rgb(mode):
    image = Image.fromarray(noise(6, 8, 3), mode)

    result = identity(image)

    assert result.mode == "RGB"
    assert np.array_equal(np.asarray(result), np.asarray(image.convert("RGB")))


def test_float_pixels_are_refused_with_their_mode():
    with pytest.raises(ImageError, match="mode F"):
        Photo.from_pil(Image.new("F", (2, 2)))


# What is kept beside the pixels


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tiff", ".webp"])
def test_profile_and_resolution_are_in_the_saved_result(tmp_path, suffix):
    Image.fromarray(noise(5, 7, 3)).save(tmp_path / "in.png", icc_profile=SRGB, dpi=(300, 300))
    photo = Photo.from_pil(open_image(tmp_path / "in.png"))

    write_image(photo.picture(bicubic(photo, 2)).to_pil(), tmp_path / f"out{suffix}")

    saved = Image.open(tmp_path / f"out{suffix}")
    assert saved.info["icc_profile"] == SRGB
    if suffix != ".webp":    # which has no place for a resolution
        assert saved.info["dpi"] == pytest.approx((300, 300), abs=0.01)


@pytest.mark.parametrize("dpi", [(0, 0), ("a", "b"), 300, (float("nan"), 300), (float("inf"), 300), None])
def test_a_resolution_that_makes_no_sense_is_dropped(tmp_path, dpi):
    image = Image.fromarray(noise(5, 7, 3))
    image.info["dpi"] = dpi

    result = identity(image)
    write_image(result, tmp_path / "out.png")

    assert "dpi" not in result.info


@pytest.mark.parametrize("suffix", [".gif", ".tiff", ".webp", ".png"])
def test_of_several_frames_the_first_is_taken(tmp_path, suffix):
    frames = [Image.new("RGB", (4, 3), colour) for colour in ("red", "lime")]
    frames[0].save(tmp_path / f"in{suffix}", save_all=True, append_images=frames[1:], lossless=True)

    result = identity(open_image(tmp_path / f"in{suffix}"))

    assert result.convert("RGB").getpixel((0, 0)) == (255, 0, 0)
