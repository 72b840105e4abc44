"""What the Evaluate tab measures and says, without a browser."""

import csv
import os
import re
import shutil
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from demo.backend import error_map
from demo.backend.benchmark import Benchmarks, Report, Request
from demo.backend.errors import UploadError
from demo.backend.jobs import Jobs
from demo.backend.limits import Limits
from demo.backend.models import Choice, Models
from demo.backend.service import Service
from demo.backend.trial import Trial, Trials, smallest_side
from demo.tabs.evaluate import EvaluateTab
from demo.wording import scores as score_wording
from drln import CheckpointError, HubError, Progress, Upscaler
from drln.data import ImageSet
from drln.evaluation.degradations import check_degradation, degrade
from drln.evaluation.protocols import CARD, PROTOCOLS, STANDARD, ProtocolError, make_pair
from drln.evaluation.resize import imresize
from drln.evaluation.scores import ImageScore, Scores
from drln.evaluation.scoring import BICUBIC, evaluate
from drln.samples import list_samples

SAMPLES = Request("samples", (2,), (BICUBIC, "tiny"), STANDARD)


@pytest.fixture
def models(tiny_model, tmp_path) -> Models:
    weights = tmp_path / "weights"
    tiny_model.save_pretrained(weights)
    choices = {
        "away": Choice("Away", "Not on this machine", str(tmp_path / "away"), on_hub=True),
        "tiny": Choice("Tiny", "Tiny (bundled)", str(weights)),
    }
    return Models(choices, precision="float32")


@pytest.fixture
def service(models, tmp_path) -> Service:
    return Service(tmp_path / "results", models)


@pytest.fixture
def trials(service, models) -> Trials:
    return Trials(service, models)


@pytest.fixture
def photos(tmp_path) -> tuple[Path, ...]:
    """Photos with sides that no scale divides."""
    paths = []
    for number, mode in enumerate(("RGB", "L", "RGB")):
        paths.append(tmp_path / f"photo {number}.png")
        Image.effect_noise((41 + number, 35), 60).convert(mode).save(paths[-1])
    return tuple(paths)


@pytest.fixture
def benchmarks(service, models, photos) -> Benchmarks:
    return Benchmarks(service, models, lambda name, config: ImageSet(name, photos))


def finish(
    trials: Trials, photo: Path, scale: int = 2, name: str = "tiny", protocol: str = STANDARD, degradation: str = ""
) -> Trial:
    *steps, last = trials.stream(photo, scale, name, protocol, degradation)
    assert all(isinstance(step, Progress) for step in steps)
    assert isinstance(last, Trial)
    return last


def reports(benchmarks: Benchmarks, request: Request) -> list[Report]:
    return [step for step in benchmarks.stream(request) if isinstance(step, Report)]


def scores_of(
    psnr: float, *, model: str = "Tiny", dataset: str = "Set5", protocol: str = STANDARD, total: int = 1, degradation=""
):
    return Scores(model, dataset, 2, protocol, (ImageScore("a.png", psnr, 0.9),), total, degradation)


# A photo of one's own


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
    np.testing.assert_array_equal(np.asarray(Image.open(trial.lr)), lr.repeat(2, axis=0).repeat(2, axis=1))
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
    np.testing.assert_array_equal(np.asarray(Image.open(trial.lr)), lr.repeat(2, axis=0).repeat(2, axis=1))
    np.testing.assert_array_equal(np.asarray(Image.open(trial.bicubic.picture)), imresize(lr, scale=2))
    words = {"jpeg30": "JPEG of quality 30", "noise10": "noise of sigma 10"}[degradation]
    assert f" × 17 pixels, degraded by {words}, restored to" in score_wording.trial_table(trial)


