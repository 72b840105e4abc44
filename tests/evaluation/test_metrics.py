import math

import numpy as np
import pytest
from skimage import metrics
from skimage.color import rgb2ycbcr

from drln.evaluation.metrics import luma, psnr, ssim


def photo_like(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Smooth shapes and some noise, (H, W), uint8."""
    y, x = np.mgrid[:height, :width]
    waves = 128 + 60 * np.sin(x / 7) + 50 * np.cos(y / 11 + x / 23)
    return np.clip(waves + np.random.default_rng(seed).normal(0, 8, (height, width)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("colour", "y"),
    [((0, 0, 0), 16), ((255, 255, 255), 235), ((255, 0, 0), 81), ((0, 255, 0), 145), ((0, 0, 255), 41)],
)
def test_luma_of_the_corners_of_the_colour_cube_is_matlabs(colour, y):
    assert luma(np.array(colour, np.uint8).reshape(1, 1, 3)) == y


def test_luma_agrees_with_scikit_image():
    image = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)

    y = luma(image)

    assert y.dtype == np.uint8
    np.testing.assert_array_equal(y, np.round(rgb2ycbcr(image)[..., 0]))


def test_grey_is_its_own_luma():
    grey = photo_like(5, 6)

    np.testing.assert_array_equal(luma(grey), grey)


def test_psnr_agrees_with_scikit_image_in_any_shape():
    for shape in [(20, 30), (20, 30, 3)]:
        image, reference = np.random.default_rng(1).integers(0, 256, (2, *shape), dtype=np.uint8)

        expected = metrics.peak_signal_noise_ratio(reference, image, data_range=255)
        assert psnr(image, reference) == pytest.approx(expected)


def test_psnr_of_one_grey_level_is_48_13_whichever_is_brighter():
    image = np.full((4, 4), 100, np.uint8)

    assert psnr(image, image + np.uint8(1)) == pytest.approx(48.1308, abs=1e-4)
    assert psnr(image + np.uint8(1), image) == pytest.approx(48.1308, abs=1e-4)


@pytest.mark.parametrize("shape", [(64, 48), (11, 11), (37, 12)])
def test_ssim_agrees_with_scikit_image_over_the_valid_region(shape):
    reference = photo_like(*shape)
    image = photo_like(*shape, seed=1)

    value = ssim(image, reference)

    expected = metrics.structural_similarity(
        image, reference, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
    )
    assert 0.3 < value < 0.95
    assert value == pytest.approx(expected, abs=1e-9)


def test_the_scale_of_the_values_does_not_matter_when_the_peak_follows():
    image, reference = photo_like(20, 20, seed=1), photo_like(20, 20)

    assert psnr(image / 255, reference / 255, peak=1.0) == pytest.approx(psnr(image, reference))
    assert ssim(image / 255, reference / 255, peak=1.0) == pytest.approx(ssim(image, reference))


def test_identical_images_are_infinitely_near_and_wholly_similar():
    image = photo_like(20, 20)

    assert psnr(image, image) == math.inf
    assert ssim(image, image) == pytest.approx(1.0)


def test_a_negative_is_dissimilar():
    image = photo_like(40, 40)

    assert ssim(255 - image, image) < 0


@pytest.mark.parametrize("metric", [psnr, ssim])
def test_images_of_two_shapes_are_refused(metric):
    with pytest.raises(ValueError, match=r"\(20, 20\) and \(20, 21\)"):
        metric(np.zeros((20, 20)), np.zeros((20, 21)))


@pytest.mark.parametrize("shape", [(10, 30), (20, 20, 3)])
def test_ssim_refuses_what_its_window_does_not_fit(shape):
    with pytest.raises(ValueError, match="both sides 11 or more"):
        ssim(np.zeros(shape), np.zeros(shape))


def test_luma_refuses_floats_and_other_channels():
    with pytest.raises(TypeError, match="clamp and round first"):
        luma(np.zeros((4, 4, 3)))
    with pytest.raises(ValueError, match=r"\(4, 4, 4\)"):
        luma(np.zeros((4, 4, 4), np.uint8))
