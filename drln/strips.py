"""Run the network strip by strip and get the same pixels as in one piece.

Both attentions look at the whole image, so the image goes through the network block by block;
all else is local, so each block goes over the image in horizontal strips, and each strip
computes just the rows that the next convolution needs. Zeros are padded at the true border of
the image and nowhere else. What stays in memory between the strips is at most six feature maps.

Knows tensors only: no files, no PIL, no device choice.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from drln.blocks import DenseBlock, ResidualGroup
from drln.cost import block_cost, conv_cost, network_cost, upsampler_cost

if TYPE_CHECKING:
    from drln.model import DrlnModel

UNITS_REACH = 6    # rows that the six 3x3 convolutions of a dense block look up and down
MIN_ROWS = UNITS_REACH + 1    # one more for the fusion before the block
UPSAMPLER_REACH = 2    # rows that upsampler and tail look up and down, rounded up
# Of the upsampler's multiplications in the progress: on maps this large with channels this few it is memory
# that takes the time. Measured on a CPU with AVX-512.
UPSAMPLER_WEIGHT = 2.7
SLAB_BYTES = 24 * 2**20    # what the widest tensor of a strip may take when no height is asked for


@dataclass(frozen=True)
class Strip:
    """Rows `start` to `stop` of a map that is `height` rows high."""

    start: int
    stop: int
    height: int

    def read(self, image: Tensor, reach: int) -> Tensor:
        """The strip's rows of `image` with `reach` more on each side that is not the border."""
        top = self.start - reach if self.start else 0
        bottom = self.stop + reach if self.stop < self.height else self.height
        return image[:, :, top:bottom]

    def crop(self, x: Tensor, rows: int) -> Tensor:
        """`x` without `rows` rows on each side that is not the border."""
        top = rows if self.start else 0
        bottom = rows if self.stop < self.height else 0
        return x[:, :, top : x.shape[2] - bottom]

    def conv(self, conv: nn.Conv2d, x: Tensor) -> Tensor:
        """A 3x3 convolution that uses up one row on each side that is not the border."""
        pad = (0, 0, int(self.start == 0), int(self.stop == self.height))
        if any(pad):
            x = F.pad(x, pad)
        return F.conv2d(x, conv.weight, conv.bias, padding=(0, 1))


