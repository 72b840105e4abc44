"""Bars in groups: values beside their numbers, and how much better than bicubic a model is, image by image.

Is given numbers and scores; measures nothing. Needs matplotlib: `pip install 'drln[train]'`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from drln.evaluation import BICUBIC, STANDARD, Scores
from drln.plots.figures import SOFT, paper

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GROUP = 0.84    # the bars of a group fill this share of its width
NAMED = 30      # images; more names would overlap


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
    with paper(8.5, height, text) as figure:
        axis = figure.subplots()
        _draw_bars(axis, series, numbers)
        axis.set_ylabel(label)
        if log:
            axis.set_yscale("log")
            axis.yaxis.set_minor_formatter("")    # powers of ten alone
        axis.margins(y=0.18)    # room for the numbers and the legend
        if limits:
            axis.set_ylim(limits)
        if len(series) > 1:
            axis.legend(ncols=len(series))
    return figure


def plot_gains(scores: Sequence[Scores], text: str = "", *, protocol: str = STANDARD) -> Figure:
    """Draw the PSNR of each image minus that of bicubic: a panel for each set and scale, a colour for each model.

    Args:
        scores: scores of bicubic and of at least one model; those of other protocols, or of degraded LR, are left out.
        text: the caption.
        protocol: "standard" or "card".

    Raises:
        ValueError: if bicubic or a model is missing for a set and scale, or there are no scores.
    """
    panels: dict[tuple[str, int], dict[str, dict[str, float]]] = {}
    for entry in scores:
        if entry.protocol == protocol and not entry.degradation:
            values = {image.name: image.psnr for image in entry.images}
            panels.setdefault((entry.dataset, entry.scale), {})[entry.model] = values
    if not panels or any(BICUBIC not in models or len(models) < 2 for models in panels.values()):
        raise ValueError(f"give scores of {BICUBIC!r} and of a model in the {protocol} protocol for each set and scale")
    with paper(max(5, 4.2 * len(panels)), 3.5, text) as figure:
        axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axis, ((dataset, scale), models) in zip(axes, panels.items()):
            base = models.pop(BICUBIC)
            _draw_bars(axis, {name: _gains(values, base) for name, values in models.items()})
            axis.set_title(f"{dataset}, {scale}x")
            if len(base) > NAMED:
                axis.set_xticks([])
            for label in axis.get_xticklabels():
                label.set(rotation=45, ha="right", rotation_mode="anchor")
        axes[0].set_ylabel("PSNR over bicubic, dB")
        axes[0].legend()
    return figure


def _draw_bars(axis: Axes, series: Mapping[str, Mapping[str, float]], numbers: str = "") -> None:
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


def _gains(values: dict[str, float], base: dict[str, float]) -> dict[str, float]:
    """The gain of each image that both measured. An infinite PSNR, of identical images, has no bar."""
    gains = {PurePath(name).stem: psnr - base[name] for name, psnr in values.items() if name in base}
    return {name: gain for name, gain in gains.items() if math.isfinite(gain)}
