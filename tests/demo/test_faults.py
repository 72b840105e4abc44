"""Faults that happen to a server: the user concerned gets a message, and the next photo is upscaled.

The app is the real one, in a process of its own wherever the fault can be made there.
"""

import os
import resource
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gradio as gr
import numpy as np
import psutil
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from hub_server import SILENT_MIDWAY, UNAVAILABLE, HubServer
from live_app import App, running_app
from PIL import Image
from weight_files import PUBLISHED_CONFIG, file_of, tiny_weights

from demo.backend.jobs import Jobs
from demo.backend.models import Choice, Loaded, Models
from demo.backend.service import Finished, Service
from demo.tabs.upscale import UpscaleTab
from drln import CheckpointError, DrlnModel, Upscaler
from drln.progress import Work
from drln.upscaling.device import pick_device, pick_precision
from drln.weights.download import arriving
from drln.weights.sources import PINNED

COMPACT, HUB_MODEL = "drln-bam-compact", "eugenesiow/drln-bam"


@pytest.fixture
def photo(tmp_path) -> Path:
    Image.effect_noise((30, 24), 60).convert("RGB").save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def upscale(client: Client, photo: Path, model: str = COMPACT, scale: int = 2) -> Path:
    return Path(client.predict(handle_file(str(photo)), scale, model, api_name="/upscale"))


def assert_alive(client: Client, photo: Path) -> None:
    assert Image.open(upscale(client, photo)).size == (60, 48)


# The hub


def test_a_hub_that_is_down_at_the_start_and_in_use(app, photo, tmp_path):
    client = Client(app.address, verbose=False, download_files=tmp_path)    # the app's hub refuses every connection

    with pytest.raises(AppError, match="DRLN-BAM is unavailable from the hub"):
        upscale(client, photo, HUB_MODEL)

    assert_alive(client, photo)


@pytest.fixture(scope="module")
def hub() -> Iterator[HubServer]:
    """The published repository, with small weights."""
    server = HubServer()
    files = {f"pytorch_model_{scale}x.pt": file_of(tiny_weights(scale)) for scale in (2, 3, 4)}
    files["config.json"] = PUBLISHED_CONFIG.encode()
    server.add(HUB_MODEL, files, commit=PINNED[HUB_MODEL])
    yield server
    server.close()


@pytest.fixture(scope="module")
def own_app(hub, tmp_path_factory) -> Iterator[App]:
    with running_app(tmp_path_factory.mktemp("app"), HF_ENDPOINT=hub.endpoint, HF_HUB_DOWNLOAD_TIMEOUT="2") as app:
        yield app


@pytest.fixture
def client(own_app, tmp_path) -> Client:
    return Client(own_app.address, verbose=False, download_files=tmp_path)


# Each of these takes a scale of its own, which the app has not loaded before.


def test_a_hub_that_goes_down_while_its_model_is_used(hub, client, photo, monkeypatch):
    first = upscale(client, photo, HUB_MODEL)

    monkeypatch.setattr(hub.repositories[HUB_MODEL], "fault", UNAVAILABLE)

    second = upscale(client, photo, HUB_MODEL)
    with pytest.raises(AppError, match="is unavailable from the hub"):
        upscale(client, photo, HUB_MODEL, 3)
    np.testing.assert_array_equal(np.asarray(Image.open(second)), np.asarray(Image.open(first)))
    assert_alive(client, photo)


def test_the_bytes_of_a_download_are_counted_until_it_falls_silent(hub, own_app, client, photo, monkeypatch):
    cache, repository = own_app.output.parent / "hub" / "hub", hub.repositories[HUB_MODEL]
    # The client writes 10 MB at a time; nobody reads these, for they never arrive.
    monkeypatch.setitem(repository.commits[PINNED[HUB_MODEL]], "pytorch_model_4x.pt", bytes(30_000_000))
    monkeypatch.setattr(repository, "fault", SILENT_MIDWAY)
    assert arriving(HUB_MODEL, cache) == 0
    job = client.submit(handle_file(str(photo)), 4, HUB_MODEL, api_name="/upscale")

    until, most = time.monotonic() + 60, 0
    while not job.done():
        assert time.monotonic() < until
        most = max(most, arriving(HUB_MODEL, cache))
        time.sleep(0.02)

    assert 0 < most < 30_000_000
    with pytest.raises(AppError, match="fell silent"):
        job.result()
    assert arriving(HUB_MODEL, cache) == 0    # and no part of it stays


def test_a_corrupt_file_in_the_hubs_cache_is_removed_and_fetched_again(own_app, client, photo):
    cached = f"hub/hub/models--{HUB_MODEL.replace('/', '--')}/snapshots/{PINNED[HUB_MODEL]}/pytorch_model_4x.pt"
    weights = own_app.output.parent / cached
    weights.parent.mkdir(parents=True, exist_ok=True)
    weights.write_bytes(file_of(tiny_weights(4))[:1000])

    with pytest.raises(AppError, match="removed from the cache"):
        upscale(client, photo, HUB_MODEL, 4)
    assert not weights.exists()
    assert Image.open(upscale(client, photo, HUB_MODEL, 4)).size == (120, 96)


def test_a_model_file_that_is_deleted_while_the_app_runs(own_app, client, photo):
    upscale(client, photo, HUB_MODEL)

    shutil.rmtree(own_app.output.parent / "hub")

    assert Image.open(upscale(client, photo, HUB_MODEL)).size == (60, 48)    # it is in memory
    # And fetched again where it is not.
    assert Image.open(upscale(client, photo, HUB_MODEL, 3)).size == (90, 72)


