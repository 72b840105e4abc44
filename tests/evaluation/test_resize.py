import numpy as np
import pytest
import torch
from PIL import Image

from drln.evaluation.resize import imresize


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def pillow_with_mirrored_borders(grey: np.ndarray, numerator: int, denominator: int) -> np.ndarray:
    """Pillow's bicubic has MATLAB's kernel and other borders; so give it the mirrored ones as pixels."""
    margin = 12 * denominator    # more than the kernel reaches, and a whole number of pixels in the result
    padded = Image.fromarray(np.pad(grey.astype(np.float32), margin, mode="symmetric"))
    width, height = (side * numerator // denominator for side in padded.size)
    cut = margin * numerator // denominator
    return np.asarray(padded.resize((width, height), Image.Resampling.BICUBIC))[cut:-cut, cut:-cut]


def test_imresize_gives_the_values_that_matlab_gives():
    image = np.arange(16.0).reshape(4, 4)

    resized = imresize(image, size=(3, 3))

    matlab = [[0.7506, 2.1004, 3.4503], [6.1501, 7.5, 8.8499], [11.5497, 12.8996, 14.2494]]
    np.testing.assert_allclose(resized, matlab, atol=5e-5)


@pytest.mark.parametrize(("numerator", "denominator"), [(1, 2), (1, 3), (1, 4), (2, 3), (2, 1), (3, 1), (4, 1)])
def test_imresize_is_pillow_with_mirrored_borders(numerator, denominator):
    image = noise(36, 24).astype(np.float64)

    resized = imresize(image, scale=numerator / denominator)

    expected = pillow_with_mirrored_borders(image, numerator, denominator)
    np.testing.assert_allclose(resized, expected, atol=1e-3)


def test_scale_rounds_the_size_up_and_places_pixels_by_the_scale_itself():
    ramp = np.tile(np.arange(41.0), (41, 1))

    by_scale = imresize(ramp, scale=0.5)
    by_size = imresize(ramp, size=(21, 21))

    assert by_scale.shape == by_size.shape == (21, 21)
    np.testing.assert_allclose(by_scale[10, 5:-5], 2 * np.arange(5, 16) + 0.5, atol=1e-9)
    np.testing.assert_allclose(by_size[10, 5:-5], (np.arange(5, 16) + 0.5) * 41 / 21 - 0.5, atol=0.01)


@pytest.mark.parametrize("side", [3, 99, 147, 300, 1023])
def test_a_third_of_a_multiple_of_three_is_exact(side):
    assert imresize(np.zeros((side, 3)), scale=1 / 3).shape == (side // 3, 1)


def test_the_two_sides_may_go_different_ways():
    image = noise(20, 30).astype(np.float64)

    resized = imresize(image, size=(40, 10))

    upright = imresize(imresize(image, size=(40, 30)), size=(40, 10))
    np.testing.assert_allclose(resized, upright, atol=1e-9)


def test_uint8_is_the_float_result_rounded_once_and_clamped():
    image = np.where(noise(30, 30) > 127, np.uint8(255), np.uint8(0))    # steps, so that the cubic overshoots

    resized = imresize(image, scale=2)

    exact = imresize(image.astype(np.float64), scale=2)
    assert exact.min() < -5 and exact.max() > 260
    assert resized.dtype == np.uint8
    np.testing.assert_array_equal(resized, np.floor(np.clip(exact, 0, 255) + 0.5))


def test_halves_are_rounded_up():
    checkers = np.array([[0, 1], [1, 0]], np.uint8)    # both results lie midway between the pixels

    assert imresize(checkers, size=(1, 1)) == 1
    assert imresize(checkers + np.uint8(1), size=(1, 1)) == 2


@pytest.mark.parametrize("scale", [1 / 3, 4])
def test_colours_and_tensors_are_resized_like_a_grey_array(scale):
    image = noise(24, 33, 3)

    resized = imresize(image, scale=scale)
    tensor = imresize(torch.from_numpy(image).movedim(2, 0)[None], scale=scale)    # (1, 3, H, W)

    planes = [imresize(image[:, :, channel], scale=scale) for channel in range(3)]
    np.testing.assert_array_equal(resized, np.stack(planes, axis=2))
    np.testing.assert_array_equal(tensor[0].movedim(0, 2).numpy(), resized)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_float_keeps_its_dtype(dtype):
    image = torch.from_numpy(noise(12, 12)) / 255.0

    resized = imresize(image.to(dtype), scale=2)

    assert resized.dtype == dtype
    tolerance = 2 * torch.finfo(dtype).eps
    torch.testing.assert_close(resized.double(), imresize(image.double(), scale=2), rtol=tolerance, atol=tolerance)


def test_a_flat_image_of_one_pixel_stays_flat_at_any_size():
    assert (imresize(np.full((1, 1), 77, np.uint8), size=(7, 5)) == np.full((7, 5), 77)).all()


def test_views_and_read_only_arrays_are_taken_and_left_as_they_are():
    image = noise(10, 12, 3)
    view = image[::-1, ::2]
    view.flags.writeable = False

    resized = imresize(view, scale=2)

    np.testing.assert_array_equal(resized, imresize(view.copy(), scale=2))
    np.testing.assert_array_equal(image, noise(10, 12, 3))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "either scale or size"),
        ({"scale": 2, "size": (4, 4)}, "either scale or size"),
        ({"scale": 0}, "scale is 0"),
        ({"scale": float("nan")}, "scale is nan"),
        ({"size": (4, 0)}, "a side of 0 pixels"),
    ],
)
def test_what_makes_no_size_is_refused(arguments, said):
    with pytest.raises(ValueError, match=said):
        imresize(np.zeros((4, 4)), **arguments)


@pytest.mark.parametrize("shape", [(4,), (0, 4), (1, 4, 4, 3)])
def test_what_is_no_image_is_refused_with_its_shape(shape):
    with pytest.raises(ValueError, match=r"shape \("):
        imresize(np.zeros(shape), scale=2)


@pytest.mark.parametrize("image", [np.zeros((4, 4), np.int64), torch.zeros(4, 4, dtype=torch.bool)])
def test_other_integers_are_refused(image):
    with pytest.raises(TypeError, match="give uint8 or float"):
        imresize(image, scale=2)
