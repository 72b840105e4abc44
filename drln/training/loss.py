"""The training loss: the mean absolute difference between the network's results and the HR patches."""

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
    """The L1 loss of a batch, a scalar.

    Args:
        model: the network.
        patches: LR (B, 3, p, p) and HR (B, 3, sp, sp), uint8, or float in [0, 1].
        args: of the run.

    Raises:
        TrainingError: if model and patches have different scales.
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
    """Read losses from the device, averaged over all processes.

    Args:
        pending: the losses of the last batches; emptied.
        accelerator: connects the processes.
        step: number of the last step, counted from 1.
        total: number of steps in the run.
        args: of the run.
        kept: what is saved, for the message.

    Raises:
        TrainingError: if a loss is not finite.
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
