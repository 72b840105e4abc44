"""Figures: images in rows, bars, the network drawn from its modules, what it costs, the curve of a training run.

They need matplotlib, which is imported when something is drawn: `pip install 'drln[train]'`. `compare` does not: it
shows images in a viewer, in which the reader moves a slider and zooms.
"""

from drln.plots.bars import plot_bars, plot_gains
from drln.plots.costs import kind_shares, layer_costs, plot_costs
from drln.plots.curve import plot_history
from drln.plots.diagram import draw_network, parameters
from drln.plots.figures import caption, show, use_style, write_figure, zoom
from drln.plots.sizes import plot_sizes
from drln.plots.viewer import Comparison, compare, viewer_file

__all__ = [
    "Comparison",
    "caption",
    "compare",
    "draw_network",
    "kind_shares",
    "layer_costs",
    "parameters",
    "plot_bars",
    "plot_costs",
    "plot_gains",
    "plot_history",
    "plot_sizes",
    "show",
    "use_style",
    "viewer_file",
    "write_figure",
    "zoom",
]
