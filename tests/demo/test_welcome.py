"""What a page shows at first."""

import os
import shutil
import threading
import time

import numpy as np
import pytest
from PIL import Image

from demo.backend.models import CHOICES, Models
from demo.backend.service import Service
from demo.backend.welcome import WAITING, Welcome
from drln import DrlnModel, Progress, Upscaler
from drln.weights.sources import BUNDLED


@pytest.fixture
def welcome(tmp_path) -> Welcome:
    return Welcome(Service(tmp_path / "results", Models({BUNDLED: CHOICES[BUNDLED]})))


def test_it_is_a_sample_upscaled_by_the_model_in_use(welcome):
    finished = welcome.finished()

    photo, result = (Image.open(path) for path in (finished.photo, finished.saved.result))
    expected = Upscaler(DrlnModel.from_pretrained(BUNDLED, scale=4)).upscale(photo)
    np.testing.assert_array_equal(np.asarray(result), np.asarray(expected))
    assert max(photo.size) == 180


def test_it_is_made_once_and_again_when_its_files_are_gone(welcome):
    first = welcome.finished()
    assert welcome.finished() is first

    shutil.rmtree(first.saved.result.parent)

    assert welcome.finished().saved.result.is_file()


def test_each_visit_keeps_the_files_that_are_served_young(welcome):
    saved = welcome.finished().saved
    for path in saved.result.parent.iterdir():
        os.utime(path, (0, 0))

    welcome.finished()

    assert min(path.stat().st_mtime for path in saved.result.parent.iterdir()) > 1e9


def test_many_pages_wait_for_one_and_few_threads_wait(welcome):
    device, began = welcome._service.with_device(hold()), threading.active_count()
    next(device)    # somebody else computes

    pages = [threading.Thread(target=welcome.finished, args=(60,)) for _ in range(20)]
    for page in pages:
        page.start()

    until = time.monotonic() + 60
    while sum(page.is_alive() for page in pages) > WAITING:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert threading.active_count() <= began + WAITING + 2    # its own, and one that loads the model
    device.close()
    for page in pages:
        page.join(60)
    assert welcome.finished() is not None


def hold():
    while True:
        yield Progress("Working", 0.5)


def test_a_page_does_without_it_if_it_cannot_be_made(welcome):
    welcome._service.models.choices = {}

    assert welcome.finished() is None
