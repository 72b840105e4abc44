"""LR images as people have photos."""

import numpy as np
import pytest

from drln.data import DegradedPairs, PhotoPairs, build_store
from drln.data.degraded import degraded
from drln.samples import list_samples


@pytest.fixture(scope="module")
def photos():
    return PhotoPairs(list_samples()[:2], 3)


def test_each_version_is_another_one_of_the_same_photo_and_the_same_when_read_again(photos):
    pairs = DegradedPairs(photos, versions=3)

    read = [pairs.pair(index) for index in range(len(pairs))]

    assert len(pairs) == 6 and pairs.scale == 3 and pairs.smallest_side() == photos.smallest_side()
    for index, (lr, hr) in enumerate(read):
        clean, sharp = photos.pair(index % 2)
        assert np.array_equal(hr, sharp) and lr.shape == clean.shape and lr.dtype == np.uint8
        assert 20 < psnr(lr, clean) and not np.array_equal(lr, clean)
        assert np.array_equal(lr, pairs.pair(index)[0])
    assert not np.array_equal(read[0][0], read[2][0]) and not np.array_equal(read[2][0], read[4][0])


def test_a_store_of_degraded_pairs_is_not_that_of_clean_ones(photos, tmp_path):
    clean, spoilt = build_store(photos, tmp_path), build_store(DegradedPairs(photos, 2), tmp_path)

    assert len(clean) == 2 and len(spoilt) == 4
    assert np.array_equal(spoilt.pair(3)[0], DegradedPairs(photos, 2).pair(3)[0])


def test_images_are_spoilt_to_the_degrees_that_are_said(photos):
    """Nine in ten are JPEG of quality 30 to 95, half are noisy, a quarter blurred."""
    clean = photos.pair(0)[0][:96, :96]

    scores = [psnr(degraded(clean, np.random.default_rng(seed)), clean) for seed in range(300)]

    assert 0.02 < np.mean(np.isinf(scores)) < 0.12    # not compressed, no noise, no blur: 0.1 * 0.5 * 0.75
    assert 20 < min(scores) and 24 < np.median(scores) < 34


def psnr(one: np.ndarray, two: np.ndarray) -> float:
    error = float(np.mean((one.astype(float) - two) ** 2))
    return 10 * np.log10(255**2 / error) if error else np.inf
