import math

import pytest

from drln.evaluation import ImageScore, Scores
from drln.plots import plot_gains


def scores(model, psnr, dataset="Set5", scale=4, protocol="standard"):
    images = tuple(ImageScore(f"{name}.png", value, 0.9) for name, value in psnr.items())
    return Scores(model, dataset, scale, protocol, images, len(images))


def heights(axis, series=0):
    return [bar.get_height() for bar in axis.containers[series]]


def test_a_bar_is_what_an_image_gains_over_bicubic():
    figure = plot_gains([scores("bicubic", {"a": 25, "b": 27}), scores("ours", {"a": 28, "b": 27.5})], "a caption")

    (axis,) = figure.axes
    assert heights(axis) == [3, 0.5]
    assert [tick.get_text() for tick in axis.get_xticklabels()] == ["a", "b"]
    assert axis.get_title() == "Set5, 4x"


def test_each_set_and_scale_has_a_panel_and_each_model_a_colour():
    entries = [scores(name, {"a": 25}, scale=scale) for scale in (2, 4) for name in ("bicubic", "ours", "theirs")]

    figure = plot_gains(entries)

    assert [axis.get_title() for axis in figure.axes] == ["Set5, 2x", "Set5, 4x"]
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["ours", "theirs"]


def test_the_other_protocol_is_left_out():
    card = [scores("bicubic", {"a": 25}, protocol="card"), scores("ours", {"a": 26}, protocol="card")]
    standard = [scores("bicubic", {"a": 25}), scores("ours", {"a": 29})]

    assert heights(plot_gains([*card, *standard]).axes[0]) == [4]
    assert heights(plot_gains([*card, *standard], protocol="card").axes[0]) == [1]


def test_an_image_that_bicubic_lacks_or_that_came_back_identical_has_no_bar():
    ours = scores("ours", {"a": 28, "b": 30, "c": math.inf})

    assert heights(plot_gains([scores("bicubic", {"a": 25, "c": 40}), ours]).axes[0]) == [3]


def test_the_images_of_a_large_set_are_not_named():
    large = {str(number): 25.0 for number in range(100)}

    axis = plot_gains([scores("bicubic", large), scores("ours", large)]).axes[0]

    assert len(heights(axis)) == 100 and not axis.get_xticklabels()


@pytest.mark.parametrize("models", [[], ["ours"], ["bicubic"]])
def test_without_bicubic_or_without_a_model_there_is_nothing_to_draw(models):
    with pytest.raises(ValueError, match="bicubic"):
        plot_gains([scores(model, {"a": 25}) for model in models])
