"""What the system does to a command: outputs that are closed or full, names that cannot be shown, files that are shut.

Each ends in a result, or in one sentence.
"""

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from forked import Forked
from photo_files import noise
from PIL import Image
from privileges import without_privileges

from drln.__main__ import main
from drln.cli.standard_outputs import make_outputs_forgiving

ROOT = Path(__file__).parents[2]


@pytest.fixture
def place(tmp_path, tiny_model, monkeypatch) -> Path:
    """A folder to be in, with two photos and a model."""
    monkeypatch.chdir(tmp_path)
    tiny_model.save_pretrained("tiny")
    os.mkdir("in")
    for name in ("a", "b"):
        Image.fromarray(noise(50, 60, 3)).save(f"in/{name}.png")
    return tmp_path


UPSCALE = ["upscale", "in/a.png", "--scale", "2", "--model", "tiny", "--device", "cpu", "--output", "out.png"]


def test_a_result_is_written_where_both_outputs_are_closed(place):
    line = f"{sys.executable} -m drln {' '.join(UPSCALE)} >&- 2>&-"

    run = subprocess.run(["bash", "-c", line], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True)

    assert run.returncode == 0 and Image.open("out.png").size == (120, 100)
    assert not run.stderr    # of the shell, which would say that the command was killed


@pytest.mark.parametrize(
    "outputs",
    [
        "read, write = os.pipe(); os.close(read); os.dup2(write, 1)",
        "full = os.open('/dev/full', os.O_WRONLY); os.dup2(full, 1); os.dup2(full, 2)",
    ],
    ids=["a pipe that nobody reads", "both full"],
)
def test_a_result_is_written_wherever_the_messages_go(place, outputs):
    run = Forked("-c", f"import os, runpy; {outputs}; runpy.run_module('drln', run_name='__main__')", *UPSCALE)

    _, errors = run.communicate()

    assert run.returncode == 0 and Image.open("out.png").size == (120, 100)
    assert "Traceback" not in errors and "Exception ignored" not in errors, errors


@pytest.mark.parametrize("output, wanted", [([], 1), (["--output", "scores.csv"], 0)], ids=["lost", "in a file too"])
def test_tables_that_cannot_be_printed_are_a_failure_where_no_file_has_them(place, monkeypatch, output, wanted):
    errors = TextIOWrapper(BytesIO())
    with open("/dev/full", "w") as full, monkeypatch.context() as outputs:
        outputs.setattr(sys, "stdout", full), outputs.setattr(sys, "stderr", errors)
        make_outputs_forgiving()
        code = main(["evaluate", "--scale", "2", "--model", "bicubic", "--dataset", "in", *output])

    assert code == wanted and all(Path(name).stat().st_size for name in output[1:])
    assert b"drln: not all could be printed: No space left on device" in errors.buffer.getvalue()


def test_a_name_that_the_terminal_cannot_show_does_no_harm(place, monkeypatch):
    os.rename("in/a.png", "in/写真.png")
    os.rename(b"in", b"caf\xe9s")
    folder = os.fsdecode(b"caf\xe9s")    # as Python gives an argument

    output = TextIOWrapper(BytesIO(), "latin-1")
    with monkeypatch.context() as outputs:
        outputs.setattr(sys, "stdout", output), outputs.setattr(sys, "stderr", output)
        make_outputs_forgiving()
        code = main(["upscale", f"{folder}/写真.png", "--scale", "2", "--model", "tiny", "--device", "cpu"])

    assert code == 0 and Image.open(f"{folder}/写真-tiny-2x.png").size == (120, 100)
    assert output.buffer.getvalue().startswith(rb"caf\udce9s/\u5199\u771f-tiny-2x.png: 60x50 to 120x100")


def test_a_name_that_is_no_utf_8_is_upscaled_and_measured(place):
    os.rename(b"in/a.png", b"in/caf\xe9.png")
    os.rename(b"in", b"caf\xe9s")
    folder = os.fsdecode(b"caf\xe9s")

    assert main(["upscale", folder, "--scale", "2", "--model", "tiny", "--output", "out"]) == 0
    assert main(["evaluate", "--scale", "2", "--model", "bicubic", "--dataset", folder, "--output", "scores.csv"]) == 0
    assert b"caf\xe9.png" in os.listdir(b"out")
    with open("scores.csv", newline="", encoding="utf-8") as file:
        assert r"caf\xe9.png" in [line["image"] for line in csv.DictReader(file)]


