"""The record of what results were made of, and the names that results are given."""

import os
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from drln.images.photo_folder import RECORD_FOLDER
from drln.upscaling.record import Made, Record, file_state
from drln.upscaling.result_names import fitting, result_names


def record_lines(folder: Path) -> list[Path]:
    return list((folder / RECORD_FOLDER).iterdir())


def test_the_last_line_on_a_result_counts_whoever_wrote_it(tmp_path):
    first, second = Record(tmp_path), Record(tmp_path)
    for record, options in ((first, "2x"), (second, "4x"), (first, "3x")):
        record.add(Made("a.png", "a.jpg", "state", options))

    assert Record(tmp_path).read() == {"a.png": Made("a.png", "a.jpg", "state", "3x")}
    assert len(record_lines(tmp_path)) == 2


def test_many_writers_at_once_lose_no_line(tmp_path):
    def write(number: int) -> None:
        record = Record(tmp_path)
        for line in range(10):
            record.add(Made(f"{number}-{line}.png", "photo", "state", "options"))

    with ThreadPoolExecutor(8) as writers:
        list(writers.map(write, range(8)))

    assert len(Record(tmp_path).read()) == 80


@pytest.mark.parametrize("left", [b'{"time": 9, "resu', b"\xff\xfe", b"[]", b'{"time": 9}', b'{"time": 9, "a": 1}'])
def test_a_line_that_was_cut_off_is_passed_over(tmp_path, left):
    made = Made("caf\udce9.png", "caf\udce9.jpg", "state", "options")    # a name that is no UTF-8
    Record(tmp_path).add(made)
    (file,) = record_lines(tmp_path)
    file.write_bytes(file.read_bytes() + left)

    assert list(Record(tmp_path).read().values()) == [made]


def test_a_file_that_is_replaced_by_an_older_one_has_another_state(tmp_path):
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"new")
    before = file_state(photo)
    photo.write_bytes(b"old")
    os.utime(photo, (1, 1))

    assert file_state(photo) != before


def test_results_have_the_names_of_their_photos():
    assert result_names(["a.jpg", "trip/b.tif"], ".png", {}) == ["a.png", "trip/b.png"]


@pytest.mark.parametrize(
    "photos",
    [
        ["a.jpg", "a.jpg.tif", "a.png"],
        ["A.jpg", "a.png", "a.webp"],
        ["A.jpg", "a.jpg"],
        ["Trip/a.jpg", "trip/a.jpg", "trip/A.png"],
        ["caf\u00e9.jpg", "cafe\u0301.png"],    # one accent, coded in two ways
        ["a.jpg", "a.png.jpg", "a.png.tif", "a.jpg.png"],
        ["a.jpg", "a.png/b.jpg"],
        ["x" * 250 + ".jpg", "x" * 250 + ".png", "x" * 251 + ".gif"],
        ["写" * 83 + ".jpg", "写" * 83 + ".png"],
    ],
)
def test_no_two_results_are_one_file_on_any_file_system(photos):
    names = result_names(photos, ".png", {})

    assert len({unicodedata.normalize("NFC", name).casefold() for name in names}) == len(photos)
    assert all(len(os.fsencode(Path(name).name)) <= 255 and name.endswith(".png") for name in names)
    assert not any(str(parent) in names for name in names for parent in Path(name).parents)


def test_a_photo_keeps_the_name_that_it_had_when_others_come_and_go():
    before = result_names(["a.jpg"], ".png", {})
    owners = dict(zip(before, ["a.jpg"]))

    more = ["a.jpg", "a.png", "a.webp"]
    owners |= dict(zip(result_names(more, ".png", owners), more))
    less = ["a.png", "a.webp"]

    assert owners == {"a.png": "a.jpg", "a.png.png": "a.png", "a.webp.png": "a.webp"}
    assert result_names(less, ".png", owners) == ["a.png.png", "a.webp.png"]
    assert result_names(["a.bmp"], ".png", owners) == ["a.bmp.png"]    # not what was made of a.jpg


def test_another_extension_has_names_of_its_own():
    assert result_names(["a.jpg"], ".jpg", {"a.png": "a.jpg"}) == ["a.jpg"]


def test_a_name_that_is_too_long_is_cut_before_its_ending():
    name = fitting("写" * 80, "-drln-bam-compact-4x.png")

    assert len(name.encode()) <= 255 and name.startswith("写" * 70) and name.endswith("写-drln-bam-compact-4x.png")
