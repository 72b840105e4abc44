"""What the system does to a command: outputs that are closed or full, names that cannot be shown, files that are shut.

Each ends in a result, or in one sentence.
"""

import csv
import os
import subprocess
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from photo_files import noise
from PIL import Image

from drln.__main__ import main
from drln.standard_outputs import make_outputs_forgiving

ROOT = Path(__file__).parents[1]
# Root may read and write everything; so it may not.
WITHOUT_PRIVILEGES = "setpriv --bounding-set=-dac_override,-dac_read_search" if os.geteuid() == 0 else ""
UPSCALE = "$DRLN upscale --scale 2 --model tiny --device cpu"


@pytest.fixture
def place(tmp_path, tiny_model, monkeypatch) -> Path:
    """A folder to be in, with two photos and a model."""
    monkeypatch.chdir(tmp_path)
    tiny_model.save_pretrained("tiny")
    os.mkdir("in")
    for name in ("a", "b"):
        Image.fromarray(noise(50, 60, 3)).save(f"in/{name}.png")
    return tmp_path


def shell(line: str, **variables: str) -> tuple[int, str, str]:
    """Exit code, output and errors of a line of bash."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1",
                   "DRLN": f"{sys.executable} -m drln", **variables}    # fmt: skip
    run = subprocess.run(["bash", "-c", line], env=environment, capture_output=True, timeout=240)
    errors = run.stderr.decode(errors="replace")
    assert "Traceback" not in errors and "Exception ignored" not in errors, errors
    return run.returncode, run.stdout.decode(errors="replace"), errors


@pytest.mark.parametrize("ending", [">&- 2>&-", "| true; exit ${PIPESTATUS[0]}", "> /dev/full 2> /dev/full"])
def test_a_result_is_written_wherever_the_messages_go(place, ending):
    code, _, _ = shell(f"{UPSCALE} in/a.png --output out.png {ending}")

    assert code == 0 and Image.open("out.png").size == (120, 100)


@pytest.mark.parametrize("output, wanted", [([], 1), (["--output", "scores.csv"], 0)], ids=["lost", "in a file too"])
def test_tables_that_cannot_be_printed_are_a_failure_where_no_file_has_them(place, monkeypatch, output, wanted):
    errors = TextIOWrapper(BytesIO())
    with open("/dev/full", "w") as full, monkeypatch.context() as outputs:
        outputs.setattr(sys, "stdout", full), outputs.setattr(sys, "stderr", errors)
        make_outputs_forgiving()
        code = main(["evaluate", "--scale", "2", "--model", "bicubic", "--dataset", "in", *output])

    assert code == wanted and all(Path(name).stat().st_size for name in output[1:])
    assert b"drln: not all could be printed: No space left on device" in errors.buffer.getvalue()


def test_a_name_that_the_terminal_cannot_show_does_no_harm(place):
    os.rename("in/a.png", "in/写真.png")
    os.rename(b"in", b"caf\xe9s")

    code, output, _ = shell(f"{UPSCALE} caf*s/写真.png", PYTHONIOENCODING="latin-1")

    assert code == 0 and Image.open(os.fsdecode(b"caf\xe9s/") + "写真-tiny-2x.png").size == (120, 100)
    assert output.startswith(r"caf\udce9s/\u5199\u771f-tiny-2x.png: 60x50 to 120x100")


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


def test_what_may_not_be_read_or_written_is_one_sentence(place):
    """All in one process, which is what takes the time."""
    os.mkdir("shut"), os.mkdir("locked"), os.mkdir("good")
    for name in ("a", "b"):
        Path(f"good/{name}.png").write_bytes(Path(f"in/{name}.png").read_bytes())
    for path, mode in (("in/b.png", 0), ("shut", 0), ("locked", 0o555)):
        os.chmod(path, mode)
    code = f"""
import sys
from drln.__main__ import main
for command, _ in {SHUT}:
    print("##", command, file=sys.stderr)
    code = main([*command.split(), "--scale", "2", "--model", "tiny", "--device", "cpu"])
    print("##", code, file=sys.stderr)
"""
    Path("all.py").write_text(code)

    _, _, errors = shell(f"{WITHOUT_PRIVILEGES} {sys.executable} all.py")
    os.chmod("shut", 0o755)

    told = errors.split("## ")[1:]
    assert len(told) == 2 * len(SHUT)
    for (command, message), begun, ended in zip(SHUT, told[::2], told[1::2]):
        *_, line = begun.splitlines()
        assert begun.startswith(command) and message in line and line.startswith("drln: ")
        assert ended == "1\n", command