def test_a_photo_that_is_restored_without_error_has_infinite_psnr(trials, tmp_path):
    Image.new("RGB", (40, 40), (90, 120, 60)).save(tmp_path / "flat.png")

    trial = finish(trials, tmp_path / "flat.png")

    assert trial.bicubic.psnr == float("inf")
    assert "<td>∞</td><td>1.0000</td>" in score_wording.trial_table(trial)
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


# A benchmark set


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_sets_scores_are_those_of_evaluate(benchmarks, tiny_model, photos, protocol):
    *_, last = reports(benchmarks, Request("Set5", (2,), (BICUBIC, "tiny"), protocol))

    pairs = ImageSet("Set5", photos)
    assert last.scores == (
        evaluate(BICUBIC, pairs, protocol, scale=2, model_name="Bicubic"),
        evaluate(tiny_model, pairs, protocol, model_name="Tiny"),
    )


def test_a_degraded_sets_scores_are_those_of_evaluate_and_its_file_says_so(benchmarks, tiny_model, photos):
    *_, last = reports(benchmarks, Request("Set5", (2,), (BICUBIC, "tiny"), STANDARD, "jpeg40"))

    pairs, options = ImageSet("Set5", photos), {"scale": 2, "degradation": "jpeg40"}
    assert last.scores == (
        evaluate(BICUBIC, pairs, model_name="Bicubic", **options),
        evaluate(tiny_model, pairs, model_name="Tiny", **options),
    )
    assert last.csv.name == "scores_Set5_standard_jpeg40.csv"
    assert {line["degradation"] for line in csv.DictReader(last.csv.open())} == {"jpeg40"}


def test_the_table_fills_image_by_image_and_the_file_with_it(benchmarks, photos):
    counts, lines = [], []
    for step in benchmarks.stream(SAMPLES):
        if isinstance(step, Report):
            counts.append([len(entry.images) for entry in step.scores])
            lines.append([row["image"] for row in csv.DictReader(step.csv.open())])

    assert counts == [[1, 0], [2, 0], [3, 0], [3, 1], [3, 2], [3, 3]]
    assert lines[1] == ["photo 0.png", "photo 1.png"]
    assert lines[-1] == [photo.name for photo in photos] + ["mean"] + [photo.name for photo in photos] + ["mean"]


def test_a_stopped_benchmark_keeps_its_file(benchmarks):
    steps = benchmarks.stream(SAMPLES)
    report = next(step for step in steps if isinstance(step, Report))

    steps.close()

    assert len(report.csv.read_text().splitlines()) == 2


def test_others_may_have_the_device_between_two_images(benchmarks, service):
    def work():
        yield Progress("Working", 0.5)

    steps = benchmarks.stream(SAMPLES)
    next(step for step in steps if isinstance(step, Report))

    assert next(service.with_device(work())).stage == "Working"


def test_what_needs_no_hub_is_measured_before_a_model_that_is_unavailable(benchmarks):
    seen = []

    with pytest.raises((HubError, CheckpointError)):
        for step in benchmarks.stream(Request("samples", (2,), ("away", "tiny", BICUBIC), STANDARD)):
            seen.append(step)

    last = [step for step in seen if isinstance(step, Report)][-1]
    assert [(entry.model, len(entry.images)) for entry in last.scores] == [("Away", 0), ("Tiny", 3), ("Bicubic", 3)]


