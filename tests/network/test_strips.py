"""The pass in strips against the plain pass: the same pixels, a fraction of the memory."""

import ctypes
import platform
from functools import cache
from types import SimpleNamespace

import pytest
import torch
from live_memory import LiveMemory
from PIL import Image

from drln import DrlnConfig, DrlnModel, Upscaler
from drln.network.border import extended_area
from drln.network.strips import MIN_ROWS, split_rows, stream_strips, strips_memory, upscale_in_strips
from drln.upscaling.device import keep_freed_memory

PUBLISHED = DrlnConfig(scale=4, bam=True)
COMPACT = DrlnConfig(scale=4, bam=True, channels=32, groups=(3,), border=4)


def whole(model: DrlnModel, image: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return model.forward_whole(image)


def randomise(model: DrlnModel) -> DrlnModel:
    """Weights whose features keep their size from layer to layer, so that every part shows in the output."""
    torch.manual_seed(7)
    for name, weights in model.named_parameters():
        if "mean" not in name:
            torch.nn.init.normal_(weights, std=(2 / weights[0].numel()) ** 0.5 if weights.dim() == 4 else 0.1)
    return model.eval()


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (2, 3), (13, 9), (37, 50), (64, 33)])
def test_strips_give_the_same_pixels_as_one_piece(tiny_model, size):
    image = torch.rand(1, 3, *size)

    sr = upscale_in_strips(tiny_model, image, rows=MIN_ROWS)

    torch.testing.assert_close(sr, whole(tiny_model, image), rtol=0, atol=1e-5)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("bam", [True, False])
@pytest.mark.parametrize("groups", [(1,), (3, 2, 1), (1, 4)])
def test_strips_equal_one_piece_for_every_kind_of_network(scale, bam, groups):
    model = randomise(DrlnModel(DrlnConfig(scale, bam, channels=4, groups=groups)))
    image = torch.rand(1, 3, 31, 12)
    expected = whole(model, image)

    sr = upscale_in_strips(model, image, rows=10)

    bound = 1e-5 * max(1, expected.abs().max().item())    # these random networks leave [0, 1]
    torch.testing.assert_close(sr, expected, rtol=0, atol=bound)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_mean_shift_that_mixes_colours_shows_in_strips_as_in_one_piece(scale):
    """A checkpoint may hold any; strips take it into the last convolution."""
    model = randomise(DrlnModel(DrlnConfig(scale, bam=True, channels=4, groups=(1,))))
    torch.nn.init.normal_(model.add_mean.weight)
    torch.nn.init.normal_(model.add_mean.bias)
    image = torch.rand(2, 3, 14, 9)
    expected = whole(model, image)

    sr = upscale_in_strips(model, image)

    torch.testing.assert_close(sr, expected, rtol=0, atol=1e-5 * max(1, expected.abs().max().item()))


@pytest.mark.parametrize("rows", [7, 8, 11, 20, 1000])
def test_the_height_of_the_strips_does_not_show(tiny_model, rows):
    image = torch.rand(1, 3, 45, 17)

    sr = upscale_in_strips(tiny_model, image, rows=rows)

    torch.testing.assert_close(sr, whole(tiny_model, image), rtol=0, atol=1e-5)


def test_a_batch_of_two_keeps_its_images_apart(tiny_model):
    images = torch.rand(2, 3, 20, 16)

    together = upscale_in_strips(tiny_model, images, rows=8)

    alone = torch.cat([upscale_in_strips(tiny_model, image[None], rows=8) for image in images])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("border", [1, 4])
@pytest.mark.parametrize(("batch", "height", "width"), [(1, 1, 1), (2, 6, 1), (2, 21, 9), (1, 40, 13)])
def test_strips_equal_one_piece_with_a_border(scale, border, batch, height, width):
    model = randomise(DrlnModel(DrlnConfig(scale, bam=True, channels=4, groups=(3,), border=border)))
    image = torch.rand(batch, 3, height, width)
    expected = whole(model, image)

    for rows in (MIN_ROWS, 11, 1000):
        sr = upscale_in_strips(model, image, rows)

        assert sr.shape == (batch, 3, scale * height, scale * width)
        torch.testing.assert_close(sr, expected, rtol=0, atol=1e-5 * max(1, expected.abs().max().item()))


