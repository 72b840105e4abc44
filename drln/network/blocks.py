"""The parts of the network, each in its plain form.

Knows tensors only: features are (B, C, H, W); C is the width of the network.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar, cast

import torch
from torch import Tensor, nn

from drln.network.config import ATTENTION_REDUCTION, STAGES

MEAN_RGB = (0.4488, 0.4371, 0.4040)    # of DIV2K, on the [0, 1] range

M = TypeVar("M", bound=nn.Module)


def module_list(modules: Iterable[M]) -> Sequence[M]:
    """Return an `nn.ModuleList` that knows the type of its modules."""
    return cast("Sequence[M]", nn.ModuleList(modules))


def conv3x3(inputs: int, outputs: int) -> nn.Conv2d:
    """Return a 3x3 convolution that keeps height and width."""
    return nn.Conv2d(inputs, outputs, kernel_size=3, padding=1)


class MeanShift(nn.Conv2d):
    """Subtract (sign -1) or add (sign +1) the mean colour of DIV2K; never trained.

    It is a 1x1 convolution because the published files hold one.
    """

    def __init__(self, sign: int) -> None:
        super().__init__(3, 3, kernel_size=1)
        assert self.bias is not None
        with torch.no_grad():
            nn.init.dirac_(self.weight)
            self.bias.copy_(torch.tensor([sign * mean for mean in MEAN_RGB]))
        self.requires_grad_(False)


class ResidualUnit(nn.Module):
    """Two convolutions and a skip around them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = conv3x3(channels, channels)
        self.conv2 = conv3x3(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape, (B, C, H, W)."""
        return (self.conv2(self.conv1(x).relu_()) + x).relu_()


class LaplacianAttention(nn.Module):
    """Channel weights from the image mean, through three dilated convolutions (DRLN paper, section 3.3).

    The convolutions run on a 1x1 map, so only their centre tap sees anything, whatever their dilation.
    The published weights were trained this way.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        squeezed = max(1, channels // ATTENTION_REDUCTION)
        self.pyramid = module_list(
            nn.Conv2d(channels, squeezed, kernel_size=3, padding=dilation, dilation=dilation)
            for dilation in (3, 5, 7)
        )
        self.merge = conv3x3(3 * squeezed, channels)

    def gates(self, x: Tensor, mean: Tensor) -> tuple[Tensor, ...]:
        """Return one gate, (B, C, 1, 1), from `mean`, (B, C, 1, 1)."""
        squeezed = [conv(mean).relu_() for conv in self.pyramid]
        return (torch.sigmoid(self.merge(torch.cat(squeezed, dim=1))),)


class BalancedAttention(nn.Module):
    """Channel weights from the image mean, times pixel weights from the channel maximum (Wang et al. 2021)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        squeezed = max(1, channels // ATTENTION_REDUCTION)
        self.reduce = nn.Conv2d(channels, squeezed, kernel_size=1, bias=False)
        self.prelu = nn.PReLU(squeezed)
        self.expand = nn.Conv2d(squeezed, channels, kernel_size=1, bias=False)
        self.spatial = nn.Conv2d(1, 1, kernel_size=7, padding=3, bias=False)

    def gates(self, x: Tensor, mean: Tensor) -> tuple[Tensor, ...]:
        """Return a gate for channels, (B, C, 1, 1), and one for pixels, (B, 1, H, W)."""
        channels = torch.sigmoid(self.expand(self.prelu(self.reduce(mean))))
        return channels, torch.sigmoid(self.spatial(x.amax(dim=1, keepdim=True)))


# A dense block asks either one for `gates(x, mean)`: factors in (0, 1) that broadcast against `x`, (B, C, H, W).
# `mean` is the mean of `x` over the whole image, (B, C, 1, 1).
Attention = LaplacianAttention | BalancedAttention


class DenseBlock(nn.Module):
    """Three residual units, each seeing all before it, squeezed back and re-weighted."""

    def __init__(self, channels: int, attention: Attention) -> None:
        super().__init__()
        self.units = module_list(ResidualUnit(channels * width) for width in (1, 2, 4))
        self.squeeze = nn.Conv2d(8 * channels, channels, kernel_size=1)
        self.attention = attention

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape, (B, C, H, W)."""
        for unit in self.units:
            x = torch.cat([x, unit(x)], dim=1)    # 2C, 4C, 8C
        x = self.squeeze(x).relu_()    # (B, C, H, W)
        for gate in self.attention.gates(x, x.mean(dim=(2, 3), keepdim=True)):
            x = x * gate
        return x


class ResidualGroup(nn.Module):
    """Dense blocks. After each, all results so far are fused; the last fusion is added to the group's input.

    Args:
        channels: C.
        blocks: how many dense blocks.
        bam: balanced attention if true, else Laplacian.
        second_reads_input: let the second block read the group's input instead of the first fusion, which is
            then never read, and so not trained.
    """

    def __init__(self, channels: int, blocks: int, bam: bool, second_reads_input: bool) -> None:
        super().__init__()
        attention: type[Attention] = BalancedAttention if bam else LaplacianAttention
        self.blocks = module_list(DenseBlock(channels, attention(channels)) for _ in range(blocks))
        self.fusions = module_list(conv3x3((k + 2) * channels, channels) for k in range(blocks))
        self.second_reads_input = second_reads_input and blocks > 1
        if self.second_reads_input:
            self.fusions[0].requires_grad_(False)

    def reads_input(self, index: int) -> bool:
        """Whether the block at `index` reads the group's input rather than the last fusion."""
        return index == 0 or (index == 1 and self.second_reads_input)

    def forward(self, fused: Tensor, skip: Tensor) -> tuple[Tensor, Tensor]:
        """Take the last fusion and the input of this group, return those for the next; all are (B, C, H, W)."""
        gathered = fused    # without the skip, as the published weights were trained
        for index, (block, fusion) in enumerate(zip(self.blocks, self.fusions)):
            features = block(skip if self.reads_input(index) else fused)
            gathered = torch.cat([gathered, features], dim=1)    # (index + 2) C
            if not self.reads_input(index + 1):
                fused = fusion(gathered).relu_()    # (B, C, H, W)
        return fused, fused + skip


class Upsampler(nn.Module):
    """Convolution, ReLU and pixel shuffle for each stage of the scale.

    The ReLU comes before the shuffle, as the published weights were trained.
    """

    def __init__(self, channels: int, scale: int) -> None:
        super().__init__()
        self.factors = STAGES[scale]
        self.convs = module_list(conv3x3(channels, channels * factor**2) for factor in self.factors)

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge (B, C, H, W) to (B, C, sH, sW)."""
        for conv, factor in zip(self.convs, self.factors):
            x = nn.functional.pixel_shuffle(conv(x).relu_(), factor)
        return x
