"""What the Benchmark tab measures and says, without a browser."""

import csv
import re
from dataclasses import InitVar, dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import gradio as gr
import pytest
from huggingface_hub import constants
from tiny_trials import noise_photos, tiny_models

from demo.backend.benchmark import Benchmarks, Report, Request
from demo.backend.errors import SetError, UnavailableModel, UploadError
from demo.backend.jobs import Jobs
from demo.backend.models import Choice, Models
from demo.backend.service import Service
from demo.tabs.benchmark import BenchmarkTab
from demo.wording import benchmark as words
from drln import HubError, Progress
from drln.data import ImageSet
from drln.evaluation.protocols import CARD, PROTOCOLS, STANDARD, ProtocolError
from drln.evaluation.scores import ImageScore, Scores
from drln.evaluation.scoring import BICUBIC, evaluate

SAMPLES = Request("samples", (2,), (BICUBIC, "tiny"), STANDARD)


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
def benchmarks(service, models, photos) -> Benchmarks:
    return Benchmarks(service, models, lambda name, config: ImageSet(name, photos))


@pytest.fixture
def tab(service) -> BenchmarkTab:
    with gr.Blocks():
        return BenchmarkTab(service, Jobs())


def reports(benchmarks: Benchmarks, request: Request) -> list[Report]:
    return [step for step in benchmarks.stream(request) if isinstance(step, Report)]


def scores_of(
    psnr: float, *, model: str = "Tiny", dataset: str = "Set5", protocol: str = STANDARD, total: int = 1, degradation=""
):
    return Scores(model, dataset, 2, protocol, (ImageScore("a.png", psnr, 0.9),), total, degradation)


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


def test_a_model_that_is_unavailable_is_named_before_any_image_is_measured(benchmarks, service):
    seen = []

    with pytest.raises(UnavailableModel, match="^Away is unavailable from the hub"):
        for step in benchmarks.stream(Request("samples", (2,), (BICUBIC, "tiny", "away"), STANDARD)):
            seen.append(step)

    assert not any(isinstance(step, Report) for step in seen)
    assert not service.folder.exists()


def test_a_set_that_is_unavailable_is_named_before_a_model_is_fetched(service, models):
    def find(name, config):
        raise HubError("the hub cannot be reached")

    with pytest.raises(SetError, match="^Set5 is unavailable"):
        list(Benchmarks(service, models, find).stream(Request("Set5", (2,), ("away",), STANDARD)))


def test_a_hub_model_that_is_there_is_measured_after_the_quick_ones(service, tiny_model, photos, tmp_path):
    weights = str(tmp_path / "weights")
    choices = {"large": Choice("Large", "Large", weights, on_hub=True), "tiny": Choice("Tiny", "Tiny", weights)}
    models = Models(choices, precision="float32")
    benchmarks = Benchmarks(service, models, lambda name, config: ImageSet(name, photos))

    first, *_, last = reports(benchmarks, Request("Set5", (2,), ("large", "tiny"), STANDARD))

    assert [len(entry.images) for entry in first.scores] == [0, 1]
    assert [(entry.model, len(entry.images)) for entry in last.scores] == [("Large", 3), ("Tiny", 3)]


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


@dataclass
class Table:
    """The table as it is read out: its rows of texts, without what is hidden; and where the dots stand, in percent."""

    text: InitVar[str]
    rows: list[list[str]] = field(default_factory=list)
    dots: dict[str, tuple[str, float]] = field(default_factory=dict)    # kind and place, by the name of the row
    ticks: list[tuple[str, float]] = field(default_factory=list)        # of the first axis

    def __post_init__(self, text: str) -> None:
        root = ElementTree.fromstring(f"<div>{text}</div>")
        for row in root.iter("tr"):
            track = next((part for part in row.iter("span") if part.get("class") == "track"), ())
            marks = [(mark, float(re.search(r"left: ([\d.]+)%", mark.get("style"))[1])) for mark in track]
            if row.get("class") == "axis":
                self.ticks = self.ticks or [(mark.text, place) for mark, place in marks]
            else:
                self.rows.append(["".join(cell.itertext()) for cell in row])
                for mark, place in marks:
                    self.dots[self.rows[-1][0]] = mark.get("class").split()[1], place


@pytest.mark.parametrize(
    ("protocol", "beside", "never"),
    [
        (STANDARD, [["DRLN (paper)", "38.27", "0.9616"], ["Bicubic (card)", "33.64", "0.9292"]], "38.23"),
        (CARD, [["drln-bam (card)", "38.23", "0.9614"]], "38.27"),
    ],
)
def test_a_table_stands_beside_the_numbers_of_its_own_protocol_alone(protocol, beside, never):
    text = words.benchmark_table([scores_of(36.5, protocol=protocol)])

    table = Table(text)
    assert table.rows[:3] == [["Model", "PSNR, dB", "SSIM"], ["Set5, 2×"], ["Tiny", "36.50", "0.9000"]]
    assert all(row in table.rows for row in beside)
    assert never not in text
    assert table.dots["Tiny"][0] == "ours" and table.dots[beside[0][0]][0] == "theirs"


