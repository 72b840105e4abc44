"""Photo in, photo out: the model's own pixels, told progress, and what happens where memory ends."""

import time

import numpy as np
import pytest
import torch
from forked import Forked
from PIL import Image
from torch.nn import functional as F

from drln import DrlnModel, Progress, Result, UpscaleError, Upscaler
from drln.images import Photo
from drln.weights.sources import BUNDLED


@pytest.fixture
def photo() -> Image.Image:
    return Image.fromarray(np.random.default_rng(3).integers(0, 256, (21, 34, 3), dtype=np.uint8))


def levels(sr: torch.Tensor) -> np.ndarray:
    return (sr[0].clamp(0, 1) * 255).round().permute(1, 2, 0).numpy().astype(np.uint8)


def tensor(photo: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.asarray(photo).astype(np.float32) / 255).permute(2, 0, 1)[None]


def test_the_result_is_the_models_own_pixels(tiny_model, photo):
    expected = levels(tiny_model(tensor(photo)))

    sr = Upscaler(tiny_model, device="cpu", precision="float32").upscale(photo)

    assert sr.mode == "RGB" and sr.size == (68, 42)
    assert np.array_equal(np.asarray(sr), expected)


def test_bfloat16_is_near_float32(tiny_model, photo):
    exact = Upscaler(tiny_model, "cpu", "float32").upscale(photo)

    sr = Upscaler(tiny_model, "cpu", "bfloat16").upscale(photo)

    difference = np.abs(np.asarray(sr, dtype=int) - np.asarray(exact, dtype=int))
    assert 0 < difference.mean() < 3


def dark_gradient(side: int = 48) -> Photo:
    """16 bits, of which 8 see eight levels."""
    levels = np.linspace(0, 2000, side * side).round().astype(np.uint16)
    return Photo.from_pil(Image.fromarray(levels.reshape(side, side)))


def test_a_dark_gradient_of_sixteen_bits_keeps_its_levels():
    model = DrlnModel.from_pretrained(BUNDLED, 2)
    *_, exact = Upscaler(model, "cpu", "float32").stream(dark_gradient())

    *_, result = Upscaler(model, "cpu").stream(dark_gradient())

    count, wanted = (len(np.unique(one.picture.pixels)) for one in (result, exact))
    assert result.precision == "float32" and abs(count - wanted) <= wanted * 0.01 and wanted > 500


@pytest.mark.parametrize("self_ensemble", [False, True])
def test_sixteen_bits_are_computed_in_float32_unless_another_precision_is_asked_for(tiny_model, photo, self_ensemble):
    def precisions(asked: str) -> list[str]:
        upscaler, small = Upscaler(tiny_model, "cpu", asked, self_ensemble), photo.crop((0, 0, 9, 9))
        return [list(upscaler.stream(image))[-1].precision for image in (dark_gradient(9), small, dark_gradient(9))]

    assert precisions("auto") == ["float32", Upscaler(tiny_model, "cpu").precision, "float32"]
    assert precisions("bfloat16") == ["bfloat16"] * 3


def test_the_estimate_knows_that_sixteen_bits_take_more(tiny_model):
    upscaler = Upscaler(tiny_model, "cpu")
    exact, same = (Upscaler(tiny_model, "cpu", precision) for precision in ("float32", upscaler.precision))

    assert upscaler.estimate(500, 400, depth=16).memory == exact.estimate(500, 400).memory
    assert upscaler.estimate(500, 400).memory == same.estimate(500, 400).memory


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_what_goes_in_comes_out_in_the_same_mode(tiny_model, photo, mode):
    sr = Upscaler(tiny_model, "cpu").upscale(photo.convert(mode))

    assert sr.mode == mode


def test_the_model_that_was_given_stays_as_it_is(tiny_model, photo):
    before = {name: value.clone() for name, value in tiny_model.state_dict().items()}

    Upscaler(tiny_model, "cpu", "bfloat16").upscale(photo)

    after = tiny_model.state_dict()
    assert all(after[name].dtype == torch.float32 and torch.equal(after[name], value) for name, value in before.items())


def test_progress_rises_and_the_result_comes_last(tiny_model):
    photo = Image.new("RGB", (20, 90), "teal")

    steps = list(Upscaler(tiny_model, "cpu").stream(photo))

    fractions = [step.fraction for step in steps[:-1]]
    assert all(isinstance(step, Progress) for step in steps[:-1]) and isinstance(steps[-1], Result)
    assert fractions == sorted(fractions) and fractions[0] == 0 and fractions[-1] == 1
    assert all(step.seconds_left is not None and step.seconds_left >= 0 for step in steps[1:-1])
    assert steps[-1].image.size == (40, 180) and steps[-1].device == "cpu"


def test_a_closed_stream_computes_nothing_more(tiny_model, monkeypatch):
    computed, conv2d = [], F.conv2d
    monkeypatch.setattr(F, "conv2d", lambda *args, **options: computed.append(1) or conv2d(*args, **options))
    steps = Upscaler(tiny_model, "cpu").stream(Image.new("RGB", (20, 90)))
    while not computed:
        next(steps)
    by_then = len(computed)

    steps.close()

    assert next(steps, None) is None and len(computed) == by_then
    list(Upscaler(tiny_model, "cpu").stream(Image.new("RGB", (20, 90))))
    assert len(computed) - by_then > by_then    # a whole image takes more


