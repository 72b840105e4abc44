"""The network: Densely Residual Laplacian super-resolution, with either attention, in its plain pass.

Every faster path is tested against it.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Self

import torch
from torch import Tensor, nn

from drln.network.blocks import MeanShift, ResidualGroup, Upsampler, conv3x3, module_list
from drln.network.border import extended, inner
from drln.network.config import DrlnConfig


class Drln(nn.Module):
    """DRLN (Anwar and Barnes 2020), with balanced attention (Wang et al. 2021) where `config.bam` is set.

    `forward` is the plain pass over the whole image.
    """

    def __init__(self, config: DrlnConfig) -> None:
        super().__init__()
        self.config = config
        channels = config.channels
        self.sub_mean = MeanShift(-1)
        self.head = conv3x3(3, channels)
        self.groups = module_list(
            # The published weights were trained with block 5, the second of the second group,
            # reading that group's input. Keep it.
            ResidualGroup(channels, blocks, config.bam, second_reads_input=number == 1)
            for number, blocks in enumerate(config.groups)
        )
        self.upsampler = Upsampler(channels, config.scale)
        self.tail = conv3x3(channels, 3)
        self.add_mean = MeanShift(+1)

    @property
    def trunk_dtype(self) -> torch.dtype:
        """The dtype of everything between head and tail; see `set_trunk_dtype`."""
        return self.upsampler.convs[0].weight.dtype

    def set_trunk_dtype(self, dtype: torch.dtype) -> Self:
        """Cast everything but the mean shifts, head and tail, in place.

        Those take under one percent of the time, and in float32 they keep colours from being rounded to the 8 bits of
        bfloat16 on their way in and out.
        """
        for group in self.groups:
            group.to(dtype)
        self.upsampler.to(dtype)
        return self

    def forward(self, x: Tensor, has_border: bool = False) -> Tensor:
        """Run the plain pass: RGB, float, (B, 3, H, W), in [0, 1], to float32, (B, 3, sH, sW), not clamped."""
        return self.forward_whole(x, has_border)

    def forward_whole(self, x: Tensor, has_border: bool = False) -> Tensor:
        """Run the plain pass. The published network takes about 36 KB of memory per LR pixel at 4x in float32.

        Args:
            x: as for `forward`.
            has_border: `x` holds the border of `config` already, and the result is that much smaller.
        """
        x = x.to(self.head.weight.dtype)
        x = x if has_border else extended(x, self.config)
        device = x.device.type
        is_cast = torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)
        with torch.autocast(device, enabled=False) if is_cast else nullcontext():    # see `set_trunk_dtype`
            head = self.head(self.sub_mean(x)).to(torch.get_autocast_dtype(device) if is_cast else self.trunk_dtype)
        fused = skip = head    # (B, C, H, W), with the border
        for group in self.groups:
            fused, skip = group(fused, skip)
        x = self.upsampler(skip + head)    # (B, C, sH, sW)
        with torch.autocast(device, enabled=False) if is_cast else nullcontext():
            return inner(self.add_mean(self.tail(x.to(self.tail.weight.dtype))).float(), self.config)
