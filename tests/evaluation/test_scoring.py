"""Both protocols, against numbers that others' code gave and against scikit-image."""

import math

import numpy as np
import pytest
import torch
from PIL import Image
from set_files import photo, shrunk
from skimage import metrics

from drln import DrlnModel, Progress, Upscaler
from drln.data import EvalDataset, EvalMetrics, find_set, load_dataset
from drln.evaluation.protocols import ProtocolError, bicubic, make_pair, planes, scale_between
from drln.evaluation.resize import imresize
from drln.evaluation.scores import ImageScore
from drln.evaluation.scoring import evaluate, stream_scores
from drln.samples import SAMPLES_FOLDER

# Sample photos without their last row and column, so that the sides do not divide. The numbers are
# of a program of its own: MATLAB's bicubic pixel by pixel as its documentation has it, metrics of scikit-image 0.26.
BICUBIC_BY_STANDARD = {
    ("astronaut", 2): (29.2129, 0.92687),
    ("astronaut", 3): (26.2081, 0.84902),
    ("astronaut", 4): (24.3280, 0.76896),
    ("cameraman", 2): (28.9317, 0.87359),
    ("cameraman", 3): (26.1832, 0.79320),
    ("cameraman", 4): (24.4776, 0.73342),
    ("coffee", 2): (29.9455, 0.87133),
    ("coffee", 3): (27.7406, 0.79690),
    ("coffee", 4): (26.4322, 0.74381),
}
# The same photos and `tiny_model`, measured by super-image 0.2.0.
TINY_MODEL_BY_SUPER_IMAGE = {
    "astronaut": (11.2735, 0.09568),
    "cameraman": (11.4303, 0.20037),
    "coffee": (12.7670, 0.06725),
}


def sample(name: str) -> Image.Image:
    with Image.open(SAMPLES_FOLDER / f"{name}.png") as image:
        return image.crop((0, 0, image.width - 1, image.height - 1))


def by_scikit_image(sr: np.ndarray, hr: np.ndarray) -> tuple[float, float]:
    """PSNR and SSIM of two planes."""
    sr, hr = sr.astype(float), hr.astype(float)
    similarity = metrics.structural_similarity(
        sr, hr, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
    )
    return metrics.peak_signal_noise_ratio(hr, sr, data_range=255), similarity


def values(scores) -> list[tuple[float, float]]:
    return [(image.psnr, image.ssim) for image in scores.images]


# The standard protocol


@pytest.mark.parametrize("name, scale", BICUBIC_BY_STANDARD)
def test_bicubic_by_the_standard_protocol_gives_the_numbers_of_another_program(name, scale):
    scores = evaluate("bicubic", [sample(name)], scale=scale)

    assert values(scores) == [pytest.approx(BICUBIC_BY_STANDARD[name, scale], abs=2e-4)]


def test_a_model_is_given_lr_made_from_hr_and_its_rounded_result_is_compared_in_rounded_luma(tiny_model):
    image = photo(3, 45, 38)
    hr = np.asarray(image)[:38, :44]
    lr = torch.from_numpy(imresize(hr, scale=0.5) / 255).float().permute(2, 0, 1)[None]
    with torch.no_grad():
        sr = (tiny_model.forward_whole(lr)[0].clamp(0, 1) * 255).round().permute(1, 2, 0).double().numpy()
    lumas = [np.round(16 + (65.481 * x[..., 0] + 128.553 * x[..., 1] + 24.966 * x[..., 2]) / 255) for x in (sr, hr)]

    scores = evaluate(tiny_model, [image])

    assert values(scores) == [pytest.approx(by_scikit_image(*(plane[2:-2, 2:-2] for plane in lumas)), abs=1e-4)]


def test_a_grey_image_is_compared_in_its_own_levels(tiny_model):
    image = photo(4, 40, 36, "L")
    hr = np.asarray(image)
    lr = torch.from_numpy(imresize(hr, scale=0.5) / 255).float().expand(1, 3, -1, -1)
    with torch.no_grad():
        sr = (tiny_model.forward_whole(lr)[0].mean(dim=0).clamp(0, 1) * 255).round().numpy()

    scores = evaluate(tiny_model, [image])

    assert values(scores) == [pytest.approx(by_scikit_image(sr[2:-2, 2:-2], hr[2:-2, 2:-2]), abs=1e-4)]


def test_an_lr_that_comes_with_the_set_is_not_used_by_the_standard_protocol(tiny_model):
    hr, other = photo(5, 40, 36), photo(6, 20, 18)

    with_lr = evaluate(tiny_model, [{"hr": hr, "lr": other}])

    assert values(with_lr) == values(evaluate(tiny_model, [hr]))


