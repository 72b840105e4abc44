import io

import numpy as np
import pytest
import torch
from PIL import Image

from drln.plots.figures import caption, show, use_style, zoom
from drln.samples import list_samples


@pytest.fixture
def photo():
    with Image.open(list_samples()[0]) as image:
        return image.convert("RGB")


@pytest.fixture(autouse=True)
def matplotlib():
    """With whatever a test sets undone after it."""
    import matplotlib as mpl
    from matplotlib import colors, style  # noqa: F401    # so that they are there as its attributes

    with mpl.rc_context():
        yield mpl


def drawn(figure):
    """By title, what is shown in each picture of a figure."""
    return {axis.get_title(): axis.images[0].get_array() for axis in figure.axes if axis.images}


def saved(figure):
    file = io.BytesIO()
    figure.savefig(file)
    return Image.open(file).convert("RGB")


def test_pictures_of_every_kind_are_shown_with_their_own_pixels(photo):
    pixels = np.asarray(photo)
    tensor = torch.from_numpy(pixels / 255).permute(2, 0, 1)[None]
    grey = np.arange(12.0).reshape(3, 4)

    shown = drawn(show({"pil": photo, "array": pixels, "tensor": tensor, "grey": torch.from_numpy(grey)}))

    assert list(shown) == ["pil", "array", "tensor", "grey"]
    assert np.array_equal(shown["pil"], pixels) and np.array_equal(shown["array"], pixels)
    np.testing.assert_allclose(shown["tensor"], pixels / 255, atol=1e-6)
    np.testing.assert_allclose(shown["grey"], grey)


def test_rows_are_as_many_as_the_columns_make():
    figure = show({str(n): np.zeros((4, 4)) for n in range(5)}, columns=2)

    rows = {round(axis.get_subplotspec().rowspan.start) for axis in figure.axes}
    assert rows == {0, 1, 2}


def test_limits_hold_for_all_pictures_and_a_cut_leaves_out_the_ends():
    ramp = np.arange(101.0).reshape(1, 101)

    fixed, cut = show({"a": ramp}, limits=(-5, 5)), show({"a": ramp}, cut=10)

    assert fixed.axes[0].images[0].get_clim() == (-5, 5)
    np.testing.assert_allclose(cut.axes[0].images[0].get_clim(), (10, 90))


def test_zoom_shows_the_same_part_of_pictures_of_different_sizes(photo):
    half = photo.resize((photo.width // 2, photo.height // 2))
    box = (20, 40, 60, 100)

    shown = drawn(zoom({"half": half, "whole": photo}, box))

    assert np.array_equal(shown["whole"], np.asarray(photo.crop(box)))
    assert np.array_equal(shown["half"], np.asarray(half.crop((10, 20, 30, 50))))


@pytest.mark.parametrize("box", [(0, 0, 0, 5), (-1, 0, 5, 5), (290, 0, 301, 5)])
def test_a_box_that_is_empty_or_reaches_out_is_refused_with_both_sizes(photo, box):
    with pytest.raises(ValueError, match="300x300"):
        zoom({"photo": photo}, box)


@pytest.mark.parametrize("pictures, words", [({}, "no images"), ({"a": np.zeros((2, 2, 7))}, r"\(2, 2, 7\)")])
def test_what_cannot_be_shown_is_refused(pictures, words):
    with pytest.raises(ValueError, match=words):
        show(pictures)


def test_figures_are_black_on_white_where_the_session_is_white_on_black(matplotlib, photo):
    matplotlib.style.use("dark_background")

    picture = saved(show({"title": photo}, "a caption"))

    assert picture.getpixel((0, 0)) == (255, 255, 255)
    title = picture.crop((0, 0, picture.width, picture.height // 12)).convert("L")
    assert title.getextrema()[0] < 90    # dark letters


def test_the_style_makes_later_figures_of_the_session_black_on_white(matplotlib):
    from matplotlib import pyplot as plt

    matplotlib.style.use("dark_background")
    use_style()
    figure, axis = plt.subplots()
    axis.set_title("title")

    assert figure.get_facecolor() == (1, 1, 1, 1)
    assert max(matplotlib.colors.to_rgb(axis.title.get_color())) < 0.3
    plt.close(figure)


def test_a_long_caption_stays_within_its_figure(photo):
    figure = show({"photo": photo}, "all work and no play " * 12)
    figure.canvas.draw()

    (words,) = [text for text in figure.texts if "play" in text.get_text()]
    extent = words.get_window_extent()
    assert words.get_text().count("\n") >= 3
    assert 0 <= extent.x0 and extent.x1 <= figure.bbox.x1 and 0 <= extent.y0


def test_a_caption_beneath_a_plot_leaves_its_axes_free():
    from matplotlib import pyplot as plt

    figure, axis = plt.subplots(layout="constrained")
    axis.set_xlabel("pixels")
    caption(figure, "what it shows")
    figure.canvas.draw()

    (words,) = [text for text in figure.texts if "what it shows" in text.get_text()]
    assert words.get_window_extent().y1 < axis.xaxis.label.get_window_extent().y1
    plt.close(figure)
