"""The upscale command from file to file: formats, quality, depth, and what is told of them."""

from pathlib import Path

import numpy as np
import pytest
from photo_files import SRGB, deep_noise, deep_png_pixels, noise, png
from PIL import Image

from drln import DrlnModel, Photo, Upscaler, write_image
from drln.__main__ import main


@pytest.fixture
def photo(tmp_path) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(noise(13, 17, 3)).save(path, dpi=(300, 300), icc_profile=SRGB)
    return path


@pytest.fixture
def model(tmp_path, tiny_model) -> Path:
    tiny_model.save_pretrained(tmp_path / "tiny")
    return tmp_path / "tiny"


def upscale(photo: Path, model: Path, output: Path, *options: str) -> int:
    return main(["upscale", str(photo), "--scale", "2", "--model", str(model), "--output", str(output), *options])


SAVED = [(".png", None), (".tiff", None), (".jpg", 70), (".webp", 100), (".webp", None)]


@pytest.mark.parametrize("suffix, quality", SAVED)
def test_the_extension_picks_the_format_and_the_quality_is_taken(photo, model, tmp_path, suffix, quality):
    options = [] if quality is None else ["--quality", str(quality)]

    code = upscale(photo, model, tmp_path / f"out{suffix}", *options)

    result = Upscaler(DrlnModel.from_pretrained(model, 2)).upscale(Image.open(photo))
    write_image(result, tmp_path / f"wanted{suffix}", quality)
    assert code == 0
    assert (tmp_path / f"out{suffix}").read_bytes() == (tmp_path / f"wanted{suffix}").read_bytes()
    assert Image.open(tmp_path / f"out{suffix}").info["icc_profile"] == SRGB


def test_an_alpha_that_hides_nothing_is_no_hindrance_for_jpeg(model, tmp_path, capsys):
    opaque = Image.fromarray(noise(13, 17, 3)).convert("RGBA")
    opaque.save(tmp_path / "opaque.png")

    code = upscale(tmp_path / "opaque.png", model, tmp_path / "out.jpg")

    with Image.open(tmp_path / "out.jpg") as saved:
        assert code == 0 and saved.mode == "RGB" and saved.size == (34, 26)
    opaque.putpixel((3, 3), (0, 0, 0, 254))
    opaque.save(tmp_path / "seen_through.png")
    assert upscale(tmp_path / "seen_through.png", Path("absent"), tmp_path / "no.jpg") == 1
    assert "JPEG cannot hold transparency" in capsys.readouterr().err    # and not that there is no such model


def test_sixteen_bit_colours_stay_sixteen_bit(model, tmp_path):
    (tmp_path / "scan.png").write_bytes(png(deep_noise(13, 17, 3)))

    code = upscale(tmp_path / "scan.png", model, tmp_path / "out.png")

    *_, result = Upscaler(DrlnModel.from_pretrained(model, 2)).stream(Photo.open(tmp_path / "scan.png"))
    pixels = deep_png_pixels(tmp_path / "out.png")
    assert code == 0 and result.picture.mode == "RGB;16"
    assert np.array_equal(pixels, result.picture.pixels) and len(np.unique(pixels % 257)) > 100


@pytest.mark.parametrize(
    "output, options, message",
    [
        ("out.png", ["--quality", "90"], "PNG keeps every pixel and takes no quality"),
        ("out.jpg", ["--quality", "0"], "the quality is 0; give a whole number from 1 to 100"),
        ("out.gif", [], "'.gif'; choose one of .png"),
    ],
)
def test_what_cannot_be_written_is_said_before_the_work(photo, model, tmp_path, capsys, output, options, message):
    code = upscale(photo, model / "absent", tmp_path / output, *options)    # the model is not looked for

    line = capsys.readouterr().err
    assert code == 1 and message in line and line.count("\n") == 1


def test_of_several_pages_the_first_is_taken_and_it_is_said(model, tmp_path, capsys):
    pages = [Image.fromarray(page) for page in noise(3, 9, 7)]
    pages[0].save(tmp_path / "scan.tiff", save_all=True, append_images=pages[1:])

    code = upscale(tmp_path / "scan.tiff", model, tmp_path / "out.png")

    assert code == 0
    assert capsys.readouterr().err == "drln: The file has 3 pages; the first is taken.\n"


def test_a_result_that_pillow_will_not_open_again_is_told_before_the_work(model, tmp_path, capsys, free_bytes):
    free_bytes(0)    # so that no such result is made here
    Image.new("L", (9000, 5100)).save(tmp_path / "large.png")

    code = upscale(tmp_path / "large.png", model, tmp_path / "out.png")

    said = capsys.readouterr().err.splitlines()
    assert code == 1 and "18000x10200 pixels; programs built on Pillow open up to 178,956,970" in said[0]
    assert "memory" in said[1]
