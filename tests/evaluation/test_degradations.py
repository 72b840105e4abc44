"""Degradations of LR: the rules against written-out sums and scipy, the same noise every time, and what they show."""

import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage
from set_files import photo

from drln import DrlnModel, evaluate
from drln.data import find_set
from drln.evaluation.degradations import add_noise, blur, check_degradation, compress, degrade, describe
from drln.evaluation.metrics import luma, psnr
from drln.evaluation.protocols import ProtocolError, make_pair
from drln.evaluation.resize import imresize
from drln.evaluation.scores import ImageScore
from drln.evaluation.scoring import stream_scores

ROOT = Path(__file__).parents[2]
RGB, GREY = np.asarray(photo(1, 50, 43)), np.asarray(photo(2, 50, 43, "L"))
IMAGES = pytest.mark.parametrize("image", [RGB, GREY], ids=["rgb", "grey"])


def degraded(image: np.ndarray, name: str, scale: int = 3) -> np.ndarray:
    return degrade(*make_pair(image, scale), name)


# The rules


@IMAGES
@pytest.mark.parametrize("quality", [1, 40, 100])
def test_jpeg_is_what_pillow_writes_into_a_file(image, quality, tmp_path):
    lr = imresize(image[:42, :48], scale=1 / 3)
    Image.fromarray(lr).save(tmp_path / "lr.jpg", quality=quality, subsampling=2)    # 4:2:0

    found = degraded(image, f"jpeg{quality}")

    np.testing.assert_array_equal(found, np.asarray(Image.open(tmp_path / "lr.jpg")))
    assert found.shape == lr.shape and found.dtype == np.uint8


def test_jpeg_may_keep_colours_at_full_resolution(tmp_path):
    Image.fromarray(RGB).save(tmp_path / "full.jpg", quality=60, subsampling=0)

    full, half = compress(RGB, 60, "4:4:4"), compress(RGB, 60)

    np.testing.assert_array_equal(full, np.asarray(Image.open(tmp_path / "full.jpg")))
    assert psnr(full, RGB) > psnr(half, RGB)


@IMAGES
def test_blur_is_scipys_correlation_with_a_normalised_gaussian_and_repeated_edges(image):
    y, x = np.mgrid[-3:4, -3:4]
    kernel = np.exp(-(x**2 + y**2) / (2 * 1.6**2))
    kernel /= kernel.sum()
    window = kernel if image.ndim == 2 else kernel[:, :, None]

    found = blur(image, 1.6)

    np.testing.assert_array_equal(found, np.round(ndimage.correlate(image.astype(float), window, mode="nearest")))


def test_a_blur_leaves_one_colour_as_it_is():
    flat = np.full((9, 8, 3), (255, 0, 131), np.uint8)

    np.testing.assert_array_equal(blur(flat, 2.5, 21), flat)


@IMAGES
def test_bd_is_the_centre_of_each_3x3_of_blurred_hr_by_a_sum_over_49_pixels(image):
    hr = image[:42, :48].astype(float)
    weights = {(i, j): np.exp(-(i * i + j * j) / 5.12) for i in range(-3, 4) for j in range(-3, 4)}
    total = sum(weights.values())
    expected = [
        [
            sum(w * hr[np.clip(y + i, 0, 41), np.clip(x + j, 0, 47)] for (i, j), w in weights.items()) / total
            for x in range(1, 48, 3)
        ]
        for y in range(1, 42, 3)
    ]

    found = degraded(image, "bd")

    np.testing.assert_array_equal(found, np.round(expected))
    assert found.dtype == np.uint8


@pytest.mark.parametrize("sigma", [1, 10, 30])
def test_noise_has_the_mean_and_the_spread_of_a_gaussian_and_is_independent(sigma):
    flat = np.full((300, 300, 3), 128, np.uint8)

    added = add_noise(flat, sigma, np.random.default_rng(5)).astype(float) - 128

    count = added.size
    spread = (sigma**2 + 1 / 12) ** 0.5    # rounding adds the variance of a level
    assert abs(added.mean()) < 5 * spread / count**0.5
    assert added.std() == pytest.approx(spread, rel=5 / (2 * count) ** 0.5)
    beyond = (abs(added) > 2 * sigma + 0.5).mean() if sigma > 1 else 0.0455
    assert beyond == pytest.approx(0.0455, abs=0.006)    # of a Gaussian
    pairs = [(added[..., 0], added[..., 1]), (added[1:], added[:-1]), (added[:, 1:], added[:, :-1])]
    assert all(abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.02 for a, b in pairs)


