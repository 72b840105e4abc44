"""The model that users load, train and save: the network, its weights, and which pass runs.

Knows nothing of photos.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from drln.network.config import DrlnConfig
from drln.network.plain import Drln
from drln.network.strips import upscale_in_strips
from drln.super_image_names import super_image_names
from drln.weights.checkpoint import save_folder
from drln.weights.download import HubOptions
from drln.weights.sources import load_weights

INSTEAD_OF_LOADING = {
    "config": (None, "leave it out: the weights tell their shape"),
    "state_dict": (None, "write it with torch.save, and give that file"),
}
INSTEAD_OF_SAVING = {
    "save_config": (True, "remove config.json afterwards: weights load without it"),
    "state_dict": (None, "load it into the model first"),
    "save_function": (None, "write published_layout=True for a file of torch.save"),
}


class DrlnModel(Drln):
    """A DRLN network with the source of its weights; `config.bam` chooses its attention."""

    def __init__(self, config: DrlnConfig) -> None:
        super().__init__(config)
        self.source = "made from a config, with untrained weights"

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
        """Load a trained model, in eval mode and float32; `model.source` says where its weights came from.

        Args:
            name_or_path: a bundled model, "drln-bam-compact" or "drln-bam-compact-photo"; a folder; a file,
                `.safetensors` or `.pt`; or a hub repository such as "eugenesiow/drln-bam".
            scale: 2, 3 or 4. Leave it out for a file, or for a folder with a single scale.
            revision: branch, tag or commit of a hub repository; by default a commit that is known to work.
            cache_dir: folder for downloads, instead of huggingface_hub's cache.
            token: hub access token; None or True for the stored login, False for no token.
            local_files_only: use what is in the cache, ask no hub.

        Raises:
            CheckpointError: if there are no such weights, or they do not fit the network.
            HubError: if the hub or its file is unavailable.
        """
        options = HubOptions(revision, cache_dir, token, local_files_only)
        config, tensors, source = load_weights(name_or_path, scale, options)
        model = cls(config)
        model.load_state_dict(tensors)
        model.source = source
        return model.eval()

    @super_image_names({"save_directory": "folder"}, INSTEAD_OF_SAVING)
    def save_pretrained(self, folder: str | Path, *, published_layout: bool = False) -> Path:
        """Write `config.json` and this scale's weights in float32; `from_pretrained(folder)` loads them.

        Args:
            folder: created if missing. Models of one shape share it, with one file per scale.
            published_layout: write the files that the super-image library loads; for the 34 M shape only.

        Returns:
            The path of the weights: a `.safetensors` file, or `.pt` in the published layout.

        Raises:
            CheckpointError: if the folder holds a model of another shape.
            WriteError: if the disk refuses a file.
        """
        return save_folder(folder, self.config, self.state_dict(), published=published_layout)

    def at_scale(self, scale: int) -> DrlnModel:
        """Return a network of another scale to train, with this one's weights, in training mode.

        Only the upsampler starts untrained, because its shape differs.

        Args:
            scale: 2, 3 or 4.
        """
        model = DrlnModel(replace(self.config, scale=scale))
        copied = {name: tensor for name, tensor in self.state_dict().items() if not name.startswith("upsampler.")}
        model.load_state_dict(model.state_dict() | copied)
        model.source = f"made from {self.source}, with an untrained upsampler"
        return model

    def forward(self, x: Tensor, has_border: bool = False) -> Tensor:
        """Upscale a batch.

        Args:
            x: RGB, float, (B, 3, H, W), in [0, 1].
            has_border: for training on patches: `x` holds the border of `config` already, so that the result is
                (B, 3, s(H - 2 border), s(W - 2 border)), by `forward_whole`.

        Returns:
            float32, (B, 3, sH, sW), about [0, 1], not clamped. In eval mode the pass runs in strips and without
            gradient; in training mode, or if `x` requires a gradient, it is `forward_whole`.

        Raises:
            ValueError: unless `x` is a batch of float RGB images with at least one pixel.
        """
        if x.dim() != 4 or x.shape[1] != 3 or x.numel() == 0 or not x.is_floating_point():
            raise ValueError(
                f"the input is {x.dtype} of shape {tuple(x.shape)}; "
                "give float RGB in [0, 1] of shape (B, 3, H, W), with no side empty"
            )
        if has_border or self.training or (x.requires_grad and torch.is_grad_enabled()):
            return self.forward_whole(x, has_border)
        return upscale_in_strips(self, x)
