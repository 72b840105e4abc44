"""The curve of a training run."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from drln.plots.figures import paper

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_history(history: Sequence[Mapping[str, float]]) -> Figure:
    """Draw loss, and PSNR in dB if it was measured, against steps; the best PSNR is marked.

    Raises:
        ValueError: for an empty history.
    """
    if not history:
        raise ValueError("the history is empty; it has a row for each evaluation")
    measured = [row for row in history if not math.isnan(row["psnr"])]
    with paper(10, 3.2) as figure:
        panels = figure.subplots(1, 2 if measured else 1, squeeze=False)[0]
        _curve(panels[0], history, "loss", "Loss: mean absolute difference, of 0..1")
        if measured:
            best = max(measured, key=lambda row: row["psnr"])
            title = f"PSNR on held-out images, best {best['psnr']:.2f} dB in step {best['step']:.0f}"
            _curve(panels[1], measured, "psnr", title)
            panels[1].plot(best["step"], best["psnr"], "o")
    return figure


def _curve(panel: Axes, history: Sequence[Mapping[str, float]], key: str, title: str) -> None:
    panel.plot([row["step"] for row in history], [row[key] for row in history], marker=".")
    panel.set(title=title, xlabel="steps")
    panel.grid(alpha=0.3)
