"""What the Evaluate tab measures and says, without a browser."""

import math
import os
import shutil
from dataclasses import replace
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from huggingface_hub import constants
from PIL import Image
from tiny_trials import noise_photos, tiny_models

from demo.backend import error_map
from demo.backend.errors import UploadError
from demo.backend.jobs import Jobs
from demo.backend.limits import Limits
from demo.backend.models import Models
from demo.backend.service import Service
from demo.backend.trial import Trial, Trials, smallest_side
from demo.tabs.evaluate import EvaluateTab
from demo.wording import scores as words
from drln import CheckpointError, HubError, Progress, Upscaler
from drln.evaluation.degradations import check_degradation, degrade
from drln.evaluation.protocols import CARD, PROTOCOLS, STANDARD, ProtocolError, make_pair
from drln.evaluation.resize import imresize
from drln.evaluation.scoring import BICUBIC, evaluate
from drln.samples import list_samples


@pytest.fixture
def models(tiny_model, tmp_path, monkeypatch) -> Models:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tiny_models(tiny_model, tmp_path)


@pytest.fixture
def service(models, tmp_path) -> Service:
    return Service(tmp_path / "results", models)


@pytest.fixture
def photos(tmp_path) -> tuple[Path, ...]:
    return noise_photos(tmp_path)


@pytest.fixture
def trials(service, models) -> Trials:
    return Trials(service, models)


@pytest.fixture
def tab(service, tmp_path, monkeypatch) -> EvaluateTab:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    (tmp_path / "uploads").mkdir()
    with gr.Blocks():
        return EvaluateTab(service, Jobs())


def finish(
    trials: Trials, photo: Path, scale: int = 2, name: str = "tiny", protocol: str = STANDARD, degradation: str = ""
) -> Trial:
    *steps, last = trials.stream(photo, scale, name, protocol, degradation)
    assert all(isinstance(step, Progress) for step in steps)
    assert isinstance(last, Trial)
    return last


def run(tab, *chosen) -> list[dict]:
    """The updates of a job of the tab."""
    keys = tab.job.begin("", *chosen)[tab.job.keys]
    return list(tab.job.watch(keys))


def text_of(updates: dict) -> str:
    """All the HTML in an update."""
    values = (update.get("value") if isinstance(update, dict) else update for update in updates.values())
    return " ".join(value for value in values if isinstance(value, str))


# The work


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("number", [0, 1])
def test_a_photos_scores_are_those_of_evaluate(trials, tiny_model, photos, protocol, number):
    trial = finish(trials, photos[number], protocol=protocol)

    for restored, model in ((trial.bicubic, BICUBIC), (trial.drln, Upscaler(tiny_model, precision="float32"))):
        expected = evaluate(model, [photos[number]], protocol, scale=2)
        assert (restored.psnr, restored.ssim) == (expected.psnr, expected.ssim)


def test_the_pictures_are_those_that_were_measured(trials, photos):
    trial = finish(trials, photos[0])

    hr = np.asarray(Image.open(photos[0]))[:34, :40]
    lr = imresize(hr, scale=1 / 2)
    assert (trial.hr_size, trial.lr_size) == ((40, 34), (20, 17))
    np.testing.assert_array_equal(np.asarray(Image.open(trial.hr)), hr)
    np.testing.assert_array_equal(np.asarray(Image.open(trial.lr)), lr)
    np.testing.assert_array_equal(np.asarray(Image.open(trial.bicubic.picture)), imresize(lr, scale=2))
    assert Image.open(trial.drln.picture).size == (40, 34)
    assert Image.open(trial.drln.errors).size == Image.open(trial.bicubic.errors).size == (36, 30)


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("degradation", ["jpeg30", "noise10"])
def test_a_degraded_photos_scores_are_those_of_evaluate_and_its_lr_is_shown(
    trials, tiny_model, photos, number, degradation
):
    trial = finish(trials, photos[number], degradation=degradation)

    for restored, model in ((trial.bicubic, BICUBIC), (trial.drln, Upscaler(tiny_model, precision="float32"))):
        expected = evaluate(model, [photos[number]], scale=2, degradation=degradation)
        assert (restored.psnr, restored.ssim) == (expected.psnr, expected.ssim)
    lr = degrade(*make_pair(np.asarray(Image.open(photos[number])), 2), degradation)
    np.testing.assert_array_equal(np.asarray(Image.open(trial.lr)), lr)
    np.testing.assert_array_equal(np.asarray(Image.open(trial.bicubic.picture)), imresize(lr, scale=2))
    how = {"jpeg30": "JPEG of quality 30", "noise10": "noise of sigma 10"}[degradation]
    assert f" × 17 pixels, degraded by {how}, restored to" in words.trial_result(trial)


