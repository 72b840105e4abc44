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
from drln.levels import to_levels
from drln.metrics import psnr
from drln.protocols import planes


def mean_psnr(model: nn.Module, dataset: Any, accelerator: Any, workers: int = 0) -> float:
    """Mean over the images of the PSNR of the luma of 8-bit results, less `scale` pixels at each border, in dB.

    Not a number where a result is none.

    Args:
        model: takes (1, 3, h, w) in [0, 1]; it is in eval mode meanwhile.
        dataset: an `EvalDataset`, or another of such pairs.
        accelerator: of whose processes each measures its share; all get the same mean.
        workers: processes that decode.
    """
    own: Sequence[int] = range(accelerator.process_index, len(dataset), accelerator.num_processes)
    training = model.training
    model.eval()
    total = torch.zeros((), device=accelerator.device)
    pairs = DataLoader(Subset(dataset, own), batch_size=None, num_workers=workers, worker_init_fn=leave_to_parent)
    for lr, hr in pairs:
        with torch.no_grad():
            sr = model(lr[None].to(accelerator.device))
        if not sr.isfinite().all():
            total += torch.nan
            continue
        total += psnr(*planes(sr, to_levels(hr[None], grey=False, depth=8), round(hr.shape[2] / lr.shape[2])))
    model.train(training)
    sum_of_all: Tensor = accelerator.reduce(total)
    return sum_of_all.item() / len(dataset)
