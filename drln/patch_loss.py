"""What training makes smaller: the difference of the network's results from the HR patches."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from drln.run_folder import TrainingError
from drln.training_arguments import TrainingArguments


def patch_loss(model: nn.Module, patches: tuple[Tensor, Tensor], args: TrainingArguments) -> Tensor:
    """The mean absolute difference; patches are (B, 3, p, p) and (B, 3, sp, sp), uint8 or float in [0, 1].

    Raises:
        TrainingError: if the model is of another scale.
    """
    memory_format = torch.channels_last if args.channels_last else torch.contiguous_format
    lr, hr = (
        (patch if patch.is_floating_point() else patch / 255).float().contiguous(memory_format=memory_format)
        for patch in patches
    )
    with torch.autocast(lr.device.type, torch.bfloat16, enabled=args.bf16):
        sr = model(lr)
    if sr.shape != hr.shape:
        raise TrainingError(
            f"of an LR patch of {lr.shape[3]}x{lr.shape[2]} pixels the model makes {sr.shape[3]}x{sr.shape[2]}, "
            f"but the HR patch has {hr.shape[3]}x{hr.shape[2]}; model and data must be of one scale"
        )
    return F.l1_loss(sr.float(), hr)
