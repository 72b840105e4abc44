"""What training makes smaller: the difference of the network's results from the HR patches."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from drln.training.arguments import TrainingArguments, learning_rate_at
from drln.training.run_folder import TrainingError

REMEDY = "Try a lower learning_rate, or max_grad_norm=1"


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


def taken_losses(
    pending: list[Tensor], accelerator: Any, step: int, total: int, args: TrainingArguments, kept: str
) -> list[float]:
    """Take the losses from the device; all processes then have the same.

    Args:
        pending: of the batches up to and with `step`; it is empty afterwards.
        accelerator: of the processes.
        step, total: that is done, counted from 1, and of the run.
        args: of the run.
        kept: what is left of it, for the message.

    Raises:
        TrainingError: if one is no number.
    """
    losses: list[float] = accelerator.reduce(torch.stack(pending), reduction="mean").tolist()
    pending.clear()
    first = step - len(losses) // args.gradient_accumulation_steps + 1
    for index, loss in enumerate(losses):
        if not math.isfinite(loss):
            raise TrainingError(
                f"the loss became {loss} in step {first + index // args.gradient_accumulation_steps}, "
                f"at a learning rate of {learning_rate_at(step - 1, total, args):.2g}; {kept}. {REMEDY}"
            )
    return losses
