import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
import torch
from photo_files import SHAPES, SRGB, STORED, deep_noise, noise, png, tiff
from PIL import Image

from drln.images import ImageError, ImageLoader, Photo, open_image, write_image


def bicubic(photo: Photo, scale: int) -> torch.Tensor:
    """Stands in for the network: it, too, reads the neighbours of a pixel."""
    size = (photo.width * scale, photo.height * scale)
    planes = [Image.fromarray(plane.numpy()).resize(size, Image.Resampling.BICUBIC) for plane in photo.rgb[0]]
    return torch.stack([torch.from_numpy(np.array(plane)) for plane in planes])[None]


def identity(image: Image.Image) -> Image.Image:
    photo = Photo.from_pil(image)
    return photo.rebuild(photo.rgb)


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
    levels = noise(5, 7, 3)

    rgb = Photo.from_pil(Image.fromarray(levels)).rgb

    assert rgb.shape == (1, 3, 5, 7) and rgb.dtype == torch.float32 and rgb.is_contiguous()
    np.testing.assert_allclose(rgb[0].numpy(), levels.transpose(2, 0, 1) / 255.0, atol=1e-7)


def test_a_result_is_clamped_and_then_rounded():
    photo = Photo.from_pil(Image.new("RGB", (1, 1)))
    sr = torch.tensor([-0.3, 100.6 / 255, 1.7]).reshape(1, 3, 1, 1)

    result = photo.rebuild(sr)

    assert result.getpixel((0, 0)) == (0, 101, 255)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_a_result_of_any_float_dtype_is_taken(dtype):
    photo = Photo.from_pil(Image.new("RGB", (2, 3)))

    result = photo.rebuild(torch.full((1, 3, 6, 4), 1.0, dtype=dtype))

    assert result.size == (4, 6) and result.getextrema() == ((255, 255),) * 3


# Grey


def test_a_grey_result_is_the_mean_of_the_channels():
    photo = Photo.from_pil(Image.new("L", (1, 1), 90))
    sr = torch.tensor([30.0, 60.0, 120.0]).reshape(1, 3, 1, 1) / 255

    result = photo.rebuild(sr)

    assert photo.is_grey and result.mode == "L" and result.getpixel((0, 0)) == 70


def test_black_and_white_comes_back_as_grey():
    bits = noise(5, 7, high=2).astype(bool)

    result = identity(Image.fromarray(bits))

    assert result.mode == "L"
    assert np.array_equal(np.asarray(result), bits * np.uint8(255))


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_sixteen_bit_grey_stays_sixteen_bit(tmp_path, suffix):
    levels = noise(50, 70, high=65536, dtype=np.uint16)
    Image.fromarray(levels).save(tmp_path / f"in{suffix}")

    photo = Photo.from_pil(open_image(tmp_path / f"in{suffix}"))
    write_image(photo.rebuild(photo.rgb), tmp_path / f"out{suffix}")

    saved = Image.open(tmp_path / f"out{suffix}")
    assert photo.depth == 16 and saved.mode == "I;16"
    assert np.array_equal(np.asarray(saved), levels)


def test_sixteen_bit_grey_of_the_other_byte_order_is_read_right(tmp_path):
    levels = noise(5, 7, high=65536, dtype=np.uint16)
    image = Image.frombytes("I;16B", (7, 5), levels.astype(">u2").tobytes())

    result = identity(image)

    assert np.array_equal(np.asarray(result), levels)


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_sixteen_bit_colours_that_pillow_cuts_are_told(tmp_path, suffix):
    levels = deep_noise(9, 14, 3)
    (tmp_path / f"in{suffix}").write_bytes(png(levels) if suffix == ".png" else tiff(levels))

    with Image.open(tmp_path / f"in{suffix}") as image:
        assert "Photo.open(path) keeps 16" in Photo.from_pil(image).notes[0]
    assert Photo.open(tmp_path / f"in{suffix}").notes == ()
    assert Photo.from_pil(Image.fromarray(noise(9, 14, 3))).notes == ()


@pytest.mark.parametrize("channels", ["grey and alpha", "RGB and alpha"])
def test_sixteen_bit_alpha_is_upscaled_to_the_level(channels):
    levels = deep_noise(70, 9, *SHAPES[channels])
    photo = Photo._of_levels(levels, 65_535, 16, {})

    alpha = photo.picture(bicubic(photo, 3)).levels[..., -1]

    exact = Image.fromarray(levels[..., -1].astype(np.float32)).resize((27, 210), Image.Resampling.BICUBIC)
    assert np.abs(alpha - np.asarray(exact).clip(0, 65_535)).max() <= 0.51


