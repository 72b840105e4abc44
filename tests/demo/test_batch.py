import io
import os
import stat
import tracemalloc
import zipfile
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from demo.backend.batch import DONE, FAILED, SKIPPED, STOPPED, WAITING, WORKING, Batches, BatchReport
from demo.backend.batch_items import items
from demo.backend.errors import UnavailableModel, UploadError
from demo.backend.models import Choice, Models
from demo.backend.service import Service
from demo.wording import batch as batch_wording
from drln import Upscaler


@pytest.fixture
def service(tiny_model, tmp_path) -> Service:
    tiny_model.save_pretrained(tmp_path / "weights")
    choices = {
        "tiny": Choice("Tiny", "Tiny", str(tmp_path / "weights")),
        "away": Choice("Away", "Away", "nobody/away", on_hub=True),
    }
    return Service(tmp_path / "results", Models(choices))


@pytest.fixture
def batches(service) -> Batches:
    return Batches(service)


def png(seed: int, size=(20, 14)) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def a_file(folder: Path, name: str, content: bytes) -> tuple[str, Path]:
    path = folder / f"upload-{len(os.listdir(folder))}"    # an upload's name on the disk is not the user's
    path.write_bytes(content)
    return name, path


def a_zip(folder: Path, entries: dict[str, bytes], name: str = "photos.zip") -> tuple[str, Path]:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for entry, content in entries.items():
            archive.writestr(entry, content)
    return a_file(folder, name, buffer.getvalue())


def run(batches: Batches, files) -> list[BatchReport]:
    return [step for step in batches.stream(files, 2, "tiny") if isinstance(step, BatchReport)]


def problems(report: BatchReport) -> dict[str, str]:
    return {entry.title: entry.problem for entry in report.entries if entry.state == FAILED}


def assert_upscaled(path: Path, photo: bytes, tiny_model) -> None:
    expected = Upscaler(tiny_model).upscale(Image.open(io.BytesIO(photo)))
    np.testing.assert_array_equal(np.asarray(Image.open(path)), np.asarray(expected))


# What is taken


def test_files_and_the_entries_of_zips_are_upscaled_in_their_order(batches, tiny_model, tmp_path):
    files = [a_file(tmp_path, "a.png", png(1)), a_zip(tmp_path, {"b.png": png(2), "folder/c.png": png(3)})]

    report = run(batches, files)[-1]

    assert [(entry.title, entry.state) for entry in report.entries] == [
        ("a.png", DONE), ("b.png", DONE), ("folder/c.png", DONE)
    ]
    assert [finished.saved.result.name for finished in report.finished] == ["a_tiny_2x.png", "b_tiny_2x.png",
                                                                           "c_tiny_2x.png"]
    for finished, seed in zip(report.finished, (1, 2, 3)):
        assert_upscaled(finished.saved.result, png(seed), tiny_model)


def test_each_files_state_is_shown_as_it_goes(batches, tmp_path):
    reports = run(batches, [a_file(tmp_path, "a.png", png(1)), a_file(tmp_path, "b.png", png(2))])

    states = groupby([entry.state for entry in report.entries] for report in reports)
    assert [state for state, _ in states] == [[WORKING, WAITING], [DONE, WAITING], [DONE, WORKING], [DONE, DONE]]
    first, second = reports[-2].entries    # while the second is upscaled
    assert first.step.fraction == second.step.fraction == 1
    assert (second.plan.lr_size, second.plan.sr_size) == ((20, 14), (40, 28))


def test_one_that_fails_is_reported_and_the_others_go_on(batches, tmp_path):
    files = [a_file(tmp_path, "bad.png", b"no photo"), a_file(tmp_path, "good.png", png(1))]

    report = run(batches, files)[-1]

    assert [entry.state for entry in report.entries] == [FAILED, DONE]
    assert "no image that can be read" in problems(report)["bad.png"]


def test_an_unexpected_error_does_not_stop_the_others_either(service, tmp_path):
    class BrokenForOne(Service):
        def upscale(self, photo, scale, name, title, **options):
            if title == "a.png":
                raise KeyError("a bug")
            return super().upscale(photo, scale, name, title, **options)

    batches = Batches(BrokenForOne(service.folder, service.models))

    report = run(batches, [a_file(tmp_path, "a.png", png(1)), a_file(tmp_path, "b.png", png(2))])[-1]

    assert [entry.state for entry in report.entries] == [FAILED, DONE]
    assert "unexpected" in problems(report)["a.png"]


