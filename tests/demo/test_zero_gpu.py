"""What a ZeroGPU Space runs, on this machine: the real decorator does nothing here, the rest is the same."""

import multiprocessing
import pickle
import subprocess
import sys
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
import spaces
import torch
from huggingface_hub import constants
from PIL import Image

from demo import zero_gpu
from demo.backend.models import Models
from demo.backend.service import Finished, Service
from drln import DrlnModel, ImageLoader, UpscaleError, Upscaler
from drln.weights.sources import BUNDLED, BUNDLED_PHOTO

ROOT = Path(__file__).parents[2]
KEY = (BUNDLED, 2, "float32")


@pytest.fixture(scope="module")
def models() -> Models:
    return zero_gpu.preloaded_models().with_precision("float32")


@pytest.fixture
def photo(tmp_path) -> Path:
    Image.effect_noise((50, 40), 60).convert("RGB").save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


@pytest.fixture(scope="module")
def upscaler() -> Upscaler:
    return Upscaler(DrlnModel.from_pretrained(BUNDLED, scale=2), precision="float32")


@pytest.mark.parametrize("self_ensemble", [False, True])
def test_the_result_is_that_of_the_upscaler(models, upscaler, photo, tmp_path, self_ensemble):
    upscaler.self_ensemble = self_ensemble
    expected = upscaler.upscale(Image.open(photo))
    upscaler.self_ensemble = False

    *_, finished = Service(tmp_path / "results", models).upscale(photo, 2, BUNDLED, self_ensemble=self_ensemble)

    assert isinstance(finished, Finished)
    np.testing.assert_array_equal(np.asarray(Image.open(finished.saved.result)), np.asarray(expected))


def test_what_goes_in_and_comes_out_crosses_to_a_forked_process_and_back(models, upscaler, photo):
    rgb = ImageLoader.load_image(Image.open(photo))
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    sent = pickle.dumps((KEY, rgb, False))

    def call() -> None:
        torch.set_num_threads(1)
        for step in zero_gpu.on_the_gpu(*pickle.loads(sent)):
            there.send_bytes(pickle.dumps(step))
        there.send_bytes(b"")

    process = context.Process(target=call)
    process.start()
    steps = []
    while content := here.recv_bytes():
        steps.append(pickle.loads(content))
    process.join(60)

    assert len(steps) > 1
    assert steps[-1].device.type == "cpu"
    expected = upscaler.upscale(Image.open(photo))
    levels = (steps[-1][0].clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(levels, np.asarray(expected))


def test_decoding_and_encoding_stay_outside_the_call(models, photo, tmp_path, monkeypatch):
    calls, call = [], zero_gpu.on_the_gpu

    def watched(*arguments):
        calls.append(arguments)
        return call(*arguments)

    monkeypatch.setattr(zero_gpu, "on_the_gpu", watched)
    list(Service(tmp_path / "results", models).upscale(photo, 2, BUNDLED))

    ((key, rgb, self_ensemble),) = calls
    assert (key, self_ensemble) == (KEY, False)
    assert isinstance(rgb, torch.Tensor) and rgb.device.type == "cpu" and rgb.shape == (1, 3, 40, 50)


def test_the_gpu_is_asked_for_longer_the_more_pixels_and_passes_there_are(models):
    def seconds(side: int, self_ensemble: bool = False) -> int:
        rgb = torch.empty(1, 3, side, side, device="meta")
        return zero_gpu.seconds_needed((BUNDLED, 4, "float32"), rgb, self_ensemble)

    assert seconds(16) == zero_gpu.START_SECONDS
    small, large = (seconds(side) - zero_gpu.START_SECONDS for side in (4000, 8000))
    assert large == pytest.approx(4 * small, abs=3)
    assert seconds(4000, True) - zero_gpu.START_SECONDS == pytest.approx(8 * small, abs=5)


def test_an_estimate_is_calculated_and_not_timed(models):
    estimate = models.estimator(BUNDLED, 4).estimate(5000, 4000)

    rgb = torch.empty(1, 3, 4000, 5000, device="meta")
    assert (estimate.width, estimate.height) == (20_000, 16_000)
    assert estimate.seconds == zero_gpu.seconds_needed((BUNDLED, 4, "float32"), rgb, False)


def test_a_refused_gpu_is_reported_in_the_words_of_the_host(models, photo, tmp_path, monkeypatch):
    def refuse(*_):
        raise gr.Error("You have exceeded your <b>GPU quota</b>")
        yield

    monkeypatch.setattr(zero_gpu, "on_the_gpu", refuse)

    with pytest.raises(UpscaleError, match="is unavailable: You have exceeded your GPU quota"):
        list(Service(tmp_path / "results", models).upscale(photo, 2, BUNDLED))


def test_app_py_imports_spaces_before_gradio_and_torch():
    code = """
import os, sys
def watch(event, args):
    if event == "import" and args[0] in ("gradio", "torch"):
        print("spaces" in sys.modules, flush=True)
        os._exit(0)
sys.addaudithook(watch)
import app
"""

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout == "True\n"


def test_models_that_are_not_in_the_cache_are_not_offered(tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(zero_gpu, "ENGINES", {})

    assert list(zero_gpu.preloaded_models().choices) == [BUNDLED, BUNDLED_PHOTO]


def test_the_real_decorator_leaves_the_function_as_it_is_here():
    assert zero_gpu.GPU is spaces.GPU
    assert zero_gpu.on_the_gpu.__module__ == "demo.zero_gpu"