def test_self_ensemble_is_the_mean_of_the_eight_flips_and_turns(tiny_model, photo):
    lr = np.asarray(photo).astype(np.float32) / 255
    total = np.zeros((42, 68, 3))
    for flip in (False, True):
        for turns in range(4):
            turned = np.rot90(lr[:, ::-1] if flip else lr, turns)
            sr = tiny_model(torch.from_numpy(turned.transpose(2, 0, 1).copy())[None])[0].numpy().transpose(1, 2, 0)
            back = np.rot90(sr, -turns)
            total += back[:, ::-1] if flip else back
    expected = (total / 8).clip(0, 1) * 255

    result = Upscaler(tiny_model, "cpu", "float32", self_ensemble=True).upscale(photo)

    assert np.abs(np.asarray(result) - expected).max() <= 0.501    # rounding, at a half either way


def test_the_estimate_tells_size_time_and_memory(tiny_model):
    upscaler = Upscaler(tiny_model, "cpu")

    small, large = upscaler.estimate(100, 50), upscaler.estimate(1000, 500)

    assert (small.width, small.height) == (200, 100)
    assert small.fits and 0 < small.seconds < large.seconds
    assert 500 * 1000 * 4 * 12 < large.memory < 500 * 1000 * 4 * 12 + 2**29


def upscale_slowly(upscaler: Upscaler, side: int, seconds: float) -> None:
    """Upscale a square photo; whoever looks at its steps takes so long once."""
    steps = upscaler.stream(Image.new("RGB", (side, side), "teal"))
    next(steps)
    next(steps)
    time.sleep(seconds)
    assert isinstance(list(steps)[-1], Result)


def test_a_job_on_a_tiny_photo_says_nothing_of_the_next_one(tiny_model):
    upscaler = Upscaler(tiny_model, "cpu")
    before = upscaler.estimate(512, 512).seconds

    upscale_slowly(upscaler, side=1, seconds=0.5)

    assert upscaler.estimate(512, 512).seconds == before
    assert upscaler.estimate(1, 1).seconds <= before


def test_a_job_on_a_large_photo_corrects_the_estimate(tiny_model):
    upscaler = Upscaler(tiny_model, "cpu")
    before = upscaler.estimate(512, 512).seconds

    upscale_slowly(upscaler, side=512, seconds=before)

    assert upscaler.estimate(512, 512).seconds > before


def test_a_photo_that_the_memory_cannot_hold_is_refused_with_the_figures(tiny_model, free_bytes):
    upscaler = Upscaler(tiny_model, "cpu")
    free_bytes(1_000_000)

    assert not upscaler.estimate(500, 400).fits
    with pytest.raises(UpscaleError, match=r"500x400 pixels to 1000x800 needs about 0\.\d GB .* 0\.0 GB are free"):
        upscaler.upscale(Image.new("L", (500, 400)))


def test_when_memory_runs_out_thinner_strips_give_the_same_pixels(tiny_model, photo, monkeypatch):
    expected = Upscaler(tiny_model, "cpu", "float32").upscale(photo)
    heights, conv2d = [], F.conv2d

    def runs_out_at_first(x, *args, **options):
        heights.append(x.shape[2])
        if len(heights) == 9:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return conv2d(x, *args, **options)

    monkeypatch.setattr(F, "conv2d", runs_out_at_first)
    *_, result = Upscaler(tiny_model, "cpu", "float32").stream(photo)

    assert max(heights[9:]) < max(heights[:9])
    assert np.array_equal(np.asarray(result.image), np.asarray(expected))
    assert "Memory ran out on cpu" in result.notes[0]


def test_when_the_system_gives_no_memory_the_error_says_so(tmp_path, tiny_model):
    tiny_model.save_pretrained(tmp_path)
    script = f"""
import resource
from PIL import Image
from torch.nn import functional as F
from drln import DrlnModel, Upscaler, UpscaleError
upscaler = Upscaler(DrlnModel.from_pretrained({str(tmp_path)!r}), "cpu")
upscaler.upscale(Image.new("RGB", (32, 32)))
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**27, used + 2**27))
try:
    upscaler.upscale(Image.new("RGB", (1500, 1500)))
except UpscaleError as error:
    print(error)
upscaler.upscale(Image.new("RGB", (32, 32)))
print("alive")
"""

    output, errors = Forked("-c", script).communicate()

    assert "memory ran out upscaling 1500x1500 pixels 2x on cpu" in output, errors[-2000:]
    assert output.endswith("alive\n")


@pytest.mark.parametrize(("device", "precision"), [("tpu9", "auto"), ("cuda:77", "auto"), ("cpu", "float12")])
def test_an_unknown_device_or_precision_is_named(tiny_model, device, precision):
    with pytest.raises(ValueError, match=f"{device}|{precision}"):
        Upscaler(tiny_model, device, precision)
