"""Several users of one running app: their queue, their files, and what the server's log holds about them."""

import re
import time
from pathlib import Path

import httpx2
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from gradio_client.utils import Status
from live_app import WAITING, App
from PIL import Image

from drln import DrlnModel, Upscaler

COMPACT = "drln-bam-compact"
SECRET = "grandmothers-birthday"    # part of every file's name


def save(folder: Path, number: int, size: tuple[int, int] = (40, 30)) -> Path:
    pixels = np.random.default_rng(number).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    path = folder / f"{SECRET}-{number}.png"
    Image.fromarray(pixels).save(path)
    return path


def client_of(app: App, folder: Path) -> Client:
    return Client(app.address, verbose=False, download_files=folder)


def submit(client: Client, photo: Path, scale: int = 2):
    return client.submit(handle_file(str(photo)), scale, COMPACT, api_name="/upscale")


def wait_until(job, *codes: Status) -> None:
    until = time.monotonic() + 60
    while job.status().code not in codes:
        assert time.monotonic() < until, job.status()
        time.sleep(0.02)


def test_each_gets_the_result_of_his_own_photo_and_all_have_the_same_file_name(app, tmp_path):
    upscaler, photos = Upscaler(DrlnModel.from_pretrained(COMPACT, scale=2)), []
    for number in range(WAITING):
        (tmp_path / str(number)).mkdir()
        photos.append(save(tmp_path / str(number), number).rename(tmp_path / str(number) / f"{SECRET}.png"))

    jobs = [submit(client_of(app, tmp_path / str(number)), photo) for number, photo in enumerate(photos)]

    paths = [Path(job.result()) for job in jobs]
    assert len({path.name for path in paths}) == 1
    for path, photo in zip(paths, photos):
        np.testing.assert_array_equal(
            np.asarray(Image.open(path)), np.asarray(upscaler.upscale(Image.open(photo)))
        )


def test_a_job_knows_its_place_in_the_queue_and_a_full_queue_says_so(app, tmp_path):
    long = submit(client_of(app, tmp_path), save(tmp_path, 0, (700, 500)), 4)
    wait_until(long, Status.PROCESSING, Status.ITERATING)
    waiting = [submit(client_of(app, tmp_path), save(tmp_path, number)) for number in range(1, WAITING + 1)]
    for job in waiting:
        wait_until(job, Status.IN_QUEUE)
    until = time.monotonic() + 60
    while waiting[-1].status().rank is None:
        assert time.monotonic() < until
        time.sleep(0.05)

    refused = httpx2.post(f"{app.address}gradio_api/queue/join", json=_page_event(app))

    assert sorted(job.status().rank for job in waiting) == [*range(WAITING)]
    assert refused.status_code == 503
    assert "Queue is full" in refused.json()["detail"]
    long.cancel()
    for job in waiting:
        assert Path(job.result()).is_file()


def _page_event(app: App) -> dict:
    """What the page sends when its button is pressed."""
    config = httpx2.get(f"{app.address}config").json()
    upscale = next(fn for fn in config["dependencies"] if fn["api_name"] == "upscale")
    data = [None, 2, COMPACT, "PNG", 95, False, "", None]
    return {"data": data, "fn_index": upscale["id"], "session_hash": "another"}


def test_a_result_is_not_found_without_its_name(app, tmp_path):
    submit(client_of(app, tmp_path), save(tmp_path, 0)).result()
    folder = app.output.parent / "files"

    assert httpx2.get(f"{app.address}gradio_api/file={folder}").status_code in (403, 404)
    assert httpx2.get(f"{app.address}gradio_api/file={app.output}").status_code in (403, 404)
    secret_part = next(folder.glob("drln-*")).name.removeprefix("drln-")
    assert len(secret_part) >= 8


def test_the_log_holds_no_file_name_and_nothing_of_a_photo(app, tmp_path):
    client, before = client_of(app, tmp_path), app.output.read_text()
    photo = save(tmp_path, 7)
    broken = tmp_path / f"{SECRET}-broken.png"
    broken.write_bytes(photo.read_bytes()[:900])
    text = tmp_path / f"{SECRET}.txt"
    text.write_text("no photo")

    submit(client, photo).result()
    for bad in (broken, text):
        with pytest.raises(AppError):
            client.predict(handle_file(str(bad)), 2, COMPACT, api_name="/upscale")
    client.predict([handle_file(str(path)) for path in (photo, broken)], 2, COMPACT, api_name="/batch")
    client.predict(handle_file(str(photo)), 2, COMPACT, "standard", api_name="/evaluate")

    log = app.output.read_text().removeprefix(before)
    assert SECRET not in log
    assert "Traceback" not in log
    assert not re.search(r"[A-Za-z0-9+/]{200}", log)    # no picture in base64 either
    assert len(log) < 5000