def test_in_bfloat16_strips_are_about_as_near_to_float32_as_the_plain_pass(tiny_model):
    image = torch.rand(1, 3, 60, 40)
    exact = whole(tiny_model, image)
    tiny_model.set_trunk_dtype(torch.bfloat16)

    error = (upscale_in_strips(tiny_model, image, rows=8) - exact).square().mean()

    plain_error = (whole(tiny_model, image) - exact).square().mean()
    assert 0 < error <= 1.15 * plain_error


@pytest.mark.parametrize(("height", "rows"), [(1, 7), (6, 7), (13, 7), (14, 7), (100, 7), (100, 30), (99, 1)])
def test_strips_cover_every_row_once_and_none_is_too_thin(height, rows):
    strips = split_rows(height, rows)

    covered = [row for strip in strips for row in range(strip.start, strip.stop)]
    assert covered == list(range(height))
    assert len(strips) == 1 or min(strip.rows for strip in strips) >= MIN_ROWS
    assert max(strip.rows for strip in strips) <= max(rows, 2 * MIN_ROWS - 1)


def test_progress_rises_to_one(tiny_model):
    fractions = list(stream_strips(tiny_model, torch.rand(1, 3, 50, 10), rows=10))

    assert fractions == sorted(fractions)
    assert fractions[0] > 0 and fractions[-1] == pytest.approx(1)
    assert len(fractions) > 20


@pytest.mark.parametrize(("dtype", "kilobytes"), [(torch.float32, 1.9), (torch.bfloat16, 1.0)])
def test_memory_of_the_published_network_grows_little_with_the_image(dtype, kilobytes):
    peaks = {side: peak_bytes(dtype, side, upscale_in_strips) for side in (192, 512)}

    growth = (peaks[512] - peaks[192]) / (512**2 - 192**2)
    assert growth < 1000 * kilobytes


def test_strips_take_a_fraction_of_the_memory_of_the_plain_pass():
    plain = peak_bytes(torch.float32, 512, whole)

    assert peak_bytes(torch.float32, 512, upscale_in_strips) < plain / 5
    assert peak_bytes(torch.bfloat16, 512, upscale_in_strips) < plain / 9


@pytest.mark.parametrize("config", [PUBLISHED, COMPACT], ids=["published", "compact"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("size", [(64, 64), (200, 300), (50, 20000), (2, 3000)])
def test_the_memory_estimate_is_never_short_and_not_far_off(config, dtype, size):
    height, width = size
    model = on_meta(config, dtype)
    image = torch.empty(1, 3, height, width, device="meta")
    output = 3 * 4 * 16 * extended_area(width, height, config)

    with LiveMemory(image) as memory:
        upscale_in_strips(model, image)

    estimate = max(strips_memory(model, width, height), strips_memory(model, width, height) // 3 + output)
    assert memory.peak <= estimate <= 2.5 * memory.peak + 2**27


def test_twelve_megapixels_of_the_published_network_are_estimated_to_take_under_fourteen_gigabytes():
    features, output = strips_memory(on_meta(PUBLISHED, torch.bfloat16), 4000, 3000), 3 * 4 * 16 * 12e6

    assert max(features, features // 3 + output) < 14e9


def test_a_pass_leaves_the_memory_allocator_of_the_process_as_it_is(tiny_model, monkeypatch):
    """That is for the app and the command line to change, and not for a library."""
    calls = []
    keep_freed_memory.cache_clear()
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace(mallopt=lambda *setting: calls.append(setting)))

    tiny_model(torch.rand(1, 3, 20, 10))
    Upscaler(tiny_model, "cpu").upscale(Image.new("RGB", (20, 10)))

    assert calls == []
    monkeypatch.setattr(platform, "libc_ver", lambda: ("glibc", "2.36"))
    keep_freed_memory()
    assert len(calls) == 3
    keep_freed_memory.cache_clear()


def on_meta(config: DrlnConfig, dtype: torch.dtype) -> DrlnModel:
    with torch.device("meta"):
        return DrlnModel(config).eval().to(memory_format=torch.channels_last).set_trunk_dtype(dtype)


@cache
def peak_bytes(dtype: torch.dtype, side: int, run) -> int:
    model = on_meta(PUBLISHED, dtype)
    image = torch.empty(1, 3, side, side, device="meta")
    with LiveMemory(image) as memory:
        run(model, image)
    return memory.peak