@pytest.mark.parametrize("bands, depth", [(3, 8), (3, 16), (1, 8)])
def test_a_photo_takes_one_float_copy_of_its_pixels(bands, depth):
    levels = (noise if depth == 8 else deep_noise)(1000, 900, *([bands] if bands > 1 else []))
    tracemalloc.start()

    photo = Photo._of_levels(levels, 255, depth, {})

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert photo.rgb.shape[1] == 3 and peak < 1.02 * 4 * bands * 900_000


def test_levels_beyond_sixteen_bits_are_refused_with_the_figures():
    image = Image.fromarray(np.array([[0, 70000]], dtype=np.int32))

    with pytest.raises(ImageError, match="from 0 to 70000"):
        Photo.from_pil(image)


# Transparency


def test_alpha_is_what_pillows_bicubic_makes_of_it():
    levels = noise(9, 8, 4)
    photo = Photo.from_pil(Image.fromarray(levels))

    result = photo.rebuild(bicubic(photo, 3))

    wanted = Image.fromarray(levels[..., 3]).resize((24, 27), Image.Resampling.BICUBIC)
    assert result.mode == "RGBA"
    assert np.array_equal(np.asarray(result)[..., 3], np.asarray(wanted))


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_an_opaque_alpha_stays_opaque(scale):
    photo = Photo.from_pil(Image.new("RGBA", (11, 6), (10, 20, 30, 255)))

    result = photo.rebuild(bicubic(photo, scale))

    assert result.getchannel("A").getextrema() == (255, 255)


@pytest.mark.parametrize("hidden", [(0, 0, 0), (0, 255, 0)])
def test_hidden_colours_make_no_fringes(hidden):
    y, x = np.mgrid[:40, :52]
    disc = (y - 18) ** 2 + (x - 23) ** 2 < 144
    levels = np.where(disc[..., None], (200, 40, 60, 255), (*hidden, 0)).astype(np.uint8)
    photo = Photo.from_pil(Image.fromarray(levels))

    result = np.asarray(photo.rebuild(bicubic(photo, 4)))

    visible = result[result[..., 3] > 0]
    assert len(visible) > 16 * 400
    assert np.array_equal(np.unique(visible[:, :3], axis=0), [(200, 40, 60)])


def test_each_edge_is_continued_in_its_own_colour():
    levels = np.zeros((40, 128, 4), np.uint8)
    levels[:, :63] = (255, 0, 0, 255)
    levels[:, 100:] = (0, 0, 255, 255)

    rgb = Photo.from_pil(Image.fromarray(levels)).rgb[0]

    assert torch.equal(rgb[:, 20, 63], torch.tensor([1.0, 0.0, 0.0]))
    assert torch.equal(rgb[:, 20, 99], torch.tensor([0.0, 0.0, 1.0]))
    assert torch.equal(rgb[1], torch.zeros(40, 128))


def test_colours_far_from_all_that_can_be_seen_change_smoothly():
    levels = np.full((64, 64, 4), 255, np.uint8)
    levels[:, :32, :3] = 0
    levels[2:-2, 2:-2, 3] = 0    # a frame that is half black and half white

    rgb = Photo.from_pil(Image.fromarray(levels)).rgb[0]

    inside = rgb[:, 16:-16, 16:-16]
    assert inside.min() < 0.2 and inside.max() > 0.8
    assert inside.diff(dim=2).abs().max() < 0.15    # the network has no new edges to draw


def test_colours_that_can_be_seen_are_not_changed():
    levels = noise(33, 41, 4)
    levels[..., 3] = np.where(noise(33, 41, high=4) > 0, levels[..., 3], 0)    # single pixels
    levels[9:30, 20:38, 3] = 0    # and a hole that is wider than their neighbours reach

    rgb = Photo.from_pil(Image.fromarray(levels)).rgb[0].numpy().transpose(1, 2, 0)

    seen = levels[..., 3] > 0
    assert 0 < seen.sum() < seen.size
    np.testing.assert_allclose(rgb[seen], levels[seen][:, :3] / 255.0, atol=1e-7)


def test_an_image_of_which_nothing_is_visible_stays_so():
    photo = Photo.from_pil(Image.new("RGBA", (9, 5), (10, 20, 30, 0)))

    result = photo.rebuild(bicubic(photo, 2))

    assert result.getextrema() == ((10, 10), (20, 20), (30, 30), (0, 0))


