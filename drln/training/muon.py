"""Muon: descend by orthogonal matrices. It knows parameters alone.

K. Jordan and others, "Muon: An optimizer for hidden layers in neural networks", 2024 (the iteration and its
coefficients); J. Liu and others, "Muon is scalable for LLM training", 2025, arXiv:2502.16982 (the factor 0.2, which
makes a step as large as one of Adam's). `torch.optim.Muon` takes matrices alone, no convolutions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

MOMENTUM = 0.95
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)    # coefficients of x, x³ and x⁵
ITERATIONS = 5
LEAST_SIDE = 8    # smaller matrices gain nothing


class Muon(torch.optim.Adam):
    """Muon for convolutions with 8 or more input and output channels, Adam for all other parameters.

    Args:
        parameters: to train.
        options: of Adam. Its learning rate is Muon's, too.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], **options: Any) -> None:
        parameters = list(parameters)
        matrices = [p for p in parameters if p.ndim == 4 and min(p.shape[:2]) >= LEAST_SIDE]
        known = {id(p) for p in matrices}
        groups = ([p for p in parameters if id(p) not in known], matrices)
        super().__init__([{"params": group, "muon": group is matrices} for group in groups if group], **options)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:    # type: ignore[override]
        """Update the parameters. There is no closure."""
        taken: dict[Tensor, Tensor] = {}
        for group in self.param_groups:
            if group["muon"]:
                taken |= {p: p.grad for p in group["params"] if p.grad is not None}
        for parameter in taken:
            parameter.grad = None    # so that Adam leaves it alone
        super().step()
        for parameter, gradient in taken.items():
            parameter.grad = gradient
        for group in self.param_groups:
            if group["muon"]:
                self._descend([(p, taken[p]) for p in group["params"] if p in taken], group["lr"])

    def _descend(self, trained: list[tuple[Tensor, Tensor]], rate: float | Tensor) -> None:
        """Change parameters by their gradients: all of one shape together, which a GPU does in much less time."""
        shapes: dict[torch.Size, list[tuple[Tensor, Tensor]]] = {}
        for parameter, gradient in trained:
            shapes.setdefault(parameter.shape, []).append((parameter, gradient))
        for pairs in shapes.values():
            same, gradients = map(list, zip(*pairs))
            for parameter in same:
                if not self.state[parameter]:    # Adam asks for a step when it loads a state
                    self.state[parameter] |= {"step": torch.zeros(()), "momentum": torch.zeros_like(parameter)}
            momenta = [self.state[p]["momentum"] for p in same]
            torch._foreach_mul_(momenta, MOMENTUM)
            torch._foreach_add_(momenta, gradients)
            ahead = torch._foreach_add(gradients, momenta, alpha=MOMENTUM)    # Nesterov's
            updates = orthogonal(torch.stack(ahead).flatten(2))
            updates *= 0.2 * math.sqrt(max(updates.shape[1:])) * -rate
            torch._foreach_add_(same, [update.view_as(p) for update, p in zip(updates, same)])


def orthogonal(matrices: Tensor) -> Tensor:
    """About the nearest matrices whose singular values are all equal, and about 1: float32, (N, rows, columns).

    The iteration runs in bfloat16 on a GPU; it needs no more.
    """
    wide = matrices.shape[1] <= matrices.shape[2]
    x = matrices if wide else matrices.mT
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    x = x.to(torch.bfloat16 if x.is_cuda else torch.float32)
    a, b, c = NEWTON_SCHULZ
    for _ in range(ITERATIONS):
        square = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return (x if wide else x.mT).float().contiguous()
