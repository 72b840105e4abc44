"""What a page shows at first."""

import shutil

import numpy as np
import pytest
from PIL import Image

from demo.backend.models import CHOICES, Models
from demo.backend.service import Service
from demo.backend.welcome import Welcome
from drln import DrlnModel, Upscaler
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


def test_a_page_does_without_it_if_it_cannot_be_made(welcome):
    welcome._service.models.choices = {}

    assert welcome.finished() is None
