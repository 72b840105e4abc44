"""The model for JPEG photos, suggested to users of the page and of the network API; chosen by nobody but them."""

import re
from pathlib import Path

import pytest
from PIL import Image

from demo.backend.batch import Batches, BatchReport
from demo.backend.models import CHOICES
from demo.backend.service import Plan, Service
from demo.wording import batch as batch_words
from demo.wording import upscale as words
from drln.weights.sources import BUNDLED, BUNDLED_PHOTO


@pytest.fixture
def service(tmp_path) -> Service:
    return Service(tmp_path / "results")


def photo_of(folder: Path, name: str = "photo.jpg", **options) -> Path:
    Image.effect_noise((24, 16), 60).convert("RGB").save(folder / name, **options)
    return folder / name


def said(html: str) -> str:
    return re.sub("<[^>]*>", "", html)


def test_a_plan_for_a_jpeg_suggests_the_model_in_one_sentence(service, tmp_path):
    first, second = service.plan(photo_of(tmp_path, quality=60), 2, BUNDLED)

    assert (first.suggested, second.suggested) == (BUNDLED_PHOTO, BUNDLED_PHOTO)    # so that the page does not jump
    assert said(words.suggestion(second)) == (
        "This photo is a JPEG of quality about 60: For JPEG photos removes its blocks instead of sharpening "
        "them."
    )


@pytest.mark.parametrize(
    ("name", "options", "model"),
    [
        ("photo.jpg", {"quality": 97}, BUNDLED),
        ("photo.jpg", {"quality": 60}, BUNDLED_PHOTO),
        ("photo.png", {}, BUNDLED),
        ("photo.webp", {"quality": 30}, BUNDLED),
    ],
)
def test_a_plan_for_other_photos_and_with_that_model_suggests_nothing(service, tmp_path, name, options, model):
    plans = list(service.plan(photo_of(tmp_path, name, **options), 2, model))

    assert [words.suggestion(plan) for plan in plans] == ["", ""]


def test_the_sentence_and_the_button_call_the_model_as_the_list_of_models_does():
    sentence = said(words.suggestion(Plan((24, 16), (48, 32), 2, jpeg_quality=60, suggested=BUNDLED_PHOTO)))
    name = CHOICES[BUNDLED_PHOTO].label

    assert name in sentence and words.USE_FOR_JPEG == f"Use “{name}”"


def test_the_chosen_model_computes_whatever_is_suggested(service, tmp_path):
    *_, finished = service.upscale(photo_of(tmp_path, quality=60), 2, BUNDLED)

    assert finished.suggested == BUNDLED_PHOTO
    assert finished.source == "drln-bam-compact 2x, bundled"


@pytest.mark.parametrize(
    ("qualities", "sentence"),
    [
        ((60, 30, 97), "2 are JPEGs of quality 85 or less: For JPEG photos removes their blocks instead"),
        ((60,), "1 is a JPEG of quality 85 or less: For JPEG photos removes its blocks instead"),
        ((97,), ""),
    ],
)
def test_the_summary_of_a_batch_counts_the_photos_that_the_model_suits(service, tmp_path, qualities, sentence):
    photos = [(f"{quality}.jpg", photo_of(tmp_path, f"{quality}.jpg", quality=quality)) for quality in qualities]

    *_, report = (step for step in Batches(service).stream(photos, 2, BUNDLED) if isinstance(step, BatchReport))

    text = said(batch_words.summary(report))
    assert sentence in text and ("JPEG photos" in text) == bool(sentence)