def split_rows(height: int, rows: int, least: int = MIN_ROWS) -> list[Strip]:
    """Strips of nearly equal height over `height` rows, none thinner than `rows` or `least` unless it is alone."""
    count = max(1, height // max(rows, least))
    edges = [height * i // count for i in range(count + 1)]
    return [Strip(start, stop, height) for start, stop in zip(edges, edges[1:])]


def default_rows(model: DrlnModel, width: int, batch: int = 1) -> int:
    """A strip height whose widest tensor stays near `SLAB_BYTES`."""
    return max(MIN_ROWS, SLAB_BYTES // (batch * _row_bytes(model, width)))


def strips_memory(model: DrlnModel, width: int, height: int) -> int:
    """Bytes that features take at most while one image of that size is upscaled, without image and result."""
    maps = max(model.config.groups) + 2    # all that a group gathers, and its input
    stored = maps * height * _row_bytes(model, width) // 8
    strips = split_rows(height, default_rows(model, width))
    tallest = max(strip.stop - strip.start for strip in strips) + 2 * UNITS_REACH
    return stored + 3 * tallest * _row_bytes(model, width)    # a concatenation, what goes into it, a convolution's own


def _row_bytes(model: DrlnModel, width: int) -> int:
    """One row of the widest tensor, 8 C channels."""
    return 8 * model.config.channels * model.trunk_dtype.itemsize * width


def upscale_in_strips(model: DrlnModel, image: Tensor, rows: int | None = None) -> Tensor:
    """The result of `model.forward_whole(image)`, without its memory.

    Args:
        model: a `DrlnModel`; its weights' device and dtype are used.
        image: (B, 3, H, W), float, in [0, 1]. It may stay on another device than the model: strips are
            moved there and back.
        rows: least height of a strip, in LR rows; None picks one from the width.

    Returns:
        (B, 3, sH, sW), float32, on the image's device.
    """
    steps = stream_strips(model, image, rows)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return done.value


@torch.no_grad()
def stream_strips(model: DrlnModel, image: Tensor, rows: int | None = None) -> Generator[float, None, Tensor]:
    """As `upscale_in_strips`, a step at a time.

    Yields the fraction of the work that is done, after each strip; returns the result. Closing
    the generator ends the work: no strip is begun after that.
    """
    rows = rows or default_rows(model, image.shape[3], image.shape[0])
    passes = _passes(model, image, split_rows(image.shape[2], rows))
    done, total = 0.0, network_cost(model) + (UPSAMPLER_WEIGHT - 1) * upsampler_cost(model)
    while True:
        try:
            done += next(passes) / total
        except StopIteration as finished:
            return finished.value
        yield min(done, 1.0)


def _passes(model: DrlnModel, image: Tensor, strips: list[Strip]) -> Generator[float, None, Tensor]:
    """All passes over the image; yields the cost of each strip, in multiplications an LR pixel of the image.

    Those of the upsampler are weighted.
    """
    b, _, height, width = image.shape
    skip = _empty(model, b, height, width)
    for strip in strips:
        skip[:, :, strip.start : strip.stop] = _head(model, strip, strip.read(image, 1))
        yield _share(strip) * conv_cost(model.head)
    fused = skip
    for group in model.groups:
        gathered = [fused]
        for index, block in enumerate(group.blocks):
            squeezed = _empty(model, b, height, width)
            total = torch.zeros(b, model.config.channels, 1, 1, device=squeezed.device)
            for strip in strips:
                made = _block(strip, group, index, gathered, skip)
                squeezed[:, :, strip.start : strip.stop] = made
                total += made.sum(dim=(2, 3), keepdim=True, dtype=torch.float32)
                yield _share(strip) * block_cost(group, index)
            mean = (total / (height * width)).to(squeezed.dtype)
            for gate in block.attention.gates(squeezed, mean):
                squeezed.mul_(gate)
            gathered.append(squeezed)
        # The fused map takes the place of the first gathered one, which nobody reads any more; a
        # strip is written once the next one, which still reads its last row, has been computed.
        fused = _empty(model, b, height, width) if fused is skip else fused
        waiting: tuple[Strip, Tensor] | None = None
        for strip in strips:
            made = _fuse(strip, group.fusions[-1], gathered, reach=1)
            if waiting:
                fused[:, :, waiting[0].start : waiting[0].stop] = waiting[1]
            waiting = strip, made
            yield _share(strip) * conv_cost(group.fusions[-1])
        assert waiting
        fused[:, :, waiting[0].start : waiting[0].stop] = waiting[1]
        skip = skip.add_(fused) if gathered[0] is not skip else skip + fused
        del gathered, squeezed
    del fused
    scale = model.config.scale
    output = torch.empty(b, 3, scale * height, scale * width, device=image.device)
    # The upsampler's maps are scale * scale times larger, so are its strips thinner.
    for strip in split_rows(height, (strips[0].stop - strips[0].start) // scale, least=UPSAMPLER_REACH + 1):
        features = strip.read(skip, UPSAMPLER_REACH)
        features = features + _head(model, strip, strip.read(image, UPSAMPLER_REACH + 1))
        output[:, :, scale * strip.start : scale * strip.stop] = _upsample(model, strip, features)
        yield _share(strip) * UPSAMPLER_WEIGHT * upsampler_cost(model)
    return output


def _empty(model: DrlnModel, b: int, height: int, width: int) -> Tensor:
    """A feature map to be filled, channels last as the convolutions like it."""
    return torch.empty(
        (b, model.config.channels, height, width),
        device=model.head.weight.device,
        dtype=model.trunk_dtype,
        memory_format=torch.channels_last,
    )


def _head(model: DrlnModel, strip: Strip, image: Tensor) -> Tensor:
    """Rows of the image to features; one row on each inner side is used up."""
    x = model.sub_mean(image.to(model.head.weight))    # its device and dtype
    return strip.conv(model.head, x).to(model.trunk_dtype)


def _fuse(strip: Strip, fusion: nn.Conv2d, gathered: list[Tensor], reach: int) -> Tensor:
    """The fusion of all gathered maps, with `reach - 1` rows left on each inner side."""
    return strip.conv(fusion, torch.cat([strip.read(features, reach) for features in gathered], dim=1)).relu_()


def _block(strip: Strip, group: ResidualGroup, index: int, gathered: list[Tensor], skip: Tensor) -> Tensor:
    """One dense block up to its squeeze. A fusion that only this block reads is made here, and not stored."""
    if group.reads_input(index):
        x = strip.read(skip, UNITS_REACH)
    else:
        x = _fuse(strip, group.fusions[index - 1], gathered, reach=UNITS_REACH + 1)
    block: DenseBlock = group.blocks[index]
    for unit in block.units:
        y = strip.conv(unit.conv2, strip.conv(unit.conv1, x).relu_())
        x = strip.crop(x, 2)
        x = torch.cat([x, y.add_(x).relu_()], dim=1)    # 2C, 4C, 8C
    return block.squeeze(x).relu_()


def _upsample(model: DrlnModel, strip: Strip, x: Tensor) -> Tensor:
    """Features with `UPSAMPLER_REACH` rows on each inner side to rows of the result."""
    margin = UPSAMPLER_REACH
    for conv, factor in zip(model.upsampler.convs, model.upsampler.factors):
        x = F.pixel_shuffle(strip.conv(conv, x).relu_(), factor)
        margin = (margin - 1) * factor
    x = strip.conv(model.tail, x.to(model.tail.weight.dtype))
    return model.add_mean(strip.crop(x, margin - 1)).float()


def _share(strip: Strip) -> float:
    return (strip.stop - strip.start) / strip.height
