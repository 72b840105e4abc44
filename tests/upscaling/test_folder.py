"""A folder of photos by the upscale command: in one process, in two, stopped, killed and resumed."""

import os
import re
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from forked import Forked
from live_app import free_port
from photo_files import noise
from PIL import Image
from terminal import end_of, in_a_terminal, read_until

from drln import DrlnConfig, DrlnModel, Upscaler
from drln.__main__ import main
from drln.images.photo_folder import find_photos
from drln.progress import Progress
from drln.upscaling.folder import Outcome, PhotoJob, find_jobs, upscale_jobs
from drln.upscaling.record import Record


@pytest.fixture
def place(tmp_path, tiny_model, monkeypatch):
    """A folder to be in, with four photos and a model."""
    monkeypatch.chdir(tmp_path)
    tiny_model.save_pretrained("tiny")
    for number, name in enumerate(("a.png", "b.jpg", "trip/a.png", "trip/c.tif")):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise(20 + number, 30, 3)).save(tmp_path / "in" / name)
    return tmp_path


def upscale(*options: str) -> int:
    return main(["upscale", "in", "--scale", "2", "--model", "tiny", "--output", "out", *options])


def jobs_of(place: Path) -> list[PhotoJob]:
    photos = dict.fromkeys(find_photos(place / "in").photos, 2)
    return find_jobs(photos, place / "in", place / "out", ".png", options={2: ""})


def files(folder: Path) -> set[str]:
    """Without the record of what they were made of."""
    paths = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return {str(path) for path in paths if path.parts[0] != ".drln-results"}


def written(folder: Path) -> dict[str, int]:
    return {name: (folder / name).stat().st_mtime_ns for name in files(folder)}


def results(folder: Path) -> dict[str, int]:
    """Without the partial file of a process that was killed, which stays for an hour."""
    return {name: time for name, time in written(folder).items() if not name.startswith(".")}


def is_right(result: Path, photo: Path) -> bool:
    wanted = Upscaler(DrlnModel.from_pretrained("tiny", 2)).upscale(Image.open(photo))
    return np.array_equal(np.asarray(Image.open(result)), np.asarray(wanted))


def test_each_photo_is_upscaled_into_the_same_place_of_the_output(place, capsys):
    (place / "in" / "notes.txt").write_text("no photo")
    (place / "in" / ".hidden.png").write_bytes(b"no photo")

    assert upscale() == 0

    assert files(place / "out") == {"a.png", "b.png", "trip/a.png", "trip/c.png"}
    for result, photo in (("a.png", "a.png"), ("b.png", "b.jpg"), ("trip/a.png", "trip/a.png")):
        assert is_right(place / "out" / result, place / "in" / photo)
    assert "out: 4 photos upscaled, 0 were there, 0 failed; tiny" in capsys.readouterr().out


def test_the_results_have_the_format_that_is_asked_for(place):
    assert upscale("--extension", ".jpg", "--quality", "80") == 0

    assert files(place / "out") == {"a.jpg", "b.jpg", "trip/a.jpg", "trip/c.jpg"}
    with Image.open(place / "out" / "a.jpg") as image:
        assert image.format == "JPEG" and image.size == (60, 40)


def test_of_photos_with_alpha_those_that_hide_something_fail_alone_where_the_format_has_none(place, capsys):
    opaque = Image.fromarray(noise(9, 9, 3)).convert("RGBA")
    opaque.save(place / "in" / "opaque.png")
    opaque.putpixel((3, 3), (0, 0, 0, 254))
    opaque.save(place / "in" / "seen_through.png")

    assert upscale("--extension", ".jpg") == 1

    assert "seen_through.png: failed: seen_through.jpg: JPEG cannot hold transparency" in capsys.readouterr().err
    assert "opaque.jpg" in files(place / "out") and "seen_through.jpg" not in files(place / "out")


def test_photos_that_differ_by_extension_alone_do_not_overwrite_one_another(place):
    Image.fromarray(noise(9, 9, 3)).save(place / "in" / "a.webp", lossless=True)

    assert upscale() == 0

    assert {"a.png.png", "a.webp.png", "b.png"} <= files(place / "out")