def test_a_photo_that_is_restored_without_error_has_infinite_psnr(trials, tmp_path):
    Image.new("RGB", (40, 40), (90, 120, 60)).save(tmp_path / "flat.png")

    trial = finish(trials, tmp_path / "flat.png")

    assert trial.bicubic.psnr == float("inf")
    assert "<td>∞</td><td>1.0000</td>" in words.trial_result(trial)
    assert not np.asarray(Image.open(trial.bicubic.errors)).any()


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_smallest_side_is_the_first_that_can_be_measured(trials, tmp_path, scale):
    side = smallest_side(scale)
    make_pair(np.zeros((side, side, 3), np.uint8), scale)
    with pytest.raises(ProtocolError):
        make_pair(np.zeros((side - 1, side, 3), np.uint8), scale)
    Image.new("RGB", (50, side - 1)).save(tmp_path / "small.png")

    with pytest.raises(UploadError, match=f"50 × {side - 1} pixels, too small .* at {scale}×: both .* {side} pixels"):
        trials.plan(tmp_path / "small.png", scale, STANDARD)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scale": 5}, "The scale is 5"),
        ({"name": "other"}, "no model 'other'"),
        ({"protocol": "mine"}, "protocol is 'mine'"),
        ({"degradation": "rain"}, "degradation is 'rain'"),
        ({"degradation": "bd"}, "bd is for 3x alone, and the scale is 2"),
        ({"degradation": "jpeg40", "protocol": CARD}, "jpeg40 belongs to the standard protocol"),
        ({"name": "away"}, "away"),
    ],
)
def test_what_cannot_be_measured_is_refused_and_leaves_no_files(trials, service, photos, changes, message):
    with pytest.raises((UploadError, ProtocolError, HubError, CheckpointError), match=message):
        finish(trials, photos[0], **changes)

    assert not service.folder.exists() or not os.listdir(service.folder)


def test_a_photo_beyond_the_limit_is_refused_with_its_figures(service, models, photos):
    trials = Trials(service, models, Limits(megapixels=0.001))

    with pytest.raises(UploadError, match=r"41 × 35 pixels, 0.0 megapixels"):
        finish(trials, photos[0])


def test_a_photo_that_the_memory_does_not_hold_is_refused_with_the_figures(trials, free_bytes, tmp_path):
    free_bytes(200_000_000)
    Image.new("L", (2000, 1000)).save(tmp_path / "large.png")

    with pytest.raises(UploadError, match=r"2000 × 1000 pixels needs about 0.3 GB of memory, and 0.2 GB are free"):
        trials.plan(tmp_path / "large.png", 2, STANDARD)


def test_a_stopped_trial_leaves_no_files_and_frees_the_device(trials, service, photos):
    steps = trials.stream(photos[0], 2, "tiny", STANDARD)
    assert any("Upscaling" in step.stage for step in steps if isinstance(step, Progress))

    steps.close()

    assert finish(trials, photos[0])
    assert len(os.listdir(service.folder)) == 1


def test_the_error_maps_share_one_scale():
    hr = np.array([[100, 100, 100, 100]], np.uint8)
    sr = np.array([[100, 92, 100 + error_map.FULL, 200]], np.uint8)

    grey = error_map.grey_map(sr, hr)

    assert np.asarray(grey).tolist() == [[0, 64, 255, 255]]
    colours = np.asarray(error_map.in_colours(grey))[0]
    assert (colours[0] == error_map.COLOURS[0]).all()
    assert (colours[2:] == error_map.COLOURS[-1]).all()
    assert colours.sum(axis=1).tolist() == sorted(colours.sum(axis=1))


# What the page says


@pytest.mark.parametrize(
    ("bicubic", "drln", "said"),
    [
        (24.334, 27.296, "Tiny is 2.97 dB closer to your photo than bicubic."),    # of 24.33 and 27.30, as shown
        (30.5, 30.2, "Tiny is 0.30 dB further from your photo than bicubic."),
        (30.501, 30.499, "Tiny is no closer to your photo than bicubic."),
        (math.inf, math.inf, "Tiny and bicubic both restored your photo exactly."),
        (30.5, math.inf, "Only Tiny restored your photo exactly."),
        (math.inf, 30.5, "Only bicubic restored your photo exactly."),
    ],
)
def test_a_sentence_says_which_came_closer_to_the_photo(trials, photos, bicubic, drln, said):
    trial = finish(trials, photos[0])
    trial = replace(trial, bicubic=replace(trial.bicubic, psnr=bicubic), drln=replace(trial.drln, psnr=drln))

    assert words.verdict(trial) == said
    assert words.trial_result(trial).startswith(f'<h2 class="verdict">{said}</h2>')


