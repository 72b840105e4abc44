import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from terminal import end_of, in_a_terminal, read_until

from drln import DrlnConfig, DrlnModel
from drln.__main__ import main
from drln.upscaling.upscaler import Upscaler


@pytest.fixture
def photo(tmp_path) -> Path:
    path = tmp_path / "my photo.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (13, 17, 3), dtype=np.uint8)).save(path)
    return path


@pytest.fixture
def models(tmp_path, tiny_model) -> Path:
    """A folder that holds a model of each scale."""
    folder = tmp_path / "tiny-drln"
    tiny_model.save_pretrained(folder)
    for scale in (3, 4):
        torch.manual_seed(scale)
        DrlnModel(DrlnConfig(scale=scale, bam=True, channels=8, groups=(2, 2))).save_pretrained(folder)
    return folder


def listing(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_upscale_saves_what_the_upscaler_makes_of_the_photo(photo, models, tmp_path, scale):
    output = tmp_path / "out.png"

    code = main(["upscale", str(photo), "--scale", str(scale), "--output", str(output), "--model", str(models)])

    wanted = Upscaler(DrlnModel.from_pretrained(models, scale)).upscale(Image.open(photo))
    saved = Image.open(output)
    assert code == 0 and saved.size == (17 * scale, 13 * scale)
    assert np.array_equal(np.asarray(saved), np.asarray(wanted))


def test_the_last_line_tells_what_was_made_and_how(photo, models, tmp_path, capsys):
    output = tmp_path / "out.png"
    options = ["--scale", "2", "--model", str(models), "--device", "cpu", "--precision", "float32"]

    main(["upscale", str(photo), "--output", str(output), *options])

    line = capsys.readouterr().out
    assert line.count("\n") == 1
    for fact in (str(output), "17x13 to 34x26 pixels", "tiny-drln", "2x", "cpu", "float32", " s\n"):
        assert fact in line


def test_a_transparent_photo_stays_transparent(models, tmp_path):
    path, output = tmp_path / "logo.png", tmp_path / "out.png"
    Image.new("RGBA", (9, 6), (200, 10, 10, 0)).save(path)

    code = main(["upscale", str(path), "--scale", "2", "--output", str(output), "--model", str(models)])

    assert code == 0
    assert Image.open(output).mode == "RGBA" and Image.open(output).getchannel("A").getextrema() == (0, 0)


def test_without_an_output_the_name_says_photo_model_and_scale(photo, models, tmp_path):
    code = main(["upscale", str(photo), "--scale", "3", "--model", str(models)])

    assert code == 0
    assert listing(tmp_path) == {photo.name, models.name, "my photo-tiny-drln-3x.png"}


def test_a_weights_file_gives_its_name_to_the_output(photo, models, tmp_path):
    code = main(["upscale", str(photo), "--scale", "2", "--model", str(models / "model_2x.safetensors")])

    assert code == 0
    assert "my photo-model_2x-2x.png" in listing(tmp_path)


def test_self_ensemble_changes_the_pixels(photo, models, tmp_path):
    for name, options in (("plain", []), ("ensemble", ["--self-ensemble"])):
        arguments = ["--scale", "2", "--output", str(tmp_path / f"{name}.png"), "--precision", "float32"]
        assert main(["upscale", str(photo), "--model", str(models), *arguments, *options]) == 0

    plain, ensemble = (np.asarray(Image.open(tmp_path / f"{name}.png")) for name in ("plain", "ensemble"))
    model = DrlnModel.from_pretrained(models, 2)
    wanted = Upscaler(model, precision="float32", self_ensemble=True).upscale(Image.open(photo))
    assert np.array_equal(ensemble, np.asarray(wanted)) and not np.array_equal(ensemble, plain)


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"photo": "absent.png"}, "no file absent.png"),
        ({"photo": "notes.txt"}, "notes.txt is no image"),
        ({"--output": "out.xyz"}, "'.xyz'"),
        ({"--output": "absent/out.png"}, "no folder absent"),
        ({"--output": "photo.png"}, "is the photo itself"),
        ({"--output": "link.png"}, "is the photo itself"),
        ({"photo": "logo.png", "--output": "out.jpg"}, "JPEG cannot hold transparency"),
        ({"--model": "./absent"}, "absent"),
        ({"--model": "notes.txt"}, "notes.txt"),
        ({"--model": "tiny-drln/model_2x.safetensors", "--scale": "4"}, "2x"),
        ({"--device": "toaster"}, "'toaster'"),
        ({"--model": "someone/a-model", "--local-files-only": None, "--cache-dir": "cache"}, "someone/a-model"),
    ],
)
def test_what_goes_wrong_is_one_line_and_exit_code_1(photo, models, tmp_path, monkeypatch, capsys, changed, message):
    monkeypatch.chdir(tmp_path)
    photo.rename("photo.png")
    Path("link.png").hardlink_to("photo.png")
    Path("notes.txt").write_text("no image, no weights")
    Image.new("RGBA", (3, 3)).save("logo.png")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    options = {"photo": "photo.png", "--scale": "2", "--output": "out.png", "--model": models.name} | changed
    name = options.pop("photo")
    arguments = [word for pair in options.items() for word in pair if word is not None]

    code = main(["upscale", name, *arguments])

    printed = capsys.readouterr()
    assert code == 1 and printed.out == ""
    assert message in printed.err and printed.err.count("\n") == 1
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


