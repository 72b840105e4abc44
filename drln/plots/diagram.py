"""A network drawn from its modules: the whole network, one of its groups, one of its dense blocks.

It reads the modules, so it draws any width, depth and scale. It draws no weights.
Needs matplotlib: `pip install 'drln[train]'`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import nn

from drln.network.blocks import DenseBlock, ResidualGroup
from drln.plots.figures import COLOURS, INK, SOFT, paper

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from drln.model import DrlnModel

BLUE, ORANGE, GREEN, RED, _, SKY, _ = COLOURS
HALF = 0.34    # of a box's height, in units of the drawing


def draw_network(model: DrlnModel, group: int = 0) -> Figure:
    """Draw the network, its residual group number `group`, and that group's first block, from top to bottom.

    Arrows are features. The number under a box is that of its parameters.

    Raises:
        IndexError: if the network has no such group.
    """
    shown = model.groups[group]
    width = f"C is the width of the network, {model.config.channels} channels."
    with paper(13, 6.6, f"{parameters(model):,} parameters in total. {width}") as figure:
        axes = figure.subplots(3, 1, height_ratios=[2.5, 3.0, 2.8])
        _network(axes[0], model)
        _group(axes[1], shown, f"groups[{group}]")
        _block(axes[2], shown.blocks[0], f"groups[{group}].blocks[0]")
        for axis in axes:
            axis.set_axis_off()
            axis.set_aspect("equal")
    return figure


def parameters(*modules: nn.Module) -> int:
    """Count the parameters of the modules, frozen ones too."""
    return sum(weights.numel() for module in modules for weights in module.parameters())


def _network(axis: Axes, model: DrlnModel) -> None:
    """Draw the children of the model from left to right, each group as a box, and the skips around them."""
    boxes: list[tuple[str, nn.Module, str]] = []
    for name, child in model.named_children():
        parts = list(child) if isinstance(child, nn.ModuleList) else [child]
        for number, part in enumerate(parts):
            label = f"{name}[{number}]\n{len(part.blocks)} blocks" if isinstance(part, ResidualGroup) else name
            boxes.append((label, part, GREEN if isinstance(part, ResidualGroup) else _colour(name)))
    step = 20 / len(boxes)
    places = [step * (index + 0.5) for index in range(len(boxes))]
    for (label, part, colour), x in zip(boxes, places):
        _box(axis, x, 0.78 * step, label, colour, part)
    _arrow(axis, places[0] - 0.95 * step, places[0] - 0.39 * step)
    for left, right in zip(places, [*places[1:], places[-1] + step]):
        _arrow(axis, left + 0.39 * step, right - 0.39 * step)
    inner = [x for (_, part, _), x in zip(boxes, places) if isinstance(part, ResidualGroup)]
    for x in inner:
        _arc(axis, x - 0.5 * step, x + 0.5 * step, 0.75)
    _arc(axis, inner[0] - 0.5 * step, inner[-1] + 0.5 * step, 1.35, f"+ output of {boxes[1][0]}")
    axis.text(places[0] - step, 0, "photo", ha="right", va="center", color=INK)
    axis.text(places[-1] + 0.65 * step, 0, f"{model.config.scale}x\nphoto", ha="left", va="center", color=INK)
    _frame(axis, f"The network: {type(model).__name__}", -1.0, 1.6)


def _group(axis: Axes, group: ResidualGroup, name: str) -> None:
    """Draw blocks and fusions in turn, and below them the line of what each fusion gathers."""
    count = len(group.blocks)
    step = 20 / (2 * count)
    for index, (block, fusion) in enumerate(zip(group.blocks, group.fusions)):
        x, y = step * (2 * index + 0.5), step * (2 * index + 1.5)
        unread = index + 1 < count and group.reads_input(index + 1)
        _box(axis, x, 0.7 * step, f"blocks[{index}]", GREEN, block)
        width = f"{_wide(fusion.in_channels // fusion.out_channels)} to C"
        _box(axis, y, 0.7 * step, f"fusions[{index}]\n{width}", SOFT if unread else ORANGE, fusion)
        _arrow(axis, x + 0.35 * step, y - 0.35 * step)
        if not unread:
            _arrow(axis, y + 0.35 * step, y + 0.65 * step)
        elif not index:
            axis.text(y, 0.5, "never read", ha="center", color=SOFT, fontsize=9)
        if group.reads_input(index) and index:
            _arc(axis, -0.15 * step, x, 0.95, "reads the group's input", down=True)
        axis.plot([x + 0.5 * step] * 2, [0, -1.2], color=BLUE, lw=1)
        axis.annotate("", (y, -HALF - 0.42), (y, -1.2), arrowprops={"arrowstyle": "->", "color": BLUE})
    axis.plot([-0.3 * step, 20 - 0.5 * step], [-1.2] * 2, color=BLUE, lw=1)
    axis.plot([-0.3 * step] * 2, [0, -1.2], color=BLUE, lw=1)
    _arrow(axis, -0.6 * step, 0.15 * step)
    words = "gathered: the input of the group and the output of every block"
    axis.text(10, -1.5, words, ha="center", color=BLUE, fontsize=9)
    _frame(axis, f"A residual group: {name}", -1.7, 1.3)


def _block(axis: Axes, block: DenseBlock, name: str) -> None:
    """Draw the residual units with their growing piles of features, the squeeze, and the gates."""
    channels = block.squeeze.out_channels
    widths = [unit.conv1.in_channels // channels for unit in block.units]
    units = [(f"units[{i}]\n{_wide(width)} to {_wide(width)}", block.units[i]) for i, width in enumerate(widths)]
    steps: list[tuple[str, nn.Module]] = [*units, (f"squeeze\n{_wide(2 * widths[-1])} to C", block.squeeze)]
    step = 20 / (len(steps) + 1)
    piles = [*widths, 2 * widths[-1], 1]
    for index, (label, part) in enumerate(steps):
        x = step * (index + 0.55)
        _box(axis, x, 0.5 * step, label, BLUE if index < len(units) else ORANGE, part)
        _arrow(axis, x - 0.4 * step, x - 0.25 * step)
        _arrow(axis, x + 0.25 * step, x + 0.42 * step)
        _pile(axis, x + 0.5 * step, piles[index + 1], 0.1 * step)
        if index < len(units):
            _arc(axis, x - 0.45 * step, x + 0.44 * step, 0.72)
    _pile(axis, 0.07 * step, 1, 0.1 * step)
    last = step * (len(steps) + 0.55)
    _arrow(axis, last - 0.42 * step, last - 0.3 * step)
    _box(axis, last, 0.6 * step, f"gates of the\n{type(block.attention).__name__}", RED, block.attention)
    _arrow(axis, last + 0.3 * step, last + 0.45 * step)
    words = "The height of a bar shows the channels: each unit puts its output on the pile that it has read."
    axis.text(10, -1.35, words, ha="center", color=BLUE, fontsize=9)
    _frame(axis, f"A dense block: {name}", -1.5, 1.1)


def _wide(widths: int) -> str:
    return "C" if widths == 1 else f"{widths}C"


def _colour(name: str) -> str:
    return {"head": BLUE, "tail": BLUE, "upsampler": ORANGE}.get(name, SOFT)


def _box(axis: Axes, x: float, width: float, label: str, colour: str, part: nn.Module) -> None:
    from matplotlib.patches import FancyBboxPatch

    style: Any = "round,pad=0,rounding_size=0.12"
    corner = (x - width / 2, -HALF)
    axis.add_patch(FancyBboxPatch(corner, width, 2 * HALF, boxstyle=style, facecolor=colour, alpha=0.18, lw=0))
    axis.add_patch(FancyBboxPatch(corner, width, 2 * HALF, boxstyle=style, fill=False, edgecolor=colour, lw=1.4))
    axis.text(x, 0, label, ha="center", va="center", color=INK, fontsize=9)
    axis.text(x, -HALF - 0.1, f"{parameters(part):,}", ha="center", va="top", color=SOFT, fontsize=8)


def _arrow(axis: Axes, left: float, right: float) -> None:
    axis.annotate("", (right, 0), (left, 0), arrowprops={"arrowstyle": "->", "color": INK, "shrinkA": 0, "shrinkB": 0})


def _arc(axis: Axes, left: float, right: float, height: float, label: str = "", down: bool = False) -> None:
    """Draw a skip: up at `left`, over, and down at `right`; with `down` it ends at the top of a box."""
    end = HALF if down else 0
    axis.plot([left, left, right, right], [0, height, height, end], color=SKY, lw=1.2)
    axis.plot([right], [end], marker="v" if down else "o", color=SKY, ms=4)
    if label:
        axis.text((left + right) / 2, height + 0.06, label, ha="center", color=SOFT, fontsize=9)


def _pile(axis: Axes, x: float, widths: int, thick: float) -> None:
    from matplotlib.patches import Rectangle

    unit = 0.2
    for number in range(widths):
        axis.add_patch(Rectangle((x - thick / 2, (number - widths / 2) * unit), thick, unit * 0.85, color=SKY))


def _frame(axis: Axes, title: str, low: float, high: float) -> None:
    axis.set_title(title, loc="left", fontsize=12, y=1)
    axis.set_xlim(-1.8, 21.6)
    axis.set_ylim(low, high)
