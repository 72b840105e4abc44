"""Faults that happen to a server, each survived: said to whom it concerns, and the next photo is upscaled.

The app is the real one, in a process of its own wherever the fault can be made there.
"""

import os
import resource
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
import torch
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from hub_server import UNAVAILABLE, HubServer
from live_app import App, running_app
from PIL import Image
from weight_files import PUBLISHED_CONFIG, file_of, tiny_weights

from demo.jobs import Jobs
from demo.models import Choice, Models
from demo.service import Finished, Service
from demo.upscale_tab import UpscaleTab
from drln import CheckpointError, Upscaler, strips
from drln.hub import PINNED

COMPACT, HUB_MODEL = "drln-bam-compact", "eugenesiow/drln-bam"


@pytest.fixture
def photo(tmp_path) -> Path:
    Image.effect_noise((30, 24), 60).convert("RGB").save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def upscale(client: Client, photo: Path, model: str = COMPACT) -> Path:
    return Path(client.predict(handle_file(str(photo)), 2, model, api_name="/upscale"))


def assert_alive(client: Client, photo: Path) -> None:
    assert Image.open(upscale(client, photo)).size == (60, 48)


# The hub


def test_a_hub_that_is_down_at_the_start_and_in_use(photo, tmp_path):
    with running_app(tmp_path) as app:    # its hub refuses every connection
        client = Client(app.address, verbose=False, download_files=tmp_path)

        with pytest.raises(AppError, match="DRLN-BAM could not be had from the hub"):
            upscale(client, photo, HUB_MODEL)

        assert_alive(client, photo)


@pytest.fixture
def hub() -> Iterator[HubServer]:
    """The published repository, with small weights."""
    server = HubServer()
    files = {f"pytorch_model_{scale}x.pt": file_of(tiny_weights(scale)) for scale in (2, 3, 4)}
    files["config.json"] = PUBLISHED_CONFIG.encode()
    server.add(HUB_MODEL, files, commit=PINNED[HUB_MODEL])
    yield server
    server.close()


def weights_in(app: App) -> list[Path]:
    """The weights in the app's own hub cache."""
    return sorted((app.output.parent / "hub").rglob("pytorch_model_*.pt"))


def test_a_hub_that_goes_down_while_its_model_is_used(hub, photo, tmp_path):
    with running_app(tmp_path, HF_ENDPOINT=hub.endpoint) as app:
        client = Client(app.address, verbose=False, download_files=tmp_path)
        first = upscale(client, photo, HUB_MODEL)

        hub.repositories[HUB_MODEL].fault = UNAVAILABLE

        np.testing.assert_array_equal(np.asarray(Image.open(upscale(client, photo, HUB_MODEL))), np.asarray(
            Image.open(first)))
        with pytest.raises(AppError, match="could not be had from the hub"):
            client.predict(handle_file(str(photo)), 3, HUB_MODEL, api_name="/upscale")
        assert_alive(client, photo)


def test_a_corrupt_file_in_the_hubs_cache_is_removed_and_fetched_anew(hub, photo, tmp_path):
    with running_app(tmp_path, HF_ENDPOINT=hub.endpoint) as app:
        upscale(Client(app.address, verbose=False, download_files=tmp_path), photo, HUB_MODEL)
        (weights,) = weights_in(app)
    weights.resolve().write_bytes(weights.read_bytes()[:1000])

    with running_app(tmp_path, HF_ENDPOINT=hub.endpoint) as app:
        client = Client(app.address, verbose=False, download_files=tmp_path)
        with pytest.raises(AppError, match="removed from the cache"):
            upscale(client, photo, HUB_MODEL)
        assert not weights_in(app)
        assert Image.open(upscale(client, photo, HUB_MODEL)).size == (60, 48)


def test_a_model_file_that_is_deleted_while_the_app_runs(hub, photo, tmp_path):
    with running_app(tmp_path, HF_ENDPOINT=hub.endpoint) as app:
        client = Client(app.address, verbose=False, download_files=tmp_path)
        upscale(client, photo, HUB_MODEL)

        shutil.rmtree(app.output.parent / "hub")

        assert Image.open(upscale(client, photo, HUB_MODEL)).size == (60, 48)    # it is in memory
        path = client.predict(handle_file(str(photo)), 3, HUB_MODEL, api_name="/upscale")
        assert Image.open(path).size == (90, 72)    # and fetched anew where it is not


def test_a_local_model_that_is_deleted_is_said_and_the_others_go_on(tiny_model, photo, tmp_path):
    for name in ("kept", "gone"):
        tiny_model.save_pretrained(tmp_path / name)
    choices = {name: Choice(name, name, str(tmp_path / name)) for name in ("kept", "gone")}
    service = Service(tmp_path / "results", Models(choices))

    shutil.rmtree(tmp_path / "gone")

    with pytest.raises(CheckpointError, match="no file or folder"):
        list(service.upscale(photo, 2, "gone"))
    assert isinstance(list(service.upscale(photo, 2, "kept"))[-1], Finished)


# The disk


