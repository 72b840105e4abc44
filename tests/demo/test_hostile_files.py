"""Files that mean harm or are none, through the real service: a clear message each, and everything as it was after."""

import gc
import io
import struct
import zipfile
from functools import cache
from pathlib import Path

import imagecodecs
import numpy as np
import psutil
import pytest
import tifffile
from photo_files import chunk, deep_noise, noise, png, tiff
from PIL import Image
from tiff_files import tiff_of
from tiny_service import finish, left_over, tiny_service

from demo.backend import errors
from demo.backend.errors import UploadError
from demo.backend.service import Service
from drln import ImageError
from drln.images import Photo, open_image

REPEATS = 10
MEGABYTES_GROWN = 25    # of noise in what a process holds; a bomb that was decoded once would be 144 or more


def declaring(width: int, height: int, bits: int = 8) -> bytes:
    """A PNG of a few bytes that declares a size."""
    head = struct.pack(">IIBBBBB", width, height, bits, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def saved(suffix: str, size=(64, 48), **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(noise(*size[::-1], 3)).save(file, suffix, **options)
    return file.getvalue()


def cut(content: bytes, part: float = 0.5) -> bytes:
    return content[: int(len(content) * part)]


def strips(compression: str | None) -> bytes:
    """A TIFF of 16 bits with its directory before its pixels."""
    file = io.BytesIO()
    tifffile.imwrite(file, deep_noise(48, 64, 3), photometric="rgb", rowsperstrip=8, compression=compression)
    return file.getvalue()


def strip_of_nothing() -> bytes:
    """A TIFF that says of its pixels that they have no bytes."""
    content = tiff(deep_noise(48, 64, 3))
    count = struct.pack("<HHI", 279, 4, 1)
    return content.replace(count + struct.pack("<I", 48 * 64 * 6), count + bytes(4))


def large_tiles() -> bytes:
    """A TIFF of 16x16 pixels in a tile that is said to have 60000x60000."""
    file = io.BytesIO()
    tifffile.imwrite(file, deep_noise(16, 16, 3), photometric="rgb", tile=(16, 16), compression="zlib")
    content = file.getvalue()
    for tag in (322, 323):
        entry = struct.pack("<HHI", tag, 4, 1)
        assert entry in content
        content = content.replace(entry + struct.pack("<I", 16), entry + struct.pack("<I", 60_000))
    return content


@cache
def large_inside() -> bytes:
    """A TIFF of 64x48 pixels with a JPEG 2000 of 4000x4000 in it, in 2 KB."""
    code = imagecodecs.jpeg2k_encode(np.zeros((4000, 4000, 3), np.uint8), level=1)
    return tiff_of([code], 64, 48, {258: [8] * 3, 259: [34712], 262: [2]})


def strips_over_one_another() -> bytes:
    """A TIFF whose rows are all read from the same 100 KB."""
    fields = {273: [8] * 48, 278: [1], 279: [100_000] * 48}
    return tiff_of([bytes(100_000)], 64, 48, fields)


def strips_too_few() -> bytes:
    """A TIFF with strips of a row each, of which it names one."""
    rows = struct.pack("<HHI", 278, 3, 1)
    return tiff(deep_noise(48, 64, 3)).replace(rows + struct.pack("<H", 48), rows + struct.pack("<H", 1))


def gif_with_a_frame_of(width: int, height: int) -> bytes:
    content = bytearray(saved("GIF"))
    content[6:10] = struct.pack("<HH", width, height)
    return bytes(content)


def webp_with_a_canvas_of(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGBA", (4, 4)).save(file, "WEBP", lossless=True, exif=b"Exif\0\0II*\0\x08\0\0\0\0\0")
    content = bytearray(file.getvalue())
    assert content[12:16] == b"VP8X"
    content[24:30] = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return bytes(content)


HOSTILE = {
    # name: content or what makes it, what the message says
    "bomb.png": (declaring(12_000, 12_000), r"12000 × 12000 pixels, 144\.0 megapixels, and this demo takes up to 80"),
    "small bomb.png": (declaring(8000, 8000), r"declares 8000x8000 pixels, more than its 57 bytes can hold"),
    "deep bomb.png": (declaring(8000, 8000, bits=16), r"declares 8000x8000 pixels, more than its 57 bytes can hold"),
    "large bomb.png": (declaring(60_000, 60_000), r"declares 60000x60000 pixels, and up to 178,956,970 are read"),
    "bomb.gif": (gif_with_a_frame_of(30_000, 3000), r"30000 × 3000 pixels, 90\.0 megapixels"),
    "bomb.webp": (webp_with_a_canvas_of(16_000, 11_000), r"16000 × 11000 pixels|bomb.webp (cannot be|is no)"),
    "cut.png": (cut(saved("PNG")), r"cut\.png cannot be decoded"),
    "cut.jpg": (cut(saved("JPEG")), r"cut\.jpg cannot be decoded"),
    "cut.webp": (cut(saved("WEBP")), r"cut\.webp (cannot be decoded|is no image)"),
    "cut.tiff": (cut(saved("TIFF")), r"cut\.tiff (cannot be decoded|is no image)"),
    "cut.gif": (cut(saved("GIF")), r"cut\.gif cannot be decoded"),
    "cut.bmp": (cut(saved("BMP")), r"cut\.bmp cannot be decoded"),
    "cut.avif": (cut(saved("AVIF")), r"cut\.avif (cannot be decoded|is no image)"),
    "cut deep.png": (cut(png(deep_noise(48, 64, 3))), r"cut deep\.png cannot be decoded"),
    "cut deep.tiff": (cut(tiff(deep_noise(48, 64, 3))), r"cut deep\.tiff cannot be decoded"),
    "cut strip.tiff": (cut(strips(None)), r"cut strip\.tiff cannot be decoded"),
    "cut code.tiff": (cut(strips("zlib")), r"cut code\.tiff cannot be decoded"),
    "no strip.tiff": (strip_of_nothing(), r"no strip\.tiff cannot be decoded: a part of its pixels is missing"),
    "one strip.tiff": (strips_too_few(), r"one strip\.tiff cannot be decoded: a part of its pixels is missing"),
    "tile.tiff": (large_tiles(), r"tile\.tiff cannot be decoded: its tiles of 60000x60000 are far larger"),
    "inside.tiff": (large_inside, r"inside\.tiff cannot be decoded: a part of it says that it is 4000x4000 pixels"),
    "over.tiff": (strips_over_one_another(), r"over\.tiff cannot be decoded: its parts lie over one another"),
    "empty.png": (b"", r"empty\.png is empty"),
    "no size.png": (declaring(0, 100), r"0x100 pixels"),
    "no height.png": (declaring(100, 0), r"100x0 pixels"),
    "long.png": (saved("PNG", (1, 20_000)), r"1 × 20000 pixels, one side 20000 times the other, .* up to 100 times"),
    "drawing.svg": (b"<svg xmlns='http://www.w3.org/2000/svg' width='9'/>", r"drawing\.svg is no image"),
    "drawing.png": (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", r"drawing\.png is no image"),
    "page.jpg": (b"<!doctype html><script>alert(1)</script>", r"page\.jpg is no image"),
    "script.png": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", r"script\.png is no image"),
    "archive.png": (b"PK\x03\x04" + bytes(60), r"archive\.png is no image"),
    "random.heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(range(256)), r"random\.heic (cannot be|is no)"),
    "random.avif": (b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + bytes(range(256)), r"random\.avif (cannot be|is no)"),
    "loop.tiff": (b"II*\0\x08\0\0\0\0\0\x08\0\0\0", r"loop\.tiff is 0x0 pixels"),
}


@pytest.fixture
def service(tiny_model, tmp_path) -> Service:
    return tiny_service(tiny_model, tmp_path)


def write(folder: Path, name: str) -> Path:
    content, path = HOSTILE[name][0], folder / name
    path.write_bytes(content() if callable(content) else content)
    return path


def upscale(service: Service, path: Path, **options) -> Path:
    return finish(service, path, **options).saved.result


@pytest.mark.parametrize("name", HOSTILE)
def test_each_is_refused_with_a_clear_message_and_leaves_nothing(service, tmp_path, name):
    path = write(tmp_path, name)

    with pytest.raises((UploadError, ImageError), match=HOSTILE[name][1]) as refused:
        upscale(service, path)

    said = errors.said(refused.value)
    assert str(tmp_path) not in said and "\n" not in said
    assert left_over(service) == []


@pytest.mark.parametrize("name", [name for name in HOSTILE if name not in ("bomb.png", "bomb.gif", "long.png")])
def test_the_library_refuses_each_as_well(tmp_path, name):
    path = write(tmp_path, name)

    with pytest.raises(ImageError, match=name.replace(".", r"\.")):
        Photo.open(path)
    with pytest.raises(ImageError, match=name.replace(".", r"\.")):
        open_image(path)


def test_the_service_works_on_and_its_memory_has_not_grown_after_many_of_each(service, tmp_path):
    for name in HOSTILE:
        write(tmp_path, name)
    (tmp_path / "photo.png").write_bytes(png(noise(40, 50, 3)))
    upscale(service, tmp_path / "photo.png")

    def all_refused() -> None:
        for name in HOSTILE:
            with pytest.raises((UploadError, ImageError)):
                upscale(service, tmp_path / name)
        gc.collect()

    all_refused()
    before = psutil.Process().memory_info().rss
    for _ in range(REPEATS):
        all_refused()

    assert (psutil.Process().memory_info().rss - before) / 1e6 < MEGABYTES_GROWN
    assert upscale(service, tmp_path / "photo.png").is_file()


def test_a_photo_of_one_pixel_is_upscaled(service, tmp_path):
    (tmp_path / "dot.png").write_bytes(png(noise(1, 1, 3)))

    assert Image.open(upscale(service, tmp_path / "dot.png")).size == (2, 2)


def test_a_photo_of_another_format_than_its_name_is_upscaled(service, tmp_path):
    (tmp_path / "photo.jpg").write_bytes(png(noise(9, 7, 3)))

    result = upscale(service, tmp_path / "photo.jpg")

    assert result.name == "photo_tiny_2x.png" and Image.open(result).size == (14, 18)


def test_a_tiff_whose_pages_run_in_a_circle_has_one(service, tmp_path):
    content = tiff(deep_noise(9, 7, 3))
    directory = content[4:8]
    (tmp_path / "circle.tiff").write_bytes(content[:-4] + directory)

    assert Image.open(upscale(service, tmp_path / "circle.tiff")).size == (14, 18)
    assert Photo.open(tmp_path / "circle.tiff").notes == ()


def polyglots() -> dict[str, bytes]:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("payload.txt", "PAYLOAD")
    page = b"<script>alert('PAYLOAD')</script>"
    return {
        "page.gif": saved("GIF", comment=page) + page,
        "archive.png": saved("PNG") + archive.getvalue(),
        "text.png": png(noise(9, 7, 3), chunk(b"tEXt", b"Comment\0" + page)),
        "comment.jpg": saved("JPEG", comment=page),
    }


@pytest.mark.parametrize("name", polyglots())
@pytest.mark.parametrize("extension", [".png", ".jpg", ".webp", ".tiff"])
def test_of_a_file_that_is_two_things_the_picture_alone_goes_on(service, tmp_path, name, extension):
    (tmp_path / name).write_bytes(polyglots()[name])

    result = upscale(service, tmp_path / name, extension=extension)

    content = b"".join(path.read_bytes() for path in result.parent.iterdir())
    assert b"PAYLOAD" not in content and not zipfile.is_zipfile(result)


@pytest.mark.parametrize("title", ["../../up.png", "/etc/passwd", "C:\\up.png", "a/../../b.png", "-r.png", "nul\0.png"])
def test_a_name_that_is_a_path_leads_nowhere(service, tmp_path, title):
    (tmp_path / "photo.png").write_bytes(png(noise(9, 7, 3)))

    result = upscale(service, tmp_path / "photo.png", title=title)

    assert result.resolve().is_relative_to(service.folder.resolve())
    assert result.parent.parent == service.folder and "\0" not in result.name


def test_a_jpeg_whose_end_is_missing_is_not_given_back_grey_below(service, tmp_path):
    content = saved("JPEG", (640, 480))
    (tmp_path / "photo.jpg").write_bytes(cut(content, 0.9))

    with pytest.raises(ImageError, match=r"photo\.jpg cannot be decoded"):
        upscale(service, tmp_path / "photo.jpg")
    assert np.asarray(Image.open(io.BytesIO(content))).shape == (480, 640, 3)