def test_noise_is_clipped_and_not_wrapped_around():
    for level in (0, 255):
        noisy = add_noise(np.full((60, 60), level, np.uint8), 20, np.random.default_rng(0))

        assert (noisy == level).mean() == pytest.approx(0.5, abs=0.06)
        assert abs(noisy.astype(int) - level).max() < 120


@IMAGES
def test_noise_is_added_to_the_rounded_lr(image):
    lr = imresize(image[:42, :48], scale=1 / 3)

    found = degraded(image, "noise10")

    noise = np.random.default_rng(zlib.crc32(lr.tobytes())).normal(0, 10, lr.shape)
    np.testing.assert_array_equal(found, np.round((lr + noise).clip(0, 255)))


def test_dn_is_noise_of_sigma_30_at_3x():
    np.testing.assert_array_equal(degraded(RGB, "dn"), degraded(RGB, "noise30"))


@IMAGES
@pytest.mark.parametrize("name", ["jpeg40", "noise10", "bd", "dn"])
def test_a_grey_image_stays_grey_and_the_pair_is_not_changed(image, name):
    lr, hr = make_pair(image, 3)
    before = lr.copy(), hr.copy()

    found = degrade(lr, hr, name)

    assert found.shape == lr.shape and found.dtype == np.uint8 and not np.array_equal(found, lr)
    np.testing.assert_array_equal(lr, before[0])
    np.testing.assert_array_equal(hr, before[1])


@pytest.mark.parametrize("none", [None, "", "clean"])
def test_no_degradation_leaves_lr_alone(none):
    lr, hr = make_pair(RGB, 2)

    assert degrade(lr, hr, none) is lr


# The same noise every time


def test_an_image_gets_the_same_noise_in_any_order_and_other_images_another():
    images = [photo(seed, 48, 42) for seed in (3, 4)]

    forward, backward, alone = (
        [image.psnr for image in evaluate("bicubic", some, scale=3, degradation="dn").images]
        for some in (images, images[::-1], images[:1])
    )

    assert forward == backward[::-1] and forward[:1] == alone
    noise = [degraded(np.full((90, 90), level, np.uint8), "noise5").astype(int) - level for level in (100, 101)]
    assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.2


def test_another_process_makes_the_same_noise():
    code = """
import sys, zlib
import numpy as np
from drln.evaluation.degradations import degrade
from drln.evaluation.protocols import make_pair
hr = np.arange(60 * 60 * 3).reshape(60, 60, 3).astype(np.uint8)
print([zlib.crc32(degrade(*make_pair(hr, 3), name).tobytes()) for name in ("noise10", "dn", "jpeg40", "bd")])
"""
    hr = np.arange(60 * 60 * 3).reshape(60, 60, 3).astype(np.uint8)
    here = [zlib.crc32(degraded(hr, name).tobytes()) for name in ("noise10", "dn", "jpeg40", "bd")]

    there = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert there.stdout.strip() == str(here)


# Scores


def test_scores_are_of_a_result_that_was_made_from_degraded_lr():
    hr = np.asarray(photo(5, 50, 43))[:42, :48]
    lr = np.asarray(compress(imresize(hr, scale=1 / 3), 40))
    by_hand = psnr(imresize(luma(lr), scale=3)[3:-3, 3:-3], luma(hr)[3:-3, 3:-3])

    scores = evaluate("bicubic", [photo(5, 50, 43)], scale=3, degradation="jpeg40")

    assert scores.psnr == by_hand
    assert scores.degradation == "jpeg40" and "jpeg40" in repr(scores)


