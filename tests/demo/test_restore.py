"""What a page that was just opened shows of its visit."""

import time
from pathlib import Path

import gradio as gr
import pytest
from PIL import Image
from tiny_service import tiny_service

from demo.backend.jobs import Jobs
from demo.components.payloads import payload
from demo.tabs.upscale import UpscaleTab
from demo.tabs.upscale_endpoints import Photograph
from drln import Progress


@pytest.fixture
def jobs() -> Jobs:
    return Jobs(most=1)


@pytest.fixture
def tab(tiny_model, jobs, tmp_path, monkeypatch) -> UpscaleTab:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))    # where uploads are
    with gr.Blocks():
        return UpscaleTab(tiny_service(tiny_model, tmp_path), jobs)


@pytest.fixture
def photo(tmp_path) -> Path:
    Image.effect_noise((30, 20), 60).convert("RGB").save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def begin(tab: UpscaleTab, keys: str, photo: Path) -> str:
    upload = {"path": str(photo), "orig_name": "my photo.png"}
    return tab.job.begin(keys, upload, 2, "width", None, "tiny", "PNG", 95, False)[tab.job.keys]


def test_after_a_refused_job_it_has_the_photo_of_the_result_that_is_shown(tab, jobs, photo):
    first = begin(tab, "", photo)
    list(tab.job.watch(first))
    jobs.start("another", forever)
    refused = begin(tab, first, photo)
    *_, last = tab.job.watch(refused)
    assert "1 jobs run or wait" in last[tab.job.progress]["value"]

    restored = tab.restore(refused)

    assert restored[tab.stage.shown] == first
    chosen = payload(restored[tab.photo.photo])
    assert (chosen["path"], chosen["orig_name"]) == (str(photo), "my photo.png")
    jobs.stop("another")


def test_with_a_job_that_runs_it_shows_the_photo_and_not_an_earlier_result(tab, jobs, photo, tmp_path):
    first = begin(tab, "", photo)
    list(tab.job.watch(first))
    Image.effect_noise((40, 20), 60).convert("RGB").save(tmp_path / "other.png")
    device = tab.service.with_device(forever())
    next(device)

    keys = begin(tab, first, tmp_path / "other.png")
    until = time.monotonic() + 60
    while tab.job.last(keys, Photograph) is None:
        assert time.monotonic() < until
        time.sleep(0.01)
    restored = tab.restore(keys)

    assert payload(restored[tab.photo.photo])["path"] == str(tmp_path / "other.png")
    assert [one["width"] for one in restored[tab.stage.viewer]["pictures"]] == [40]
    assert [one["key"] for one in restored[tab.stage.strip]] == [first]
    tab.job.request_stop(keys)
    device.close()


def test_a_stopped_job_does_not_hold_the_button(tab, photo):
    device = tab.service.with_device(forever())
    next(device)
    keys = begin(tab, "", photo)
    assert tab.job.is_running(keys)

    tab.job.request_stop(keys)

    assert not tab.job.is_running(keys)
    device.close()


def forever():
    while True:
        time.sleep(0.01)
        yield Progress("Working", 0.5)
