"""The upscale command where a size is asked for instead of a scale: one photo, and a folder of many sizes."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from forked import Forked
from live_app import free_port
from photo_files import deep_noise, deep_png_pixels, noise, png
from PIL import Image

from drln import DrlnConfig, DrlnModel, Photo, Upscaler
from drln.__main__ import main


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """A folder to be in, with a photo of 17x13 pixels and a model of every scale."""
    monkeypatch.chdir(tmp_path)
    for scale in (2, 3, 4):
        torch.manual_seed(scale)
        DrlnModel(DrlnConfig(scale, bam=True, channels=8, groups=(2, 2))).save_pretrained("tiny")
    Image.fromarray(noise(13, 17, 3)).save("photo.png", dpi=(300, 300))
    return tmp_path


def upscale(photo: str, *options: str) -> int:
    return main(["upscale", photo, "--model", "tiny", "--device", "cpu", "--precision", "float32", *options])


def result(photo: str, scale: int, size: tuple[int, int] | None = None) -> np.ndarray:
    upscaler = Upscaler(DrlnModel.from_pretrained("tiny", scale), "cpu", "float32")
    *_, last = upscaler.stream(Photo.open(photo), size=size)
    return last.picture.pixels


@pytest.mark.parametrize(
    "options, scale, size",
    [
        (["--width", "30"], 2, (30, 23)),    # 22.9
        (["--height", "27"], 3, (35, 27)),    # 35.3
        (["--long-side", "52"], 4, (52, 40)),    # 39.8
        (["--megapixels", "0.001"], 3, (36, 28)),    # 36.2 and 27.7
    ],
)
def test_a_photo_is_made_as_large_as_asked_for_and_its_file_says_how_large(place, capsys, options, scale, size):
    assert upscale("photo.png", *options) == 0

    name = f"photo-tiny-{size[0]}x{size[1]}.png"
    with Image.open(name) as saved:
        assert saved.size == size and saved.info["dpi"] == pytest.approx((300, 300), abs=0.01)
        assert np.array_equal(np.asarray(saved), result("photo.png", scale, size))
    line = capsys.readouterr().out
    assert line.startswith(f"{name}: 17x13 to {size[0]}x{size[1]} pixels, ") and f"model_{scale}x.safetensors" in line


def test_a_size_that_a_scale_reaches_exactly_is_the_scales_own_result(place):
    assert upscale("photo.png", "--width", "51", "--output", "sized.png") == 0
    assert upscale("photo.png", "--scale", "3", "--output", "scaled.png") == 0

    assert Path("sized.png").read_bytes() == Path("scaled.png").read_bytes()


def test_without_a_size_the_scale_is_still_four(place):
    assert upscale("photo.png") == 0

    assert Image.open("photo-tiny-4x.png").size == (68, 52)


def test_sixteen_bits_and_transparency_stay(place):
    Path("scan.png").write_bytes(png(deep_noise(13, 17, 4)))

    assert upscale("scan.png", "--width", "30", "--output", "out.png") == 0

    pixels = deep_png_pixels(Path("out.png"))
    assert pixels.shape == (23, 30, 4) and len(np.unique(pixels % 257)) > 100
    assert np.array_equal(pixels, result("scan.png", 2, (30, 23)))


def test_a_model_of_one_scale_makes_every_size_that_it_reaches(place):
    for path in ("tiny/model_2x.safetensors", "tiny/model_3x.safetensors"):
        os.unlink(path)

    for model in ("tiny", "tiny/model_4x.safetensors"):
        assert upscale("photo.png", "--width", "20", "--model", model, "--output", "out.png") == 0
        with Image.open("out.png") as saved:
            assert np.array_equal(np.asarray(saved), result("photo.png", 4, (20, 15)))
        os.unlink("out.png")


@pytest.mark.parametrize(
    "options, message",
    [
        (["--width", "17"], "the photo already has 17x13 pixels; choose a width over 17"),
        (["--height", "5"], "the photo already has 17x13 pixels; choose a height over 13"),
        (["--long-side", "69"], "4x makes at most 68x52 pixels of the photo; choose a long side up to 68"),
        (["--megapixels", "1"], "68x52 pixels of the photo; choose a number of megapixels up to 0.003536"),
        (["--width", "0"], "the width is 0; give a whole number of pixels, at least 1"),
        (["--megapixels", "nan"], "the number of megapixels is nan; give one above 0"),
        (["--width", "30", "--output", "out.xyz"], "'.xyz'"),
    ],
)
def test_a_size_that_cannot_be_is_one_line_and_nothing_is_written(place, capsys, options, message):
    before = {path.name for path in place.iterdir()}

    assert upscale("photo.png", *options) == 1

    printed = capsys.readouterr()
    assert message in printed.err and printed.err.count("\n") == 1 and printed.out == ""
    assert {path.name for path in place.iterdir()} == before


@pytest.mark.parametrize(
    "options, message",
    [
        (["--width", "30", "--scale", "4"], "argument --scale: not allowed with argument --width"),
        (["--height", "30", "--long-side", "30"], "argument --long-side: not allowed with argument --height"),
        (["--width", "30", "--megapixels", "1"], "argument --megapixels: not allowed with argument --width"),
        (["--width", "30.5"], "argument --width: invalid int value: '30.5'"),
        (["--megapixels", "many"], "argument --megapixels: invalid float value: 'many'"),
    ],
)
def test_two_sizes_and_sizes_that_are_no_numbers_are_no_command(place, capsys, options, message):
    with pytest.raises(SystemExit) as stop:
        upscale("photo.png", *options)

    assert stop.value.code == 2 and message in capsys.readouterr().err


# A folder

SIZES = {"large.png": (40, 30), "same.png": (32, 20), "a.png": (20, 30), "b.jpg": (15, 9), "trip/c.png": (9, 9)}


@pytest.fixture
def photos(place) -> Path:
    """Photos of several sizes. For a width of 32 two are large enough, and the others need 2x, 3x and 4x."""
    for name, (width, height) in SIZES.items():
        Path("in", name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise(height, width, 3)).save(Path("in", name))
    return place


def sizes(folder: str) -> dict[str, tuple[int, int]]:
    return {str(path.relative_to(folder)): Image.open(path).size for path in Path(folder).rglob("*.png")}


def test_each_photo_of_a_folder_is_upscaled_by_its_own_scale_to_the_size(photos, capsys):
    assert upscale("in", "--width", "32") == 0

    made = "in-tiny-width-32"
    assert sizes(made) == {"a.png": (32, 48), "b.png": (32, 19), "trip/c.png": (32, 32)}
    for name, photo, scale in (("a.png", "a.png", 2), ("b.png", "b.jpg", 3), ("trip/c.png", "trip/c.png", 4)):
        with Image.open(Path(made, name)) as saved:
            assert np.array_equal(np.asarray(saved), result(f"in/{photo}", scale, saved.size))
    told = capsys.readouterr()
    assert told.err == "drln: left out, large enough already: large.png, same.png\n"
    assert "3 photos upscaled, 0 were there, 0 failed" in told.out
    assert all(f"model_{scale}x.safetensors" in told.out for scale in (2, 3, 4))


def test_photos_that_no_scale_makes_large_enough_fail_and_the_others_are_made(photos, capsys):
    Path("in/broken.png").write_text("no image")

    assert upscale("in", "--long-side", "50", "--output", "out") == 1

    assert sizes("out") == {"large.png": (50, 38), "same.png": (50, 31), "a.png": (33, 50), "b.png": (50, 30)}
    told = capsys.readouterr()
    assert "trip/c.png: failed: 4x makes at most 36x36 pixels of the photo; choose a long side up to 36" in told.err
    assert "drln: broken.png: failed: " in told.err
    assert "drln: 2 of 6 photos could not be upscaled; they are named above" in told.err
    assert "4 photos upscaled, 0 were there, 2 failed" in told.out


def test_a_rerun_keeps_results_of_the_same_size_and_makes_those_of_another_again(photos, capsys):
    assert upscale("in", "--width", "32", "--output", "out") == 0
    assert upscale("in", "--width", "32", "--output", "out") == 0
    assert "0 photos upscaled, 3 were there, 0 failed" in capsys.readouterr().out.splitlines()[1]

    assert upscale("in", "--width", "33", "--output", "out") == 0

    told = capsys.readouterr()
    assert "drln: 3 results are made again: the photo or the options have changed" in told.err
    assert sizes("out") == {
        "same.png": (33, 21), "a.png": (33, 50), "b.png": (33, 20), "trip/c.png": (33, 33),
    }
    assert "4 photos upscaled, 0 were there, 0 failed" in told.out


def test_results_of_a_scale_are_not_taken_for_those_of_a_size(photos, capsys):
    assert upscale("in", "--scale", "2", "--output", "out") == 0
    assert upscale("in", "--width", "32", "--output", "out") == 0

    assert sizes("out")["a.png"] == (32, 48) and sizes("out")["large.png"] == (80, 60)    # which stays
    assert "drln: 3 results are made again" in capsys.readouterr().err


def test_only_the_scales_that_photos_need_are_loaded(photos, capsys):
    os.unlink("in/trip/c.png")
    Path("tiny/model_4x.safetensors").write_bytes(b"broken")

    assert upscale("in", "--width", "32") == 0

    assert "2 photos upscaled" in capsys.readouterr().out


def test_a_folder_of_which_all_photos_are_large_enough_needs_no_model(photos, capsys):
    assert upscale("in", "--width", "5", "--output", "out") == 0

    told = capsys.readouterr()
    assert "left out, large enough already: a.png, b.jpg, large.png, same.png, trip/c.png" in told.err
    assert told.out == "out: 0 photos upscaled, 0 were there, 0 failed\n"


def test_two_processes_share_photos_that_need_several_scales(photos):
    met = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    command = ["-m", "drln", "upscale", "in", "--width", "32", "--model", "tiny", "--output", "out", "--device", "cpu"]

    both = [
        Forked(*command, env=os.environ | met | {"RANK": rank, "LOCAL_RANK": rank}, needs=["accelerate"])
        for rank in "01"
    ]
    told = [process.communicate() for process in both]

    assert [process.returncode for process in both] == [0, 0], told
    assert "3 photos upscaled, 0 were there, 0 failed" in told[0][0]
    assert sizes("out") == {"a.png": (32, 48), "b.png": (32, 19), "trip/c.png": (32, 32)}
