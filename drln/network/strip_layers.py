"""The network's layers, given a map strip by strip from top to bottom, with the same result as in one piece.

A 3x3 convolution needs the row above and the row below. Computing those again for each strip would cost more the
thinner the strips are, so each convolution keeps the last two rows of its input. Its output lies one row behind, and
the last strip catches up. Strips may then be thin enough for the processor's cache.

Knows tensors only, and nothing about the whole network.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from drln.network.blocks import DenseBlock, ResidualUnit, Upsampler


@dataclass(frozen=True)
class Strip:
    """Rows `start` to `stop` of a map that is `height` rows high."""

    start: int
    stop: int
    height: int

    @property
    def rows(self) -> int:
        return self.stop - self.start

    @property
    def is_first(self) -> bool:
        return self.start == 0

    @property
    def is_last(self) -> bool:
        return self.stop == self.height

    def of(self, image: Tensor, lag: int = 0) -> Tensor:
        """Return the rows of a map, (B, C, H, W), that are complete after `lag` convolutions of this strip."""
        return image[:, :, max(0, self.start - lag) : self.height if self.is_last else self.stop - lag]


class Conv:
    """A 3x3 convolution of one map."""

    def __init__(self, conv: nn.Conv2d) -> None:
        self.conv = conv
        self.kept: Tensor | None = None

    def __call__(self, strip: Strip, *parts: Tensor, relu: bool = False) -> Tensor:
        """Return the next rows of the output.

        `parts` are the next rows of the input, as if concatenated. With `relu` a ReLU is applied while they are
        copied, which saves a pass over them.
        """
        return self.convolve(self.window(strip, *parts, relu=relu))

    def window(self, strip: Strip, *parts: Tensor, relu: bool = False) -> Tensor:
        """Return the next input rows below the two kept ones; a row of zeros lies above and below the map."""
        b, _, rows, width = parts[0].shape
        above = 1 if self.kept is None else 2
        size = (b, self.conv.in_channels, above + rows + int(strip.is_last), width)
        weight = self.conv.weight
        window = torch.empty(size, dtype=weight.dtype, device=weight.device, memory_format=torch.channels_last)
        window[:, :, :above] = 0 if self.kept is None else self.kept
        inside, channel = window[:, :, above : above + rows], 0
        for part in parts:
            place = inside[:, channel : channel + part.shape[1]]
            if relu:
                torch.clamp_min(part, 0, out=place)
            else:
                place.copy_(part)
            channel += part.shape[1]
        if strip.is_last:
            window[:, :, -1] = 0
        self.kept = window[:, :, -2:].clone()
        return window

    def convolve(self, window: Tensor) -> Tensor:
        """Return the output, which has two rows less than the window."""
        return F.conv2d(window, self.conv.weight, self.conv.bias, padding=(0, 1))


class Unit:
    """A residual unit; its output lies two rows behind."""

    def __init__(self, unit: ResidualUnit) -> None:
        self.conv1, self.conv2 = Conv(unit.conv1), Conv(unit.conv2)

    def __call__(self, strip: Strip, *parts: Tensor) -> tuple[Tensor, Tensor]:
        """Return the next rows of the output, and before them the same rows of the input."""
        window = self.conv1.window(strip, *parts)
        y = self.conv2(strip, self.conv1.convolve(window), relu=True)
        first = int(strip.is_first)    # the row of zeros above the map
        x = window[:, :, first : first + y.shape[2]]
        return x, y.add_(x).relu_()


class Block:
    """A dense block up to its squeeze; its output lies six rows behind."""

    def __init__(self, block: DenseBlock) -> None:
        self.units = [Unit(unit) for unit in block.units]
        self.squeeze = block.squeeze

    def __call__(self, strip: Strip, *parts: Tensor) -> Tensor:
        for unit in self.units:
            parts = unit(strip, *parts)    # two maps of C, 2C, 4C
        # Squeeze both halves apart: adding two outputs costs less than laying the halves side by side.
        seen, made = parts
        half = seen.shape[1]
        weight, bias = self.squeeze.weight, self.squeeze.bias
        return F.conv2d(seen, weight[:, :half], bias).add_(F.conv2d(made, weight[:, half:])).relu_()


class ToColours(Conv):
    """The last convolution and the mean shift in one, the same but for rounding.

    Three channels do not fill a processor's vectors. So several pixels in a row are computed as channels of one: the
    kernel holds a copy of the weights for each, and moves by that many pixels.

    Args:
        tail: from features to colours.
        shift: the mean shift.
        pixels: how many at once; the width of the map must be a multiple.
    """

    def __init__(self, tail: nn.Conv2d, shift: nn.Conv2d, pixels: int) -> None:
        super().__init__(tail)
        assert tail.bias is not None and shift.bias is not None
        mix = shift.weight[:, :, 0, 0]
        one = torch.einsum("rc, ciyx -> riyx", mix, tail.weight)
        wide = one.new_zeros(pixels, *one.shape[:3], pixels + 2)
        for pixel in range(pixels):
            wide[pixel, ..., pixel : pixel + 3] = one
        self.weight = wide.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        self.bias = (mix @ tail.bias + shift.bias).repeat(pixels)
        self.pixels = pixels

    def convolve(self, window: Tensor) -> Tensor:
        y = F.conv2d(window, self.weight, self.bias, stride=(1, self.pixels), padding=(0, 1))
        b, _, rows, _ = y.shape    # (B, 3 pixels, rows, W / pixels), the colours of one pixel after the other
        return y.permute(0, 2, 3, 1).reshape(b, rows, -1, 3).permute(0, 3, 1, 2)


class Tail:
    """From features to the image."""

    def __init__(self, upsampler: Upsampler, tail: nn.Conv2d, shift: nn.Conv2d) -> None:
        self.steps = [(Conv(conv), factor) for conv, factor in zip(upsampler.convs, upsampler.factors)]
        self.to_colours = ToColours(tail, shift, pixels=math.prod(upsampler.factors))

    def __call__(self, strip: Strip, x: Tensor) -> Tensor:
        for conv, factor in self.steps:
            x = F.pixel_shuffle(conv(strip, x).relu_(), factor)
        return self.to_colours(strip, x)
