"""Bars in groups, each with its number.

Knows numbers and their names. Needs matplotlib: `pip install 'drln[train]'`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from drln.plots.figures import SOFT, caption, paper

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GROUP = 0.84    # the bars of a group fill this share of its width


def plot_bars(
    series: Mapping[str, Mapping[str, float]],
    text: str = "",
    *,
    label: str = "",
    numbers: str = "%.2f",
    limits: tuple[float, float] | None = None,
    log: bool = False,
    height: float = 3.2,
) -> Figure:
    """Groups of bars, with a bar of each series in each group.

    Args:
        series: by name, the values by the names of the groups; a series may lack a group.
        text: the caption.
        label: what the values are.
        numbers: the format of the number beside each bar, as "%.2f"; empty for no numbers.
        limits: the least and the largest value of the axis.
        log: draw a logarithmic axis.
        height: the figure's height in inches.

    Raises:
        ValueError: if there is no value.
    """
    with paper() as make:
        figure = make(8.5, height)
        axis = figure.subplots()
        draw_bars(axis, series, numbers)
        axis.set_ylabel(label)
        if log:
            axis.set_yscale("log")
            axis.yaxis.set_minor_formatter("")    # powers of ten alone
        axis.margins(y=0.18)    # room for the numbers and the legend
        if limits:
            axis.set_ylim(limits)
        if len(series) > 1:
            axis.legend(ncols=len(series))
        caption(figure, text)
    return figure


def draw_bars(axis: Axes, series: Mapping[str, Mapping[str, float]], numbers: str = "") -> None:
    """Draw the bars of `plot_bars` into given axes."""
    groups = list(dict.fromkeys(group for values in series.values() for group in values))
    if not groups:
        raise ValueError("there are no bars to draw; give each series a mapping of names to values")
    width = GROUP / len(series)
    for number, (name, values) in enumerate(series.items()):
        aside = (number - (len(series) - 1) / 2) * width
        places = [groups.index(group) + aside for group in values]
        bars = axis.bar(places, list(values.values()), width=0.95 * width, label=name)
        if numbers:
            axis.bar_label(bars, fmt=numbers, fontsize=9, padding=2)
    axis.set_xticks(range(len(groups)), groups)
    if any(value < 0 for values in series.values() for value in values.values()):
        axis.axhline(0, color=SOFT, lw=1)