# The card's protocol


def test_the_cards_notebook_gives_the_numbers_of_super_image(tiny_model, tmp_path):
    for name in TINY_MODEL_BY_SUPER_IMAGE:
        sample(name).save(tmp_path / f"{name}.png")
    dataset = load_dataset(tmp_path, "bicubic_x2", split="validation", cache_dir=tmp_path / "cache")

    scores = EvalMetrics().evaluate(tiny_model, EvalDataset(dataset))

    for found, (psnr, ssim) in zip(scores.images, TINY_MODEL_BY_SUPER_IMAGE.values()):
        assert found.psnr == pytest.approx(psnr, abs=1e-3) and found.ssim == pytest.approx(ssim, abs=1e-4)
    assert scores.psnr == pytest.approx(np.mean([psnr for psnr, _ in TINY_MODEL_BY_SUPER_IMAGE.values()]), abs=1e-3)
    assert scores.protocol == "card"


def test_eval_metrics_print_nothing(tiny_model, capfd):
    EvalMetrics().evaluate(tiny_model, EvalDataset([{"hr": photo(1, 40, 40), "lr": photo(1, 20, 20)}]))

    assert capfd.readouterr() == ("", "")


def test_the_data_set_and_its_eval_dataset_score_the_same_by_the_card(tiny_model):
    rows = [{"hr": photo(7, 41, 39), "lr": shrunk(photo(7, 41, 39), 2)}]

    direct, wrapped = evaluate(tiny_model, rows, "card"), EvalMetrics().evaluate(tiny_model, EvalDataset(rows))

    assert values(direct) == values(wrapped)


def test_the_card_takes_the_sets_lr_and_makes_it_with_pillow_where_there_is_none(tiny_model):
    hr, other = photo(5, 41, 37), photo(6, 20, 18)

    made, given, another = (
        values(evaluate(tiny_model, [row], "card"))
        for row in (hr, {"hr": hr, "lr": shrunk(hr, 2)}, {"hr": hr, "lr": other})
    )

    assert made == given != another


@pytest.mark.parametrize("protocol", ["standard", "card"])
def test_a_result_beyond_white_or_black_counts_as_white_or_black(protocol):
    hr = np.asarray(photo(1, 40, 40))
    beyond = torch.rand(1, 3, 40, 40) * 3 - 1

    far, clamped = (planes(sr, hr, 2, protocol)[0] for sr in (beyond, beyond.clamp(0, 1)))

    assert np.array_equal(far, clamped)


def test_bicubic_by_the_card_is_pillows_unrounded_luma_of_a_resized_hr():
    hr = photo(8, 43, 41)
    lr = shrunk(hr, 4)
    lumas = []
    for image in (lr.resize((40, 40), Image.Resampling.BICUBIC), hr.resize((40, 40), Image.Resampling.BICUBIC)):
        r, g, b = np.asarray(image).astype(float).transpose(2, 0, 1)
        lumas.append((16 + (64.738 * r + 129.057 * g + 25.064 * b) / 256)[4:-4, 4:-4])

    scores = evaluate("bicubic", [hr], "card", scale=4)

    assert values(scores) == [pytest.approx(by_scikit_image(*lumas), abs=1e-9)]


def test_resizing_hr_that_does_not_divide_lifts_the_cards_score():
    """Why the card's BSD100 numbers are high: 481x321 divides by none of the scales."""
    image = sample("coffee")    # 323x215
    cropped = image.crop((0, 0, 320, 212))    # divides by 4

    whole, divided = (evaluate("bicubic", [hr], "card", scale=4).psnr for hr in (image, cropped))

    assert whole - divided > 0.3


# What can be measured, and how


def test_the_pixels_of_any_source_score_the_same(tiny_model, tmp_path):
    photo(9, 40, 36).save(tmp_path / "a.png")
    image = Image.open(tmp_path / "a.png")
    sources = [
        [image],
        [tmp_path / "a.png"],
        [{"hr": str(tmp_path / "a.png")}],
        find_set(tmp_path),
        load_dataset(tmp_path, "bicubic_x2", cache_dir=tmp_path / "cache"),
    ]

    scores = [evaluate(tiny_model, source) for source in sources]

    assert len({tuple(values(entry)) for entry in scores}) == 1
    assert {entry.images[0].name for entry in scores} == {"a.png"}
    assert scores[3].dataset == f"{tmp_path.name}/"


