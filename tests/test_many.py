"""A folder of photos by the upscale command: in one process, in two, stopped, killed and gone on with."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from photo_files import noise
from PIL import Image
from terminal import end_of, in_a_terminal, read_until

from drln import DrlnConfig, DrlnModel, Upscaler
from drln.__main__ import main
from drln.many import Outcome, find_jobs, upscale_jobs
from drln.upscaler import Progress

ROOT = Path(__file__).parents[1]
TWO_PROCESSES = [
    "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1",
    "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0",
]    # fmt: skip


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


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def written(folder: Path) -> dict[str, int]:
    return {name: (folder / name).stat().st_mtime_ns for name in files(folder)}


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
    ],
)
def test_what_cannot_be_is_told(place, capsys, arguments, message):
    (place / "empty").mkdir()

    assert main(["upscale", *arguments, "--model", "tiny", "--scale", "2"]) == 1

    assert message in capsys.readouterr().err


def test_the_device_goes_on_while_a_result_is_written(place):
    upscaler = Upscaler(DrlnModel.from_pretrained("tiny", 2))

    steps = list(upscale_jobs(upscaler, find_jobs(place / "in", place / "out", ".png")))

    outcomes = [index for index, step in enumerate(steps) if isinstance(step, Outcome)]
    of_second = [i for i, step in enumerate(steps) if isinstance(step, Progress) and step.stage.startswith("2/4")]
    assert min(of_second) < outcomes[0] and len(outcomes) == 4
    fractions = [step.fraction for step in steps if isinstance(step, Progress)]
    assert fractions == sorted(fractions) and fractions[-1] == pytest.approx(1)


def test_after_a_close_no_photo_is_begun_and_what_was_computed_is_written(place):
    steps = upscale_jobs(Upscaler(DrlnModel.from_pretrained("tiny", 2)), find_jobs(place / "in", place / "out", ".png"))
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


def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(slow, capsys):
    process, terminal = in_a_terminal(*SLOW)
    read_until(terminal, lambda _: list((slow / "out").glob("*.png")))
    os.write(terminal, b"\x03")
    code, rest = end_of(process, terminal)

    assert code == 130
    done = written(slow / "out")
    assert f"stopped; {len(done)} of 8 photos are done; the same command goes on" in rest and len(done) < 8
    assert not [name for name in files(slow / "out") if not name.endswith(".png")]

    assert main(SLOW) == 0
    after = written(slow / "out")
    assert len(after) == 8 and all(after[name] == time for name, time in done.items())


def test_two_processes_share_the_photos_and_a_rerun_finishes_what_a_killed_one_left(slow):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, *TWO_PROCESSES, "-m", "drln", *SLOW]
    launcher = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not list((slow / "out").glob("*.png")) and launcher.poll() is None:
        time.sleep(0.05)
    workers = subprocess.run(
        ["pgrep", "-P", str(launcher.pid), "-f", "drln"], capture_output=True, text=True
    ).stdout.split()
    assert len(workers) == 2
    os.kill(int(workers[1]), signal.SIGKILL)
    launcher.communicate(timeout=240)
    done = {name: time for name, time in written(slow / "out").items() if not name.startswith(".")}
    assert launcher.returncode != 0 and 0 < len(done) < 8

    again = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)

    assert again.returncode == 0, again.stderr
    assert f"{8 - len(done)} photos upscaled, {len(done)} were there" in again.stdout
    after = written(slow / "out")
    assert len(after) == 8 and all(after[name] == time for name, time in done.items())
    shutil.rmtree(slow / "tiny")
    shutil.move(slow / "slow", slow / "tiny")
    assert is_right(slow / "out" / "7.png", slow / "in" / "7.png")
