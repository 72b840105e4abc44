"""Figures of images: in rows under their titles, or zoomed in, with a caption below.

They are black on white, so that they can be read on dark pages too. Knows no model.
Needs matplotlib: `pip install 'drln[train]'`.
"""

from __future__ import annotations

import io
import math
import os
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from torch import Tensor

from drln.whole_files import write_bytes_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# For `matplotlib.rcParams`; the colours are those of Okabe and Ito, which colour-blind readers tell apart.
INK, PAPER, SOFT = "#1a1a1a", "white", "#555555"
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442")
STYLE: Any = {    # matplotlib's own type names every key there is
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "savefig.pad_inches": 0.2,
    "figure.dpi": 100,
    "axes.facecolor": PAPER,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.prop_cycle": f"cycler(color={COLOURS})",
    "font.size": 10,
    "legend.frameon": False,
    **{f"axes.{part}": INK for part in ("edgecolor", "labelcolor", "titlecolor")},
    **{part: INK for part in ("text.color", "xtick.color", "ytick.color")},
}
CAPTION_POINTS = 9
CAPTION_LETTERS = 15    # an inch, at that size


def use_style() -> None:
    """Give all figures of this session the style of this module."""
    import matplotlib as mpl

    mpl.rcParams.update(STYLE)


def caption(figure: Figure, text: str) -> None:
    """Write a caption under a figure with the layout "constrained", broken into lines that fit its width."""
    lines = textwrap.fill(" ".join(text.split()), int(figure.get_figwidth() * CAPTION_LETTERS))
    figure.supxlabel(lines, x=0.01, ha="left", fontsize=CAPTION_POINTS, color=SOFT)


def write_figure(path: str | os.PathLike[str], figure: Figure, dpi: int = 120) -> None:
    """Save a figure as PNG; the file appears when it is complete.

    Raises:
        WriteError: if it cannot be written.
    """
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=dpi)
    write_bytes_whole(path, content.getbuffer())


def show(
    pictures: Mapping[str, Any],
    text: str = "",
    *,
    columns: int | None = None,
    height: float = 2.6,
    colours: str = "gray",
    limits: tuple[float, float] | None = None,
    cut: float = 0,
    bar: str = "",
) -> Figure:
    """Show images in rows, each under its title.

    Args:
        pictures: the images by their titles: PIL images; arrays, (H, W) or (H, W, 3); tensors, (H, W) or one RGB
            image, (1, 3, H, W) in [0, 1], which is clamped.
        text: the caption.
        columns: images in a row; by default all are in one row.
        height: of a row, in inches.
        colours: matplotlib's name of a colour map, for images of one channel.
        limits: the values of its first and last colour; by default each image's smallest and largest value.
        cut: without limits, the percentage of pixels at either end that may lie beyond the colour map.
        bar: what the values mean; adds a colour bar.

    Raises:
        ValueError: if there are no images, or one has another shape.
    """
    images = {title: _array(picture) for title, picture in pictures.items()}
    if not images:
        raise ValueError("there are no images to show; give a mapping of titles to images")
    columns = columns or len(images)
    rows = math.ceil(len(images) / columns)
    shape = next(iter(images.values())).shape
    width = columns * height * shape[1] / shape[0] + (1 if bar else 0)
    with paper(width, rows * (height + 0.25), text) as figure:
        axes = figure.subplots(rows, columns, squeeze=False)
        for axis in axes.flat:
            axis.set_axis_off()
        for axis, (title, image) in zip(axes.flat, images.items()):
            low, high = limits or np.percentile(image, (cut, 100 - cut))
            drawn = axis.imshow(image, cmap=colours, vmin=low, vmax=high)
            axis.set_title(title, y=1)    # with y given, matplotlib does not search for a place
        if bar:
            figure.colorbar(drawn, ax=axes, label=bar, shrink=0.8)
    return figure


def zoom(
    pictures: Mapping[str, Any], box: tuple[int, int, int, int], text: str = "", *, height: float = 2.6
) -> Figure:
    """Show the last image with a box in it, and beside it what each image has in that box, every pixel a square.

    Args:
        pictures: as in `show`, all of the same view; their sizes may differ.
        box: left, top, right and bottom, in pixels of the last image.
        text, height: as in `show`.

    Raises:
        ValueError: if the box is empty or leaves the image.
    """
    from matplotlib.patches import Rectangle

    images = {title: _array(picture) for title, picture in pictures.items()}
    whole = list(images.values())[-1]
    left, top, right, bottom = box
    if not (0 <= left < right <= whole.shape[1] and 0 <= top < bottom <= whole.shape[0]):
        raise ValueError(f"the box is {box}, and the picture {whole.shape[1]}x{whole.shape[0]}; give one inside it")
    wide, narrow = whole.shape[1] / whole.shape[0], (right - left) / (bottom - top)
    with paper((wide + len(images) * narrow) * height, height + 0.25, text) as figure:
        axes = figure.subplots(1, 1 + len(images), width_ratios=[wide] + [narrow] * len(images))
        for axis in axes:
            axis.set_axis_off()
        axes[0].imshow(whole, cmap="gray")
        for colour, line in ((PAPER, 3), (INK, 1.2)):    # visible on bright and on dark images
            corner = (left - 0.5, top - 0.5)
            axes[0].add_patch(Rectangle(corner, right - left, bottom - top, fill=False, edgecolor=colour, lw=line))
        for axis, (title, image) in zip(axes[1:], images.items()):
            part = [round(side * image.shape[1] / whole.shape[1]) for side in box]
            axis.imshow(image[part[1] : part[3], part[0] : part[2]], cmap="gray", interpolation="nearest")
            axis.set_title(title, y=1)
    return figure


@contextmanager
def paper(width: float, height: float, text: str = "") -> Iterator[Figure]:
    """Yield a new figure to draw in this module's style, and write its caption, if there is one, at the end.

    It has no window and is not in pyplot's list of open figures, so nothing has to close it.

    Args:
        width, height: of the figure, in inches.
        text: the caption.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        if text:
            caption(figure, text)


def _array(picture: Any) -> np.ndarray:
    """Return any image as (H, W) or (H, W, 3 or 4)."""
    if isinstance(picture, Image.Image):
        return np.asarray(picture)
    if isinstance(picture, Tensor):
        picture = picture.detach().float().cpu()
        if picture.dim() == 4 and picture.shape[:2] == (1, 3):
            picture = picture[0].clamp(0, 1).permute(1, 2, 0)
        picture = picture.numpy()
    picture = np.asarray(picture)
    if picture.ndim not in (2, 3) or (picture.ndim == 3 and picture.shape[2] not in (3, 4)):
        raise ValueError(f"the picture has shape {picture.shape}; give (H, W), (H, W, 3) or a tensor (1, 3, H, W)")
    return picture