def test_a_message_says_that_a_local_model_was_deleted_and_the_others_work(tiny_model, photo, tmp_path):
    for name in ("kept", "gone"):
        tiny_model.save_pretrained(tmp_path / name)
    choices = {name: Choice(name, name, str(tmp_path / name)) for name in ("kept", "gone")}
    service = Service(tmp_path / "results", Models(choices))

    shutil.rmtree(tmp_path / "gone")

    with pytest.raises(CheckpointError, match="no file or folder"):
        list(service.upscale(photo, 2, "gone"))
    assert isinstance(list(service.upscale(photo, 2, "kept"))[-1], Finished)


# The disk, and memory


@contextmanager
def limit(app: App, kind: int, most: int) -> Iterator[None]:
    """Have the kernel limit one resource of the app's process."""
    unlimited = resource.prlimit(app.pid, kind)
    resource.prlimit(app.pid, kind, (most, unlimited[1]))
    try:
        yield
    finally:
        resource.prlimit(app.pid, kind, unlimited)


def test_a_disk_that_is_full_when_a_result_is_written(own_app, photo, tmp_path):
    """Simulated: the process may write no file larger than some kilobytes."""
    Image.effect_noise((200, 150), 90).convert("RGB").save(tmp_path / "large.png")
    client = Client(own_app.address, verbose=False, download_files=tmp_path)
    upload = handle_file(str(tmp_path / "large.png"))
    files = own_app.output.parent / "files"
    assert_alive(client, photo)
    kept = set(os.listdir(files))

    with limit(own_app, resource.RLIMIT_FSIZE, 150_000):
        with pytest.raises(AppError, match="cannot be written"):
            client.predict(upload, 2, COMPACT, api_name="/upscale")
        path, states = client.predict([upload], 2, COMPACT, api_name="/batch")

    assert (path, states[0]["state"]) == (None, "failed")
    assert "cannot be written" in states[0]["problem"]
    assert {name for name in os.listdir(files) if name.startswith("drln-")} <= kept
    assert_alive(client, photo)


def test_a_message_says_that_memory_ran_out_and_the_next_photo_is_upscaled(own_app, photo, tmp_path):
    """The kernel gives the process hardly more memory than it has."""
    Image.new("RGB", (1500, 1500)).save(tmp_path / "large.png")
    client = Client(own_app.address, verbose=False, download_files=tmp_path)
    assert_alive(client, photo)
    hardly_more = psutil.Process(own_app.pid).memory_info().vms + 2**27

    with limit(own_app, resource.RLIMIT_AS, hardly_more), pytest.raises(AppError, match="(?i)memory"):
        upscale(client, tmp_path / "large.png")

    assert_alive(client, photo)


# Workers


class Watched(Upscaler):
    """Calls `after` at each step of an upscale."""

    def __init__(self, model: DrlnModel) -> None:
        super().__init__(model, "cpu")
        self.count, self.after = 0, lambda: None

    def steps(self, image, self_ensemble=None, size=None):
        work = Work(super().steps(image, self_ensemble, size))
        for step in work:
            self.count += 1
            self.after()
            yield step
        return work.result


@pytest.fixture
def upscaler(tiny_model) -> Watched:
    return Watched(tiny_model)


@pytest.fixture
def jobs() -> Jobs:
    return Jobs()


@pytest.fixture
def tab(upscaler, jobs, tmp_path, monkeypatch) -> UpscaleTab:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))    # where uploads are
    ready = {("tiny", 2, pick_precision(pick_device(), "auto")): Loaded(upscaler, "here")}
    choices = {"tiny": Choice("Tiny", "Tiny", str(tmp_path / "nowhere"))}
    with gr.Blocks():
        return UpscaleTab(Service(tmp_path / "results", Models(choices, preloaded=ready)), jobs)


def begin(tab: UpscaleTab, photo: Path) -> str:
    """Start a job, and return its key."""
    return tab.job.begin("", {"path": str(photo)}, 2, "width", None, "tiny", "PNG", 95, False)[tab.job.keys]


def end(tab: UpscaleTab, key: str) -> dict:
    """Return what the page shows at the end of a job."""
    *_, last = tab.job.watch(key)
    return last


def progress(tab: UpscaleTab, update: dict) -> str:
    return update[tab.job.progress]["value"]


def test_a_worker_that_raises_frees_the_device_and_the_page(tab, upscaler, photo, caplog):
    def broken() -> None:
        raise KeyError(f"no {photo}")

    upscaler.after = broken
    update = end(tab, begin(tab, photo))

    assert "unexpected" in progress(tab, update)
    assert update[tab.job.go]["interactive"] and not update[tab.job.stop]["visible"]
    assert "KeyError" in caplog.text and "photo.png" not in caplog.text
    upscaler.after = lambda: None
    assert tab.stage.download in end(tab, begin(tab, photo))


def test_a_job_that_is_stopped_in_the_middle_of_a_step_begins_no_other(tab, upscaler, jobs, photo):
    """The running step ends, and no other starts."""
    started, key = threading.Event(), ""
    upscaler.after = lambda: started.wait(60) and tab.job.request_stop(key) if upscaler.count == 2 else None

    key = begin(tab, photo)
    started.set()
    last = end(tab, key)

    assert "Stopped." in progress(tab, last)
    until = time.monotonic() + 60
    while jobs.find(key).ended is None:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert upscaler.count == 2
    assert not list(tab.service.folder.glob("*"))