def test_each_scale_has_its_own_images_by_the_cards_protocol_alone(service, models, photos):
    asked = []
    benchmarks = Benchmarks(service, models, lambda *name: asked.append(name) or ImageSet("Set5", photos[:1]))

    reports(benchmarks, Request("Set5", (3, 2), (BICUBIC,), CARD))
    reports(benchmarks, Request("Set5", (2,), (BICUBIC,), STANDARD))

    assert asked == [("Set5", "bicubic_x2"), ("Set5", "bicubic_x3"), ("Set5", None)]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (Request("Set6", (2,), (BICUBIC,), STANDARD), "no set 'Set6'"),
        (Request("Set5", (), (BICUBIC,), STANDARD), r"scales are \[\]"),
        (Request("Set5", (2, 5), (BICUBIC,), STANDARD), r"scales are \[2, 5\]"),
        (Request("Set5", (2,), (), STANDARD), r"models are \[\]"),
        (Request("Set5", (2,), ("other",), STANDARD), r"models are \['other'\]"),
        (Request("Set5", (2,), (BICUBIC,), "both"), "protocol is 'both'"),
        (Request("Set5", (2,), (BICUBIC,), STANDARD, "jpeg0"), "write jpeg1 to jpeg100"),
        (Request("Set5", (3, 2), (BICUBIC,), STANDARD, "dn"), "dn is for 3x alone, and the scale is 2"),
        (Request("Set5", (2,), (BICUBIC,), CARD, "noise10"), "noise10 belongs to the standard protocol"),
    ],
)
def test_a_request_for_what_does_not_exist_is_refused(benchmarks, request_, message):
    with pytest.raises((UploadError, ProtocolError), match=message):
        next(benchmarks.stream(request_))


# What the page says


@pytest.mark.parametrize(
    ("protocol", "beside", "never"),
    [
        (STANDARD, ["DRLN (paper)", "38.27 / 0.9616", "Bicubic (card)", "33.64 / 0.9292"], "38.23"),
        (CARD, ["drln-bam (card)", "38.23 / 0.9614"], "38.27"),
    ],
)
def test_a_table_stands_beside_the_numbers_of_its_own_protocol_alone(protocol, beside, never):
    table = score_wording.benchmark_table([scores_of(36.5, protocol=protocol)])
    chart = score_wording.chart([scores_of(36.5, protocol=protocol)])

    assert all(text in table for text in ["36.50 / 0.9000", *beside])
    assert never not in table + chart
    assert beside[0] in chart


def test_a_set_of_which_nothing_was_published_says_so():
    assert score_wording.NO_SCORES in score_wording.benchmark_table([scores_of(36.5, dataset="samples")])


def test_degraded_scores_stand_beside_no_published_ones_and_say_how_lr_was_degraded():
    scores = [scores_of(26.5, degradation="jpeg40")]

    table, chart = score_wording.benchmark_table(scores), score_wording.chart(scores)

    assert "LR degraded by JPEG of quality 40 (jpeg40)" in table and "LR degraded by JPEG of quality 40" in chart
    assert "26.50 / 0.9000" in table and score_wording.NO_DEGRADED_SCORES in table
    assert not any(word in table + chart for word in ("(paper)", "(card)", "38.27", "33.64"))


def test_every_degradation_that_is_offered_can_be_measured_at_3x(tab):
    for section in (tab.photo, tab.set):
        names = [name for _, name in section.degradation.choices]
        assert names == ["clean", "jpeg75", "jpeg40", "jpeg30", "noise10", "bd", "dn"]
        assert section.degradation.value == "clean"
        assert all(check_degradation(name, 3) == ("" if name == "clean" else name) for name in names)


def test_the_bars_are_as_long_as_their_psnr_above_the_start_that_is_shown():
    scores = [scores_of(psnr, model=f"M{psnr}", dataset="samples") for psnr in (30.0, 34.0, float("inf"))]

    chart = score_wording.chart(scores)

    start = int(re.search(r"begin at (\d+) dB", chart)[1])
    widths = [float(width) for width in re.findall(r"width: ([\d.]+)%", chart)]
    assert widths == [pytest.approx(100 * (30 - start) / (34 - start), abs=0.05), 100, 100]
    assert 0 < widths[0] < 100
    assert "∞" in chart


def test_scores_of_a_part_of_a_set_say_so():
    scores = [scores_of(30.0, total=5)]

    assert "(1 of 5 images)" in score_wording.benchmark_table(scores)
    assert "1 of 5 images" in score_wording.chart(scores)


