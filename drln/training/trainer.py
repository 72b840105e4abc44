"""Train a super-resolution model: any module that takes (B, 3, h, w) in [0, 1] and returns (B, 3, sh, sw).

Built on Accelerate, so that the same loop runs on a CPU, on a GPU or on many. Knows nothing of the network.
"""

from __future__ import annotations

import copy
import math
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from drln.data.patches import PatchSequence
from drln.training.arguments import TrainingArguments, learning_rate_at
from drln.training.display import RunDisplay
from drln.training.loss import REMEDY, patch_loss, taken_losses
from drln.training.run_folder import RunFolder, RunState, TrainingError
from drln.training.signals import Interruption
from drln.training.validation import mean_psnr
from drln.upscaling.device import is_out_of_memory
from drln.upscaling.processes import leave_at_exit

EVAL_STEPS = 100    # at least, between two evaluations, unless the arguments say otherwise
LOG_STEPS = 10    # between two readings of the loss, each of which makes the GPU wait


class Trainer:
    """Trains a model on patches with the L1 loss, and keeps the weights that have the highest PSNR.

    If `accelerate launch` starts several processes, each takes a share of every batch.

    Args:
        model: the network, with a method `save_pretrained(folder)`. It holds the trained weights afterwards.
        args: how to train; by default `TrainingArguments("tmp_trainer")`, as in super-image.
        train_dataset: a `TrainDataset`, or another data set of such pairs, whose items are taken as they are.
        eval_dataset: an `EvalDataset`, or another data set of such pairs; without it the last weights are kept.

    Attributes:
        run: the files. The best weights are in `run.folder`, for `from_pretrained` and `push_to_hub`.
        total_steps: number of optimiser steps.
        step_patches: number of patches in a step, on all devices together.

    Raises:
        TrainingError: if a data set is empty.
    """

    def __init__(
        self,
        model: nn.Module,
        args: TrainingArguments | None = None,
        train_dataset: Any = None,
        eval_dataset: Any = None,
    ) -> None:
        from accelerate import Accelerator, DataLoaderConfiguration

        if any(dataset is not None and not len(dataset) for dataset in (train_dataset, eval_dataset)):
            raise TrainingError("the data set is empty; give one with at least one image")
        args = args or TrainingArguments("tmp_trainer")
        self.model, self.args = model, args
        self.train_dataset, self.eval_dataset = train_dataset, eval_dataset
        self.run = RunFolder(args.output_dir)
        self.accelerator = Accelerator(
            cpu=args.use_cpu,
            mixed_precision="no",    # the loss switches bf16 on; Accelerate would leave it on in the model
            dataloader_config=DataLoaderConfiguration(non_blocking=True),
            gradient_accumulation_steps=args.gradient_accumulation_steps,
            log_with=args.trackers() or None,
            project_dir=args.output_dir,
        )
        leave_at_exit()
        batch = args.per_device_train_batch_size * self.accelerator.num_processes
        self.step_patches = batch * args.gradient_accumulation_steps
        epoch_steps = math.ceil(len(train_dataset) / self.step_patches) if train_dataset is not None else 1
        self.total_steps = args.max_steps or args.num_train_epochs * epoch_steps
        self.eval_steps = args.eval_steps or epoch_steps * math.ceil(EVAL_STEPS / epoch_steps)

    def train(self, resume_from_checkpoint: bool | None = False) -> list[dict[str, float]]:
        """Train to the end.

        Ctrl-C or SIGTERM stops the run after the current step and saves it. An evaluation stops after the current
        image, and the resumed run repeats it.

        Args:
            resume_from_checkpoint: resume the run in `output_dir`, if there is one. On a CPU the weights become the
                same, bit for bit, as without the stop.

        Returns:
            The history, a row for each evaluation: step, loss, psnr in dB, learning_rate, seconds.

        Raises:
            TrainingError: if `output_dir` holds a run that may not be overwritten or cannot be resumed, model and data
                have different scales, the loss became NaN, memory ran out, or the disk is full.
            KeyboardInterrupt: after a stop, when everything is saved; the message says where.
        """
        if self.train_dataset is None:
            raise TrainingError("there is no train_dataset; give Trainer one")
        try:
            with Interruption() as stop:
                return self._train(resume_from_checkpoint, stop)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise TrainingError(
                f"memory ran out on {self.accelerator.device}; {self.run.kept()}. Try a smaller "
                "per_device_train_batch_size with more gradient_accumulation_steps, smaller patches, or bf16"
            ) from error

    def eval(self, epoch: int | None = None) -> float:
        """The PSNR in dB of the current weights on `eval_dataset`. Saves nothing.

        Args:
            epoch: ignored; for programs written for super-image.

        Raises:
            TrainingError: if there is no `eval_dataset`.
            KeyboardInterrupt: after Ctrl-C or SIGTERM, between two images.
        """
        if self.eval_dataset is None:
            raise TrainingError("there is no eval_dataset; give Trainer one")
        with Interruption() as stop:
            score = mean_psnr(self.model.to(self.accelerator.device), self.eval_dataset, self.accelerator, stop)
        if score is None:
            raise KeyboardInterrupt
        return score

    def save_model(self, output_dir: str | Path | None = None) -> None:
        """Save the current weights for `from_pretrained`.

        Args:
            output_dir: by default that of the run. The best weights of a run there are kept, with a warning.

        Raises:
            CheckpointError, OSError: if they cannot be written.
        """
        if self.accelerator.is_main_process:
            self.run.save_model(self.model, output_dir)
        self.accelerator.wait_for_everyone()

    def _train(self, resume_from_checkpoint: bool | None, stop: Interruption) -> list[dict[str, float]]:
        args, accelerator, total = self.args, self.accelerator, self.total_steps
        accelerator.gradient_accumulation_steps = args.gradient_accumulation_steps    # shared by all Trainers
        if accelerator.is_main_process:
            self.run.begin(resume_from_checkpoint, args.overwrite_output_dir)
        accelerator.wait_for_everyone()
        if args.channels_last:
            self.model.to(memory_format=torch.channels_last)    # type: ignore[call-overload]    # torch's stubs lack it
        weights = [p for p in self.model.parameters() if p.requires_grad]
        model, optimizer = accelerator.prepare(
            self.model, torch.optim.Adam(weights, lr=args.learning_rate, betas=(0.9, args.adam_beta2))
        )
        average = copy.deepcopy(self.model).requires_grad_(False) if args.ema_decay else self.model
        border = getattr(getattr(self.model, "config", None), "border", 0)
        state = RunState(patches=self.step_patches, images=len(self.train_dataset), seed=args.seed, border=border)
        if resume_from_checkpoint:
            state = self._resumed(state, average, optimizer)
        loader = self._loader(state)
        pending: list[Tensor] = []
        began = time.monotonic() - state.seconds
        model.train()
        with RunDisplay(accelerator, args, total, state) as display:
            if self._is_due(state) and self._evaluate(average, state, stop, display):
                self._save(state, average, optimizer)
            self._end_if(stop, state)
            for patches in loader:
                with accelerator.accumulate(model):
                    for group in optimizer.param_groups:
                        group["lr"] = learning_rate_at(state.step, total, args)
                    loss = patch_loss(model, patches, args)
                    accelerator.backward(loss)
                    if accelerator.sync_gradients and args.max_grad_norm:
                        accelerator.clip_grad_norm_(weights, args.max_grad_norm)
                    optimizer.step()
                    optimizer.zero_grad()
                pending.append(loss.detach())
                if not accelerator.sync_gradients:
                    continue
                state.step += 1
                if average is not self.model:
                    update = get_ema_multi_avg_fn(min(args.ema_decay, state.step / (state.step + 10)))
                    with torch.no_grad():
                        update(list(average.parameters()), list(self.model.parameters()), None)
                state.seconds = time.monotonic() - began
                due, stopped = self._is_due(state), stop.of_any_process(accelerator)
                saves = due or stopped or bool(args.save_steps and state.step % args.save_steps == 0)
                if saves or state.step % LOG_STEPS == 0:
                    state.losses += taken_losses(pending, accelerator, state.step, total, args, self.run.kept())
                display.show()
                if due:
                    self._evaluate(average, state, stop, display)
                if saves:
                    self._save(state, average, optimizer)
                    self._end_if(stop, state)
        if average is not self.model:
            self.model.load_state_dict(average.state_dict())
        self.model.eval()
        return state.history

    def _is_due(self, state: RunState) -> bool:
        """Whether this step needs an evaluation that was not made yet."""
        if state.history and state.history[-1]["step"] == state.step:
            return False
        if not state.step:
            return self.args.eval_on_start
        return state.step % self.eval_steps == 0 or state.step == self.total_steps

    def _end_if(self, stop: Interruption, state: RunState) -> None:
        """Raise KeyboardInterrupt if the run should stop. Call it when everything is saved."""
        if stop.of_any_process(self.accelerator):
            saved = f"step {state.step} of {self.total_steps} is saved in {self.run.folder}; resume it from there"
            raise KeyboardInterrupt(saved if state.step or state.history else "no step was made yet")

    def _resumed(self, state: RunState, average: nn.Module, optimizer: Any) -> RunState:
        """The state in the checkpoint, the same in every process; `state` if there is no checkpoint."""
        state = self.run.load(state, self.model, average, optimizer)
        for group in optimizer.param_groups:
            group["betas"] = (0.9, self.args.adam_beta2)    # from the arguments, not from the checkpoint
        self.run.check_shared(state, self.accelerator)
        return state

    def _loader(self, state: RunState) -> DataLoader:
        """A loader of the remaining patches."""
        args, done = self.args, state.step * self.step_patches
        total, threads = self.total_steps * self.step_patches, args.dataloader_num_workers
        patches = PatchSequence(self.train_dataset, args.seed, done, total, threads)
        pins = args.dataloader_pin_memory and self.accelerator.device.type == "cuda"
        return self.accelerator.prepare(DataLoader(patches, args.per_device_train_batch_size, pin_memory=pins))

    def _evaluate(self, average: nn.Module, state: RunState, stop: Interruption, display: RunDisplay) -> bool:
        """Add a row to the history. False if the run should stop before the evaluation is complete."""
        data = self.eval_dataset
        score = math.nan if data is None else mean_psnr(average, data, self.accelerator, stop)
        if score is None:
            return False
        if data is not None and math.isnan(score):
            raise TrainingError(f"the model's results became NaN by step {state.step}; {self.run.kept()}. {REMEDY}")
        state.add_row(score, learning_rate_at(max(0, state.step - 1), self.total_steps, self.args))
        display.log(state.history[-1])
        return True

    def _save(self, state: RunState, average: nn.Module, optimizer: Any) -> None:
        if self.accelerator.is_main_process:
            self.run.save(state, self.model, average, optimizer)
        self.accelerator.wait_for_everyone()
