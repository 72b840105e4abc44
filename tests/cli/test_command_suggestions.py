"""The upscale command on JPEG photos: which model it suggests, beside what it prints anyway."""

import shutil

import pytest
from photo_files import noise
from PIL import Image

from drln.__main__ import main

BETTER = "--model drln-bam-compact-photo removes"


@pytest.fixture
def place(tmp_path, tiny_model, monkeypatch):
    """A folder to be in, with photos of several kinds and a model of the user's own."""
    monkeypatch.chdir(tmp_path)
    tiny_model.save_pretrained("tiny")
    (tmp_path / "in").mkdir()
    photos = {"a.jpg": {"quality": 60}, "b.jpg": {"quality": 20}, "c.jpg": {"quality": 97}, "d.png": {}}
    for name, options in photos.items():
        Image.fromarray(noise(9, 12, 3)).save(tmp_path / "in" / name, **options)
    return tmp_path


def upscale(photo: str, *options: str) -> int:
    return main(["upscale", photo, "--scale", "2", *options])


def test_for_a_jpeg_one_line_says_so_and_the_chosen_model_computes(place, capsys):
    assert upscale("in/a.jpg") == 0

    told = capsys.readouterr()
    assert told.err == f"drln: in/a.jpg is a JPEG of quality about 60; {BETTER} its blocks instead of sharpening them\n"
    assert told.out.count("\n") == 1 and "drln-bam-compact 2x, bundled" in told.out


@pytest.mark.parametrize(
    ("photo", "model"),
    [
        ("c.jpg", "drln-bam-compact"),
        ("d.png", "drln-bam-compact"),
        ("a.jpg", "drln-bam-compact-photo"),
        ("a.jpg", "tiny"),
    ],
)
def test_nothing_is_said_of_other_photos_and_models(place, capsys, photo, model):
    assert upscale(f"in/{photo}", "--model", model) == 0

    assert capsys.readouterr().err == ""


def test_for_a_folder_one_line_at_the_end_counts_the_photos_of_this_run(place, capsys):
    assert upscale("in", "--output", "out") == 0
    told = capsys.readouterr()
    assert upscale("in", "--output", "out") == 0
    again = capsys.readouterr()

    which = "2 of 4 photos are JPEGs of quality 85 or less"
    assert told.err == f"drln: {which}; {BETTER} their blocks instead of sharpening them\n"
    assert told.out.count("\n") == 1 and "out: 4 photos upscaled, 0 were there, 0 failed; drln-bam" in told.out
    assert again.err == ""


@pytest.mark.parametrize("model", ["drln-bam-compact-photo", "tiny"])
def test_nothing_is_said_of_a_folder_for_other_models(place, capsys, model):
    assert upscale("in", "--output", "out", "--model", model) == 0

    assert capsys.readouterr().err == ""


def test_photos_that_failed_are_not_counted(place, capsys):
    shutil.copy("in/a.jpg", "in/e.jpg")
    with open("in/e.jpg", "r+b") as file:
        file.truncate(file.seek(0, 2) - 60)

    assert upscale("in", "--output", "out") == 1

    assert "drln: 2 of 4 photos are JPEGs" in capsys.readouterr().err