def test_a_models_title_is_escaped(trials, photos):
    trial = finish(trials, photos[0])

    text = words.trial_result(replace(trial, drln=replace(trial.drln, title="<i>")))

    assert "<i>" not in text and "&lt;i&gt; is" in text


# The handlers


def test_a_file_of_the_server_that_nobody_uploaded_is_not_measured(tab):
    *_, last = run(tab, {"path": str(list_samples()[0])}, 2, "tiny", STANDARD)

    assert "The photo was not uploaded" in text_of(last)
    assert tab.table not in last


def test_a_small_photo_is_refused_before_the_start(tab, tmp_path):
    small = tmp_path / "uploads" / "small.png"
    Image.new("RGB", (10, 10)).save(small)

    update = tab.plan({"path": str(small)}, 4, STANDARD)

    assert 'role="alert"' in text_of(update) and "10 × 10 pixels, too small" in text_of(update)
    assert update[tab.job.go]["interactive"] is False


def test_another_photo_takes_the_place_of_a_result_in_the_viewer(tab, tmp_path, photos):
    shutil.copy(photos[0], tmp_path / "uploads" / "photo.png")

    update = tab.look(tmp_path / "uploads" / "photo.png", "photo.png", "")

    (shown,) = update[tab.viewer]["pictures"]
    assert (shown["width"], shown["height"]) == (41, 35)
    np.testing.assert_array_equal(np.asarray(Image.open(shown["src"]["path"])), np.asarray(Image.open(photos[0])))
    assert update[tab.table]["visible"] is update[tab.errors]["visible"] is False


def test_original_bicubic_model_and_small_photo_can_be_compared(tab, tmp_path, photos):
    shutil.copy(photos[0], tmp_path / "uploads" / "photo.png")

    *_, last = run(tab, {"path": str(tmp_path / "uploads" / "photo.png")}, 2, "tiny", STANDARD)

    view = last[tab.viewer]
    shown = {one["id"]: (one["title"], one["width"], one["height"], one["pixelated"]) for one in view["pictures"]}
    assert shown == {
        "hr": ("Your photo", 40, 34, False),
        "lr": ("Made smaller", 20, 17, True),
        "bicubic": ("Bicubic", 40, 34, False),
        "drln": ("Tiny", 40, 34, False),
    }
    assert (view["left"], view["right"]) == ("bicubic", "drln")
    assert last[tab.drln_errors]["alt_text"] == "Errors: Tiny"


@pytest.mark.parametrize(
    ("scale", "protocol", "degradation", "said", "ready"),
    [
        (2, STANDARD, "clean", "from 41 × 35 pixels to 20 × 17 pixels, then restored", True),
        (3, STANDARD, "bd", "to 13 × 11 pixels and degraded by a blur of sigma 1.6, then restored", True),
        (4, STANDARD, "bd", "The degradation bd is for 3x alone, and the scale is 4; take scale 3", False),
        (2, CARD, "jpeg40", "belongs to the standard protocol, and the protocol is card; take standard, or", False),
    ],
)
def test_the_plan_says_how_lr_is_degraded_or_why_it_cannot_be(
    tab, tmp_path, photos, scale, protocol, degradation, said, ready
):
    uploads = tmp_path / "uploads"
    shutil.copy(photos[0], uploads / "photo.png")

    update = tab.plan({"path": str(uploads / "photo.png")}, scale, protocol, degradation)

    assert said in text_of(update)
    assert update[tab.job.go]["interactive"] is ready


def test_every_degradation_that_is_offered_can_be_measured_at_3x(tab):
    names = [name for _, name in tab.degradation.choices]

    assert names == ["clean", "jpeg75", "jpeg40", "jpeg30", "noise10", "bd", "dn"]
    assert tab.degradation.value == "clean"
    assert all(check_degradation(name, 3) == ("" if name == "clean" else name) for name in names)


def test_scores_are_computed_in_float32_whatever_the_upscale_tab_uses(models, photos, tmp_path):
    service = Service(tmp_path / "results", Models(models.choices, precision="bfloat16"))
    with gr.Blocks():
        tab = EvaluateTab(service, Jobs())

    assert finish(tab.trials, photos[0]).precision == "float32"


def test_evaluate_and_benchmark_share_the_models_in_float32(models):
    upscaling = Models(models.choices, precision="bfloat16")

    scoring = upscaling.with_precision("float32")

    assert scoring.precision == "float32" and scoring is upscaling.with_precision("float32")
    assert upscaling.with_precision("bfloat16") is upscaling
