"""The network: Densely Residual Laplacian super-resolution, with either attention.

`forward_whole` is the plain pass that every faster path is tested against.
Knows nothing of files and photos; `from_pretrained` asks `hub` and checks what it gets.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from drln.argument_names import super_image_names
from drln.blocks import MeanShift, ResidualGroup, Upsampler, conv3x3, module_list
from drln.border import extended, inner
from drln.checkpoint import save_folder
from drln.config import DrlnConfig
from drln.hub import load_weights
from drln.strips import upscale_in_strips

INSTEAD_OF_LOADING = {
    "config": (None, "leave it out: the weights tell their shape"),
    "state_dict": (None, "write it with torch.save, and give that file"),
}
INSTEAD_OF_SAVING = {
    "save_config": (True, "remove config.json afterwards: weights load without it"),
    "state_dict": (None, "load it into the model first"),
    "save_function": (None, "write published_layout=True for a file of torch.save"),
}


class DrlnModel(nn.Module):
    """DRLN (Anwar and Barnes 2020), with balanced attention (Wang et al. 2021) where `config.bam` is set."""

    def __init__(self, config: DrlnConfig) -> None:
        super().__init__()
        self.config = config
        self.source = "made from a config, with untrained weights"
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

    @classmethod
    @super_image_names({"pretrained_model_name_or_path": "name_or_path"}, INSTEAD_OF_LOADING)
    def from_pretrained(
        cls,
        name_or_path: str | Path,
        scale: int | None = None,
        *,
        revision: str | None = None,
        cache_dir: str | Path | None = None,
        token: str | bool | None = None,
        local_files_only: bool = False,
    ) -> DrlnModel:
        """A trained model in eval mode and float32; `model.source` says where its weights came from.

        Args:
            name_or_path: "drln-bam-compact" or "drln-bam-compact-photo", which are bundled; a folder; a file of
                weights, `.safetensors` or `.pt`; else a hub repository, as "eugenesiow/drln-bam".
            scale: 2, 3 or 4; may be left out for a file, or a folder that holds one scale only.
            revision: branch, tag or commit of a hub repository; by default a commit known to be good.
            cache_dir: folder of the hub's cache, instead of huggingface_hub's own.
            token: hub access token; True or None for the one that is logged in, False for none.
            local_files_only: ask no hub, take what is in its cache.

        Raises:
            CheckpointError: if the file holds no such weights.
            HubError: if the hub's file is unavailable.
        """
        config, tensors, source = load_weights(
            name_or_path,
            scale,
            revision=revision,
            cache_dir=cache_dir,
            token=token,
            local_files_only=local_files_only,
        )
        model = cls(config)
        model.load_state_dict(tensors)
        model.source = source
        return model.eval()

    @super_image_names({"save_directory": "folder"}, INSTEAD_OF_SAVING)
    def save_pretrained(self, folder: str | Path, *, published_layout: bool = False) -> Path:
        """Write `config.json` and this scale's weights in float32; `from_pretrained(folder)` loads them.

        Args:
            folder: made where it is not there; models of one shape share it, a file a scale.
            published_layout: the files that the super-image library loads, for the 34 M shape only.

        Returns:
            The path of the weights, a `.safetensors` file, or `.pt` in the published layout.

        Raises:
            CheckpointError: if the folder holds a model of another shape.
        """
        return save_folder(folder, self.config, self.state_dict(), published=published_layout)

    def at_scale(self, scale: int) -> DrlnModel:
        """A network of another scale to be trained from this one's weights, in training mode.

        All but the upsampler is copied; that starts untrained, as its shape is another.

        Args:
            scale: 2, 3 or 4.
        """
        model = DrlnModel(replace(self.config, scale=scale))
        copied = {name: tensor for name, tensor in self.state_dict().items() if not name.startswith("upsampler.")}
        model.load_state_dict(model.state_dict() | copied)
        model.source = f"made from {self.source}, with an untrained upsampler"
        return model

    @property
    def trunk_dtype(self) -> torch.dtype:
        """The dtype of all between head and tail; see `set_trunk_dtype`."""
        return self.upsampler.convs[0].weight.dtype

    def set_trunk_dtype(self, dtype: torch.dtype) -> DrlnModel:
        """Cast all but the mean shifts, head and tail, in place.

        Those take under one percent of the time, and in float32 they keep the colours from being
        rounded to the 8 bits of bfloat16 on their way in and out.
        """
        for group in self.groups:
            group.to(dtype)
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
        x = extended(x.to(self.head.weight.dtype), self.config)
        head = self.head(self.sub_mean(x)).to(self.trunk_dtype)
        fused = skip = head    # (B, C, H, W), with the border
        for group in self.groups:
            fused, skip = group(fused, skip)
        x = self.upsampler(skip + head)    # (B, C, sH, sW)
        return inner(self.add_mean(self.tail(x.to(self.tail.weight.dtype))).float(), self.config)
