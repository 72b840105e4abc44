"""The training loss: the mean absolute difference between the network's results and the HR patches.

If asked for, the squared error takes its place near the end, for it is what PSNR measures.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from drln.training.arguments import L1, TrainingArguments, learning_rate_at
from drln.training.run_folder import TrainingError

SQUARED_FROM, SQUARED_RISE = 0.75, 0.05    # of the run
SQUARED_WEIGHT = 10.0    # makes the squared error about as large as the absolute one
REMEDY = "Try a lower learning_rate, or max_grad_norm=1"


def patch_loss(
    model: nn.Module, patches: tuple[Tensor, Tensor], args: TrainingArguments, squared: Tensor, border: int = 0
) -> tuple[Tensor, Tensor]:
    """The loss of a batch to descend on, and its L1 loss: scalars.

    Args:
        model: the network.
        patches: LR (B, 3, p, p) and HR (B, 3, sp, sp), uint8, or float in [0, 1].
        args: of the run.
        squared: share of the squared error in the loss, 0 to 1; see `squared_share`.
        border: pixels on each side of LR that are the network's border.

    Raises:
        TrainingError: if model and patches have different scales.
    """
    memory_format = torch.channels_last if args.channels_last else torch.contiguous_format
    lr, hr = (
        (patch if patch.is_floating_point() else patch / 255).float().contiguous(memory_format=memory_format)
        for patch in patches
    )
    with torch.autocast(lr.device.type, torch.bfloat16, enabled=args.bf16):
        sr = model(lr, has_border=True) if border else model(lr)
    if sr.shape != hr.shape:
        height, width = (side - 2 * border for side in lr.shape[2:])
        raise TrainingError(
            f"of an LR patch of {width}x{height} pixels the model makes {sr.shape[3]}x{sr.shape[2]}, "
            f"but the HR patch has {hr.shape[3]}x{hr.shape[2]}; model and data must be of one scale"
        )
    mean = F.l1_loss(sr.float(), hr)
    if args.loss == L1:
        return mean, mean
    return mean * (1 - squared) + F.mse_loss(sr.float(), hr) * (SQUARED_WEIGHT * squared), mean


def squared_share(done: float, args: TrainingArguments) -> float:
    """The share of the squared error in the loss, 0 to 1, when that share of the run is done."""
    return min(1.0, max(0.0, (done - SQUARED_FROM) / SQUARED_RISE)) if args.loss != L1 else 0.0


def taken_losses(
    pending: list[Tensor], accelerator: Any, step: int, total: float, args: TrainingArguments, kept: str
) -> list[float]:
    """Read losses from the device, averaged over all processes.

    Args:
        pending: the losses of the last batches; emptied.
        accelerator: connects the processes.
        step: number of the last step, counted from 1.
        total: number of steps in the run, or an estimate.
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
