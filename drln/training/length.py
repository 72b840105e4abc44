"""How long a run is, in steps or by the clock, and when it is evaluated."""

from __future__ import annotations

import math
import time
from typing import Any

import torch

from drln.training.arguments import TrainingArguments
from drln.training.run_folder import RunState

EVAL_STEPS = 100    # at least, between two evaluations, unless the arguments say otherwise
CLOCK_EVALS = 5     # evaluations of a run by the clock


class RunLength:
    """The length of a run.

    Args:
        args: of the run.
        epoch_steps: optimiser steps in an epoch.

    Attributes:
        steps: the number of steps; None by the clock.
    """

    def __init__(self, args: TrainingArguments, epoch_steps: int) -> None:
        self.args, self._limit = args, 60 * (args.minutes or 0.0)
        self._steps = args.max_steps or args.num_train_epochs * epoch_steps
        self.steps = None if args.minutes else self._steps
        self._eval_steps = args.eval_steps or epoch_steps * math.ceil(EVAL_STEPS / epoch_steps)

    def done(self, state: RunState) -> float:
        """How much of the run is done, 0 to 1: of its time or of its steps. By the clock it may be a little more."""
        return state.seconds / self._limit if self._limit else state.step / self._steps

    def total(self, state: RunState) -> float:
        """The number of steps; by the clock, what it will be at the speed so far."""
        return state.step / max(self.done(state), 1e-9) if self._limit else self._steps

    def seconds(self, began: float, accelerator: Any) -> float:
        """The seconds since `began`; by the clock, those of the first process, so that all end after the same step."""
        seconds = time.monotonic() - began
        if self._limit and accelerator.num_processes > 1:
            from accelerate.utils import broadcast

            seconds = float(broadcast(torch.tensor(seconds, device=accelerator.device)))
        return seconds

    def is_due(self, state: RunState) -> bool:
        """Whether this step needs an evaluation that was not made yet."""
        last = state.history[-1] if state.history else None
        if last and last["step"] == state.step:
            return False
        if not state.step:
            return self.args.eval_on_start
        if self.done(state) >= 1:
            return True
        if self._limit and not self.args.eval_steps:
            part = self._limit / CLOCK_EVALS
            return state.seconds // part > (last["seconds"] if last else 0) // part
        return state.step % self._eval_steps == 0