def test_transparency_and_depth_are_dropped_and_orientation_is_kept(tiny_model, tmp_path):
    image = photo(9, 40, 36)
    exif = Image.Exif()
    exif[0x112] = 3    # upside down
    image.rotate(180).save(tmp_path / "turned.png", exif=exif)
    opaque = image.copy()
    opaque.putalpha(255)

    turned, transparent, plain = (evaluate(tiny_model, [x]) for x in (tmp_path / "turned.png", opaque, image))

    assert values(turned) == values(transparent) == values(plain)


def test_an_upscaler_measures_as_its_model_does_and_its_self_ensemble_otherwise(tiny_model):
    images = [photo(1, 40, 36)]

    plain = evaluate(tiny_model, images, "card")
    upscaler = evaluate(Upscaler(tiny_model, "cpu", "float32"), images, "card")
    ensemble = evaluate(Upscaler(tiny_model, "cpu", "float32", self_ensemble=True), images, "card")

    assert values(upscaler) == values(plain) != values(ensemble)


def test_precision_is_float32_unless_it_is_asked_for(tiny_model):
    images = [photo(1, 40, 36)]

    default, full, half = (
        values(evaluate(tiny_model, images, "card", **options))
        for options in ({}, {"precision": "float32"}, {"precision": "bfloat16"})
    )

    assert default == full != half


def test_identical_images_score_infinity(tmp_path):
    flat = Image.new("RGB", (40, 40), (90, 120, 30))

    scores = evaluate("bicubic", [flat, photo(1, 40, 40)], scale=2)

    assert scores.images[0].psnr == math.inf and scores.images[0].ssim == pytest.approx(1)
    assert scores.psnr == math.inf and math.isfinite(scores.images[1].psnr)


def test_the_means_are_over_the_images():
    scores = evaluate("bicubic", [photo(seed, 40, 40) for seed in range(3)], scale=2)

    assert scores.psnr == pytest.approx(np.mean([image.psnr for image in scores.images]))
    assert scores.ssim == pytest.approx(np.mean([image.ssim for image in scores.images]))
    assert (scores.model, scores.scale, scores.total, scores.is_complete) == ("bicubic", 2, 3, True)


def test_the_scale_of_bicubic_is_that_of_the_pairs_where_they_tell():
    hr = photo(1, 45, 45)

    assert evaluate("bicubic", [{"hr": hr, "lr": shrunk(hr, 3)}], "card").scale == 3


def test_the_picture_of_the_bicubic_baseline_is_the_protocols_own():
    hr = np.asarray(photo(2, 41, 43))
    standard, card = (make_pair(hr, 4, protocol) for protocol in ("standard", "card"))

    assert np.array_equal(bicubic(standard[0], 4), imresize(imresize(hr[:40, :40], scale=1 / 4), scale=4))
    wanted = shrunk(Image.fromarray(hr), 4).resize((40, 40), Image.Resampling.BICUBIC)
    assert np.array_equal(bicubic(card[0], 4, "card"), np.asarray(wanted))


def test_scores_bear_the_name_of_the_models_source_and_a_plus_for_the_self_ensemble(tiny_model):
    tiny_model.source = "someone/a-model 2x"
    ensemble = Upscaler(tiny_model, "cpu", "float32", self_ensemble=True)

    names = [
        evaluate(model, [photo(1, 20, 20)], scale=2).model
        for model in (tiny_model, Upscaler(tiny_model, "cpu"), ensemble, "bicubic")
    ]

    assert names == ["someone/a-model 2x", "someone/a-model 2x", "someone/a-model 2x+", "bicubic"]


# Step by step


class Counted:
    """Images that remember which of them were read."""

    def __init__(self, count: int) -> None:
        self.count, self.read = count, []

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Image.Image:
        self.read.append(index)
        return photo(index, 40, 36)


def test_a_stream_tells_progress_and_gives_each_score_as_it_comes(tiny_model):
    steps = list(stream_scores(tiny_model, [photo(seed, 40, 36) for seed in range(3)]))

    fractions = [step.fraction for step in steps if isinstance(step, Progress)]
    scores = [step for step in steps if isinstance(step, ImageScore)]
    assert fractions == sorted(fractions) and fractions[0] == 0 and fractions[-1] == 1
    assert len([fraction for fraction in fractions if 0 < fraction < 1 / 3]) >= 3    # within an image too
    assert tuple(scores) == evaluate(tiny_model, [photo(seed, 40, 36) for seed in range(3)]).images


