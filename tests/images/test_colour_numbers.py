"""Colours that a file tells by number reach the result as a profile: seen through it, they are the photo's."""

import io

import imagecodecs
import numpy as np
import pillow_heif
import pytest
from photo_files import HEIC_LOSSLESS, SRGB, chunk, deep_noise, noise, png
from PIL import Image, ImageCms

from drln.images import Photo
from drln.images.colour_numbers import PRIMARIES, gain_map_note
from drln.images.icc import rgb_profile

# Linear Display P3 to linear sRGB, as the CSS Color specification has it.
P3_TO_SRGB = np.array(
    [[1.2249401, -0.2249404, 0.0], [-0.0420569, 1.0420571, 0.0], [-0.0196376, -0.0786361, 1.0982735]]
)
NUMBERED = "PNG", "deep PNG", "AVIF", "deep AVIF", "HEIC", "deep HEIC"


def file_of(folder, kind: str, primaries: int, transfer: int = 13):
    """A photo in noise that tells its colours by number."""
    deep = "deep" in kind
    path = folder / f"photo.{kind[-4:].strip().lower()}"
    pixels = (deep_noise if deep else noise)(64, 64, 3)
    if "PNG" in kind:
        path.write_bytes(png(pixels, chunk(b"cICP", bytes([primaries, transfer, 0, 1]))))
    elif "AVIF" in kind:
        numbers = {"primaries": primaries, "transfer": transfer}
        bits = {"bitspersample": 10} if deep else {}
        path.write_bytes(imagecodecs.avif_encode(pixels >> 6 if deep else pixels, speed=10, **numbers, **bits))
    else:
        heif = pillow_heif.from_bytes("RGB;16" if deep else "RGB", (64, 64), pixels.tobytes())
        numbers = {"color_primaries": primaries, "transfer_characteristics": transfer, "full_range_flag": 1}
        heif.save(path, **HEIC_LOSSLESS, **numbers)
    return path


def test_the_profile_says_what_display_p3_is():
    rng = np.random.default_rng(1)
    pixels = rng.integers(90, 160, (1, 400, 3), dtype=np.uint8)    # so near to grey that sRGB holds them
    profile = ImageCms.ImageCmsProfile(io.BytesIO(rgb_profile(*PRIMARIES[12])))

    seen = ImageCms.profileToProfile(Image.fromarray(pixels), profile, ImageCms.createProfile("sRGB"))

    linear = np.where(pixels / 255 <= 0.04045, pixels / 255 / 12.92, ((pixels / 255 + 0.055) / 1.055) ** 2.4)
    wanted = 1.055 * (linear @ P3_TO_SRGB.T) ** (1 / 2.4) - 0.055
    assert np.abs(np.asarray(seen) - wanted * 255).max() < 1.6
    assert ImageCms.getProfileDescription(profile).strip() == "Display P3"


@pytest.mark.parametrize("number", [5, 9, 11, 12])
@pytest.mark.parametrize("kind", NUMBERED)
def test_colours_told_by_number_reach_the_result_as_a_profile(tmp_path, kind, number):
    photo = Photo.open(file_of(tmp_path, kind, number))

    assert photo.info["icc_profile"] == rgb_profile(*PRIMARIES[number])
    assert photo.depth == (16 if "deep" in kind else 8) and photo.notes == ()


@pytest.mark.parametrize("kind", NUMBERED)
def test_colours_of_srgb_need_no_profile(tmp_path, kind):
    assert "icc_profile" not in Photo.open(file_of(tmp_path, kind, primaries=1)).info


@pytest.mark.parametrize("kind", NUMBERED)
def test_hdr_is_said_not_to_be_kept(tmp_path, kind):
    photo = Photo.open(file_of(tmp_path, kind, primaries=9, transfer=16))

    assert "HDR (PQ)" in photo.notes[0] and "icc_profile" not in photo.info


def test_a_gain_map_is_known_by_the_brand_of_an_avif():
    plain = imagecodecs.avif_encode(noise(16, 24, 3))

    assert gain_map_note(plain) == ()
    assert "gain map" in gain_map_note(plain.replace(b"MA1A", b"tmap", 1))[0]    # which libavif would not decode


def test_a_profile_in_the_file_stays_as_it_is(tmp_path):
    picture = Image.fromarray(noise(64, 64, 3))
    pillow_heif.from_pillow(picture).save(tmp_path / "photo.heic", icc_profile=SRGB, color_primaries=12)

    assert Photo.open(tmp_path / "photo.heic").info["icc_profile"] == SRGB


@pytest.mark.parametrize("kind", NUMBERED)
def test_light_told_by_number_reaches_the_result(tmp_path, kind):
    photo = Photo.open(file_of(tmp_path, kind, primaries=1, transfer=8))

    assert photo.info["icc_profile"] == rgb_profile("BT.709, gamma 1", *PRIMARIES[1][1:], curve=(1.0,))


def test_a_grey_photo_gets_no_profile_of_colours(tmp_path):
    (tmp_path / "photo.png").write_bytes(png(noise(9, 7), chunk(b"cICP", bytes([12, 13, 0, 1]))))

    assert "icc_profile" not in Photo.open(tmp_path / "photo.png").info
