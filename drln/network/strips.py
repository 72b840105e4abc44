"""Run the network strip by strip and get the same pixels as in one piece.

Both attentions look at the whole image, so the image goes through the network block by block. All else is local, so
each block goes over the image in horizontal strips. At most six feature maps stay in memory between the strips.

Knows tensors only: no files, no PIL, no device choice.
"""

from __future__ import annotations

from collections.abc import Callable, Generator

import torch
from torch import Tensor

from drln.network.blocks import ResidualGroup
from drln.network.border import extended, extended_size, inner
from drln.network.cost import block_cost, conv_cost, network_cost, upsampler_cost
from drln.network.plain import Drln
from drln.network.strip_layers import Block, Conv, Strip, Tail
from drln.progress import Work

BLOCK_LAG = 7    # rows that a dense block lies behind: six 3x3 convolutions and the fusion before them
MIN_ROWS = BLOCK_LAG + 1    # so that the first strip yields a row
# How much more a multiplication of the upsampler counts in the progress: its large maps with few channels wait for
# memory. Measured on a CPU with AVX-512: 1.2 (34 M, float32) to 1.9 (compact, bfloat16).
UPSAMPLER_WEIGHT = 1.6
# Bytes for the widest tensor of a strip when no height is given. On a CPU it should stay in the cache. A GPU has to be
# kept busy; its number was calculated, not measured.
SLAB_BYTES = 13 * 2**20
GPU_SLAB_BYTES = 128 * 2**20


