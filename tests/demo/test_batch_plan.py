"""What the Batch tab says before the start."""

import re
import threading
import zipfile
from pathlib import Path

import gradio as gr
import pytest
from PIL import Image

from demo.backend.batch import Batches, BatchReport
from demo.backend.batch_plan import BatchPlan, plan
from demo.backend.errors import UploadError
from demo.backend.jobs import Jobs
from demo.backend.models import Choice, Models
from demo.backend.service import Service
from demo.tabs.batch import BatchTab
from demo.wording import batch as words
from drln import TargetSize


@pytest.fixture
def service(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))    # where uploads are
    tiny_model.save_pretrained(tmp_path / "weights")
    choices = {
        "tiny": Choice("Tiny", "Tiny", str(tmp_path / "weights")),
        "away": Choice("Away", "Away", "nobody/away", on_hub=True),
    }
    return Service(tmp_path / "results", Models(choices))


def photo(folder: Path, name: str, size=(40, 30)) -> tuple[str, Path]:
    path = folder / name
    Image.effect_noise(size, 60).save(path, "PNG")
    return name, path


def a_zip(folder: Path, *photos: tuple[str, Path]) -> tuple[str, Path]:
    with zipfile.ZipFile(folder / "photos.zip", "w") as archive:
        for name, path in photos:
            archive.write(path, f"holiday/{name}")
    return "photos.zip", folder / "photos.zip"


def last_plan(service, *options, within: float = 60.0, **others) -> BatchPlan:
    """The plan at the end, for which there is time enough."""
    *_, last = plan(service, *options, within=within, **others)
    return last


def seconds(service, path: Path) -> float:
    *_, planned = service.plan(path, 2, "tiny")
    return planned.estimate.seconds


def test_the_seconds_of_all_photos_are_summed_also_of_those_in_zips(service, tmp_path):
    first, second = photo(tmp_path, "a.png"), photo(tmp_path, "b.png", (90, 80))
    each = seconds(service, first[1]), seconds(service, second[1])

    before, after = plan(service, [first, a_zip(tmp_path, first, second)], 2, "tiny", within=60.0)

    assert (before.photos, before.seconds) == (3, None)
    assert after.photos == 3
    assert after.seconds == pytest.approx(2 * each[0] + each[1])


def test_the_self_ensemble_takes_eight_times_the_seconds(service, tmp_path):
    files = [photo(tmp_path, "a.png")]

    once = last_plan(service, files, 2, "tiny")
    averaged = last_plan(service, files, 2, "tiny", self_ensemble=True)

    assert averaged.seconds == pytest.approx(8 * once.seconds)


def test_where_the_time_is_over_the_other_photos_are_taken_to_be_like_those_seen(service, tmp_path):
    files = [photo(tmp_path, f"{number}.png") for number in range(5)]

    planned = last_plan(service, files, 2, "tiny", within=0)

    assert planned.photos == 5
    assert planned.seconds == pytest.approx(5 * seconds(service, files[0][1]), rel=0.2)    # noise of other bytes


def test_photos_that_cannot_be_taken_are_named_as_the_batch_will_name_them(service, tmp_path):
    wide = photo(tmp_path, "wide.png", (1200, 2))
    (tmp_path / "damaged.jpg").write_bytes(b"")
    (tmp_path / "notes.txt").write_bytes(b"text")
    files = [photo(tmp_path, "a.png"), wide, *((n, tmp_path / n) for n in ("damaged.jpg", "notes.txt"))]

    planned = last_plan(service, files, 2, "tiny")

    *_, report = (step for step in Batches(service).stream(files, 2, "tiny") if isinstance(step, BatchReport))
    problems = {entry.title: entry.problem for entry in report.entries}
    assert (planned.photos, planned.skipped) == (1, ("notes.txt",))
    assert planned.refused == tuple((name, problems[name]) for name in ("wide.png", "damaged.jpg"))
    assert "one side 600 times the other" in problems["wide.png"]


def test_a_photo_that_the_memory_cannot_hold_is_named(service, tmp_path, free_bytes):
    free_bytes(100_000)

    planned = last_plan(service, [photo(tmp_path, "a.png", (90, 80))], 2, "tiny")

    assert (planned.photos, planned.seconds) == (0, None)
    ((title, reason),) = planned.refused
    assert title == "a.png" and "90x80 pixels to 180x160 needs about" in reason