@pytest.mark.parametrize("command", ["upscale pipe.png", "evaluate --dataset pipe.png", "upscale /dev/fd/{}"])
def test_a_pipe_is_refused_at_once(place, capsys, command):
    os.mkfifo("pipe.png")
    unnamed, end = os.pipe()    # as bash has it for <(...)

    code = main([*command.format(unnamed).split(), "--scale", "2"])

    line = capsys.readouterr().err
    assert code == 1 and line.count("\n") == 1 and ("is a pipe or a device" in line or "no folder" in line)
    os.close(unnamed), os.close(end)


@pytest.mark.parametrize(
    "arguments",
    [
        ["upscale", ""],
        ["upscale", "in", "--output", ""],
        ["upscale", "in", "--model", ""],
        ["evaluate", "--dataset", ""],
        ["evaluate", "--dataset", "in", "--output", ""],
        ["train", "--data", ""],
        ["train", "--data", "in", "--output", ""],
    ],
)
def test_an_empty_path_is_not_taken_for_this_folder(place, capsys, arguments):
    with pytest.raises(SystemExit) as stop:
        main(arguments)

    line = capsys.readouterr().err
    assert stop.value.code == 2 and "it is empty; give a path or a name" in line and line.count("\n") == 1


@pytest.mark.parametrize("size", [246, 255])
def test_a_photo_may_have_the_longest_name_that_there_is(place, size):
    name = "x" * (size - 4) + ".png"
    os.rename("in/a.png", name)

    assert main(["upscale", name, "--scale", "2", "--model", "tiny"]) == 0
    assert main(["upscale", "in", "--scale", "2", "--model", "tiny", "--output", "out"]) == 0

    (result,) = (other for other in place.glob("xx*-tiny-2x.png"))
    assert Image.open(result).size == (120, 100) and len(result.name) == min(255, size + 8)


TOO_LONG = "x" * 300


@pytest.mark.parametrize(
    "arguments",
    [
        ["upscale", TOO_LONG + ".png"],
        ["upscale", "in/a.png", "--output", TOO_LONG + ".png"],
        ["upscale", "in", "--output", TOO_LONG],
        ["evaluate", "--dataset", "in", "--output", TOO_LONG + ".csv"],
        ["evaluate", "--dataset", TOO_LONG],
        ["train", "--data", "in", "--output", TOO_LONG, "--steps", "1", "--patch-size", "8"],
        ["train", "--data", TOO_LONG],
    ],
)
def test_a_name_that_is_too_long_is_one_sentence(place, capsys, arguments):
    assert main([*arguments, "--scale", "2", "--model", "tiny"]) == 1

    line = capsys.readouterr().err
    assert "too long" in line and line.count("\n") == 1


SHUT = [
    ("upscale in/b.png --output x.png", "in/b.png may not be read"),
    ("upscale in --output out", "1 of 2 photos could not be upscaled"),
    ("upscale shut/a.png", "shut/a.png may not be read"),
    ("upscale shut", "shut cannot be read"),
    ("upscale in/a.png --output locked/x.png", "locked may not be written to"),
    ("upscale in --output locked/x", "locked may not be written to"),
    ("evaluate --dataset in/b.png", "in/b.png"),
    ("evaluate --dataset shut", "shut"),
    ("evaluate --dataset in --output locked/x.csv", "locked may not be written to"),
    ("train --data shut --steps 1", "shut"),
    ("train --data good --steps 1 --output locked/x --patch-size 8", "locked"),
]


@pytest.fixture
def permissions(place) -> Iterator[Path]:
    """A folder and a photo that may not be read, a folder that may not be written to, and a good one."""
    os.mkdir("shut"), os.mkdir("locked"), os.mkdir("good")
    for name in ("a", "b"):
        Path(f"good/{name}.png").write_bytes(Path(f"in/{name}.png").read_bytes())
    for path, mode in (("in/b.png", 0), ("shut", 0), ("locked", 0o555)):
        os.chmod(path, mode)
    with without_privileges():
        yield place
    os.chmod("shut", 0o755)


@pytest.mark.parametrize("command, message", SHUT)
def test_what_may_not_be_read_or_written_is_one_sentence(permissions, capsys, command, message):
    assert main([*command.split(), "--scale", "2", "--model", "tiny", "--device", "cpu"]) == 1

    *_, line = capsys.readouterr().err.splitlines()
    assert message in line and line.startswith("drln: ")
