"""What `model(x)` promises in each mode. That it equals the reference network is in test_parity.py."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from drln import CheckpointError, DrlnConfig, DrlnModel, Upscaler
from drln.cli.loading import weights_hash


def test_in_eval_mode_the_result_is_computed_without_gradient(tiny_model):
    sr = tiny_model(torch.rand(1, 3, 20, 12))

    assert sr.shape == (1, 3, 40, 24)
    assert sr.dtype == torch.float32
    assert not sr.requires_grad


def test_an_input_that_requires_a_gradient_gets_one_in_eval_mode(tiny_model):
    image = torch.rand(1, 3, 9, 9, requires_grad=True)

    tiny_model(image).sum().backward()

    assert image.grad.abs().sum() > 0


def test_every_trained_parameter_gets_a_gradient(tiny_model):
    tiny_model.train()

    tiny_model(torch.rand(2, 3, 12, 12)).abs().mean().backward()

    idle = [name for name, p in tiny_model.named_parameters() if p.requires_grad and p.grad is None]
    assert idle == []


def test_the_attention_looks_at_the_whole_image(tiny_model):
    image = torch.rand(1, 3, 40, 40)
    changed = image.clone()
    changed[:, :, 39, 39] = 1 - changed[:, :, 39, 39]

    difference = (tiny_model(image) - tiny_model(changed)).abs()

    assert difference[:, :, :4, :4].max() > 0


@pytest.mark.parametrize(
    "image",
    [torch.rand(3, 8, 8), torch.rand(1, 4, 8, 8), torch.rand(1, 3, 0, 8), torch.zeros(1, 3, 8, 8, dtype=torch.uint8)],
)
def test_an_input_of_the_wrong_kind_is_told_what_is_wrong(tiny_model, image):
    with pytest.raises(ValueError, match=r"float RGB in \[0, 1\] of shape \(B, 3, H, W\)"):
        tiny_model(image)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("scale", value) for value in (5, "2", 2.0, True, None)),
        *(("channels", value) for value in (0, 8.0, True, "8")),
        *(("groups", value) for value in ((), 3, "33", (2, 2.0), (2, True), (0,))),
        *(("bam", value) for value in (1, 64, "yes")),
        *(("border", value) for value in (-1, 4.0, True, "4", None)),
    ],
)
def test_a_config_that_no_network_can_be_built_from_is_refused(name, value):
    with pytest.raises(ValueError, match=f"^{name} is {re.escape(repr(value))}; "):
        DrlnConfig(**{"scale": 2, name: value})


def with_border(model: DrlnModel, border: int) -> DrlnModel:
    other = DrlnModel(replace(model.config, border=border))
    other.load_state_dict(model.state_dict())
    return other.eval()


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("size", [(1, 1), (2, 7), (20, 12)])
def test_a_border_is_the_edge_of_the_image_repeated_and_then_cut(tiny_model, size, training):
    image = torch.rand(2, 3, *size)
    expected = tiny_model(F.pad(image, (3, 3, 3, 3), mode="replicate"))[:, :, 6:-6, 6:-6]

    sr = with_border(tiny_model, 3).train(training)(image)

    assert sr.shape == (2, 3, 2 * size[0], 2 * size[1]) and sr.requires_grad == training
    torch.testing.assert_close(sr, expected, rtol=0, atol=1e-5)


def test_an_image_that_holds_its_border_already_is_only_cut(tiny_model):
    model, image = with_border(tiny_model, 3), torch.rand(2, 3, 9, 7)

    torch.testing.assert_close(
        model(F.pad(image, (3,) * 4, mode="replicate"), has_border=True), model.forward_whole(image), rtol=0, atol=1e-6
    )


def test_a_network_for_another_scale_has_the_same_border(tiny_model):
    assert with_border(tiny_model, 3).at_scale(4).config == replace(tiny_model.config, scale=4, border=3)


def test_the_letters_for_a_model_change_with_its_border(tiny_model):
    models = tiny_model, with_border(tiny_model, 0), with_border(tiny_model, 3)

    assert [weights_hash(model) == weights_hash(tiny_model) for model in models] == [True, True, False]


SHADES = [
    (255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 255, 255), (255, 0, 255), (255, 255, 0), (0, 0, 0), (255, 255, 255),
    (128, 128, 128), (51, 179, 102), (255, 128, 0), (90, 60, 30), (250, 200, 180),
    (1, 2, 3), (8, 192, 252), (128, 247, 247), (247, 8, 64),
]
COLOURS = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1), (0, 0, 0), (0.2, 0.7, 0.4)]


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("name", ["drln-bam-compact", "drln-bam-compact-photo"])
def test_a_bundled_model_gives_back_an_image_of_one_colour(name, scale):
    model = DrlnModel.from_pretrained(name, scale)

    for size in [(1, 1), (3, 2), (24, 24)]:
        images = torch.tensor(COLOURS)[:, :, None, None].expand(-1, -1, *size)
        off = 255 * (model(images).clamp(0, 1) - images[:, :, :1, :1]).abs().max().item()
        assert off < 2, (size, off)


@pytest.mark.parametrize("precision", ["float32", "auto"])
@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("name", ["drln-bam-compact", "drln-bam-compact-photo"])
def test_a_bundled_model_gives_back_a_photo_of_one_colour(name, scale, precision):
    """From image to image, as users have them; also up to each corner."""
    upscaler = Upscaler(DrlnModel.from_pretrained(name, scale), precision=precision)

    for size in [(1, 1), (9, 6)]:
        for colour in SHADES:
            sr = np.asarray(upscaler.upscale(Image.new("RGB", size, colour)), int)
            assert sr.shape == (scale * size[1], scale * size[0], 3)
            assert np.abs(sr - colour).max() <= 2, (size, colour)


def test_a_scale_that_is_no_whole_number_is_refused_where_weights_are_looked_for():
    with pytest.raises(CheckpointError, match="scale is 2.0; choose one of"):
        DrlnModel.from_pretrained("drln-bam-compact", 2.0)


def test_the_trunk_alone_changes_its_precision(tiny_model):
    tiny_model.set_trunk_dtype(torch.bfloat16)

    kinds = {name.split(".")[0]: p.dtype for name, p in tiny_model.named_parameters()}
    assert kinds["groups"] == kinds["upsampler"] == torch.bfloat16
    assert kinds["head"] == kinds["tail"] == kinds["sub_mean"] == torch.float32


def test_a_model_cast_as_a_whole_to_bfloat16_still_runs(tiny_model):
    image = torch.rand(1, 3, 10, 10)
    exact = tiny_model(image)

    sr = tiny_model.to(torch.bfloat16)(image)

    assert sr.dtype == torch.float32
    torch.testing.assert_close(sr, exact, rtol=0, atol=0.1)