def test_a_stream_that_is_closed_measures_no_further_image(tiny_model):
    images = Counted(5)
    steps = stream_scores(tiny_model, images)
    kept = []
    for step in steps:
        if isinstance(step, ImageScore):
            kept.append(step)
        if len(kept) == 2:
            steps.close()

    assert images.read == [0, 1]
    assert tuple(kept) == evaluate(tiny_model, Counted(5)).images[:2]


# What cannot be measured


def test_an_image_that_cannot_be_measured_is_named_and_the_others_are_measured(tiny_model, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no image")
    good = photo(1, 40, 36)

    named = "2 of 4 images; not measured: bad.png: is no image .*; image 3: the image is 4x4"
    with pytest.warns(UserWarning, match=named):
        scores = evaluate(tiny_model, [good, tmp_path / "bad.png", photo(2, 4, 4), good])

    assert values(scores) == values(evaluate(tiny_model, [good, good]))
    assert [failure.name for failure in scores.failures] == ["bad.png", "image 3"]
    assert (scores.total, scores.is_complete, scores.is_stopped) == (4, False, False)


def test_a_result_that_is_no_number_is_no_score(tiny_model):
    with torch.no_grad():
        tiny_model.tail.bias.fill_(math.nan)

    for protocol in ("standard", "card"):
        with pytest.raises(ProtocolError, match="no numbers"):
            evaluate(tiny_model, [photo(1, 40, 36)], protocol)


@pytest.mark.parametrize("images", ["folder", Image.new("RGB", (40, 40)), iter([])])
def test_what_is_no_list_of_images_is_refused(tiny_model, images):
    with pytest.raises(ProtocolError, match="give a list of images or paths"):
        evaluate(tiny_model, images)


@pytest.mark.parametrize(
    ("lr", "hr", "scale"),
    [((20, 15), (40, 30), 2), ((2, 2), (7, 7), 3), ((2, 3), (5, 7), 2), ((10, 8), (41, 33), 4), ((2, 2), (8, 8), 4)],
)
def test_the_scale_of_a_pair_is_that_by_which_its_lr_was_made(lr, hr, scale):
    assert tuple(side // scale for side in hr) == lr

    assert scale_between(lr, hr) == scale


@pytest.mark.parametrize("lr", [(40, 30), (80, 60), (5, 4), (20, 10)])
def test_lr_that_is_no_smaller_or_of_no_scale_is_refused(lr):
    with pytest.raises(ProtocolError, match="none of the scales 2, 3, 4"):
        scale_between(lr, (40, 30))


@pytest.mark.parametrize(
    "images, options, message",
    [
        ([photo(1, 40, 40)], {"protocol": "matlab"}, "protocol is 'matlab'; choose standard or card"),
        ([], {}, "no images"),
        ([photo(1, 40, 15)], {}, "image 1: the image is 40x15 pixels, too small to be measured at 2x"),
        ([{"hr": photo(1, 40, 40), "lr": photo(1, 10, 10)}], {"protocol": "card"}, "LR is 10x10 .* HR 40x40.* not 2x"),
        ([photo(1, 40, 40)], {"scale": 3}, "the model is 2x, but scale=3"),
    ],
)
def test_what_cannot_be_measured_says_why(tiny_model, images, options, message):
    with pytest.raises(ValueError, match=message):
        evaluate(tiny_model, images, **options)


def test_the_smallest_image_that_can_be_measured_is(tiny_model):
    assert len(evaluate(tiny_model, [photo(1, 16, 17)]).images) == 1


def test_eval_dataset_is_refused_by_the_standard_protocol(tiny_model):
    dataset = EvalDataset([{"hr": photo(1, 41, 41), "lr": shrunk(photo(1, 41, 41), 2)}])

    with pytest.raises(ProtocolError, match="give the data set itself for the standard one"):
        evaluate(tiny_model, dataset)


def test_a_model_by_name_is_not_loaded():
    with pytest.raises(ValueError, match="'drln-bam-compact'; give 'bicubic', or a loaded model"):
        evaluate("drln-bam-compact", [photo(1, 40, 40)])


def test_bicubic_without_any_scale_asks_for_one():
    with pytest.raises(ValueError, match="pass scale="):
        evaluate("bicubic", [photo(1, 40, 40)])


def test_measuring_leaves_the_model_as_it_was(tiny_model):
    tiny_model.train()
    before = {name: weights.clone() for name, weights in tiny_model.state_dict().items()}

    evaluate(tiny_model, [photo(1, 40, 36)], precision="bfloat16")

    assert isinstance(tiny_model, DrlnModel) and tiny_model.training
    assert all(torch.equal(weights, before[name]) for name, weights in tiny_model.state_dict().items())
