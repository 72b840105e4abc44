"""How much better than bicubic a model is, image by image.

Is given scores; measures nothing. Needs matplotlib: `pip install 'drln[train]'`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from drln.evaluation import BICUBIC, STANDARD, Scores
from drln.plots.bars import draw_bars
from drln.plots.figures import caption, paper

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAMED = 30    # images; more names would overlap


def plot_gains(scores: Sequence[Scores], text: str = "", *, protocol: str = STANDARD) -> Figure:
    """Draw the PSNR of each image minus that of bicubic: a panel for each set and scale, a colour for each model.

    Args:
        scores: scores of bicubic and of at least one model; those of other protocols are left out.
        text: the caption.
        protocol: "standard" or "card".

    Raises:
        ValueError: if bicubic or a model is missing for a set and scale, or there are no scores.
    """
    panels: dict[tuple[str, int], dict[str, dict[str, float]]] = {}
    for entry in scores:
        if entry.protocol == protocol:
            values = {image.name: image.psnr for image in entry.images}
            panels.setdefault((entry.dataset, entry.scale), {})[entry.model] = values
    if not panels or any(BICUBIC not in models or len(models) < 2 for models in panels.values()):
        raise ValueError(f"give scores of {BICUBIC!r} and of a model in the {protocol} protocol for each set and scale")
    with paper() as make:
        figure = make(max(5, 4.2 * len(panels)), 3.5)
        axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axis, ((dataset, scale), models) in zip(axes, panels.items()):
            base = models.pop(BICUBIC)
            draw_bars(axis, {name: _gains(values, base) for name, values in models.items()})
            axis.set_title(f"{dataset}, {scale}x")
            if len(base) > NAMED:
                axis.set_xticks([])
            for label in axis.get_xticklabels():
                label.set(rotation=45, ha="right", rotation_mode="anchor")
        axes[0].set_ylabel("PSNR over bicubic, dB")
        axes[0].legend()
        caption(figure, text)
    return figure


def _gains(values: dict[str, float], base: dict[str, float]) -> dict[str, float]:
    """The gain of each image that both measured. An infinite PSNR, of identical images, has no bar."""
    gains = {PurePath(name).stem: psnr - base[name] for name, psnr in values.items() if name in base}
    return {name: gain for name, gain in gains.items() if math.isfinite(gain)}
