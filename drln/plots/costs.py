"""Where a network's work is done: the multiplications of each layer, and the share of each kind of layer.

Counted from the shapes of the weights; nothing is run. Needs matplotlib: `pip install 'drln[train]'`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from drln.network import Drln, conv_cost
from drln.network.blocks import ResidualGroup
from drln.plots.figures import COLOURS, SOFT, paper

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, RED, _, SKY, _ = COLOURS
KINDS = {"units[0]": SKY, "units[1]": BLUE, "units[2]": RED, "squeeze": GREEN, "fusion": ORANGE}    # the others SOFT


def layer_costs(model: Drln) -> list[tuple[str, int]]:
    """List the layers in the order in which they run: the kind of each, and its multiplications for each LR pixel.

    The kinds have the names that `draw_network` shows: "head", "units[0]", "squeeze", "fusion", "upsampler", "tail".
    """
    layers = [("head", conv_cost(model.head))]
    for group in model.groups:
        layers += _group_costs(group)
    area = 1    # each stage of the upsampler makes more pixels
    for conv, factor in zip(model.upsampler.convs, model.upsampler.factors):
        layers.append(("upsampler", area * conv_cost(conv)))
        area *= factor**2
    return [*layers, ("tail", area * conv_cost(model.tail))]


def kind_shares(model: Drln) -> dict[str, float]:
    """Return the fraction of all multiplications that each kind of layer does."""
    layers = layer_costs(model)
    total = sum(cost for _, cost in layers)
    return {kind: sum(cost for k, cost in layers if k == kind) / total for kind in dict.fromkeys(k for k, _ in layers)}


def plot_costs(model: Drln, text: str = "") -> Figure:
    """Draw the multiplications of each layer, and the share of each kind of layer."""
    layers, shares = layer_costs(model), kind_shares(model)
    with paper(10, 3.4, text) as figure:
        left, right = figure.subplots(1, 2, width_ratios=[3, 1])
        colours = [KINDS.get(kind, SOFT) for kind, _ in layers]
        left.bar(range(len(layers)), [cost / 1e3 for _, cost in layers], color=colours)
        left.set(xlabel="layers, from the photo to the result", xticks=[])
        left.set_ylabel("thousand multiplications\nfor each LR pixel")
        bars = right.barh(
            list(shares), [100 * share for share in shares.values()], color=[KINDS.get(kind, SOFT) for kind in shares]
        )
        right.bar_label(bars, fmt=" %.1f %%")
        right.invert_yaxis()
        right.set(xticks=[], title="share of each kind")
        right.spines[:].set_visible(False)
        right.margins(x=0.25)    # room for the numbers
    return figure


def _group_costs(group: ResidualGroup) -> Iterator[tuple[str, int]]:
    """List the layers of a group, without a fusion that nothing reads."""
    for index, (block, fusion) in enumerate(zip(group.blocks, group.fusions)):
        for number, unit in enumerate(block.units):
            yield f"units[{number}]", conv_cost(unit.conv1, unit.conv2)
        yield "squeeze", conv_cost(block.squeeze)
        if not group.reads_input(index + 1):
            yield "fusion", conv_cost(fusion)