def test_a_model_that_is_unavailable_stops_the_batch_and_is_no_photos_fault(batches, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    contents = {"a.png": png(1), "notes.txt": b"text", "b.png": png(2)}
    files = [a_file(tmp_path, name, content) for name, content in contents.items()]

    *_, report = batches.stream(files, 2, "away")

    assert [(entry.title, entry.state) for entry in report.entries] == [
        ("a.png", STOPPED), ("b.png", STOPPED), ("notes.txt", SKIPPED)
    ]
    assert "Away is unavailable from the hub" in str(report.error)
    assert batches.archive(report) is None


def test_results_are_kept_if_the_model_becomes_unavailable_later(service, tmp_path):
    class GoneAfterOne(Service):
        def upscale(self, photo, scale, name, title, **options):
            if title != "a.png":
                raise UnavailableModel("Tiny is unavailable from the hub: it is gone", "Tiny")
            return super().upscale(photo, scale, name, title, **options)

    batches = Batches(GoneAfterOne(service.folder, service.models))

    report = run(batches, [a_file(tmp_path, f"{name}.png", png(1)) for name in "abc"])[-1]

    assert [entry.state for entry in report.entries] == [DONE, STOPPED, STOPPED]
    assert {entry.problem for entry in report.entries[1:]} == {"Tiny is unavailable from the hub: it is gone."}
    assert isinstance(report.error, UnavailableModel)
    assert zipfile.ZipFile(batches.archive(report)).namelist() == ["a_tiny_2x.png"]


def test_files_that_systems_add_to_a_zip_are_left_out_silently(tmp_path):
    clutter = ("__MACOSX/._a.png", ".DS_Store", "b/Thumbs.db", "desktop.ini", "._a.png", "@eaDir/a.png/SYNO.jpg",
               ".hidden/b.png", "back\\.hidden\\c.png")
    entries = dict.fromkeys((*clutter, "a.png", "empty/"), png(1))

    assert [item.title for item in items([a_zip(tmp_path, entries)])] == ["a.png"]


def test_what_is_no_photo_in_a_zip_is_named_as_skipped_after_the_photos(batches, tmp_path):
    files = [a_zip(tmp_path, {"notes.txt": b"of the garden", "a": png(1), "b.png": b"no photo", "c.png": png(2)})]

    report = run(batches, files)[-1]

    assert [(entry.title, entry.state) for entry in report.entries] == [
        ("a", DONE), ("b.png", FAILED), ("c.png", DONE), ("notes.txt", SKIPPED)
    ]
    assert report.entries[-1].problem == "not a photo"
    assert "<b>2 of 3 done, 1 failed, 1 skipped</b>" in batch_wording.summary(report)


def test_a_file_that_is_no_photo_is_skipped_too_and_a_damaged_photo_fails(batches, tmp_path):
    raw = b"II*\0\x10\0\0\0CR\2\0" + bytes(100)    # how a CR2 begins
    files = [a_file(tmp_path, "notes.pdf", b"%PDF"), a_file(tmp_path, "a", png(1)), a_file(tmp_path, "b.JPG", b""),
             a_file(tmp_path, "c.cr2", raw)]

    report = run(batches, files)[-1]

    assert [(entry.title, entry.state) for entry in report.entries] == [
        ("a", DONE), ("b.JPG", FAILED), ("c.cr2", FAILED), ("notes.pdf", SKIPPED)
    ]
    assert "c.cr2 is a camera's raw file" in problems(report)["c.cr2"]


def test_an_upload_that_is_no_longer_there_fails_with_what_to_do(batches, tmp_path):
    report = run(batches, [("a.png", tmp_path / "gone"), ("b", tmp_path / "gone too")])[-1]

    assert set(problems(report).values()) == {"The photo is no longer on the server; choose it again."}
    assert len(report.entries) == len(problems(report))


def test_what_is_no_photo_counts_towards_no_limit_and_is_named_up_to_one(tmp_path):
    found = items([a_zip(tmp_path, {f"{number}.txt": b"text" for number in range(300)} | {"a.png": png(1)})], limit=1)

    assert [item.title for item in found[:2]] == ["a.png", "0.txt"]
    assert len(found) < 100 and found[-1].title == "250 more files"


def test_a_zip_without_a_photo_says_so(batches, tmp_path):
    report = run(batches, [a_zip(tmp_path, {"notes.txt": b"text"})])[-1]

    assert problems(report) == {"photos.zip": "The zip holds no photo; pack the photos themselves."}


@pytest.mark.parametrize("name", ["für写.png", "fu\u0308r.png"])
def test_a_name_in_utf8_is_read_without_the_flag_that_says_so(batches, tmp_path, name):
    """As macOS writes it; Python's own writer sets the flag."""
    _, path = a_zip(tmp_path, {name: png(1)})
    content = bytearray(path.read_bytes())
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(header) + flags + 1] = 0
    path.write_bytes(content)
    assert zipfile.ZipFile(path).namelist() != [name]

    report = run(batches, [("photos.zip", path)])[-1]

    assert [(entry.title, entry.state) for entry in report.entries] == [(name, DONE)]