@pytest.mark.parametrize(
    "name, message", [("out.xyz", "'.xyz'"), ("写" * 84 + ".png", "too long for the file system, 256 bytes")]
)
def test_the_output_is_checked_before_any_model_is_looked_for(photo, tmp_path, capsys, name, message):
    main(["upscale", str(photo), "--output", str(tmp_path / name), "--model", str(tmp_path / "absent")])

    assert message in capsys.readouterr().err


def test_a_photo_too_large_for_the_memory_is_one_line_and_exit_code_1(photo, models, tmp_path, free_bytes, capsys):
    before = listing(tmp_path)
    free_bytes(1000)

    code = main(["upscale", str(photo), "--scale", "2", "--model", str(models)])

    line = capsys.readouterr().err
    assert code == 1 and "memory" in line and line.count("\n") == 1
    assert listing(tmp_path) == before


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "command"),
        (["upscale"], "photo"),
        (["upscale", "photo.png", "--scale", "5"], "invalid choice: 5"),
        (["upscale", "photo.png", "--scale", "two"], "'two'"),
        (["upscale", "photo.png", "--precision", "int8"], "int8"),
        (["shrink", "photo.png"], "shrink"),
        (["upscale", "photo.png", "--fast"], "--fast"),
    ],
)
def test_an_ill_formed_command_is_one_line_and_exit_code_2(capsys, arguments, message):
    with pytest.raises(SystemExit) as stop:
        main(arguments)

    line = capsys.readouterr().err
    assert stop.value.code == 2
    assert message in line and line.count("\n") == 1


def test_without_a_terminal_the_last_line_is_all_that_is_printed(photo, models, capsys):
    code = main(["upscale", str(photo), "--scale", "2", "--model", str(models)])

    printed = capsys.readouterr()
    assert code == 0 and printed.err == "" and printed.out.count("\n") == 1


def test_a_terminal_shows_the_fraction_and_the_time_left(photo, models, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)

    code = main(["upscale", str(photo), "--scale", "2", "--model", str(models)])

    printed = capsys.readouterr()
    assert code == 0 and "17x13 to 34x26" in printed.out
    assert "Upscaling" in printed.err and "100%" in printed.err and "0:00 left" in printed.err


def test_ctrl_c_ends_with_130_and_leaves_nothing_behind(models, tmp_path):
    photo = tmp_path / "large.png"
    Image.new("RGB", (3000, 3000)).save(photo)
    before = listing(tmp_path)
    process, terminal = in_a_terminal("upscale", str(photo), "--scale", "4", "--model", str(models))
    read_until(terminal, lambda shown: "%, " in shown)    # a time left is known: the work has begun

    os.write(terminal, b"\x03")
    code, rest = end_of(process, terminal)

    assert code == 130
    assert rest.splitlines()[-1].endswith("stopped; nothing was saved") and "Traceback" not in rest
    assert listing(tmp_path) == before


def test_ctrl_c_while_saving_leaves_no_partial_file(photo, models, tmp_path, monkeypatch, capsys):
    before = listing(tmp_path)
    monkeypatch.setattr(os, "fsync", lambda file: signal.raise_signal(signal.SIGINT))    # the file has no name yet

    code = main(["upscale", str(photo), "--scale", "2", "--model", str(models)])

    assert code == 130 and listing(tmp_path) == before
