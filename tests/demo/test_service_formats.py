"""Results in the format that was asked for, through the real service, from a photo's file to the download."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from photo_files import SRGB, deep_noise, deep_png_pixels, noise, png
from PIL import Image, PngImagePlugin
from tiny_service import finish, left_over, tiny_service

from demo.backend import results
from demo.backend.errors import UploadError
from demo.backend.service import Service
from drln import DrlnModel, ImageError, Upscaler
from drln.images import write_image


@pytest.fixture
def service(tiny_model, tmp_path) -> Service:
    return tiny_service(tiny_model, tmp_path)


@pytest.fixture
def photo(tmp_path) -> Path:
    path = tmp_path / "my photo.png"
    Image.effect_noise((70, 60), 60).convert("RGB").save(path)
    return path


@pytest.mark.parametrize(
    "extension, quality", [(".jpg", None), (".jpg", 60), (".webp", 30), (".webp", 100), (".tiff", 60)]
)
def test_the_download_has_the_format_and_quality_that_are_asked_for(service, photo, tmp_path, extension, quality):
    expected = Upscaler(DrlnModel.from_pretrained(tmp_path / "weights", 2)).upscale(Image.open(photo))
    write_image(expected, tmp_path / f"wanted{extension}", None if extension == ".tiff" else quality)

    saved = finish(service, photo, extension=extension, quality=quality).saved

    assert saved.result.name == f"my photo_tiny_2x{extension}"
    assert saved.result.read_bytes() == (tmp_path / f"wanted{extension}").read_bytes()
    region = results.region(saved, results.RESULT, (0, 0, 1, 1))    # the pixels of the model, and not the lossy ones
    np.testing.assert_array_equal(np.asarray(region), np.asarray(expected))


@pytest.mark.parametrize("profile", [SRGB, SRGB + bytes(1_200_000)], ids=["short", "long"])
def test_every_picture_of_a_result_has_the_photos_profile(service, monkeypatch, tmp_path, profile):
    Image.fromarray(noise(40, 50, 3)).save(tmp_path / "photo.png", icc_profile=profile)

    saved = finish(service, tmp_path / "photo.png").saved
    kinds = results.ORIGINAL, results.BICUBIC, results.RESULT

    monkeypatch.setattr(PngImagePlugin, "MAX_TEXT_CHUNK", 2_000_000)    # for Pillow to read the long one here
    shown = [Image.open(path) for path in (saved.result, *map(saved.preview, kinds))]
    shown += [results.region(saved, kind, (0, 0, 0.5, 0.5)) for kind in kinds]
    assert [picture.info.get("icc_profile") for picture in shown] == [profile] * 7


@pytest.mark.parametrize("extension", [".png", ".tiff"])
def test_sixteen_bit_colours_stay_so(service, tiny_model, tmp_path, extension):
    pixels = deep_noise(21, 17, 3)
    (tmp_path / "photo.png").write_bytes(png(pixels))
    rgb = torch.from_numpy((pixels / 65_535).astype(np.float32)).permute(2, 0, 1)[None]
    wanted = (tiny_model(rgb)[0].clamp(0, 1).double() * 65_535).permute(1, 2, 0).numpy()

    saved = finish(service, tmp_path / "photo.png", extension=extension).saved

    read = deep_png_pixels if extension == ".png" else tifffile.imread
    result = read(saved.result).astype(float)
    assert result.shape == (42, 34, 3) and len(np.unique(result % 257)) > 200    # no 8-bit levels
    assert np.abs(result - wanted).max() < 1
    eight = np.asarray(Image.open(saved.preview(results.RESULT)))
    assert np.abs(eight - result / 257).max() <= 0.51


def test_an_alpha_that_hides_nothing_is_no_hindrance_for_jpeg(service, tmp_path):
    Image.fromarray(noise(13, 17, 3)).convert("RGBA").save(tmp_path / "opaque.png")

    saved = finish(service, tmp_path / "opaque.png", extension=".jpg").saved

    with Image.open(saved.result) as result:
        assert result.mode == "RGB" and result.size == (34, 26)


@pytest.mark.parametrize("extension, message", [(".jpg", "cannot hold transparency"), (".gif", "format is '.gif'")])
def test_a_format_that_cannot_hold_the_result_is_refused_before_the_work(service, tmp_path, extension, message):
    Image.new("RGBA", (9, 7), (1, 2, 3, 4)).save(tmp_path / "logo.png")
    stages = []

    with pytest.raises((UploadError, ImageError), match=message):
        list(service.plan(tmp_path / "logo.png", 2, "tiny", extension))
    with pytest.raises((UploadError, ImageError), match=message):
        for step in service.upscale(tmp_path / "logo.png", 2, "tiny", extension=extension):
            stages.append(step.stage)

    assert "Upscaling" not in stages and left_over(service) == []


@pytest.mark.parametrize("quality", [0, 101, "high"])
def test_an_invalid_quality_is_refused_before_the_work(service, photo, quality):
    with pytest.raises(ImageError, match="give a whole number from 1 to 100"):
        finish(service, photo, extension=".webp", quality=quality)


def test_notes_say_what_is_left_out_before_and_after_the_work(service, tmp_path):
    pages = [Image.new("L", (9, 7), 50 * number) for number in range(3)]
    pages[0].save(tmp_path / "scan.tiff", save_all=True, append_images=pages[1:])
    notes = ("The file has 3 pages; the first is taken.",)

    assert [plan.notes[:1] for plan in service.plan(tmp_path / "scan.tiff", 2, "tiny")] == [notes, notes]
    assert finish(service, tmp_path / "scan.tiff").notes == notes


def test_a_message_says_that_the_pixels_of_a_result_are_gone(service, photo):
    saved = finish(service, photo).saved
    saved.result.with_name(results.PIXELS.format(results.RESULT)).unlink()

    with pytest.raises(results.GoneError, match="no longer on the server"):
        results.region(saved, results.RESULT, (0, 0, 1, 1))