@pytest.mark.parametrize(
    "mode, transparency, wanted",
    [("L", 7, "LA"), ("1", 255, "LA"), ("RGB", (7, 7, 7), "RGBA"), ("P", 7, "RGBA"), ("P", bytes(range(8)), "RGBA")],
)
def test_a_transparent_shade_in_the_file_becomes_alpha(tmp_path, mode, transparency, wanted):
    levels = noise(6, 8, high=8)
    if mode == "P":
        image = Image.fromarray(levels, "P")
        image.putpalette(noise(8 * 3).tolist())
    else:
        image = Image.fromarray(levels > 3 if mode == "1" else levels).convert(mode)
    image.save(tmp_path / "in.png", transparency=transparency)

    result = identity(open_image(tmp_path / "in.png"))

    opaque = np.asarray(Image.open(tmp_path / "in.png").convert("RGBA"))[..., 3]
    assert result.mode == wanted and opaque.min() == 0
    assert np.array_equal(np.asarray(result)[..., -1], opaque)


def test_a_transparent_shade_of_sixteen_bit_grey_becomes_alpha():
    levels = np.array([[0, 1000, 65535, 1000]], np.uint16)
    file = io.BytesIO()
    Image.fromarray(levels).save(file, "PNG")
    shade = b"tRNS" + struct.pack(">H", 1000)
    chunk = struct.pack(">I", 2) + shade + struct.pack(">I", zlib.crc32(shade))
    data = file.getvalue()
    at = data.index(b"IDAT") - 4

    result = identity(Image.open(io.BytesIO(data[:at] + chunk + data[at:])))

    assert result.mode == "LA"
    assert [a for _, a in result.get_flattened_data()] == [255, 0, 255, 0]


# Other colours


def test_a_palette_becomes_its_colours():
    image = Image.fromarray(noise(6, 8, high=16), "P")
    image.putpalette(noise(16 * 3).tolist())

    result = identity(image)

    assert result.mode == "RGB"
    assert np.array_equal(np.asarray(result), np.asarray(image.convert("RGB")))


def test_a_palette_with_alpha_becomes_rgba():
    image = Image.merge("RGBA", [Image.fromarray(noise(6, 8, low=1)) for _ in range(4)]).convert("PA")

    result = identity(image)

    assert np.array_equal(np.asarray(result), np.asarray(image.convert("RGBA")))


@pytest.mark.parametrize("profile", [None, b"no profile", SRGB])
def test_cmyk_without_a_profile_of_its_own_becomes_rgb_by_pillows_formula(profile):
    image = Image.fromarray(noise(6, 8, 4), "CMYK")
    if profile:
        image.info["icc_profile"] = profile

    result = identity(image)

    assert result.mode == "RGB" and "icc_profile" not in result.info
    assert np.array_equal(np.asarray(result), np.asarray(image.convert("RGB")))


def test_cmyk_goes_through_its_own_profile():
    image = Image.new("CMYK", (2, 2), (255, 0, 0, 0))
    image.info["icc_profile"] = cmyk_profile_of_red_ink()

    red, green, blue = identity(image).getpixel((0, 0))

    assert red > 230 and green < 30 and blue < 30    # Pillow's formula knows no inks, and says cyan


def cmyk_profile_of_red_ink() -> bytes:
    """A printer whose first ink is red, and whose others are black: an 8-bit table from CMYK to Lab."""
    ramp = bytes(range(256))
    paper, red, black = (255, 128, 128), (136, 208, 195), (0, 128, 128)
    corners = [paper] + [black] * 7 + [red] + [black] * 7    # K varies fastest, C slowest
    matrix = struct.pack(">9i", *(65536 * on for on in (1, 0, 0, 0, 1, 0, 0, 0, 1)))
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + matrix + ramp * 4 + bytes(sum(corners, ())) + ramp * 3
    tags = struct.pack(">I4sII", 1, b"A2B0", 144, len(table))
    header = struct.pack(">I4sI4s4s4s12s4s", 144 + len(table), b"", 0x02400000, b"prtr", b"CMYK", b"Lab ", b"", b"acsp")
    illuminant = struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)
    return header + bytes(28) + illuminant + bytes(48) + tags + table


@pytest.mark.parametrize("mode", ["YCbCr", "HSV", "LAB"])
def test_other_colour_spaces_become_rgb(mode):
    image = Image.fromarray(noise(6, 8, 3), mode)

    result = identity(image)

    assert result.mode == "RGB"
    assert np.array_equal(np.asarray(result), np.asarray(image.convert("RGB")))


