"""The score that decides which weights are best: the mean PSNR by the standard protocol, over several processes.

Knows models and data sets; no files.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from drln.evaluation.metrics import psnr
from drln.evaluation.protocols import planes
from drln.images.tensors import to_pixels
from drln.training.signals import Interruption


def mean_psnr(model: nn.Module, dataset: Any, accelerator: Any, stop: Interruption) -> float | None:
    """The mean PSNR of all images in dB: of the luma of 8-bit results, without `scale` pixels at each border.

    Args:
        model: takes (1, 3, h, w) in [0, 1]; in eval mode meanwhile.
        dataset: an `EvalDataset`, or another data set of such pairs.
        accelerator: its processes measure a share each, and get the same mean.
        stop: requests a stop between two images.

    Returns:
        The mean; NaN if a result holds NaN; None if any process stopped before its last image.
    """
    training = model.training
    model.eval()
    total, stopped = torch.zeros(2, device=accelerator.device)
    for index in range(accelerator.process_index, len(dataset), accelerator.num_processes):
        if stop.requested:
            stopped += 1
            break
        lr, hr = map(torch.as_tensor, dataset[index])
        with torch.no_grad():
            sr = model(lr[None].to(accelerator.device))
        if not sr.isfinite().all():
            total += torch.nan
            continue
        total += psnr(*planes(sr, to_pixels(hr[None], grey=False, depth=8), round(hr.shape[2] / lr.shape[2])))
    model.train(training)
    sum_of_all, any_stopped = accelerator.reduce(torch.stack([total, stopped])).tolist()
    return None if any_stopped else sum_of_all / len(dataset)
