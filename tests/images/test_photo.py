"""A PIL image to a photo and back: upright, at its depth, grey if it was so; and what is no photo."""

import io
import tracemalloc

import numpy as np
import pytest
import torch
from photo_files import SHAPES, STORED, deep_noise, noise, png, tiff
from photo_stand_ins import bicubic, identity
from PIL import Image

from drln.images import ImageError, Photo, Picture, open_image, write_image


@pytest.mark.parametrize("suffix", [".png", ".tiff", ".webp"])
@pytest.mark.parametrize("orientation", STORED)
def test_a_photo_comes_upright_whatever_its_orientation(tmp_path, orientation, suffix):
    upright = noise(5, 7, 3)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"photo{suffix}"
    Image.fromarray(np.ascontiguousarray(STORED[orientation](upright))).save(path, exif=exif, lossless=True)

    result = identity(open_image(path))

    assert np.array_equal(np.asarray(result), upright)
    assert 0x0112 not in result.getexif()


def test_exif_that_cannot_be_read_leaves_the_photo_as_it_is():
    image = Image.fromarray(noise(5, 7, 3))
    image.info["exif"] = b"Exif\0\0no TIFF header"

    result = identity(image)

    assert np.array_equal(np.asarray(result), np.asarray(image))


@pytest.mark.parametrize("mode, bands", [("L", None), ("RGB", 3), ("LA", 2), ("RGBA", 4)])
def test_an_image_that_no_network_touched_comes_back_bit_for_bit(mode, bands):
    image = Image.fromarray(noise(37, 300, *([bands] if bands else []), low=1), mode)

    result = identity(image)

    assert result.mode == mode
    assert np.array_equal(np.asarray(result), np.asarray(image))


def test_rounding_in_bands_covers_an_image_taller_than_one():
    image = Image.fromarray(noise(601, 3, 3))

    result = identity(image)

    assert np.array_equal(np.asarray(result), np.asarray(image))


def test_the_tensor_is_what_the_file_holds_over_255():
    pixels = noise(5, 7, 3)

    rgb = Photo.from_pil(Image.fromarray(pixels)).rgb

    assert rgb.shape == (1, 3, 5, 7) and rgb.dtype == torch.float32 and rgb.is_contiguous()
    np.testing.assert_allclose(rgb[0].numpy(), pixels.transpose(2, 0, 1) / 255.0, atol=1e-7)


def test_a_result_is_clamped_and_then_rounded():
    photo = Photo.from_pil(Image.new("RGB", (1, 1)))
    sr = torch.tensor([-0.3, 100.6 / 255, 1.7]).reshape(1, 3, 1, 1)

    result = photo.picture(sr).to_pil()

    assert result.getpixel((0, 0)) == (0, 101, 255)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_a_result_of_any_float_dtype_is_taken(dtype):
    photo = Photo.from_pil(Image.new("RGB", (2, 3)))

    result = photo.picture(torch.full((1, 3, 6, 4), 1.0, dtype=dtype)).to_pil()

    assert result.size == (4, 6) and result.getextrema() == ((255, 255),) * 3


# Grey


def test_a_grey_result_is_the_mean_of_the_channels():
    photo = Photo.from_pil(Image.new("L", (1, 1), 90))
    sr = torch.tensor([30.0, 60.0, 120.0]).reshape(1, 3, 1, 1) / 255

    result = photo.picture(sr).to_pil()

    assert photo.is_grey and result.mode == "L" and result.getpixel((0, 0)) == 70


def test_black_and_white_comes_back_as_grey():
    bits = noise(5, 7, high=2).astype(bool)

    result = identity(Image.fromarray(bits))

    assert result.mode == "L"
    assert np.array_equal(np.asarray(result), bits * np.uint8(255))


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_sixteen_bit_grey_stays_sixteen_bit(tmp_path, suffix):
    pixels = noise(50, 70, high=65536, dtype=np.uint16)
    Image.fromarray(pixels).save(tmp_path / f"in{suffix}")

    photo = Photo.from_pil(open_image(tmp_path / f"in{suffix}"))
    write_image(photo.picture(photo.rgb).to_pil(), tmp_path / f"out{suffix}")

    saved = Image.open(tmp_path / f"out{suffix}")
    assert photo.depth == 16 and saved.mode == "I;16"
    assert np.array_equal(np.asarray(saved), pixels)