def test_float_pixels_are_refused_with_their_mode():
    with pytest.raises(ImageError, match="mode F"):
        Photo.from_pil(Image.new("F", (2, 2)))


# What is kept beside the pixels


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tiff", ".webp"])
def test_profile_and_resolution_are_in_the_saved_result(tmp_path, suffix):
    Image.fromarray(noise(5, 7, 3)).save(tmp_path / "in.png", icc_profile=SRGB, dpi=(300, 300))
    photo = Photo.from_pil(open_image(tmp_path / "in.png"))

    write_image(photo.rebuild(bicubic(photo, 2)), tmp_path / f"out{suffix}")

    saved = Image.open(tmp_path / f"out{suffix}")
    assert saved.info["icc_profile"] == SRGB
    if suffix != ".webp":    # which has no place for a resolution
        assert saved.info["dpi"] == pytest.approx((300, 300), abs=0.01)


@pytest.mark.parametrize("dpi", [(0, 0), ("a", "b"), 300, (float("nan"), 300), (float("inf"), 300), None])
def test_a_resolution_that_makes_no_sense_is_dropped(tmp_path, dpi):
    image = Image.fromarray(noise(5, 7, 3))
    image.info["dpi"] = dpi

    result = identity(image)
    write_image(result, tmp_path / "out.png")

    assert "dpi" not in result.info


@pytest.mark.parametrize("suffix", [".gif", ".tiff", ".webp", ".png"])
def test_of_several_frames_the_first_is_taken(tmp_path, suffix):
    frames = [Image.new("RGB", (4, 3), colour) for colour in ("red", "lime")]
    frames[0].save(tmp_path / f"in{suffix}", save_all=True, append_images=frames[1:], lossless=True)

    result = identity(open_image(tmp_path / f"in{suffix}"))

    assert result.convert("RGB").getpixel((0, 0)) == (255, 0, 0)


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
        photo.rebuild(torch.zeros(shape))


# ImageLoader


def test_load_image_gives_what_the_model_takes():
    levels = noise(5, 7, 3)

    inputs = ImageLoader.load_image(Image.fromarray(levels))

    assert inputs.shape == (1, 3, 5, 7) and inputs.dtype == torch.float32
    np.testing.assert_allclose(inputs[0].permute(1, 2, 0).numpy(), levels / 255.0, atol=1e-7)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_load_image_gives_three_channels_for_every_mode(mode):
    assert ImageLoader.load_image(Image.new(mode, (7, 5))).shape == (1, 3, 5, 7)


def test_save_image_clamps_and_rounds(tmp_path):
    preds = torch.tensor([-0.3, 100.6 / 255, 1.7]).reshape(1, 3, 1, 1).requires_grad_()

    ImageLoader.save_image(preds, str(tmp_path / "out.png"))

    assert Image.open(tmp_path / "out.png").getpixel((0, 0)) == (0, 101, 255)


@pytest.mark.parametrize("bad", [torch.zeros(3, 4, 4), torch.zeros(2, 3, 4, 4), torch.zeros(1, 3, 4, 4).byte(), None])
def test_save_image_refuses_what_is_not_one_rgb_image(tmp_path, bad):
    with pytest.raises(ImageError, match="float tensor of shape"):
        ImageLoader.save_image(bad, tmp_path / "out.png")


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_save_compare_puts_pillows_bicubic_beside_the_result(tmp_path, scale):
    lr, sr = noise(20, 33, 3), noise(20 * scale, 33 * scale, 3)
    inputs, preds = (ImageLoader.load_image(Image.fromarray(levels)) for levels in (lr, sr))

    ImageLoader.save_compare(inputs, preds, tmp_path / "compare.png")

    height, width = sr.shape[:2]
    picture = np.asarray(Image.open(tmp_path / "compare.png"))[-height:]
    bicubic = Image.fromarray(lr).resize((width, height), Image.Resampling.BICUBIC)
    assert np.array_equal(picture[:, :width], np.asarray(bicubic))
    assert np.array_equal(picture[:, -width:], sr)


def test_save_compare_refuses_images_that_do_not_belong_together(tmp_path):
    with pytest.raises(ImageError, match="9x8 pixels and the image 4x4"):
        ImageLoader.save_compare(torch.zeros(1, 3, 4, 4), torch.zeros(1, 3, 8, 9), tmp_path / "compare.png")
