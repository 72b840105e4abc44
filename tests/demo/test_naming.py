"""The page's messages use the user's name for a file, and no path of the server."""

import gradio as gr
import pytest
from PIL import Image
from tiny_service import tiny_service

from demo.backend import errors
from demo.backend.batch import FAILED, Batches, BatchReport
from demo.backend.jobs import Jobs
from demo.components.job_view import JobView
from demo.tabs.evaluate import EvaluateTab
from demo.tabs.upscale import UpscaleTab
from demo.wording import notes
from drln import ImageError
from drln.evaluation.protocols import STANDARD

TITLE = "Oma's Garten #1.png"


@pytest.fixture
def service(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))    # where uploads are
    return tiny_service(tiny_model, tmp_path)


@pytest.fixture(params=["text", "cut off"])
def upload(request, tmp_path) -> dict:
    path = tmp_path / "0123456789abcdef" / "Omas Garten 1.png"    # as Gradio stores it
    path.parent.mkdir()
    Image.effect_noise((60, 50), 60).save(path)
    path.write_bytes(b"no photo" if request.param == "text" else path.read_bytes()[:1500])
    return {"path": str(path), "orig_name": TITLE}


def text_of(updates) -> str:
    """The text in an update of the page."""
    return " ".join(str(value) for value in updates.values())


def end_of(view: JobView, *payloads) -> dict:
    """The last update of a job that was started with these payloads."""
    begun = view.begin("", *payloads)
    *_, end = view.watch(begun[view.keys])
    return end


def assert_named(text: str, tmp_path) -> None:
    assert notes.escape(TITLE) in text
    assert str(tmp_path) not in text and "0123456789abcdef" not in text


def test_the_upscale_tab_names_the_file(service, upload, tmp_path):
    with gr.Blocks():
        tab = UpscaleTab(service, Jobs())

    job = end_of(tab.job, upload, 2, "width", None, "tiny", "PNG", 95, False)
    *_, plan = tab.plan(upload, 2, "width", None, "tiny", "PNG", False)

    assert_named(text_of(job), tmp_path)
    assert str(tmp_path) not in text_of(plan)


def test_the_evaluate_tab_names_the_file(service, upload, tmp_path):
    with gr.Blocks():
        section = EvaluateTab(service, Jobs())

    job = end_of(section.job, upload, 2, "tiny", STANDARD)

    assert_named(text_of(job), tmp_path)
    assert str(tmp_path) not in text_of(section.plan(upload, 2, STANDARD))


def test_a_batch_names_the_file(service, upload, tmp_path):
    *_, report = Batches(service).stream([(TITLE, tmp_path / upload["path"])], 2, "tiny")

    assert isinstance(report, BatchReport) and report.entries[0].state == FAILED
    assert_named(notes.escape(report.entries[0].problem), tmp_path)


@pytest.mark.parametrize(
    ("raised", "text"),
    [
        ("/tmp/gradio/drln-a1/b_2x.png cannot be written: full", "b_2x.png cannot be written: full."),
        ("there is no file '/srv/app/weights.pt'", "There is no file 'weights.pt'."),
        ("http://hub.test/api/models cannot be reached", "http://hub.test/api/models cannot be reached."),
        ("eugenesiow/drln-bam is damaged", "eugenesiow/drln-bam is damaged."),
        ("holiday/a.png is 10/12 done", "holiday/a.png is 10/12 done."),
    ],
)
def test_a_path_of_the_server_loses_its_folders_and_an_address_or_a_repository_does_not(raised, text):
    assert errors.message(ImageError(raised)) == text
