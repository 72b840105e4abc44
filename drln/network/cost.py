"""What a network costs in multiplications.

Counted from the shapes of the weights; nothing is run.
"""

from __future__ import annotations

from torch import nn

from drln.network.blocks import ResidualGroup
from drln.network.plain import Drln


def conv_cost(*convs: nn.Conv2d) -> int:
    """Return the multiplications at each pixel of the convolutions' output."""
    return sum(conv.weight.numel() for conv in convs)


def block_cost(group: ResidualGroup, index: int) -> int:
    """Return the multiplications per LR pixel of a dense block and the fusion that it reads."""
    block = group.blocks[index]
    convs = [conv for unit in block.units for conv in (unit.conv1, unit.conv2)] + [block.squeeze]
    return conv_cost(*convs) + (0 if group.reads_input(index) else conv_cost(group.fusions[index - 1]))


def upsampler_cost(model: Drln) -> int:
    """Return the multiplications per LR pixel from the last features to the image. Later stages run on more pixels."""
    total, area = conv_cost(model.head), 1    # the head runs again, its features are not kept
    for conv, factor in zip(model.upsampler.convs, model.upsampler.factors):
        total += area * conv_cost(conv)
        area *= factor**2
    return total + area * conv_cost(model.tail)


def network_cost(model: Drln) -> int:
    """Return the multiplications per LR pixel of a whole pass in strips."""
    groups = sum(
        sum(block_cost(group, index) for index in range(len(group.blocks))) + conv_cost(group.fusions[-1])
        for group in model.groups
    )
    return conv_cost(model.head) + groups + upsampler_cost(model)
