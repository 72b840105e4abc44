"""What the page shows of a result, as files that a browser reads while others are written."""

from pathlib import Path

import gradio as gr
import pytest
from PIL import Image
from PIL.ImageCms import ImageCmsProfile, createProfile

from demo.backend.models import Choice, Models
from demo.backend.service import Finished, Service
from demo.components.result_view import ResultView
from drln.images import open_image

SRGB = ImageCmsProfile(createProfile("sRGB")).tobytes()


@pytest.fixture(params=[b"", SRGB + bytes(1_200_000)], ids=["plain", "with a long profile"])
def finished(tiny_model, tmp_path, request) -> Finished:
    tiny_model.save_pretrained(tmp_path / "weights")
    Image.effect_noise((70, 60), 60).convert("RGB").save(tmp_path / "photo.png", icc_profile=request.param)
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


def test_two_pages_that_show_one_result_read_the_same_pictures(finished):
    folder = finished.saved.result.parent
    with gr.Blocks():
        view = ResultView()
        first = view.show(finished)
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}

    second = view.show(finished)

    assert first == second
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_a_click_shows_its_place_and_leaves_no_more_files_than_the_one_before(finished):
    with gr.Blocks() as page:
        view = ResultView()
        shown = view.show(finished)
    (clicked,) = page.fns.values()
    files, before, seen = set(finished.saved.result.parent.iterdir()), (), []

    for place in ((0, 0), (139, 0), (70, 119)):
        update = clicked.fn(finished, before, gr.SelectData(None, {"index": place, "value": None}))
        before = update[view.clicked]
        pictures = [Path(value) for part, value in update.items() if isinstance(part, gr.Image)]
        seen.append([open_image(path).tobytes() for path in pictures])
        assert set(finished.saved.result.parent.iterdir()) - files == set(pictures)

    assert len(pictures) == 4 and seen[0] != seen[1] != seen[2]
    assert all(Path(value).is_file() for part, value in shown.items() if isinstance(part, gr.Image))


def test_one_pages_clicks_leave_the_pictures_of_another_page(finished):
    with gr.Blocks() as page:
        view = ResultView()
    (clicked,) = page.fns.values()
    event = gr.SelectData(None, {"index": (10, 10), "value": None})
    theirs = clicked.fn(finished, (), event)

    ours = clicked.fn(finished, (), event)
    clicked.fn(finished, ours[view.clicked], event)

    assert all(Path(path).is_file() for path in theirs[view.clicked])