def split_rows(height: int, rows: int, least: int = MIN_ROWS) -> list[Strip]:
    """Split `height` rows into strips of nearly equal height, at most `rows` but at least `least` high."""
    count = max(1, min(-(-height // rows), height // least))
    edges = [height * i // count for i in range(count + 1)]
    return [Strip(start, stop, height) for start, stop in zip(edges, edges[1:])]


def default_rows(model: Drln, width: int, batch: int = 1) -> int:
    """Return the strip height whose widest tensor fits the device's slab, but at least `MIN_ROWS`."""
    slab = GPU_SLAB_BYTES if model.head.weight.device.type == "cuda" else SLAB_BYTES
    return max(MIN_ROWS, slab // (batch * _row_bytes(model, width)))


def strips_memory(model: Drln, width: int, height: int) -> int:
    """Return the bytes that features take at most while an image of that size is upscaled, without image and result."""
    width, height = extended_size(width, height, model.config)
    maps = max(model.config.groups) + 2    # all that a group gathers, and its input
    channels = maps * model.config.channels + 4    # the others for an attention's pixel weights
    stored = channels * model.trunk_dtype.itemsize * width * height
    strips = split_rows(height, default_rows(model, width))
    tallest = max(strip.rows for strip in strips) + BLOCK_LAG + 3
    return stored + 6 * tallest * _row_bytes(model, width)    # a unit's input, both windows and results, and the next


def _row_bytes(model: Drln, width: int) -> int:
    """Return the bytes of one row of the widest tensor, which has 4 C channels."""
    return 4 * model.config.channels * model.trunk_dtype.itemsize * width


def upscale_in_strips(model: Drln, image: Tensor, rows: int | None = None) -> Tensor:
    """Return what `model.forward_whole(image)` returns, in a fraction of the memory.

    Args:
        model: on any device, in any precision.
        image: (B, 3, H, W), float, in [0, 1]. It may lie on another device than the model: strips are
            moved there and back.
        rows: the largest height of a strip, in LR rows, at least `MIN_ROWS`; None picks one by the width.

    Returns:
        (B, 3, sH, sW), float32, on the image's device.
    """
    return Work(stream_strips(model, image, rows)).finish()


@torch.no_grad()
def stream_strips(model: Drln, image: Tensor, rows: int | None = None) -> Generator[float, None, Tensor]:
    """As `upscale_in_strips`, a step at a time.

    Yields the fraction of the work that is done, after each strip, and returns the result. Close the generator to
    stop: no strip begins after that.
    """
    image = extended(image, model.config)
    rows = rows or default_rows(model, image.shape[3], image.shape[0])
    passes = Work(_passes(model, image, split_rows(image.shape[2], rows)))
    done, total = 0.0, network_cost(model) + (UPSAMPLER_WEIGHT - 1) * upsampler_cost(model)
    for cost in passes:
        done += cost / total
        yield min(done, 1.0)
    return inner(passes.result, model.config)


# A pass over the image yields the cost of each strip, in multiplications per LR pixel, and returns a map.
Pass = Generator[float, None, Tensor]


class Maps:
    """Feature maps, (B, C, H, W), channels last as convolutions like them. Those that are given back are used again."""

    def __init__(self, model: Drln, image: Tensor) -> None:
        self._size = (image.shape[0], model.config.channels, *image.shape[2:])
        self._device, self._dtype = model.head.weight.device, model.trunk_dtype
        self._free: list[Tensor] = []

    def take(self) -> Tensor:
        """Return a map to fill; it holds whatever it held before."""
        if self._free:
            return self._free.pop()
        return torch.empty(
            self._size, device=self._device, dtype=self._dtype, memory_format=torch.channels_last
        )

    def give_back(self, maps: list[Tensor]) -> None:
        """Take back maps that nobody reads any more."""
        self._free += maps


def _passes(model: Drln, image: Tensor, strips: list[Strip]) -> Pass:
    """Make all passes over the image, (B, 3, H, W), and return the result, (B, 3, sH, sW)."""
    maps = Maps(model, image)
    fused = skip = yield from _head_pass(model, image, strips, maps)
    for group in model.groups:
        fused = yield from _group_pass(group, strips, maps, fused, skip)
        skip.add_(fused)    # (B, C, H, W)
    del maps, fused    # before the largest tensor, the result, is made
    return (yield from _tail_pass(model, image, skip, strips[0].rows))


def _head_pass(model: Drln, image: Tensor, strips: list[Strip], maps: Maps) -> Pass:
    head, features = _head(model, image), maps.take()
    for strip in strips:
        strip.of(features, lag=1)[:] = head(strip)
        yield _share(strip) * conv_cost(model.head)
    return features


def _group_pass(group: ResidualGroup, strips: list[Strip], maps: Maps, fused: Tensor, skip: Tensor) -> Pass:
    """Run a residual group on the last fusion of the group before and its own input; return its last fusion."""
    gathered = [fused]
    for index in range(len(group.blocks)):
        gathered.append((yield from _block_pass(group, index, gathered, skip, strips, maps)))
    # Write into the first gathered map, or a seventh map would be needed: written rows lie behind those that were read.
    fused = maps.take() if fused is skip else fused
    fuse = Conv(group.fusions[-1])
    for strip in strips:
        strip.of(fused, lag=1)[:] = fuse(strip, *map(strip.of, gathered)).relu_()
        yield _share(strip) * conv_cost(group.fusions[-1])
    maps.give_back(gathered[1:])
    return fused


def _block_pass(
    group: ResidualGroup, index: int, gathered: list[Tensor], skip: Tensor, strips: list[Strip], maps: Maps
) -> Pass:
    """Run a dense block, and before it the fusion that it alone reads, which is not stored; then gate the features."""
    layers, features = Block(group.blocks[index]), maps.take()
    fuse = None if group.reads_input(index) else Conv(group.fusions[index - 1])
    lag = BLOCK_LAG if fuse else BLOCK_LAG - 1
    total = torch.zeros(*features.shape[:2], 1, 1, device=features.device)    # over the image
    for strip in strips:
        x = fuse(strip, *map(strip.of, gathered)).relu_() if fuse else strip.of(skip)
        y = layers(strip, x)
        strip.of(features, lag)[:] = y
        total += y.sum(dim=(2, 3), keepdim=True, dtype=torch.float32)
        yield _share(strip) * block_cost(group, index)
    mean = (total / features[0, 0].numel()).to(features.dtype)    # (B, C, 1, 1)
    for gate in group.blocks[index].attention.gates(features, mean):
        features.mul_(gate)
    return features


def _tail_pass(model: Drln, image: Tensor, skip: Tensor, rows: int) -> Pass:
    """Go from the last features to the result. The head runs again, because its features were not kept."""
    b, _, height, width = image.shape
    scale, done = model.config.scale, 0
    size = (b, 3, scale * height, scale * width)
    output = torch.empty(size, device=image.device, memory_format=torch.channels_last)
    head, tail = _head(model, image), Tail(model.upsampler, model.tail, model.add_mean)
    # The upsampler's maps are scale * scale times larger, so its strips are thinner.
    for strip in split_rows(height, max(3, rows // scale), least=3):
        sr = tail(strip, head(strip).add_(strip.of(skip, lag=1)))
        output[:, :, done : done + sr.shape[2]] = sr
        done += sr.shape[2]
        yield _share(strip) * UPSAMPLER_WEIGHT * upsampler_cost(model)
    return output


def _head(model: Drln, image: Tensor) -> Callable[[Strip], Tensor]:
    """Return what makes features from the next strip of the image, one row behind."""
    conv = Conv(model.head)
    return lambda strip: conv(strip, model.sub_mean(strip.of(image).to(model.head.weight))).to(model.trunk_dtype)


def _share(strip: Strip) -> float:
    return strip.rows / strip.height