def test_a_model_that_must_be_fetched_is_known_before_the_start(service, tmp_path):
    files = [photo(tmp_path, "a.png")]

    absent = last_plan(service, files, 2, "away")
    here = last_plan(service, files, 2, "tiny")

    assert (absent.must_download, here.must_download) == (True, False)


def test_a_size_is_reached_by_each_photo_with_the_scale_that_it_needs(service, tmp_path):
    files = [photo(tmp_path, "a.png", (40, 30)), photo(tmp_path, "large.png", (90, 80))]
    size = TargetSize(width=80)

    planned = last_plan(service, files, size, "tiny")

    assert (planned.photos, planned.seconds) == (1, pytest.approx(seconds(service, files[0][1])))
    ((title, reason),) = planned.refused
    *_, report = (step for step in Batches(service).stream(files, size, "tiny") if isinstance(step, BatchReport))
    assert (title, reason) == ("large.png", report.entries[1].problem)
    assert report.finished[0].saved.sr_size == (80, 60)


@pytest.mark.parametrize(("files", "scale", "name"), [([], 2, "tiny"), (["a.png"], 5, "tiny"), (["a.png"], 2, "other")])
def test_what_the_batch_would_refuse_is_refused(service, tmp_path, files, scale, name):
    with pytest.raises(UploadError):
        list(plan(service, [photo(tmp_path, file) for file in files], scale, name))


# In words


def said(html: str) -> str:
    return re.sub("<[^>]*>", "", html)


@pytest.mark.parametrize(
    ("planned", "text"),
    [
        (BatchPlan(12, seconds=185.0), "12 photos · about 3 min"),
        (BatchPlan(1, seconds=4.0, must_download=True), "1 photo · about 4 s · 137 MB will be downloaded first"),
        (BatchPlan(3, ("a.txt",)), "3 photos1 file is no photo and will be skipped: a.txt."),
        (BatchPlan(3, ("a.txt", "b.pdf")), "2 files are no photos and will be skipped: a.txt, b.pdf."),
        (BatchPlan(3, tuple("abcdefg")), "7 files are no photos and will be skipped: a, b, c, d, e, and 2"),
        (BatchPlan(3, tuple("a" * 51)), "More than 50 files are no photos"),
        (BatchPlan(1, ("<b>.txt",)), "&lt;b&gt;.txt"),
        (BatchPlan(1, (), (("<b>.png", "Too wide."),)), "1 file cannot be upscaled. &lt;b&gt;.png: Too wide."),
        (BatchPlan(0, ("a.txt",)), "There is no photo here.1 file is no photo"),
    ],
)
def test_the_plan_is_said_in_a_line_with_what_is_left_out_below(planned, text):
    assert text in said(words.plan_note(planned))


def test_the_button_can_be_pressed_where_there_is_a_photo(service, tmp_path):
    with gr.Blocks():
        tab = BatchTab(service, Jobs())
    (tmp_path / "notes.txt").write_bytes(b"text")
    uploads = [{"path": str(path), "orig_name": name}
               for name, path in (photo(tmp_path, "a.png"), ("notes.txt", tmp_path / "notes.txt"))]

    def can_start(*files: dict) -> list[bool]:
        updates = tab.plan([*files], 2, "width", 1920, "tiny", "PNG", False)
        return [update[tab.job.go]["interactive"] for update in updates]

    assert can_start(*uploads) == [True, True]
    assert not any(can_start(uploads[1]))
    assert can_start() == [False]


def test_the_button_stays_disabled_while_a_batch_runs(service, tmp_path):
    with gr.Blocks():
        tab = BatchTab(service, jobs := Jobs())
    name, path = photo(tmp_path, "a.png")
    running, release = threading.Event(), threading.Event()

    def work():
        running.set()
        release.wait(60)
        yield

    jobs.start("key", work)
    assert running.wait(60)

    *_, update = tab.plan([{"path": str(path), "orig_name": name}], 2, "width", 1920, "tiny", "PNG", False, "key")

    assert not update[tab.job.go]["interactive"]
    release.set()
