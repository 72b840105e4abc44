import os
import struct

import numpy as np
import pytest
from photo_files import noise
from PIL import Image

from drln.images.header import ImageError
from drln.images.picture import Picture
from drln.images.reading import open_image
from drln.images.writing import check_output, write_image

# Opening


@pytest.mark.parametrize("content", [b"", b"plain text", b"\x89PNG\r\n\x1a\n"])
def test_a_file_that_is_no_image_is_refused_by_name(tmp_path, content):
    path = tmp_path / "photo.png"
    path.write_bytes(content)

    with pytest.raises(ImageError, match="photo.png"):
        open_image(path)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tiff", ".gif", ".bmp"])
def test_a_file_that_was_cut_off_is_refused_by_name(tmp_path, suffix):
    whole = tmp_path / f"whole{suffix}"
    Image.fromarray(noise(64, 64, 3)).save(whole)
    cut = tmp_path / f"cut{suffix}"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])

    with pytest.raises(ImageError, match=f"cut{suffix}"):
        open_image(cut)


def test_a_path_that_leads_nowhere_or_to_a_folder_is_named(tmp_path):
    with pytest.raises(ImageError, match="no file .*absent.png"):
        open_image(tmp_path / "absent.png")
    with pytest.raises(ImageError, match="is a folder"):
        open_image(tmp_path)


def test_a_file_that_declares_too_many_pixels_is_refused_before_decoding(tmp_path):
    path = tmp_path / "bomb.bmp"
    Image.new("1", (1, 1)).save(path)
    path.write_bytes(path.read_bytes()[:18] + struct.pack("<ii", 20_000, 10_000) + path.read_bytes()[26:])

    with pytest.raises(ImageError, match="bomb.bmp declares 200,000,000 pixels, and up to 178,956,970 are read"):
        open_image(path)


# Saving


@pytest.mark.parametrize(
    "name, mode, width, message",
    [
        ("out.xyz", "RGB", 9, "'.xyz'.*choose one of .png"),
        ("out", "RGB", 9, "extension ''"),
        ("absent/out.png", "RGB", 9, "no folder .*absent"),
        ("out.jpg", "RGBA", 9, "JPEG cannot hold transparency"),
        ("out.JPEG", "LA", 9, "JPEG cannot hold transparency"),
        ("out.webp", "I;16", 9, "WebP cannot hold 16-bit"),
        ("out.jpg", "I;16", 9, "JPEG cannot hold 16-bit"),
        ("out.webp", "RGB", 16_384, "16384x3 pixels, and WebP ends at 16383"),
        ("out.jpg", "RGB", 65_501, "65501x3 pixels, and JPEG ends at 65500"),
        ("out.png", "RGB", 1_000_001, "1000001x3 pixels, and PNG ends at 1000000 a side; save as .tiff"),
    ],
)
def test_what_cannot_be_saved_is_said_before_the_work(tmp_path, name, mode, width, message):
    with pytest.raises(ImageError, match=message):
        check_output(tmp_path / name, mode, width, 3)


def test_the_largest_sides_that_are_promised_can_be_saved(tmp_path):
    for name, side in (("out.webp", 16_383), ("out.jpg", 65_500), ("out.png", 1_000_000)):
        write_image(Image.new("RGB", (side, 1)), tmp_path / name)

        assert Image.open(tmp_path / name).width == side


def test_a_folder_is_no_place_for_a_file(tmp_path):
    (tmp_path / "out.png").mkdir()

    with pytest.raises(ImageError, match="is a folder"):
        check_output(tmp_path / "out.png", "RGB", 1, 1)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
@pytest.mark.parametrize("mode, bands", [("RGBA", 4), ("LA", 2)])
def test_transparency_survives_the_file(tmp_path, mode, bands, suffix):
    image = Image.fromarray(noise(6, 8, bands), mode)

    write_image(image, tmp_path / f"out{suffix}")

    saved = Image.open(tmp_path / f"out{suffix}")
    assert np.array_equal(np.asarray(saved)[..., -1], np.asarray(image)[..., -1])


@pytest.mark.parametrize("channels", [1, 3])
def test_a_png_of_pixels_that_do_not_lie_in_a_row_is_right(tmp_path, channels):
    pixels = noise(6, 8, channels)[::-1, ::2].squeeze()

    write_image(Picture(pixels), tmp_path / "out.png")

    assert np.array_equal(np.asarray(Image.open(tmp_path / "out.png")), pixels)


def test_jpeg_keeps_the_colour_of_each_pixel_and_not_of_every_other(tmp_path):
    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[:, ::2] = (255, 0, 0)
    pixels[:, 1::2] = (0, 0, 255)

    write_image(Image.fromarray(pixels), tmp_path / "out.jpg")

    saved = np.asarray(Image.open(tmp_path / "out.jpg")).astype(int)
    assert np.abs(saved - pixels).max() < 40    # with colours at half resolution every pixel would be purple


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "out.png"
    path.write_bytes(b"old")
    image = Image.new("RGB", (4, 4))
    image.info["icc_profile"] = "not bytes"    # Pillow fails on it in the middle of the file

    with pytest.raises(TypeError):
        write_image(image, path)

    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["out.png"]
