import math
from dataclasses import replace

import pytest

from drln.evaluation import ImageScore, Scores
from drln.plots import plot_bars, plot_gains


def places(figure, series):
    return [bar.get_x() + bar.get_width() / 2 for bar in figure.axes[0].containers[series]]


def scores(model, psnr, dataset="Set5", scale=4, protocol="standard"):
    images = tuple(ImageScore(f"{name}.png", value, 0.9) for name, value in psnr.items())
    return Scores(model, dataset, scale, protocol, images, len(images))


def heights(axis, series=0):
    return [bar.get_height() for bar in axis.containers[series]]


def test_a_bar_is_as_high_as_its_value_and_says_so():
    figure = plot_bars({"ours": {"Set5": 31.46, "Set14": 28.03}}, "a caption", label="PSNR, dB")

    (axis,) = figure.axes
    assert [bar.get_height() for bar in axis.containers[0]] == [31.46, 28.03]
    assert [text.get_text() for text in axis.texts] == ["31.46", "28.03"]
    assert [tick.get_text() for tick in axis.get_xticklabels()] == ["Set5", "Set14"]
    assert axis.get_ylabel() == "PSNR, dB" and axis.get_legend() is None


def test_the_bars_of_a_group_stand_beside_one_another_over_its_name():
    figure = plot_bars({"a": {"x": 1, "y": 2}, "b": {"x": 3, "y": 4}})

    first, second = places(figure, 0), places(figure, 1)
    assert all(a < b for a, b in zip(first, second))
    assert [(a + b) / 2 for a, b in zip(first, second)] == pytest.approx([0, 1])
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["a", "b"]


def test_a_series_may_lack_a_group():
    figure = plot_bars({"a": {"x": 1, "y": 2}, "b": {"y": 4}})

    assert [round(place) for place in places(figure, 1)] == [1]


def test_limits_and_a_logarithmic_axis_are_those_asked_for():
    assert plot_bars({"a": {"x": 25}}, limits=(23, 28)).axes[0].get_ylim() == (23, 28)
    axis = plot_bars({"a": {"x": 0.005, "y": 0.03}}, log=True).axes[0]
    assert axis.get_yscale() == "log"
    assert not any(label.get_text() for label in axis.get_yticklabels(minor=True))


@pytest.mark.parametrize("series", [{}, {"a": {}}])
def test_no_bars_are_an_error(series):
    with pytest.raises(ValueError, match="no bars"):
        plot_bars(series)


# Gains over bicubic


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


def test_scores_of_degraded_lr_are_left_out():
    clean = [scores("bicubic", {"a": 30.0}), scores("ours", {"a": 32.0})]
    noisy = [replace(entry, degradation="noise10", measured=(ImageScore("a.png", 20.0, 0.5),)) for entry in clean]

    figure = plot_gains([*clean, *noisy])

    assert heights(figure.axes[0]) == [2.0]
    with pytest.raises(ValueError, match="bicubic"):
        plot_gains(noisy)
