"""Run the network strip by strip and get the same pixels as in one piece.

Both attentions look at the whole image, so the image goes through the network block by block;
all else is local, so each block goes over the image in horizontal strips. What stays in memory
between the strips is at most six feature maps.

Knows tensors only: no files, no PIL, no device choice.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from drln.blocks import ResidualGroup
from drln.border import extended, extended_size, inner
from drln.cost import block_cost, conv_cost, network_cost, upsampler_cost
from drln.device import keep_freed_memory
from drln.streaming import Block, Conv, Strip, Tail

if TYPE_CHECKING:
    from drln.model import DrlnModel

BLOCK_LAG = 7    # rows that a dense block lies behind: six 3x3 convolutions and the fusion before them
MIN_ROWS = BLOCK_LAG + 1    # so that the first strip gives a row
# Of the upsampler's multiplications in the progress: on maps this large with channels this few it is memory
# that takes the time. Measured on a CPU with AVX-512: 1.2 (34 M, float32) to 1.9 (compact, bfloat16).
UPSAMPLER_WEIGHT = 1.6
# What the widest tensor of a strip may take when no height is asked for. On a CPU it should stay in the cache;
# a GPU has to be kept busy, for which the amount was reckoned, not measured.
SLAB_BYTES = 13 * 2**20
GPU_SLAB_BYTES = 128 * 2**20


def split_rows(height: int, rows: int, least: int = MIN_ROWS) -> list[Strip]:
    """Strips of nearly equal height over `height` rows: at most `rows` high, but none thinner than `least` for it."""
    count = max(1, min(-(-height // rows), height // least))
    edges = [height * i // count for i in range(count + 1)]
    return [Strip(start, stop, height) for start, stop in zip(edges, edges[1:])]


def default_rows(model: DrlnModel, width: int, batch: int = 1) -> int:
    """A strip height whose widest tensor fits the device's slab, where the least height does."""
    slab = GPU_SLAB_BYTES if model.head.weight.device.type == "cuda" else SLAB_BYTES
    return max(MIN_ROWS, slab // (batch * _row_bytes(model, width)))


def strips_memory(model: DrlnModel, width: int, height: int) -> int:
    """Bytes that features take at most while one image of that size is upscaled, without image and result."""
    width, height = extended_size(width, height, model.config)
    maps = max(model.config.groups) + 2    # all that a group gathers, and its input
    channels = maps * model.config.channels + 4    # the others for an attention's pixel weights
    stored = channels * model.trunk_dtype.itemsize * width * height
    strips = split_rows(height, default_rows(model, width))
    tallest = max(strip.rows for strip in strips) + BLOCK_LAG + 3
    return stored + 6 * tallest * _row_bytes(model, width)    # a unit's input, both windows and results, and the next


def _row_bytes(model: DrlnModel, width: int) -> int:
    """One row of the widest tensor, 4 C channels."""
    return 4 * model.config.channels * model.trunk_dtype.itemsize * width


def upscale_in_strips(model: DrlnModel, image: Tensor, rows: int | None = None) -> Tensor:
    """The result of `model.forward_whole(image)`, without its memory.

    Args:
        model: a `DrlnModel`; its weights' device and dtype are used.
        image: (B, 3, H, W), float, in [0, 1]. It may stay on another device than the model: strips are
            moved there and back.
        rows: height of a strip, in LR rows, at most, down to the least that the network allows; None picks one
            from the width.

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
    image = extended(image, model.config)
    rows = rows or default_rows(model, image.shape[3], image.shape[0])
    passes = _passes(model, image, split_rows(image.shape[2], rows))
    done, total = 0.0, network_cost(model) + (UPSAMPLER_WEIGHT - 1) * upsampler_cost(model)
    while True:
        try:
            done += next(passes) / total
        except StopIteration as finished:
            return inner(finished.value, model.config)
        yield min(done, 1.0)


def _passes(model: DrlnModel, image: Tensor, strips: list[Strip]) -> Generator[float, None, Tensor]:
    """All passes over the image; yields the cost of each strip, in multiplications an LR pixel of the image.

    Those of the upsampler are weighted.
    """
    b, _, height, width = image.shape
    if model.head.weight.device.type == "cpu":
        keep_freed_memory()
    skip = _empty(model, b, height, width)
    head = _head(model, image)
    for strip in strips:
        strip.of(skip, lag=1)[:] = head(strip)
        yield _share(strip) * conv_cost(model.head)
    fused = skip
    spare: list[Tensor] = []    # maps that nobody reads any more, to be filled again
    for group in model.groups:
        gathered = [fused]
        for index, block in enumerate(group.blocks):
            squeezed = spare.pop() if spare else _empty(model, b, height, width)
            total = torch.zeros(b, model.config.channels, 1, 1, device=squeezed.device)
            local, lag = _block(group, index, gathered, skip)
            for strip in strips:
                made = local(strip)
                strip.of(squeezed, lag)[:] = made
                total += made.sum(dim=(2, 3), keepdim=True, dtype=torch.float32)
                yield _share(strip) * block_cost(group, index)
            mean = (total / (height * width)).to(squeezed.dtype)
            for gate in block.attention.gates(squeezed, mean):
                squeezed.mul_(gate)
            gathered.append(squeezed)
        # The fused map takes the place of the first gathered one, which nobody reads any more: the rows that
        # are written lie behind those that the convolution has been given.
        fused = _empty(model, b, height, width) if fused is skip else fused
        fuse = Conv(group.fusions[-1])
        for strip in strips:
            strip.of(fused, lag=1)[:] = fuse(strip, *map(strip.of, gathered)).relu_()
            yield _share(strip) * conv_cost(group.fusions[-1])
        skip = skip.add_(fused) if gathered[0] is not skip else skip + fused
        spare += gathered[1:]
        del gathered, squeezed, local
    del fused, spare
    scale = model.config.scale
    size = (b, 3, scale * height, scale * width)
    output = torch.empty(size, device=image.device, memory_format=torch.channels_last)
    head, tail, done = _head(model, image), Tail(model.upsampler, model.tail, model.add_mean), 0
    # The upsampler's maps are scale * scale times larger, so are its strips thinner.
    for strip in split_rows(height, max(3, strips[0].rows // scale), least=3):
        sr = tail(strip, head(strip).add_(strip.of(skip, lag=1)))
        output[:, :, done : done + sr.shape[2]] = sr
        done += sr.shape[2]
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


def _head(model: DrlnModel, image: Tensor) -> Callable[[Strip], Tensor]:
    """From the image to features, one row behind."""
    conv = Conv(model.head)
    return lambda strip: conv(strip, model.sub_mean(strip.of(image).to(model.head.weight))).to(model.trunk_dtype)


def _block(
    group: ResidualGroup, index: int, gathered: list[Tensor], skip: Tensor
) -> tuple[Callable[[Strip], Tensor], int]:
    """One dense block up to its squeeze, and how many rows it lies behind.

    A fusion that only this block reads is made here, and not stored.
    """
    block = Block(group.blocks[index])
    if group.reads_input(index):
        return lambda strip: block(strip, strip.of(skip)), BLOCK_LAG - 1
    fuse = Conv(group.fusions[index - 1])
    return lambda strip: block(strip, fuse(strip, *map(strip.of, gathered)).relu_()), BLOCK_LAG


def _share(strip: Strip) -> float:
    return strip.rows / strip.height