def test_a_rerun_makes_what_is_missing_and_what_has_changed(place, capsys):
    upscale()
    before = written(place / "out")
    (place / "out" / "b.png").unlink()
    time.sleep(0.01)
    Image.fromarray(noise(25, 35, 3)).save(place / "in" / "trip" / "a.png")

    assert upscale() == 0

    after = written(place / "out")
    assert {name for name in after if after[name] != before[name]} == {"b.png", "trip/a.png"}
    assert "2 photos upscaled, 2 were there, 0 failed" in capsys.readouterr().out


@pytest.mark.parametrize(
    "options",
    [
        ["--scale", "3"],
        ["--model", "other"],
        ["--self-ensemble"],
        ["--precision", "bfloat16"],
    ],
)
def test_results_of_other_options_are_made_again(place, capsys, options):
    for scale, name in ((3, "tiny"), (2, "other")):
        torch.manual_seed(scale)
        DrlnModel(DrlnConfig(scale, bam=True, channels=8, groups=(2, 2))).save_pretrained(name)
    assert upscale("--precision", "float32") == 0
    first = written(place / "out")

    assert upscale("--precision", "float32", *options) == 0
    told = capsys.readouterr()
    assert upscale("--precision", "float32", *options) == 0

    assert all(time != first[name] for name, time in written(place / "out").items())
    assert "4 results are made again: the photo or the options have changed" in told.err
    assert "4 photos upscaled, 0 were there" in told.out
    assert "0 photos upscaled, 4 were there" in capsys.readouterr().out


def test_results_of_another_quality_are_made_again(place, capsys):
    upscale("--extension", ".jpg", "--quality", "95")
    large = (place / "out" / "a.jpg").stat().st_size

    upscale("--extension", ".jpg", "--quality", "20")

    assert (place / "out" / "a.jpg").stat().st_size < large


def test_results_of_moved_weights_are_right_still(place, capsys):
    upscale()
    shutil.move("tiny", "renamed")

    assert upscale("--model", "renamed") == 0

    assert "0 photos upscaled, 4 were there" in capsys.readouterr().out


def test_a_photo_that_is_replaced_by_an_older_one_is_upscaled(place):
    upscale()
    Image.fromarray(noise(22, 33, 3)).save("in/a.png")
    os.utime("in/a.png", (10**9, 10**9))

    assert upscale() == 0

    assert is_right(place / "out" / "a.png", place / "in" / "a.png")


def test_a_file_that_no_run_has_made_is_never_overwritten(place, capsys):
    (place / "out" / "trip").mkdir(parents=True)
    (place / "out" / "trip" / "a.png").write_bytes(b"drawn by hand")

    assert upscale() == 1
    told = capsys.readouterr().err
    assert upscale() == 1

    assert (place / "out" / "trip" / "a.png").read_bytes() == b"drawn by hand"
    assert "trip/a.png: failed: out/trip/a.png is there, and no record says what it was made of; move it" in told
    assert "0 photos upscaled, 3 were there, 1 failed" in capsys.readouterr().out


def test_a_result_that_its_owner_has_touched_up_stays(place, capsys):
    upscale()
    Image.new("RGB", (60, 40)).save(place / "out" / "a.png")
    touched_up = (place / "out" / "a.png").read_bytes()

    assert upscale() == 0

    assert (place / "out" / "a.png").read_bytes() == touched_up


def test_photos_whose_names_differ_little_have_a_result_each_run_after_run(place, capsys):
    shutil.rmtree("in")
    os.mkdir("in")
    for number, name in enumerate(("a.jpg", "a.png", "a.jpg.tif", "A.gif")):
        Image.fromarray(noise(10 + number, 10, 3)).save(place / "in" / name)

    assert upscale() == 0
    first = written(place / "out")
    assert upscale() == 0

    sizes = sorted(Image.open(place / "out" / name).height for name in first)
    assert sizes == [20, 22, 24, 26] and written(place / "out") == first
    assert len({name.casefold() for name in first}) == 4


def test_photos_under_other_names_are_upscaled_and_all_that_is_left_out_is_named(place, capsys):
    shutil.rmtree("in/trip")
    for name in ("c.jfif", "d.jpe", "e", "f.JPG_large"):
        Image.fromarray(noise(20, 30, 3)).save(place / "in" / name, "JPEG")
    for number in range(7):
        (place / "in" / f"{number}.txt").write_text("no photo")
    (place / "in" / "._a.jpg").write_bytes(b"left by a system")

    assert upscale() == 0

    told = capsys.readouterr()
    assert files(place / "out") == {f"{name}.png" for name in "abcdef"}
    assert "drln: left out, no image that can be read here: 0.txt, 1.txt, 2.txt, 3.txt, 4.txt and 2 more" in told.err
    assert "._a.jpg" not in told.err


