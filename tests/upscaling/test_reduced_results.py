"""Results of a size: the network's output reduced before it is rounded, with all that a photo keeps."""

import numpy as np
import pytest
import torch
from live_memory import LiveMemory
from photo_files import SHAPES, SRGB, deep_noise, noise
from PIL import Image
from torch.nn import functional as F

from drln import DrlnConfig, DrlnModel, ImageError, Photo, TargetSize, Upscaler, write_image
from drln.images import Picture


@pytest.fixture
def x4_model() -> DrlnModel:
    torch.manual_seed(4)
    return DrlnModel(DrlnConfig(4, bam=True, channels=8, groups=(2, 2))).eval()


def pixels(upscaler: Upscaler, photo: Photo, size: tuple[int, int] | None = None) -> np.ndarray:
    *_, result = upscaler.stream(photo, size=size)
    return result.picture.pixels


def reduced(sr: torch.Tensor, size: tuple[int, int], depth: int) -> np.ndarray:
    """By torch, whose bicubic was written apart from Pillow's: (h, w, C), not rounded."""
    small = F.interpolate(sr, size=size[::-1], mode="bicubic", antialias=True, align_corners=False)
    return small[0].clamp(0, 1).permute(1, 2, 0).double().numpy() * (2**depth - 1)


@pytest.mark.parametrize("size", [(271, 397), (100, 146), (150, 601), (1, 1)])
@pytest.mark.parametrize("depth", [8, 16])
def test_a_result_is_reduced_before_it_is_rounded_as_another_library_reduces_it(x4_model, size, depth):
    colours = noise(160, 70, 3) if depth == 8 else deep_noise(160, 70, 3)
    photo = Photo.from_picture(Picture(colours))
    upscaler = Upscaler(x4_model, "cpu", "float32")

    result = pixels(upscaler, photo, size)

    wanted = reduced(x4_model(photo.rgb), size, depth)
    assert result.shape == wanted.shape and result.dtype == colours.dtype
    # Half a level of rounding, and single precision of both.
    assert np.abs(result - wanted).max() <= 0.5 + 1e-4 * 2**depth


@pytest.mark.parametrize("channels", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("make", [noise, deep_noise], ids=["8 bits", "16 bits"])
def test_a_size_that_the_scale_reaches_exactly_gives_the_scales_own_pixels(tiny_model, make, channels):
    photo, upscaler = Photo.from_picture(Picture(make(13, 17, *channels))), Upscaler(tiny_model, "cpu")
    target = TargetSize(width=34)

    exact = pixels(upscaler, photo, target.size(17, 13))

    assert target.scale(17, 13) == upscaler.scale
    assert np.array_equal(exact, pixels(upscaler, photo))


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_a_result_of_a_size_has_the_photos_mode(tiny_model, mode):
    photo = Image.fromarray(noise(21, 34, 3)).convert(mode)

    result = Upscaler(tiny_model, "cpu").upscale(photo, size=(50, 31))

    assert result.mode == mode and result.size == (50, 31)


@pytest.mark.parametrize("make", [noise, deep_noise], ids=["8 bits", "16 bits"])
def test_alpha_goes_to_the_size_in_one_step_by_pillows_bicubic(tiny_model, make):
    array = make(300, 40, 4)    # the result is made in several pieces
    depth = 8 * array.itemsize

    alpha = pixels(Upscaler(tiny_model, "cpu"), Photo.from_picture(Picture(array)), (61, 457))[..., 3]

    whole = Image.fromarray(array[..., 3] if depth == 8 else array[..., 3].astype(np.float32))
    wanted = np.asarray(whole.resize((61, 457), Image.Resampling.BICUBIC), float).clip(0, 2**depth - 1)
    assert np.abs(alpha - wanted).max() <= (1 if depth == 8 else 1.5)
    assert np.mean(np.abs(alpha - wanted)) < (0.001 if depth == 8 else 0.3)    # rounding takes 0.25 on average


def test_flat_colours_stay_as_they_are_to_the_edges(tiny_model):
    photo = Photo.from_picture(Picture(np.full((40, 30, 4), 65535, np.uint16)))
    sr = torch.full((1, 3, 80, 60), 0.5)

    picture = photo.picture(sr, size=(47, 62))

    assert np.array_equal(np.unique(picture.pixels[..., :3]), [32768])
    assert picture.is_opaque


def test_resolution_profile_and_exif_are_those_of_the_photo_and_no_tag_tells_a_size(tiny_model, tmp_path):
    exif = Image.Exif()
    exif[271], exif[256], exif[257] = "Maker", 34, 21
    exif.get_ifd(0x8769)[0xA002], exif.get_ifd(0x8769)[0xA003] = 34, 21
    Image.fromarray(noise(21, 34, 3)).save(tmp_path / "in.jpg", exif=exif, dpi=(300, 300), icc_profile=SRGB)
    *_, result = Upscaler(tiny_model, "cpu").stream(Photo.open(tmp_path / "in.jpg"), size=(50, 31))

    write_image(result.picture, tmp_path / "out.jpg")

    with Image.open(tmp_path / "out.jpg") as saved:
        kept = saved.getexif()
        assert saved.size == (50, 31) and saved.info["dpi"] == (300, 300) and saved.info["icc_profile"] == SRGB
        assert kept[271] == "Maker" and 256 not in kept and not kept.get_ifd(0x8769)


def test_a_photo_on_its_side_is_measured_upright(tiny_model, tmp_path):
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(noise(20, 30, 3)).save(tmp_path / "in.jpg", exif=exif)
    photo = Photo.open(tmp_path / "in.jpg")

    result = Upscaler(tiny_model, "cpu").upscale(photo, size=TargetSize(width=35).size(photo.width, photo.height))

    assert result.size == (35, 53)    # 52.5


@pytest.mark.parametrize(
    "size, why",
    [
        ((69, 42), "69x42 pixels, and the upscaled photo has 68x42; choose a smaller size or a larger scale"),
        ((68, 43), "the size is 68x43 pixels"),
        ((0, 40), "give width and height, whole numbers of pixels, at least 1"),
        ((40.0, 40), "whole numbers"),
        ((40,), "width and height"),
    ],
)
def test_a_result_is_never_enlarged_and_no_work_is_done_before_that_is_said(tiny_model, size, why):
    photo, upscaler = Image.fromarray(noise(21, 34, 3)), Upscaler(tiny_model, "cpu")

    with pytest.raises(ImageError, match=why):
        next(upscaler.stream(photo, size=size))
    with pytest.raises(ImageError, match=why):
        upscaler.estimate(34, 21, size=size)


def test_the_estimate_tells_the_size_and_the_memory_that_a_reduced_result_takes(tiny_model):
    photo = Photo.from_picture(Picture(deep_noise(400, 500, 4)))
    upscaler = Upscaler(tiny_model, "cpu", "float32")

    estimate, whole = upscaler.estimate(500, 400, 16, size=(990, 792)), upscaler.estimate(500, 400, 16)
    with LiveMemory(photo.rgb, photo.alpha) as memory:
        result = pixels(upscaler, photo, (990, 792))

    assert (estimate.width, estimate.height) == (990, 792) and (whole.width, whole.height) == (1000, 800)
    assert estimate.memory == whole.memory
    assert result.shape == (792, 990, 4)
    assert memory.peak + result.nbytes <= estimate.memory    # arrays of numpy are not seen
