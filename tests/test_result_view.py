"""What the page shows of a result, as files that a browser reads while others are written."""

import gradio as gr
import pytest
from PIL import Image

from demo.models import Choice, Models
from demo.result_view import ResultView
from demo.service import Finished, Service


@pytest.fixture
def finished(tiny_model, tmp_path) -> Finished:
    tiny_model.save_pretrained(tmp_path / "weights")
    Image.effect_noise((70, 60), 60).convert("RGB").save(tmp_path / "photo.png")
    service = Service(tmp_path / "results", Models({"tiny": Choice("Tiny", "Tiny", str(tmp_path / "weights"))}))
    *_, finished = service.upscale(tmp_path / "photo.png", 2, "tiny")
    return finished


def test_a_picture_that_is_sent_again_is_not_written_again(finished):
    folder = finished.saved.result.parent
    with gr.Blocks():
        shown = ResultView().show(finished)
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}

    sent = [part.postprocess(value).path for part, value in shown.items() if isinstance(part, gr.Image)]

    assert len(sent) == 5 and set(sent) <= set(map(str, before))
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_two_pages_that_show_one_result_read_pictures_of_their_own(finished):
    with gr.Blocks():
        view = ResultView()
        first, second = view.show(finished), view.show(finished)

    pictures = [(first[part], second[part]) for part in first if isinstance(part, gr.Image)]

    assert len(pictures) == 5 and all(one != other for one, other in pictures)
    for one, other in pictures:
        with Image.open(one) as a, Image.open(other) as b:
            assert a.tobytes() == b.tobytes()
