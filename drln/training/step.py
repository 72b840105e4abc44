"""One step of a training run: loss, gradients, weights, and the running average of the weights.

Knows the network as a module alone.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor, nn

from drln.training.arguments import TrainingArguments
from drln.training.loss import patch_loss
from drln.training.muon import Muon

WARM_UP = 3    # steps before one is recorded, in which libraries choose their kernels


class Step:
    """Takes a batch and changes the weights.

    With `args.compile`, on a single GPU, the network is compiled and the whole step recorded as a CUDA graph. Then the
    GPU runs a step without waiting for Python.

    Args:
        accelerator: of the run.
        model: the network.
        average: the running average of the network, or the network itself if there is none.
        args: of the run.
        border: pixels on each side of the LR patches that are the network's border.
    """

    def __init__(
        self, accelerator: Any, model: nn.Module, average: nn.Module, args: TrainingArguments, border: int
    ) -> None:
        self.accelerator, self.args, self.border = accelerator, args, border
        is_alone = accelerator.num_processes == args.gradient_accumulation_steps == 1
        self.is_recorded = args.compile and accelerator.device.type == "cuda" and is_alone
        self.weights = [p for p in model.parameters() if p.requires_grad]
        self.pairs: tuple[list[Tensor], list[Tensor]] | None = None
        if average is not model:
            self.pairs = list(average.parameters()), list(model.parameters())
        kind = Muon if args.optimizer == "muon" else torch.optim.Adam
        optimizer = kind(self.weights, lr=args.learning_rate, capturable=self.is_recorded)
        self.model, self.optimizer = accelerator.prepare(model, optimizer)
        self.use_arguments()
        # Numbers that a recorded step reads from the device.
        self.squared, self.decay = torch.zeros(2, device=accelerator.device).unbind()
        self._made = 0
        self._graph: Any = None
        if self.is_recorded:
            torch.backends.cudnn.benchmark = True    # until the step is recorded: evaluations have too many shapes
            self._stream = torch.cuda.Stream()
            for part in getattr(model, "groups", [model]):
                part.compile(dynamic=False)

    def __call__(self, patches: tuple[Tensor, Tensor], rate: float, squared: float, decay: float) -> Tensor:
        """Train on a batch, and return its L1 loss, a scalar on the device.

        Args:
            patches: LR and HR, as for `patch_loss`.
            rate: the learning rate.
            squared: see `patch_loss`.
            decay: of the running average.
        """
        for group in self.optimizer.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate
        self.squared.fill_(squared)
        self.decay.fill_(decay)
        if not self.is_recorded:
            return self._run(patches)
        self._made += 1
        if self._made <= WARM_UP:    # in a stream of its own, as PyTorch asks of what is recorded later
            self._stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(self._stream):
                loss = self._run(patches)
            torch.cuda.current_stream().wait_stream(self._stream)
            return loss
        if self._graph is None and not self._record(patches):
            return self._run(patches)
        for kept, given in zip(self._patches, patches):
            kept.copy_(given)
        self._graph.replay()
        return self._loss.clone()

    def use_arguments(self) -> None:
        """Take learning rate and betas from the arguments; a checkpoint brings its own."""
        for group in self.optimizer.param_groups:
            group["betas"] = (0.9, self.args.adam_beta2)
            if self.is_recorded:
                group["lr"] = torch.tensor(self.args.learning_rate, device=self.accelerator.device)

    def _record(self, patches: tuple[Tensor, Tensor]) -> bool:
        """Record a step. If it cannot be, say why; then steps are run as they are."""
        self._patches = patches[0].clone(), patches[1].clone()
        self._graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(self._graph, stream=self._stream):
                self._loss = self._run(self._patches)
        except RuntimeError as error:
            warnings.warn(f"no CUDA graph: {error}", stacklevel=4)
            self.is_recorded, self._graph = False, None
        torch.backends.cudnn.benchmark = False
        return self.is_recorded

    def _run(self, patches: tuple[Tensor, Tensor]) -> Tensor:
        accelerator, args = self.accelerator, self.args
        with accelerator.accumulate(self.model):
            loss, shown = patch_loss(self.model, patches, args, self.squared, self.border)
            accelerator.backward(loss)
            if accelerator.sync_gradients and args.max_grad_norm:
                accelerator.clip_grad_norm_(self.weights, args.max_grad_norm)
            self.optimizer.step()
            self.optimizer.zero_grad()
        if accelerator.sync_gradients and self.pairs:
            average, now = self.pairs
            with torch.no_grad():
                torch._foreach_mul_(average, self.decay)
                torch._foreach_add_(average, list(torch._foreach_mul(now, 1 - self.decay)))
        return shown.detach()
