import pytest

from drln.evaluation import PARAMETERS, published
from drln.plots import plot_sizes


def dots(axis, marker):
    return {(line.get_xdata()[0], line.get_ydata()[0]) for line in axis.lines if line.get_marker() == marker}


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_each_published_model_is_a_dot_with_its_name(scale):
    figure = plot_sizes(scale, text="a caption")

    assert [axis.get_title() for axis in figure.axes] == [
        f"{name}, {scale}x" for name in ("Set5", "Set14", "BSD100", "Urban100")
    ]
    entries = published("card", "Set14", scale, "super-image")
    assert dots(figure.axes[1], "o") == {(PARAMETERS[entry.model], entry.psnr) for entry in entries}
    assert {text.get_text() for text in figure.axes[1].texts} == {entry.model for entry in entries}


def test_a_model_of_ones_own_is_a_star_in_the_sets_that_it_was_measured_on():
    figure = plot_sizes(4, {"Set14": (1.3, 28.3)})

    assert [dots(axis, "*") for axis in figure.axes] == [set(), {(1.3, 28.3)}, set(), set()]


def test_a_scale_that_nobody_published_is_an_error():
    with pytest.raises(ValueError, match="8x"):
        plot_sizes(8)
