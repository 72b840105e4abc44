"""The networks that are compared: ours, and that of super-image where it can be imported."""

import importlib.util

import torch
from peer import stand_in_for_torchvision
from torch import nn

from drln import DrlnConfig, DrlnModel
from drln.upscaling.device import PRECISIONS

HAS_PEER = importlib.util.find_spec("super_image") is not None
COMPACT = DrlnConfig(4, bam=True, channels=32, groups=(3,), border=4)
PUBLISHED = DrlnConfig(4, bam=True)


def ours(config: DrlnConfig, precision: str, device: str = "cpu") -> DrlnModel:
    """With random weights, channels last; on neither do seconds and bytes depend."""
    torch.manual_seed(0)
    model = DrlnModel(config).eval().requires_grad_(False).to(memory_format=torch.channels_last)
    return model.set_trunk_dtype(PRECISIONS[precision]).to(device)


def peer(precision: str = "float32", device: str = "cpu") -> nn.Module:
    """super-image's model as it makes it, 34 M, 4x: its forward pass is the plain one, of the whole image."""
    stand_in_for_torchvision()
    from super_image import DrlnConfig as PeerConfig
    from super_image import DrlnModel as PeerModel

    return PeerModel(PeerConfig(scale=4, bam=True)).eval().requires_grad_(False).to(PRECISIONS[precision]).to(device)