# What is refused


@pytest.mark.parametrize("name", ["../evil.png", "a/../../evil.png", "/etc/evil.png", "C:/evil.png", "..\\evil.png"])
def test_an_entry_whose_path_leads_out_of_the_zip_is_refused(batches, tmp_path, name):
    before = {path for path in tmp_path.parent.rglob("*evil*")}

    report = run(batches, [a_zip(tmp_path, {name: png(1), "good.png": png(2)})])[-1]

    assert [entry.state for entry in report.entries] == [FAILED, DONE]
    assert "leads out of the zip" in report.entries[0].problem
    assert {path for path in tmp_path.parent.rglob("*evil*")} == before


@pytest.mark.parametrize("name", ["inner.zip", "looks-like-a-photo.png"])
def test_a_zip_within_a_zip_is_refused(batches, tmp_path, name):
    inner = a_zip(tmp_path, {"a.png": png(1)})[1].read_bytes()

    report = run(batches, [a_zip(tmp_path, {name: inner, "good.png": png(2)})])[-1]

    assert [entry.state for entry in report.entries] == [FAILED, DONE]
    assert "zip within a zip is not opened" in report.entries[0].problem


def test_a_link_in_a_zip_leads_nowhere(batches, tmp_path):
    secret = a_file(tmp_path, "secret", png(1))[1]
    link = zipfile.ZipInfo("link.png")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    path = tmp_path / "links.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, str(secret))

    report = run(batches, [("links.zip", path)])[-1]

    assert "no image that can be read" in problems(report)["link.png"]


def test_more_than_the_limit_does_not_come_out_of_an_entry(batches, service, tmp_path):
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.png", bytes(150_000_000))
        archive.writestr("good.png", png(1))

    report = run(batches, [a_file(tmp_path, "bomb.zip", bomb.getvalue())])[-1]

    assert "more than the 100 MB" in problems(report)["bomb.png"]
    assert report.entries[1].state == DONE


def test_the_first_bytes_of_an_entry_are_not_those_of_a_bomb(tmp_path):
    """Where Python's zipfile would unpack all of it to give some of it."""
    path = tmp_path / "photos.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("bomb", bytes(200_000_000))
    tracemalloc.start()

    [item] = items([(path.name, path)])

    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()
    assert "compressed with bzip2, which is not supported here" in item.refused


def test_a_zip_of_too_many_entries_is_refused_as_a_whole(tmp_path):
    path = tmp_path / "photos.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(5001):
            archive.writestr(str(number), b"")

    [item] = items([(path.name, path)])

    assert "The zip has 5001 entries, and the limit is 5000" in item.refused


def test_the_files_of_the_first_results_stay_as_young_as_the_last_one(batches, tmp_path):
    """Gradio deletes a file that it serves by the file's own age."""
    photos = [a_file(tmp_path, f"{name}.png", png(number)) for number, name in enumerate("ab")]
    first = None
    for step in batches.stream(photos, 2, "tiny"):
        if isinstance(step, BatchReport) and step.finished and not first:
            first = step.finished[0].saved.result.parent
            for path in (first, *first.iterdir()):
                os.utime(path, (0, 0))

    assert min(path.stat().st_mtime for path in (first, *first.iterdir())) > 1e9


@pytest.mark.parametrize(
    ("method", "flags", "message"),
    [
        (9, 0, "a.png in photos.zip is compressed with Deflate64, which is not supported here; pack the zip with"),
        (77, 0, "compressed with method 77, which is not supported"),
        (0, 1, "a.png in photos.zip is encrypted; pack the photos without a password"),
        (99, 1, "encrypted; pack the photos without a password"),
    ],
)
def test_an_entry_that_cannot_be_unpacked_here_says_why(batches, tmp_path, method, flags, message):
    """As 7-Zip and others write it: the headers of the zip say so."""
    _, path = a_zip(tmp_path, {"a.png": png(1)})
    content = bytearray(path.read_bytes())
    for header, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.index(header) + at
        content[start], content[start + 2] = flags, method
    path.write_bytes(content)

    report = run(batches, [("photos.zip", path)])[-1]

    assert message in problems(report)["a.png"]