def test_names_are_escaped():
    scores = [scores_of(30.0, model="<b>", dataset="<i>")]

    text = score_wording.benchmark_table(scores) + score_wording.chart(scores)

    assert "<b>" not in text and "<i>" not in text


# The handlers


@pytest.fixture
def tab(service, tmp_path, monkeypatch) -> EvaluateTab:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    with gr.Blocks():
        return EvaluateTab(service, Jobs())


def run(section, *chosen) -> list[dict]:
    """The updates of a job of that section."""
    return list(section.job.run(Jobs.new_key(), *chosen))


def text_of(updates: dict) -> str:
    """All the HTML in an update."""
    values = (update.get("value") if isinstance(update, dict) else update for update in updates.values())
    return " ".join(value for value in values if isinstance(value, str))


def test_a_file_of_the_server_that_nobody_uploaded_is_not_measured(tab):
    *_, last = run(tab.photo, {"path": str(list_samples()[0])}, 2, "tiny", STANDARD)

    assert "The photo was not uploaded" in text_of(last)
    assert tab.photo.result not in last


def test_a_small_photo_is_refused_before_the_start(tab, tmp_path):
    small = tmp_path / "uploads" / "small.png"
    small.parent.mkdir(exist_ok=True)
    Image.new("RGB", (10, 10)).save(small)

    update = tab.photo.plan({"path": str(small)}, 4, STANDARD)

    assert 'role="alert"' in text_of(update) and "10 × 10 pixels, too small" in text_of(update)
    assert update[tab.photo.job.go]["interactive"] is False


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
    uploads.mkdir(exist_ok=True)
    shutil.copy(photos[0], uploads / "photo.png")

    update = tab.photo.plan({"path": str(uploads / "photo.png")}, scale, protocol, degradation)

    assert said in text_of(update)
    assert update[tab.photo.job.go]["interactive"] is ready


def test_a_set_is_measured_with_the_degradation_that_was_chosen_or_clean(tab, service, models, photos):
    tab.set.benchmarks = Benchmarks(service, models, lambda name, config: ImageSet(name, photos[:1]))

    clean, degraded, refused = (
        text_of(run(tab.set, "Set5", [2], [BICUBIC], *options)[-1])
        for options in ((STANDARD, "clean"), (STANDARD, "jpeg40"), (CARD, "jpeg40"))
    )

    scores = [
        evaluate(BICUBIC, photos[:1], scale=2, degradation=degradation).psnr for degradation in ("clean", "jpeg40")
    ]
    assert f"{scores[0]:.2f} / " in clean and "degraded" not in clean
    assert f"{scores[1]:.2f} / " in degraded and "LR degraded by JPEG of quality 40" in degraded
    assert "belongs to the standard protocol" in refused


def test_a_message_says_that_a_set_is_unavailable_and_offers_the_samples(tab, service, models):
    def find(name, config):
        raise HubError("the hub cannot be reached")

    tab.set.benchmarks = Benchmarks(service, models, find)
    *_, last = run(tab.set, "Set5", [2], [BICUBIC], STANDARD)

    assert "Set5 is unavailable: the hub cannot be reached." in text_of(last)
    assert last[tab.set.samples]["visible"] is True
    assert tab.set.use_samples()[tab.set.dataset] == "samples"


def test_a_message_says_that_no_scale_was_chosen(tab):
    *_, last = run(tab.set, "Set5", None, [BICUBIC], STANDARD)

    assert "The scales are []; choose one or more of 2, 3, 4." in text_of(last)
    assert last[tab.set.samples]["visible"] is False


def test_scores_are_computed_in_float32_whatever_the_upscale_tab_uses(models, photos, tmp_path):
    service = Service(tmp_path / "results", Models(models.choices, precision="bfloat16"))
    with gr.Blocks():
        tab = EvaluateTab(service, Jobs())

    assert finish(tab.photo.trials, photos[0]).precision == "float32"
