"""The stage: what a page is sent of photos and results, and who may ask for a part of one."""

import base64
import io
import json
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from PIL import Image
from tiny_service import tiny_service

from demo.backend.jobs import Jobs
from demo.backend.service import Service
from demo.components.stage import Stage


@pytest.fixture
def jobs() -> Jobs:
    return Jobs()


@pytest.fixture
def service(tiny_model, tmp_path) -> Service:
    return tiny_service(tiny_model, tmp_path)


@pytest.fixture
def stage(jobs) -> Stage:
    with gr.Blocks():
        return Stage(jobs, gr.Column(render=False))


@pytest.fixture
def photos(tmp_path) -> list[Path]:
    paths = [tmp_path / f"{name}.png" for name in ("first", "second")]
    for number, path in enumerate(paths):
        Image.effect_noise((30 + number, 20), 60).convert("RGB").save(path)
    return paths


def done(jobs: Jobs, service: Service, photo: Path) -> str:
    """Upscale a photo, and return the key of the job."""
    key = jobs.new_key()
    for _ in jobs.start(key, lambda: service.upscale(photo, 2, "tiny")).watch():
        pass
    return key


def test_a_result_is_compared_with_its_photo_bicubic_and_the_results_of_the_same_photo(stage, jobs, service, photos):
    other, *same = (done(jobs, service, photo) for photo in (photos[1], photos[0], photos[0]))

    shown = stage.result(" ".join((same[1], other, same[0])))

    view = shown[stage.viewer]
    assert [one["id"] for one in view["pictures"]] == [
        f"{same[1]}/original", f"{same[1]}/bicubic", f"{same[1]}/result", f"{same[0]}/result"
    ]
    assert (view["left"], view["right"]) == (f"{same[1]}/bicubic", f"{same[1]}/result")
    assert [(one["width"], one["height"]) for one in view["pictures"]] == [(30, 20), (60, 40), (60, 40), (60, 40)]
    assert [one["shown"] for one in shown[stage.strip]] == [True, False, False]
    json.dumps(view)    # it goes to a browser


def test_an_earlier_result_comes_back_and_one_that_is_gone_does_not(stage, jobs, service, photos):
    first, second = (done(jobs, service, photo) for photo in photos)
    keys = f"{second} {first}"

    assert stage.result(keys)[stage.shown] == second
    assert stage.result(keys, first)[stage.shown] == first
    assert stage.result(keys, "another") == {}
    assert stage.result("unknown") == {}
    jobs.find(second).last(type(stage.visit(keys)[second])).saved.result.unlink()
    assert stage.result(keys)[stage.shown] == first


def test_a_region_has_the_pixels_of_the_result(stage, jobs, service, photos):
    key = done(jobs, service, photos[0])
    result = np.asarray(Image.open(stage.visit(key)[key].saved.result))

    address = stage.region({"id": f"{key}/result", "box": [0.1, 0.25, 0.5, 0.5]})

    content = base64.b64decode(address.removeprefix("data:image/png;base64,"))
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(content))), result[10:20, 6:30])


@pytest.mark.parametrize(
    "asked",
    [
        {"id": "another/result", "box": [0, 0, 1, 1]},
        {"id": "../result", "box": [0, 0, 1, 1]},
        {"id": "KEY/secret", "box": [0, 0, 1, 1]},
        {"id": "KEY/result", "box": [0, 0, 2, 1]},
        {"id": "KEY/result", "box": ["a", 0, 1, 1]},
        {"id": "KEY/result", "box": [0, 1]},
        {"id": "KEY/result", "box": ["inf", 0, 1, 1]},
        {"id": "KEY"},
        "KEY/result",
        None,
    ],
)
def test_a_region_that_cannot_be_is_nothing(stage, jobs, service, photos, asked):
    key = done(jobs, service, photos[0])
    if isinstance(asked, dict):
        asked = {**asked, "id": asked["id"].replace("KEY", key)}

    assert stage.region(asked) is None
