"""How good published models are, by their size.

Knows published numbers. Needs matplotlib: `pip install 'drln[train]'`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from drln.evaluation import CARD, PARAMETERS, SETS, published
from drln.plots.figures import COLOURS, paper

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, _, GREEN, RED, _, _, _ = COLOURS
SOURCE = "super-image"
# Where the names of crowded dots go, in points from the dot; other names go to the right.
NAMES = {
    "a2n": (-6, -9),
    "awsrn-bam": (6, 3),
    "carn": (6, -9),
    "drln": (-6, 3),
    "drln-bam": (-6, -9),
    "edsr-base": (-6, 3),
}
BESIDE = (7, -3)


def plot_sizes(scale: int = 4, ours: Mapping[str, tuple[float, float]] | None = None, text: str = "") -> Figure:
    """Draw the PSNR of the super-image library's models against their parameters, a panel for each set.

    PSNR is by the card's protocol.

    Args:
        scale: 2, 3 or 4.
        ours: another model, drawn as a star: by the name of a set, its million parameters and its PSNR.
        text: the caption.

    Raises:
        ValueError: if nothing is published at that scale.
    """
    sets = [name for name in SETS if published(CARD, name, scale, SOURCE)]
    if not sets:
        raise ValueError(f"nothing is published at {scale}x")
    with paper(9, 5.6, text) as figure:
        axes = figure.subplots(2, -(-len(sets) // 2), sharex=True, squeeze=False)
        for axis, name in zip(axes.flat, sets):
            for entry in published(CARD, name, scale, SOURCE):
                spot = PARAMETERS[entry.model], entry.psnr
                axis.plot(*spot, "o", color=RED if "drln" in entry.model else BLUE)
                place = NAMES.get(entry.model, BESIDE)
                side = "left" if place[0] > 0 else "right"
                axis.annotate(entry.model, spot, place, textcoords="offset points", fontsize=8, ha=side)
            if ours and name in ours:
                axis.plot(*ours[name], "*", color=GREEN, markersize=12)
            axis.set(title=f"{name}, {scale}x", xscale="log", xlim=(0.1, 100))
            axis.xaxis.set_major_formatter("{x:g}")    # and no powers of ten
            axis.margins(y=0.15)
        figure.supylabel("PSNR, dB (card's protocol)", fontsize=10)
        for axis in axes[-1]:
            axis.set_xlabel("million parameters")
    return figure