def test_a_damaged_entry_is_reported(batches, tmp_path):
    name, path = a_zip(tmp_path, {"holiday/a.png": png(1), "b.png": png(2)}, "trip.zip")
    content = bytearray(path.read_bytes())
    content[content.index(png(1)) + 100] ^= 0xFF
    path.write_bytes(content)

    report = run(batches, [(name, path)])[-1]

    assert [entry.state for entry in report.entries] == [FAILED, DONE]
    assert report.entries[0].problem == "a.png in trip.zip is damaged; pack the zip again."


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and nothing", b"hello"])
def test_a_file_that_is_only_called_a_zip_is_reported(batches, tmp_path, content):
    files = [a_file(tmp_path, "photos.zip", content), a_file(tmp_path, "good.png", png(1))]

    report = run(batches, files)[-1]

    assert [entry.state for entry in report.entries] == [FAILED, DONE]
    assert "cannot be read" in report.entries[0].problem


def test_too_many_photos_are_refused_with_the_figures(tmp_path):
    with pytest.raises(UploadError, match="3 photos, and a batch takes up to 2"):
        items([a_zip(tmp_path, {f"{number}.png": b"" for number in range(3)})], limit=2)


def test_a_batch_without_a_photo_is_refused(batches):
    with pytest.raises(UploadError, match="There is no photo"):
        run(batches, [])


# Afterwards


def test_the_archive_keeps_the_folders_of_zips_and_gives_every_result_a_name_of_its_own(batches, tiny_model, tmp_path):
    files = [
        a_file(tmp_path, "beach.jpg.png", png(1)),
        a_zip(tmp_path, {"holiday/beach.png": png(2), "city/beach.png": png(3), "a/b c/(1).png": png(4)}, "one.zip"),
        a_zip(tmp_path, {"holiday/beach.png": png(5), "Holiday/BEACH.png": png(6), "beach.jpg.png": png(7)}, "two.zip"),
        a_file(tmp_path, "bad.png", b"no photo"),
    ]
    report = run(batches, files)[-1]

    path = batches.archive(report)

    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == [
            "beach.jpg_tiny_2x.png", "holiday/beach_tiny_2x.png", "city/beach_tiny_2x.png", "a/b c/(1)_tiny_2x.png",
            "holiday/beach_tiny_2x_2.png", "Holiday/BEACH_tiny_2x_3.png", "beach.jpg_tiny_2x_2.png",
        ]
        archive.extractall(tmp_path / "out")
        for seed, name in enumerate(archive.namelist(), 1):
            assert_upscaled(tmp_path / "out" / name, png(seed), tiny_model)


def test_folders_in_the_archive_have_names_that_every_system_takes(batches, tmp_path):
    names = ("con/a.png", "b. /what?/a.png", "x\\y/a.png", "./a.png")

    packed = zipfile.ZipFile(batches.archive(run(batches, [a_zip(tmp_path, dict.fromkeys(names, png(1)))])[-1]))

    assert packed.namelist() == [f"{folder}a_tiny_2x.png" for folder in ("_con/", "b/what_/", "x/y/", "")]


def test_names_that_differ_in_their_case_alone_do_not_replace_one_another(batches, tmp_path):
    files = [a_file(tmp_path, name, png(1)) for name in ("a_x.png", "A_x.png", "Ü.png", "u\u0308.png")]

    names = zipfile.ZipFile(batches.archive(run(batches, files)[-1])).namelist()

    assert names == ["a_x_tiny_2x.png", "A_x_tiny_2x_2.png", "Ü_tiny_2x.png", "ü_tiny_2x_2.png"]


def test_a_batch_that_was_stopped_keeps_what_was_done_and_begins_nothing_more(batches, service, tmp_path):
    files = [a_file(tmp_path, f"{number}.png", png(number, (60, 50))) for number in range(3)]
    steps = batches.stream(files, 2, "tiny")
    report = next(step for step in steps if isinstance(step, BatchReport) and step.finished)

    steps.close()

    assert [entry.state for entry in report.entries] == [DONE, WAITING, WAITING]
    assert zipfile.ZipFile(batches.archive(report)).namelist() == ["0_tiny_2x.png"]
    assert len(os.listdir(service.folder)) == 1
    assert [entry.state for entry in report.stopped().entries] == [DONE, STOPPED, STOPPED]


def test_a_batch_without_a_result_has_no_archive(batches, tmp_path):
    report = run(batches, [a_file(tmp_path, "bad.png", b"no photo")])[-1]

    assert batches.archive(report) is None


def test_the_first_results_of_a_long_batch_are_not_cleared_away_before_its_end(batches, service, tmp_path):
    files = [a_file(tmp_path, f"{number}.png", png(number)) for number in range(3)]
    first = None
    for step in batches.stream(files, 2, "tiny"):
        if isinstance(step, BatchReport) and len(step.finished) == 1 and first is None:
            first = step.finished[0].saved.result
            os.utime(first.parent, (1, 1))    # as if it was done long ago
    assert first.is_file()
