"""The score that chooses a checkpoint: mean PSNR by the standard protocol, over several processes.

Knows models and data sets; no files.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Subset

from drln.interruption import leave_to_parent
from drln.metrics import psnr
from drln.protocols import planes


def mean_psnr(model: nn.Module, dataset: Any, accelerator: Any, workers: int = 0) -> float:
    """Mean over the images of the PSNR of the luma of 8-bit results, less `scale` pixels at each border, in dB.

    Not a number where a result is none.

    Args:
        model: takes (1, 3, h, w) in [0, 1]; it is in eval mode meanwhile.
        dataset: an `EvalDataset`.
        accelerator: of whose processes each measures its share; all get the same mean.
        workers: processes that decode.
    """
    own: Sequence[int] = range(accelerator.process_index, len(dataset), accelerator.num_processes)
    training = model.training
    model.eval()
    total = torch.zeros((), device=accelerator.device)
    for pair in DataLoader(Subset(dataset, own), batch_size=None, num_workers=workers, worker_init_fn=leave_to_parent):
        with torch.no_grad():
            sr = model(pair["lr"][None].to(accelerator.device).float() / 255)
        if not sr.isfinite().all():
            total += torch.nan
            continue
        total += psnr(*planes(sr, pair["hr"].permute(1, 2, 0).numpy(), dataset.scale))
    model.train(training)
    sum_of_all: Tensor = accelerator.reduce(total)
    return sum_of_all.item() / len(dataset)
