import gc
import runpy
import struct
import sys
import zlib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from unittest import mock

import pytest
from PIL import Image

from demo.backend.errors import UploadError
from demo.backend.limits import Limits, check_photo, result_notes
from drln.images.header import Header

ROOT = Path(__file__).parents[2]


def saved(path: Path, size=(30, 20), **options) -> Path:
    Image.new("RGB", size, "teal").save(path, **options)
    return path


def size_of(header: Header) -> tuple[int, int]:
    return header.width, header.height


def png_that_says(path: Path, width: int, height: int) -> Path:
    """A PNG of a few bytes whose header declares a size, without pixels."""
    chunks = {b"IHDR": struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0), b"IDAT": b"nothing"}
    content = b"\x89PNG\r\n\x1a\n"
    for name, data in chunks.items():
        content += struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tiff", "bmp", "gif", "avif"])
def test_the_size_of_every_format_is_read(tmp_path, suffix):
    assert size_of(check_photo(saved(tmp_path / f"photo.{suffix}"), 1)) == (30, 20)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tiff"])
def test_a_photo_on_its_side_has_the_size_that_it_is_looked_at(tmp_path, suffix):
    exif = Image.Exif()
    exif[0x0112] = 6

    path = saved(tmp_path / f"photo.{suffix}", exif=exif)

    assert size_of(check_photo(path, 1)) == (20, 30)


def test_no_pixel_is_decoded(tmp_path):
    assert size_of(check_photo(png_that_says(tmp_path / "header.png", 4000, 3000), 1)) == (4000, 3000)


def test_a_format_that_is_not_listed_is_refused_although_pillow_reads_it(tmp_path):
    path = saved(tmp_path / "photo.ppm")
    path = path.rename(tmp_path / "photo.png")

    with pytest.raises(UploadError, match="give one of AVIF, BMP"):
        check_photo(path, 1)


