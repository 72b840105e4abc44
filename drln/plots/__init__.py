"""Figures: images in rows, the network drawn from its modules, the curve of a training run.

Needs matplotlib, which is imported when something is drawn: `pip install 'drln[train]'`.
"""

from drln.plots.curve import plot_history
from drln.plots.diagram import draw_network, parameters
from drln.plots.figures import caption, show, use_style, write_figure, zoom

__all__ = [
    "caption",
    "draw_network",
    "parameters",
    "plot_history",
    "show",
    "use_style",
    "write_figure",
    "zoom",
]