def test_a_set_of_which_nothing_was_published_says_so():
    text = words.benchmark_table([scores_of(36.5, dataset="samples")])

    assert words.NO_SCORES in text and "published</caption>" not in text
    assert ["Sample photos, 2×"] in Table(text).rows


def test_degraded_scores_stand_beside_no_published_ones_and_say_how_lr_was_degraded():
    text = words.benchmark_table([scores_of(26.5, degradation="jpeg40")])

    assert "LR degraded by JPEG of quality 40 (jpeg40)" in text and words.NO_DEGRADED_SCORES in text
    assert ["Tiny", "26.50", "0.9000"] in Table(text).rows
    assert not any(word in text for word in ("(paper)", "(card)", "38.27", "33.64"))


def test_every_dot_stands_at_its_psnr_on_the_axis_below_it():
    scores = [scores_of(psnr, model=f"M{psnr}", dataset="samples") for psnr in (30.0, 33.4, float("inf"))]

    table = Table(words.benchmark_table(scores))

    (low, zero), *_, (high, hundred) = table.ticks
    assert (zero, hundred) == (0, 100) and float(low) <= 30 and float(high) > 33.4
    for text, place in table.ticks:
        assert float(text) == pytest.approx(float(low) + place / 100 * (float(high) - float(low)), abs=0.01)
    for psnr in (30.0, 33.4):
        expected = 100 * (psnr - float(low)) / (float(high) - float(low))
        assert table.dots[f"M{psnr}"] == ("ours", pytest.approx(expected, abs=0.05))
    assert ["Minf", "∞", "0.9000"] in table.rows and "Minf" not in table.dots


@pytest.mark.parametrize("values", [[30.0], [30.0, 30.01], [22.1, 39.9], [0.0, 110.0], [28.0, 30.0]])
def test_the_axis_holds_all_values_between_a_few_round_numbers(values):
    ticks = words.axis([*values, float("nan"), float("inf")])

    assert ticks[0] <= min(values) and max(values) < ticks[-1]
    assert 2 <= len(ticks) <= 6
    steps = {round(after - before, 6) for before, after in zip(ticks, ticks[1:])}
    assert len(steps) == 1 and all(tick * 2 == round(tick * 2) for tick in ticks)
    assert words.axis([float("nan"), float("inf")]) == []


def test_scores_of_a_part_of_a_set_say_so_and_those_that_are_not_there_are_dashes():
    scores = [scores_of(30.0, total=5), Scores("Next", "Set5", 2, STANDARD, (), 5)]

    table = Table(words.benchmark_table(scores))

    assert ["Tiny (1 of 5 images)", "30.00", "0.9000"] in table.rows
    assert ["Next", "–", "–"] in table.rows and "Next" not in table.dots


def test_names_are_escaped():
    text = words.benchmark_table([scores_of(30.0, model="<b>", dataset="<i>")])

    assert "<b>" not in text and "<i>" not in text


# The handlers


def test_a_set_is_measured_with_the_degradation_that_was_chosen_or_clean(tab, service, models, photos):
    tab.benchmarks = Benchmarks(service, models, lambda name, config: ImageSet(name, photos[:1]))

    clean, degraded, refused = (
        text_of(run(tab, "Set5", [2], [BICUBIC], *options)[-1])
        for options in ((STANDARD, "clean"), (STANDARD, "jpeg40"), (CARD, "jpeg40"))
    )

    scores = [
        evaluate(BICUBIC, photos[:1], scale=2, degradation=degradation).psnr for degradation in ("clean", "jpeg40")
    ]
    assert f"<td>{scores[0]:.2f}</td>" in clean and "degraded" not in clean
    assert f"<td>{scores[1]:.2f}</td>" in degraded and "LR degraded by JPEG of quality 40" in degraded
    assert "belongs to the standard protocol" in refused


def test_a_message_says_that_a_set_is_unavailable_and_offers_the_samples(tab, service, models):
    def find(name, config):
        raise HubError("the hub cannot be reached")

    tab.benchmarks = Benchmarks(service, models, find)
    *_, last = run(tab, "Set5", [2], [BICUBIC], STANDARD)

    assert "Set5 is unavailable: the hub cannot be reached." in text_of(last)
    assert last[tab.samples]["visible"] is True
    assert tab.use_samples()[tab.dataset] == "samples"


def test_a_message_says_that_no_scale_was_chosen(tab):
    *_, last = run(tab, "Set5", None, [BICUBIC], STANDARD)

    assert "The scales are []; choose one or more of 2, 3, 4." in text_of(last)
    assert last[tab.samples]["visible"] is False


def test_a_message_says_which_model_is_unavailable_and_what_to_do(tab, photos, service, models):
    tab.benchmarks = Benchmarks(service, models, lambda name, config: ImageSet(name, photos))

    *_, last = run(tab, "Set5", [2], [BICUBIC, "away"], STANDARD)

    text = text_of(last)
    assert "Far away cannot be downloaded now. Take it out of the models" in text
    assert last[tab.samples]["visible"] is False and tab.result not in last
