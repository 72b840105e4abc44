import pytest

from drln.plots import plot_bars


def places(figure, series):
    return [bar.get_x() + bar.get_width() / 2 for bar in figure.axes[0].containers[series]]


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
