"""How much of a model has arrived, while the real client downloads it."""

import time

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from hub_server import SILENT_MIDWAY, HubServer
from live_app import running_app
from weight_files import PUBLISHED_CONFIG

from demo.models import CHOICES, HUB_MEGABYTES, fetching
from drln import Progress
from drln.download import arriving
from drln.hub import PINNED
from drln.samples import list_samples

REPO = "eugenesiow/drln-bam"
WAIT = 60    # seconds; a bound, and no claim


def test_the_bytes_of_a_running_download_are_counted(tmp_path):
    hub = HubServer()
    weights = bytes(30_000_000)    # the client writes 10 MB at a time; nobody reads these, for they never arrive
    files = {"config.json": PUBLISHED_CONFIG.encode(), "pytorch_model_2x.pt": weights}
    hub.add(REPO, files, SILENT_MIDWAY, commit=PINNED[REPO])
    cache = tmp_path / "hub" / "hub"
    assert arriving(REPO, cache) == 0
    with running_app(tmp_path, HF_ENDPOINT=hub.endpoint, HF_HUB_DOWNLOAD_TIMEOUT="2") as app:
        client = Client(app.address, verbose=False, download_files=tmp_path)

        job = client.submit(handle_file(str(list_samples()[0])), 2, REPO, api_name="/upscale")

        until, most = time.monotonic() + WAIT, 0
        while not job.done():
            assert time.monotonic() < until
            most = max(most, arriving(REPO, cache))
            time.sleep(0.02)
        assert 0 < most < len(weights)
        with pytest.raises(AppError, match="fell silent"):
            job.result()
    hub.close()
    assert arriving(REPO, cache) == 0    # and no part of it stays


def test_a_download_tells_its_share_and_the_seconds_left():
    step = fetching(CHOICES[REPO], 4, arrived=HUB_MEGABYTES * 1_000_000 // 4, seconds=10)

    assert step == Progress("Fetching DRLN-BAM 4x from the hub", 0.25, 30)


def test_a_download_of_which_nothing_has_come_tells_how_long_it_has_been_asked_for():
    step = fetching(CHOICES[REPO], 4, arrived=0, seconds=10)

    assert step == Progress("Fetching DRLN-BAM 4x from the hub, 10 s", 0.0)
