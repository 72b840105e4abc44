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


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("at", [(0.0, 0.0), (0.5, 0.5), (0.37, 0.81), (1.0, 1.0)])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_a_bicubic_crop_has_the_pixels_of_the_whole_image(photo, scale, at, mode):
    lr = with_alpha(photo) if mode == "RGBA" else photo.convert(mode)
    whole = lr.resize((61 * scale, 47 * scale), Image.Resampling.BICUBIC)
    box = previews.crop_around(whole.size, int(at[0] * whole.width), int(at[1] * whole.height))

    crop = previews.bicubic_crop(np.asarray(lr), box, scale)

    np.testing.assert_array_equal(np.asarray(crop), np.asarray(whole.crop(box)))


@pytest.mark.parametrize(
    ("place", "box"), [((0, 0), (0, 0, 96, 96)), ((200, 150), (152, 102, 248, 198)), ((399, 299), (304, 204, 400, 300))]
)
def test_a_crop_lies_around_the_place_and_inside_the_image(place, box):
    assert previews.crop_around((400, 300), *place) == box


def test_a_crop_of_an_image_that_is_smaller_than_it_is_a_square_of_the_image():
    assert previews.crop_around((5, 80_000), 2, 40_000) == (0, 39_998, 5, 40_003)


def test_every_pixel_of_a_crop_is_enlarged_to_a_square(photo):
    crop = photo.crop((10, 10, 20, 20))

    zoomed = previews.zoomed(crop)

    assert zoomed.size == (380, 380)
    np.testing.assert_array_equal(np.asarray(zoomed)[19::38, 19::38], np.asarray(crop))
    np.testing.assert_array_equal(np.asarray(zoomed)[:38, :38], np.broadcast_to(np.asarray(crop)[0, 0], (38, 38, 3)))


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


def test_the_overview_is_marked_where_the_crop_is(photo):
    overview = previews.capped(photo.resize((610, 470)), 610)

    marked = previews.marked(overview, (2000, 1000, 2096, 1096), (2440, 1880))

    changed = np.argwhere((np.asarray(marked) != np.asarray(overview)).any(axis=2))
    assert changed.min(axis=0) == pytest.approx([250, 500], abs=3)
    assert changed.max(axis=0) == pytest.approx([274, 524], abs=3)
