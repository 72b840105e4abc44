"""The app as a whole: what it contacts, where it listens, what it says."""

import re
import socket
from collections.abc import Iterator

import gradio as gr
import psutil
import pytest
from gradio_client import Client, handle_file
from PIL import Image

from demo.backend import errors
from demo.backend.errors import UploadError
from demo.backend.models import Models
from demo.backend.service import Plan, Service
from demo.components.payloads import DEVICE
from demo.interface import build_demo, launch
from demo.wording import notes
from demo.wording import upscale as words
from drln import Estimate, HubError, Progress


@pytest.fixture
def demo(tmp_path) -> Iterator[gr.Blocks]:
    demo = build_demo(Service(tmp_path, Models()))
    yield demo
    demo.close(verbose=False)


# The server


def test_nobody_but_the_app_itself_is_contacted_for_the_bundled_model_and_for_estimates_of_all(app, tmp_path):
    port = int(re.search(r":(\d+)/", app.address)[1])
    photo, before = tmp_path / "photo.png", app.contacts.read_text()
    Image.effect_noise((60, 40), 60).save(photo)

    client = Client(app.address, verbose=False)
    client.predict(handle_file(str(photo)), 2, "drln-bam-compact", api_name="/upscale")
    client.predict(handle_file(str(photo)), 2, "eugenesiow/drln-bam", api_name="/estimate")

    contacts = set((app.at_start + app.contacts.read_text().removeprefix(before)).splitlines())

    own = {"socket.getaddrinfo 127.0.0.1", f"socket.connect ('127.0.0.1', {port})"}    # it asks itself whether it is up
    assert own & contacts
    assert not contacts - own


@pytest.mark.parametrize(
    ("environment", "listens"),
    [({}, "127.0.0.1"), ({"GRADIO_SERVER_NAME": "0.0.0.0"}, "0.0.0.0"), ({"SPACE_ID": "someone/drln"}, "0.0.0.0")],
)
def test_it_listens_to_this_machine_alone_unless_set_otherwise(demo, monkeypatch, environment, listens):
    for name in ("GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT", "SPACE_ID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    address = launch(demo, port=_free_port())

    port = int(re.search(r":(\d+)/", address)[1])
    sockets = psutil.Process().net_connections("tcp")
    assert {c.laddr.ip for c in sockets if c.status == psutil.CONN_LISTEN and c.laddr.port == port} == {listens}


def test_what_other_programs_have_computed_waits_in_one_queue(demo):
    computing = {fn.name for fn in demo.fns.values() if fn.concurrency_id == DEVICE}

    assert computing == {"upscale", "batch", "evaluate", "benchmark"}
    assert {fn.concurrency_limit for fn in demo.fns.values() if fn.concurrency_id == DEVICE} == {1}


# What it says


def test_a_result_that_does_not_fit_is_refused_with_the_figures():
    estimate = Estimate(40_000, 30_000, seconds=900.0, memory=24_200_000_000, available=8_100_000_000)

    text = words.plan_note(Plan((10_000, 7_500), (40_000, 30_000), 4, estimate))

    assert 'role="alert"' in text
    assert "40000 × 30000 pixels need about 24.2 GB of memory, and 8.1 GB are free" in text


@pytest.mark.parametrize(
    ("available", "text"),
    [
        (8_100_000_000, "100 × 75 → 400 × 300 px · about 75 s"),
        (100_000_000, "100 × 75 → 400 × 300 px · about 75 s · 53 MB of the 100 MB of memory that are free"),
    ],
)
def test_a_plan_shows_size_and_time_and_memory_where_it_is_short(available, text):
    estimate = Estimate(400, 300, seconds=74.6, memory=53_000_000, available=available)

    shown = words.plan_note(Plan((100, 75), (400, 300), 4, estimate))

    assert re.sub("<[^>]*>", "", shown) == text


@pytest.mark.parametrize(
    ("size", "text"), [(1, "1 KB"), (12_345, "12 KB"), (999_999, "1000 KB"), (1_650_000, "1.6 MB"), (2.1e9, "2.1 GB")]
)
def test_the_size_of_a_file_is_never_nothing(size, text):
    assert notes.file_size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1 s"), (1.4, "1 s"), (89.4, "89 s"), (100, "2 min"), (3600, "60 min"), (9000, "2.5 h")]
)
def test_a_duration_is_as_exact_as_an_estimate_deserves(seconds, text):
    assert notes.duration(seconds) == text


def test_progress_shows_stage_share_and_time_left():
    text = notes.progress(Progress("Upscaling", 0.337, 41.2))

    assert 'aria-valuenow="34"' in text
    assert "Upscaling, 34%, about 41 s left" in text


def test_markup_from_a_user_stays_text():
    markup = "<img src=x onerror=alert(1)>"
    for text in (
        notes.alert(markup),
        notes.note(markup),
        notes.spoken(Progress(markup, 0.5)),
        notes.progress(Progress(markup, 0.5)),
    ):
        assert "<img" not in text
        assert "&lt;img" in text


def test_an_error_that_nobody_expected_is_logged_by_its_place_and_kind_without_its_text(caplog):
    def broken():
        try:
            raise OSError("cannot open holiday.jpg")
        except OSError as error:
            raise KeyError("a secret") from error

    with pytest.raises(KeyError) as caught:
        broken()
    text = errors.message(caught.value)

    assert "a secret" not in text
    assert "noted in the server's log" in text
    assert "a secret" not in caplog.text and "holiday" not in caplog.text
    assert "KeyError" in caplog.text and "OSError" in caplog.text
    assert "test_interface.py" in caplog.text and "in broken" in caplog.text


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (Progress("Upscaling", 0.337, 41.2), "Upscaling, 30%"),
        (Progress("Upscaling", 0.0), "Upscaling"),
        (Progress("Fetching DRLN 2x from the hub, 12 s", 0.0), "Fetching DRLN 2x from the hub"),
        (Progress("Writing the files", 1.0), "Writing the files"),
    ],
)
def test_what_is_read_out_changes_at_every_tenth_and_not_every_second(step, text):
    assert notes.spoken(step) == text


def test_a_message_becomes_a_sentence_and_an_address_stays_one():
    assert errors.message(UploadError("the photo is gone")) == "The photo is gone."
    assert errors.message(HubError("http://hub.test cannot be reached!")) == "http://hub.test cannot be reached!"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