def test_two_runs_at_once_into_one_folder_disturb_neither(place):
    command = ["-m", "drln", "upscale", "in", "--scale", "2", "--model", "tiny", "--output", "out"]
    for number in range(20):
        Image.fromarray(noise(20, 20 + number, 3)).save(place / "in" / f"{number}.png")

    runs = [Forked(*command) for _ in range(2)]
    told = [run.communicate()[1] for run in runs]

    assert [run.returncode for run in runs] == [0, 0], told
    assert len(files(place / "out")) == 24 and not list((place / "out").rglob("*.part"))
    assert all(is_right(place / "out" / f"{number}.png", place / "in" / f"{number}.png") for number in (0, 10, 19))


def test_what_another_run_writes_while_the_record_is_read_is_known_as_a_result(place, monkeypatch, capsys):
    read = Record.read

    def read_and_wait(record: Record):
        monkeypatch.setattr(Record, "read", read)
        lines = read(record)
        assert upscale() == 0    # the other run
        return lines

    monkeypatch.setattr(Record, "read", read_and_wait)

    assert upscale() == 0
    assert "0 photos upscaled, 4 were there, 0 failed" in capsys.readouterr().out


def test_results_of_an_earlier_run_within_the_folder_are_not_upscaled_with_it(place, capsys):
    command = ["upscale", "in", "--scale", "2", "--model", "tiny", "--output"]
    assert main([*command, "in/first"]) == 0
    assert main([*command, "in/second"]) == 0

    assert files(place / "in" / "second") == {"a.png", "b.png", "trip/a.png", "trip/c.png"}
    assert "left out, results of an earlier run; name that folder itself: first" in capsys.readouterr().err


def test_folders_behind_links_are_read_and_written(place):
    (place / "photos").symlink_to("in")
    (place / "disk").mkdir()
    (place / "out").symlink_to("disk")

    assert main(["upscale", "photos", "--scale", "2", "--model", "tiny", "--output", "out"]) == 0

    assert files(place / "disk") == {"a.png", "b.png", "trip/a.png", "trip/c.png"}


def test_a_photo_that_the_memory_does_not_hold_is_named_and_the_others_are_upscaled(place):
    """The limit leaves room for the small photos; the large one takes 192 MB as bytes and 768 MB as floats."""
    Image.new("RGB", (8000, 8000)).save(place / "in" / "large.png", compress_level=1)
    code = """
import resource, sys, psutil
from drln.__main__ import main
limit = psutil.Process().memory_info().vms + 600_000_000
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
sys.exit(main(sys.argv[1:]))
"""
    run = Forked("-c", code, "upscale", "in", "--scale", "2", "--model", "tiny", "--output", "out")

    _, errors = run.communicate()

    assert run.returncode == 1 and "Traceback" not in errors, errors
    assert re.search(r"drln: large.png: failed: .*needs more memory than is free", errors)
    assert files(place / "out") == {"a.png", "b.png", "trip/a.png", "trip/c.png"}


def test_results_within_the_folder_are_not_taken_for_photos(place):
    assert main(["upscale", "in", "--scale", "2", "--model", "tiny", "--output", "in/out"]) == 0
    assert main(["upscale", "in", "--scale", "2", "--model", "tiny", "--output", "in/out"]) == 0

    assert files(place / "in" / "out") == {"a.png", "b.png", "trip/a.png", "trip/c.png"}


