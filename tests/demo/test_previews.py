import numpy as np
import pytest
from PIL import Image

from demo.backend import previews
from drln.images import Picture
from drln.samples import list_samples


@pytest.fixture
def photo() -> Image.Image:
    return Image.open(list_samples()[0]).convert("RGB").resize((61, 47))


def with_alpha(image: Image.Image) -> Image.Image:
    """Transparent to the left, opaque to the right."""
    image = image.copy()
    image.putalpha(Image.linear_gradient("L").rotate(90).resize(image.size))
    return image


@pytest.mark.parametrize("size", [(122, 94), (183, 141), (244, 188), (150, 116), (241, 186)])
@pytest.mark.parametrize("at", [(0.0, 0.0), (0.5, 0.5), (0.37, 0.81), (1.0, 1.0)])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_a_bicubic_crop_has_the_pixels_of_the_whole_image(photo, size, at, mode):
    lr = with_alpha(photo) if mode == "RGBA" else photo.convert(mode)
    whole = lr.resize(size, Image.Resampling.BICUBIC)
    left, top = int(at[0] * (size[0] - 40)), int(at[1] * (size[1] - 30))
    box = left, top, left + 40, top + 30

    crop = previews.bicubic_crop(np.asarray(lr), size, box)

    difference = np.asarray(crop, int) - np.asarray(whole.crop(box), int)
    is_whole_scale = size[0] % 61 == 0
    assert np.abs(difference).max() <= (0 if is_whole_scale else 1)    # where a float falls on a half


def test_transparency_is_shown_over_a_checkerboard():
    image = Image.new("RGBA", (32, 32), (200, 0, 0, 0))
    image.paste((200, 0, 0, 255), (16, 0, 32, 32))

    shown = np.asarray(previews.shown(image))

    assert shown.shape == (32, 32, 3)
    assert {tuple(pixel) for pixel in shown[:, :16].reshape(-1, 3)} == {(204, 204, 204), (255, 255, 255)}
    assert {tuple(pixel) for pixel in shown[:, 16:].reshape(-1, 3)} == {(200, 0, 0)}


def test_sixteen_bits_are_shown_as_eight_with_black_and_white_kept():
    levels = np.array([[0, 200, 257, 32_896, 65_535]], np.uint16)

    for picture in (Picture(levels), Picture(np.stack([levels] * 3, axis=2))):
        image = previews.eight_bit(picture)

        np.testing.assert_array_equal(np.asarray(image.convert("L")), [[0, 1, 1, 128, 255]])


def test_a_preview_is_reduced_to_the_longer_side_and_a_small_image_is_left_alone(photo):
    assert previews.capped(photo, 30).size == previews.capped_size(photo.size, 30) == (30, 23)
    assert previews.capped(photo, 61) is photo


def test_a_reduced_preview_keeps_the_colour_profile(photo):
    photo.info["icc_profile"] = b"a profile"

    assert previews.shown(previews.capped(with_alpha(photo), 30)).info["icc_profile"] == b"a profile"