def test_a_disk_that_is_full_when_a_result_is_written(photo, tmp_path):
    """As if: the kernel lets the process write no file of more than some kilobytes."""
    Image.effect_noise((200, 150), 90).convert("RGB").save(tmp_path / "large.png")
    with running_app(tmp_path) as app:
        client = Client(app.address, verbose=False, download_files=tmp_path)
        upload = handle_file(str(tmp_path / "large.png"))
        assert_alive(client, photo)
        kept = set(os.listdir(tmp_path / "files"))
        unlimited = resource.prlimit(app.pid, resource.RLIMIT_FSIZE)

        resource.prlimit(app.pid, resource.RLIMIT_FSIZE, (150_000, unlimited[1]))
        with pytest.raises(AppError, match="cannot be written"):
            client.predict(upload, 2, COMPACT, api_name="/upscale")
        path, states = client.predict([upload], 2, COMPACT, api_name="/batch")

        assert (path, states[0]["state"]) == (None, "failed")
        assert "cannot be written" in states[0]["problem"]
        assert {name for name in os.listdir(tmp_path / "files") if name.startswith("drln-")} <= kept
        resource.prlimit(app.pid, resource.RLIMIT_FSIZE, unlimited)
        assert_alive(client, photo)


# Memory, and workers


@pytest.fixture
def tab(tiny_model, tmp_path, monkeypatch) -> UpscaleTab:
    tiny_model.save_pretrained(tmp_path / "weights")
    service = Service(tmp_path / "results", Models({"tiny": Choice("Tiny", "Tiny", str(tmp_path / "weights"))}))
    with gr.Blocks():
        tab = UpscaleTab(service, Jobs())
    monkeypatch.setattr(tab.photo, "GRADIO_CACHE", str(tmp_path))
    return tab


def run(tab: UpscaleTab, photo: Path) -> dict:
    """What the page shows at the end of a job."""
    *_, last = tab.job.run(Jobs.new_key(), {"path": str(photo)}, 2, "tiny", "PNG", 95, False)
    return last


def progress(tab: UpscaleTab, update: dict) -> str:
    return update[tab.job.progress]["value"]


class Failing:
    """Stands where dense blocks are made; what they make of a strip fails at the n-th one, or from then on."""

    def __init__(self, error: Exception, at: int, ever_after: bool) -> None:
        self.make, self.error, self.at, self.ever_after, self.calls = strips.Block, error, at, ever_after, 0

    def __call__(self, block):
        made = self.make(block)

        def compute(*arguments):
            self.calls += 1
            if self.calls == self.at or (self.ever_after and self.calls > self.at):
                raise self.error
            return self.compute(made, *arguments)

        return compute

    @staticmethod
    def compute(made, *arguments):
        return made(*arguments)


OUT_OF_MEMORY = torch.OutOfMemoryError("CUDA out of memory")


def test_memory_that_runs_out_in_the_middle_of_an_image_and_is_there_again(tab, tiny_model, photo, monkeypatch):
    expected = Upscaler(tiny_model).upscale(Image.open(photo))
    monkeypatch.setattr(strips, "Block", Failing(OUT_OF_MEMORY, at=3, ever_after=False))

    update = run(tab, photo)

    result = Image.open(update[tab.result.download])
    assert np.abs(np.asarray(result, int) - np.asarray(expected)).max() <= 1    # thinner strips may round otherwise
    assert any("Memory ran out" in str(value) for value in update.values())


def test_memory_that_does_not_suffice_is_said_and_the_next_photo_is_upscaled(tab, photo, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(strips, "Block", Failing(OUT_OF_MEMORY, at=3, ever_after=True))
        update = run(tab, photo)

    assert "Memory ran out upscaling 30x24 pixels" in progress(tab, update)
    assert not os.listdir(tab.service.folder)
    assert tab.result.download in run(tab, photo)


def test_a_worker_that_raises_frees_the_device_and_the_page(tab, photo, monkeypatch, caplog):
    with monkeypatch.context() as patch:
        patch.setattr(strips, "Block", Failing(KeyError(f"no {photo}"), at=2, ever_after=True))
        update = run(tab, photo)

    assert "not foreseen" in progress(tab, update)
    assert update[tab.job.go]["visible"] and not update[tab.job.stop]["visible"]
    assert "KeyError" in caplog.text and "photo.png" not in caplog.text
    assert tab.result.download in run(tab, photo)


def test_a_job_that_is_stopped_in_the_middle_of_a_strip_begins_no_other(tab, photo, monkeypatch):
    """The page is free before the strip is done; what was begun ends, and nothing else is begun."""
    key, watched = Jobs.new_key(), Failing(OUT_OF_MEMORY, at=0, ever_after=False)
    stopped_at = []

    def stopping(block, *arguments):
        made = block(*arguments)
        if watched.calls == 2:
            tab.job.stopping(key)
            stopped_at.append(watched.calls)
        return made

    watched.compute = stopping
    monkeypatch.setattr(strips, "Block", watched)

    *_, last = tab.job.run(key, {"path": str(photo)}, 2, "tiny", "PNG", 95, False)

    assert "Stopped." in progress(tab, last)
    job = tab.job._jobs.find(key)
    while job.ended is None:
        time.sleep(0.01)
    assert stopped_at == [2] and watched.calls == 2
    assert not os.listdir(tab.service.folder)
