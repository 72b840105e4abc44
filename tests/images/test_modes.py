"""PIL images of every mode that Pillow has, saved: the right pixels in the file, or a sentence."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from drln.images import ImageError, Photo, write_image

LEVELS = np.random.default_rng(5).integers(0, 256, (6, 8, 4), dtype=np.uint8)
RGBA = Image.fromarray(LEVELS)


def made(mode: str) -> Image.Image:
    """A PIL image of that mode, through the ways that Pillow has."""
    if mode == "PA":
        return RGBA.convert("RGB").quantize(16).convert("PA")
    if mode == "LAB":
        to_lab = ImageCms.buildTransform(
            ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
        )
        return ImageCms.applyTransform(RGBA.convert("RGB"), to_lab)
    if mode in ("La", "RGBa"):
        return RGBA.convert(mode.upper()).convert(mode)
    return RGBA.convert("RGB").convert(mode)


@pytest.mark.parametrize("suffix", [".png", ".tiff", ".webp"])
@pytest.mark.parametrize(
    "mode, kept",
    [
        ("1", "L"), ("L", "L"), ("LA", "LA"), ("La", "LA"),
        ("P", "RGB"), ("PA", "RGBA"), ("RGB", "RGB"), ("RGBX", "RGB"), ("RGBA", "RGBA"), ("RGBa", "RGBA"),
        ("CMYK", "RGB"), ("YCbCr", "RGB"), ("HSV", "RGB"), ("LAB", "RGB"),
    ],
)    # fmt: skip
def test_an_image_of_each_eight_bit_mode_is_saved_in_its_colours(tmp_path, mode, kept, suffix):
    image = made(mode)
    assert image.mode == mode

    write_image(image, tmp_path / f"out{suffix}", quality=100 if suffix == ".webp" else None)

    with Image.open(tmp_path / f"out{suffix}") as saved:
        assert suffix == ".webp" or saved.mode == kept
        assert np.array_equal(np.asarray(saved.convert(kept)), np.asarray(image.convert(kept)))


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
@pytest.mark.parametrize("mode, kind", [("I", "i4"), ("I;16", "<u2"), ("I;16B", ">u2"), ("F", "f4")])
def test_levels_above_255_are_saved_in_sixteen_bits(tmp_path, mode, kind, suffix):
    pixels = np.array([[0, 1, 255, 256], [300, 40_000, 65_534, 65_535]])
    image = Image.frombytes(mode, (4, 2), pixels.astype(kind).tobytes())

    write_image(image, tmp_path / f"out{suffix}")

    with Image.open(tmp_path / f"out{suffix}") as saved:
        assert np.array_equal(np.asarray(saved), pixels)


@pytest.mark.parametrize(
    "mode, values",
    [
        ("F", [0.0, 0.5, 1.0]), ("F", [0.0, 1.0, 1.0]), ("F", [0.5, 300.0, 2.0]), ("F", [-1.0, 300.0, 2.0]),
        ("F", [0.0, 65_536.0, 2.0]), ("F", [float("nan"), 300.0, 2.0]), ("F", [float("inf"), 300.0, 2.0]),
        ("I", [0, 65_536, 2]), ("I", [-1, 300, 2]),
    ],
)    # fmt: skip
@pytest.mark.parametrize("use", ["save", "upscale"])
def test_pixels_that_do_not_fit_into_sixteen_bits_are_refused(tmp_path, mode, values, use):
    image = Image.fromarray(np.array([values], np.float32 if mode == "F" else np.int32))

    with pytest.raises(ImageError, match=f"mode {mode} and levels from .* convert it to 16 bits"):
        write_image(image, tmp_path / "out.png") if use == "save" else Photo.from_pil(image)

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("mode", ["I", "I;16", "F"])
@pytest.mark.parametrize("name", ["out.jpg", "out.webp"])
def test_sixteen_bits_are_refused_where_the_format_has_eight(tmp_path, mode, name):
    image = Image.fromarray(np.full((2, 2), 300, np.int32)).convert(mode)

    with pytest.raises(ImageError, match="cannot hold 16-bit grey; save as .png or .tiff"):
        write_image(image, tmp_path / name)


@pytest.mark.parametrize("suffix", [".png", ".tiff", ".webp"])
@pytest.mark.parametrize(
    "mode, transparent", [("1", 255), ("L", 7), ("RGB", (1, 2, 3)), ("P", 1), ("P", b"\xff\x80\0")]
)
def test_a_colour_that_is_named_as_transparent_is_saved_as_such(tmp_path, mode, transparent, suffix):
    image = Image.new(mode, (4, 2))
    image.putpixel((1, 1), transparent if not isinstance(transparent, bytes) else 2)
    image.info["transparency"] = transparent
    wanted = np.asarray(image.convert("RGBA"))[..., 3]
    assert {0, 255} == set(wanted.flat)

    write_image(image, tmp_path / f"out{suffix}")

    with Image.open(tmp_path / f"out{suffix}") as saved:
        assert np.array_equal(np.asarray(saved)[..., -1], wanted)
    with pytest.raises(ImageError, match="JPEG cannot hold transparency"):
        write_image(image, tmp_path / "out.jpg")


def test_a_shade_of_sixteen_bits_that_is_named_as_transparent_is_saved_as_such(tmp_path):
    image = Image.fromarray(np.array([[0, 300, 65_535]], np.uint16))
    image.info["transparency"] = 300

    write_image(image, tmp_path / "out.png")

    assert Photo.open(tmp_path / "out.png").alpha.flatten().tolist() == [1, 0, 1]


@pytest.mark.parametrize("mode", ["CMYK", "LAB"])
def test_the_profile_of_colours_that_are_converted_is_not_saved(tmp_path, mode):
    image = made(mode)
    image.info["icc_profile"] = b"\0" * 16 + mode.encode().ljust(4) + b"\0" * 108

    write_image(image, tmp_path / "out.png")

    with Image.open(tmp_path / "out.png") as saved:
        assert "icc_profile" not in saved.info


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "RGBa"])
def test_an_alpha_that_hides_nothing_is_left_out_of_a_jpeg(tmp_path, mode):
    image = RGBA.convert("RGB").convert("LA" if mode == "LA" else "RGBA").convert(mode)
    without = image.convert("L" if mode == "LA" else "RGB")
    by_pillow = io.BytesIO()
    without.save(by_pillow, "JPEG", quality=95, subsampling=0)

    write_image(image, tmp_path / "out.jpg")

    with Image.open(tmp_path / "out.jpg") as saved, Image.open(by_pillow) as wanted:
        assert saved.mode == without.mode and np.array_equal(np.asarray(saved), np.asarray(wanted))


@pytest.mark.parametrize("size", [(0, 5), (5, 0)])
def test_an_image_without_pixels_is_refused(tmp_path, size):
    with pytest.raises(ImageError, match="give one with at least one pixel"):
        write_image(Image.new("RGB", size), tmp_path / "out.png")