def test_sixteen_bit_grey_of_the_other_byte_order_is_read_right(tmp_path):
    pixels = noise(5, 7, high=65536, dtype=np.uint16)
    image = Image.frombytes("I;16B", (7, 5), pixels.astype(">u2").tobytes())

    result = identity(image)

    assert np.array_equal(np.asarray(result), pixels)


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_sixteen_bit_colours_that_pillow_cuts_are_told(tmp_path, suffix):
    pixels = deep_noise(9, 14, 3)
    (tmp_path / f"in{suffix}").write_bytes(png(pixels) if suffix == ".png" else tiff(pixels))

    with Image.open(tmp_path / f"in{suffix}") as image:
        assert "Photo.open(path) keeps 16" in Photo.from_pil(image).notes[0]
    assert Photo.open(tmp_path / f"in{suffix}").notes == ()
    assert Photo.from_pil(Image.fromarray(noise(9, 14, 3))).notes == ()


@pytest.mark.parametrize("channels", ["grey and alpha", "RGB and alpha"])
def test_sixteen_bit_alpha_is_upscaled_to_the_level(channels):
    pixels = deep_noise(70, 9, *SHAPES[channels])
    photo = Photo.from_picture(Picture(pixels))

    alpha = photo.picture(bicubic(photo, 3)).pixels[..., -1]

    exact = Image.fromarray(pixels[..., -1].astype(np.float32)).resize((27, 210), Image.Resampling.BICUBIC)
    assert np.abs(alpha - np.asarray(exact).clip(0, 65_535)).max() <= 0.51


@pytest.mark.parametrize("bands, depth", [(3, 8), (3, 16), (1, 8)])
def test_a_photo_takes_one_float_copy_of_its_pixels(bands, depth):
    pixels = (noise if depth == 8 else deep_noise)(1000, 900, *([bands] if bands > 1 else []))
    tracemalloc.start()

    photo = Photo.from_picture(Picture(pixels))

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert photo.rgb.shape[1] == 3 and peak < 1.02 * 4 * bands * 900_000


def test_levels_beyond_sixteen_bits_are_refused_with_the_figures():
    image = Image.fromarray(np.array([[0, 70000]], dtype=np.int32))

    with pytest.raises(ImageError, match="from 0 to 70000"):
        Photo.from_pil(image)


# Wrong input


@pytest.mark.parametrize("thing", [None, "photo.png", np.zeros((4, 4, 3))])
def test_what_is_no_pil_image_is_refused(thing):
    with pytest.raises(ImageError, match=f"{type(thing).__name__}.*PIL"):
        Photo.from_pil(thing)


def test_an_image_without_pixels_is_refused():
    with pytest.raises(ImageError, match="0x4"):
        Photo.from_pil(Image.new("RGB", (0, 4)))


def test_a_cut_off_image_that_was_opened_by_hand_is_refused_too():
    data = io.BytesIO()
    Image.fromarray(noise(64, 64, 3)).save(data, "PNG")

    with pytest.raises(ImageError, match="cannot be decoded"):
        Photo.from_pil(Image.open(io.BytesIO(data.getvalue()[:6000])))


@pytest.mark.parametrize("shape", [(1, 3, 4, 7), (1, 3, 6, 7), (1, 3, 3, 10), (2, 3, 6, 10), (1, 1, 6, 10), (3, 6, 10)])
def test_a_result_that_does_not_belong_to_the_photo_is_refused(shape):
    photo = Photo.from_pil(Image.new("RGB", (5, 3)))

    with pytest.raises(ImageError, match=str(shape[-1])):
        photo.picture(torch.zeros(shape)).to_pil()
