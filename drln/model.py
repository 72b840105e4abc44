"""The network: Densely Residual Laplacian super-resolution, with either attention.

`forward_whole` is the plain pass that every faster path is tested against.
Knows nothing of files and photos; `from_pretrained` asks `hub` and checks what it gets.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from drln.blocks import MeanShift, ResidualGroup, Upsampler, conv3x3
from drln.config import DrlnConfig
from drln.strips import upscale_in_strips


class DrlnModel(nn.Module):
    """DRLN (Anwar and Barnes 2020), with balanced attention (Wang et al. 2021) where `config.bam` is set."""

    def __init__(self, config: DrlnConfig) -> None:
        super().__init__()
        self.config = config
        channels = config.channels
        self.sub_mean = MeanShift(-1)
        self.head = conv3x3(3, channels)
        self.groups = nn.ModuleList(
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
        """The dtype of all between head and tail; see `set_trunk_dtype`."""
        return self.upsampler.convs[0].weight.dtype

    def set_trunk_dtype(self, dtype: torch.dtype) -> DrlnModel:
        """Cast all but the mean shifts, head and tail, in place.

        Those take under one percent of the time, and in float32 they keep the colours from being
        rounded to the 8 bits of bfloat16 on their way in and out.
        """
        self.groups.to(dtype)
        self.upsampler.to(dtype)
        return self

    def forward(self, x: Tensor) -> Tensor:
        """Upscale a batch.

        Args:
            x: RGB, float, (B, 3, H, W), in [0, 1].

        Returns:
            float32, (B, 3, sH, sW), about [0, 1], not clamped. In eval mode it is computed in
            strips and without gradient; in training, or where `x` requires a gradient, by
            `forward_whole`.

        Raises:
            ValueError: if `x` is not a batch of float RGB images with at least one pixel.
        """
        if x.dim() != 4 or x.shape[1] != 3 or x.numel() == 0 or not x.is_floating_point():
            raise ValueError(
                f"the input is {x.dtype} of shape {tuple(x.shape)}; "
                "give float RGB in [0, 1] of shape (B, 3, H, W), with no side empty"
            )
        if self.training or (x.requires_grad and torch.is_grad_enabled()):
            return self.forward_whole(x)
        return upscale_in_strips(self, x)

    def forward_whole(self, x: Tensor) -> Tensor:
        """The plain pass, whole image at once: shapes as in `forward`, about 36 KB of memory an LR pixel
        for the published network at 4x in float32."""
        head = self.head(self.sub_mean(x.to(self.head.weight.dtype))).to(self.trunk_dtype)
        fused = skip = head    # (B, C, H, W)
        for group in self.groups:
            fused, skip = group(fused, skip)
        x = self.upsampler(skip + head)    # (B, C, sH, sW)
        return self.add_mean(self.tail(x.to(self.tail.weight.dtype))).float()