def test_a_model_is_given_the_degraded_lr(tiny_model):
    hr = np.asarray(photo(5, 40, 36))
    lr = torch.from_numpy(degraded(hr, "noise10", scale=2) / 255).float().permute(2, 0, 1)[None]
    with torch.no_grad():
        sr = (tiny_model.forward_whole(lr)[0].clamp(0, 1) * 255).round().permute(1, 2, 0).numpy().astype(np.uint8)

    scores = evaluate(tiny_model, [photo(5, 40, 36)], degradation="noise10")
    streamed = stream_scores(tiny_model, [photo(5, 40, 36)], degradation="noise10")

    assert scores.psnr == pytest.approx(psnr(luma(sr)[2:-2, 2:-2], luma(hr)[2:-2, 2:-2]), abs=1e-3)
    assert scores.images == tuple(step for step in streamed if isinstance(step, ImageScore))


@pytest.mark.parametrize("protocol", ["standard", "card"])
def test_clean_scores_are_those_without_the_option(tiny_model, protocol):
    images = [photo(1, 40, 36), photo(2, 41, 37, "L")]

    plain, none, clean = (
        evaluate(tiny_model, images, protocol, **options)
        for options in ({}, {"degradation": None}, {"degradation": "clean"})
    )

    assert plain == none == clean
    assert plain.degradation == "" and "clean" not in repr(plain)


def test_the_photo_model_beats_the_clean_one_on_compressed_samples():
    samples = find_set("samples")
    clean, photos = (DrlnModel.from_pretrained(name, 4) for name in ("drln-bam-compact", "drln-bam-compact-photo"))

    low, high = (evaluate(model, samples, degradation="jpeg40").psnr for model in (clean, photos))

    assert high - low > 0.5    # 0.92 were measured


# What is refused


@pytest.mark.parametrize(
    ("name", "scale", "protocol", "message"),
    [
        ("jpeg", 4, "standard", "degradation is 'jpeg'; write clean, or one such as jpeg40, noise10, bd or dn"),
        ("JPEG40", 4, "standard", "degradation is 'JPEG40'"),
        ("jpeg040", 4, "standard", "degradation is 'jpeg040'"),
        ("jpeg40 ", 4, "standard", "degradation is 'jpeg40 '"),
        ("jpeg4.5", 4, "standard", r"degradation is 'jpeg4\.5'"),
        ("blur", 4, "standard", "degradation is 'blur'"),
        (["bd"], 3, "standard", r"degradation is \['bd'\]"),
        ("jpeg0", 4, "standard", "quality of 'jpeg0' is out of range; write jpeg1 to jpeg100"),
        ("jpeg101", 4, "standard", "quality of 'jpeg101' is out of range"),
        ("jpeg" + "9" * 5000, 4, "standard", "out of range"),
        ("noise0", 4, "standard", "sigma of 'noise0' is out of range; write noise1 to noise100"),
        ("bd", 4, "standard", "bd is for 3x alone, and the scale is 4; take scale 3, or another one such as jpeg40"),
        ("dn", 2, "standard", "dn is for 3x alone, and the scale is 2"),
        ("jpeg40", 4, "card", "jpeg40 belongs to the standard protocol, and the protocol is card; take standard, or c"),
        ("bd", 3, "card", "bd belongs to the standard protocol"),
        ("clean", 4, "matlab", "protocol is 'matlab'"),
    ],
)
def test_what_is_no_degradation_here_says_what_to_write(name, scale, protocol, message):
    for refuse in (
        lambda: check_degradation(name, scale, protocol),
        lambda: evaluate("bicubic", ["absent.png"], protocol, scale=scale, degradation=name),
    ):
        with pytest.raises(ProtocolError, match=message):
            refuse()


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: compress(RGB, 0), ValueError),
        (lambda: compress(RGB, 50, "4:1:1"), ValueError),
        (lambda: compress(RGB.astype(float), 50), TypeError),
        (lambda: add_noise(RGB[..., :2], 5, np.random.default_rng(0)), ValueError),
        (lambda: add_noise(RGB, -1, np.random.default_rng(0)), ValueError),
        (lambda: blur(RGB, 0), ValueError),
        (lambda: blur(RGB, 1, 6), ValueError),
        (lambda: blur(RGB / 255, 1), TypeError),
    ],
)
def test_a_primitive_refuses_what_it_cannot_take(call, error):
    with pytest.raises(error):
        call()


def test_a_degradation_is_described_in_words():
    names = ("jpeg40", "noise10", "bd", "dn")

    assert [describe(name) for name in names] == [
        "JPEG of quality 40", "noise of sigma 10", "a blur of sigma 1.6", "noise of sigma 30"
    ]