@pytest.mark.parametrize("content", [b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_image_is_refused(tmp_path, content):
    path = tmp_path / "photo.png"
    path.write_bytes(content)

    with pytest.raises(UploadError, match="no image that can be read"):
        check_photo(path, 4)


def test_a_message_says_that_a_file_is_gone(tmp_path):
    with pytest.raises(UploadError, match="choose it again"):
        check_photo(tmp_path / "gone.png", 4)


def test_megapixels_over_the_limit_are_refused_with_the_figures(tmp_path):
    path = png_that_says(tmp_path / "large.png", 12_000, 9_000)

    with pytest.raises(UploadError, match=r"12000 × 9000 pixels, 108\.0 megapixels, .* up to 80"):
        check_photo(path, 2)


def test_a_declared_size_that_pillow_calls_a_bomb_is_refused(tmp_path):
    with pytest.raises(UploadError, match="declares 100000x100000 pixels, and up to 178,956,970 are read"):
        check_photo(png_that_says(tmp_path / "bomb.png", 100_000, 100_000), 2)


def test_the_result_has_a_limit_of_its_own(tmp_path):
    path = png_that_says(tmp_path / "photo.png", 1000, 1000)
    limits = Limits(result_megapixels=10)

    assert size_of(check_photo(path, 3, limits)) == (1000, 1000)
    with pytest.raises(UploadError, match=r"4000 × 4000 pixels, 16 megapixels, .* up to 10; choose a smaller scale"):
        check_photo(path, 4, limits)


def test_megabytes_over_the_limit_are_refused_with_the_figures(tmp_path):
    path = tmp_path / "noise.png"
    Image.effect_noise((200, 200), 80).save(path)

    with pytest.raises(UploadError, match=r"The file is 0\.0 MB, and this demo takes up to 0\.01 MB"):
        check_photo(path, 2, Limits(megabytes=0.01))


@pytest.mark.parametrize(
    "size, limits, message",
    [
        ((300, 200), Limits(side=250), r"300 × 200 pixels, and this demo takes up to 250 a side"),
        ((1, 101), Limits(), r"1 × 101 pixels, one side 101 times the other, and this demo takes up to 100 times"),
        ((350, 2), Limits(), r"350 × 2 pixels, one side 175 times the other"),
    ],
)
def test_side_and_aspect_over_the_limit_are_refused_with_the_figures(tmp_path, size, limits, message):
    with pytest.raises(UploadError, match=message):
        check_photo(saved(tmp_path / "photo.png", size), 2, limits)


@pytest.mark.parametrize("suffix", ["gif", "tiff", "webp"])
def test_frames_over_the_limit_are_refused_with_the_figures(tmp_path, suffix):
    frames = [Image.new("L", (8, 8), 9 * number) for number in range(4)]
    path = tmp_path / f"film.{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:])

    assert size_of(check_photo(path, 2, Limits(frames=4))) == (8, 8)
    with pytest.raises(UploadError, match="The file has 4 frames or pages, and this demo takes up to 3"):
        check_photo(path, 2, Limits(frames=3))


@pytest.mark.parametrize(
    "size, extension, message",
    [
        ((5000, 50), ".webp", r"The result is 20000x200 pixels, and WebP ends at 16383 a side; save as"),
        ((16_400, 200), ".jpg", r"The result is 65600x800 pixels, and JPEG ends at 65500 a side"),
        ((30, 20), ".xyz", r"'\.xyz'.* choose one of \.png, \.jpg"),
    ],
)
def test_a_result_that_its_format_cannot_hold_is_refused_before_the_work(tmp_path, size, extension, message):
    path = saved(tmp_path / "photo.png", size)

    assert size_of(check_photo(path, 4)) == size
    with pytest.raises(UploadError, match=message):
        check_photo(path, 4, extension=extension)


def test_a_result_that_pillow_will_not_open_again_is_allowed_with_a_note(tmp_path):
    header = check_photo(png_that_says(tmp_path / "photo.png", 4000, 3000), 4)

    [note] = result_notes(header, 16_000, 12_000)

    assert result_notes(header, 12_000, 9000) == ()
    assert "The result will have 192 megapixels" in note and "179" in note


def test_limits_are_set_in_the_environment():
    settings = {"DRLN_MAX_MEGABYTES": "5", "DRLN_MAX_RESULT_MEGAPIXELS": "50.5", "DRLN_MAX_FRAMES": "1", "HOME": "/"}

    assert Limits.from_environment(settings) == Limits(megabytes=5, result_megapixels=50.5, frames=1)
    assert Limits.from_environment({}) == Limits()


@pytest.mark.parametrize("text", ["", "many", "-1", "0", "nan", "inf"])
def test_an_invalid_limit_is_named(text):
    with pytest.raises(UploadError, match=f"DRLN_MAX_SIDE is '{text}'; set it to a positive number"):
        Limits.from_environment({"DRLN_MAX_SIDE": text})


@pytest.fixture
def demo_not_imported() -> Iterator[None]:
    """Import the demo as in a new process, so that it reads its environment again."""
    with mock.patch.dict(sys.modules):    # all come back
        for name in [name for name in sys.modules if name.split(".")[0] == "demo"]:
            del sys.modules[name]
        yield


def test_the_app_does_not_start_with_an_invalid_limit(demo_not_imported, monkeypatch):
    monkeypatch.setenv("DRLN_MAX_SIDE", "wide")

    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(ROOT / "app.py"), run_name="__main__")

    gc.enable()    # the app starts without
    why = "DRLN_MAX_SIDE is 'wide'; set it to a positive number, or unset it."
    assert end.value.code == f"The demo cannot be served: {why}"


def test_both_tabs_keep_to_the_limits_of_the_environment(demo_not_imported, monkeypatch):
    monkeypatch.setenv("DRLN_MAX_MEGAPIXELS", "7")

    service, trial = import_module("demo.backend.service"), import_module("demo.backend.trial")

    assert (service.Service("x").limits.megapixels, trial.SHARP_LIMITS.megapixels) == (7, 7)