def test_a_bad_file_is_told_and_does_not_stop_the_others(place, capsys):
    whole = (place / "in" / "b.jpg").read_bytes()
    (place / "in" / "b.jpg").write_bytes(whole[: len(whole) // 2])
    (place / "in" / "trip" / "a.png").write_text("no image")

    assert upscale() == 1

    assert files(place / "out") == {"a.png", "trip/c.png"}
    shown = capsys.readouterr()
    assert re.search(r"drln: b.jpg: failed: .*b.jpg cannot be decoded", shown.err)
    assert re.search(r"drln: trip/a.png: failed: .*one of AVIF, BMP", shown.err)
    assert "2 of 4 photos could not be upscaled" in shown.err and "Traceback" not in shown.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["in", "--output", "out.png"], "so the output out.png must be one too"),
        (["empty"], "empty holds no photos"),
        (["in", "--output", "in"], "results in in would lie among the photos of"),
        (["in/in", "--output", "in"], "results in in would lie among the photos of"),
        (["in", "--output", "notes.txt"], "so the output notes.txt must be one too"),
        (["in", "--output", "notes.txt/out"], "notes.txt"),
    ],
)
def test_what_cannot_be_is_told(place, capsys, arguments, message):
    (place / "empty").mkdir()
    (place / "in" / "in" / "in").mkdir(parents=True)
    (place / "notes.txt").touch()

    assert main(["upscale", *arguments, "--model", "tiny", "--scale", "2"]) == 1

    assert message in capsys.readouterr().err


def test_the_device_goes_on_while_a_result_is_written(place):
    upscaler = Upscaler(DrlnModel.from_pretrained("tiny", 2))

    steps = list(upscale_jobs({2: upscaler}, jobs_of(place), Record(place / "out")))

    outcomes = [index for index, step in enumerate(steps) if isinstance(step, Outcome)]
    of_second = [i for i, step in enumerate(steps) if isinstance(step, Progress) and step.stage.startswith("2/4")]
    assert min(of_second) < outcomes[0] and len(outcomes) == 4
    fractions = [step.fraction for step in steps if isinstance(step, Progress)]
    assert fractions == sorted(fractions) and fractions[-1] == pytest.approx(1)


def test_after_a_close_no_photo_is_begun_and_what_was_computed_is_written(place):
    upscaler = Upscaler(DrlnModel.from_pretrained("tiny", 2))
    steps = upscale_jobs({2: upscaler}, jobs_of(place), Record(place / "out"))
    for step in steps:
        if isinstance(step, Progress) and step.stage.startswith("2/4"):
            break

    steps.close()

    assert files(place / "out") == {"a.png"} and is_right(place / "out" / "a.png", place / "in" / "a.png")


@pytest.fixture
def slow(place) -> Path:
    """Photos that take a while, all alike."""
    torch.manual_seed(3)
    DrlnModel(DrlnConfig(2, bam=True, channels=16, groups=(2, 2))).save_pretrained(place / "slow")
    for path in (place / "in").rglob("*.*"):
        path.unlink()
    for number in range(8):
        Image.fromarray(noise(150, 150, 3)).save(place / "in" / f"{number}.png")
    return place


SLOW = ["upscale", "in", "--scale", "2", "--model", "slow", "--output", "out", "--device", "cpu"]


def test_ctrl_c_keeps_what_is_done_and_the_same_command_does_the_rest(slow, capsys):
    process, terminal = in_a_terminal(*SLOW)
    read_until(terminal, lambda _: list((slow / "out").glob("*.png")))
    os.write(terminal, b"\x03")
    code, rest = end_of(process, terminal)

    assert code == 130
    done = written(slow / "out")
    assert f"stopped; {len(done)} of 8 photos are done; the same command does the rest" in rest and len(done) < 8
    assert not [name for name in files(slow / "out") if not name.endswith(".png")]

    assert main(SLOW) == 0
    after = written(slow / "out")
    assert len(after) == 8 and all(after[name] == time for name, time in done.items())


def test_two_processes_share_the_photos_and_a_rerun_finishes_what_a_killed_one_left(slow, capsys):
    met = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    both = [
        Forked("-m", "drln", *SLOW, env=os.environ | met | {"RANK": rank, "LOCAL_RANK": rank}, needs=["accelerate"])
        for rank in "01"
    ]
    until = time.monotonic() + 120
    while not list((slow / "out").glob("*.png")) and time.monotonic() < until:
        time.sleep(0.05)
    os.kill(both[1].pid, signal.SIGKILL)
    told = [process.communicate()[1] for process in both]
    done = results(slow / "out")
    assert all(process.returncode for process in both) and 0 < len(done) < 8, told

    assert main(SLOW) == 0

    assert f"{8 - len(done)} photos upscaled, {len(done)} were there" in capsys.readouterr().out
    after = results(slow / "out")
    assert len(after) == 8 and all(after[name] == time for name, time in done.items())
    shutil.rmtree(slow / "tiny")
    shutil.move(slow / "slow", slow / "tiny")
    assert is_right(slow / "out" / "7.png", slow / "in" / "7.png")
