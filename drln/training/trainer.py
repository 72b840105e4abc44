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

from drln.data.batches import Batches, Share
from drln.data.patches import TrainDataset
from drln.training.arguments import TrainingArguments, learning_rate_at
from drln.training.display import RunDisplay
from drln.training.length import RunLength
from drln.training.loss import REMEDY, squared_share, taken_losses
from drln.training.run_folder import RunFolder, RunState, TrainingError
from drln.training.signals import Interruption
from drln.training.step import Step
from drln.training.validation import mean_psnr
from drln.upscaling.device import free_memory, is_out_of_memory
from drln.upscaling.processes import leave_at_exit

LOG_STEPS = 10    # between two readings of the loss, each of which makes the GPU wait


class Trainer:
    """Trains a model on patches, and keeps the weights that have the highest PSNR.

    If `accelerate launch` starts several processes, each takes a share of every batch.

    Args:
        model: the network, with a method `save_pretrained(folder)`. It holds the trained weights afterwards.
        args: how to train; by default `TrainingArguments("tmp_trainer")`, as in super-image.
        train_dataset: a `TrainDataset`, or another data set of such pairs, whose items are taken as they are.
        eval_dataset: an `EvalDataset`, or another data set of such pairs; without it the last weights are kept.

    Attributes:
        run: the files. The best weights are in `run.folder`, for `from_pretrained` and `push_to_hub`.
        total_steps: number of optimiser steps; None by the clock.
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
        from accelerate import Accelerator

        if any(dataset is not None and not len(dataset) for dataset in (train_dataset, eval_dataset)):
            raise TrainingError("the data set is empty; give one with at least one image")
        args = args or TrainingArguments("tmp_trainer")
        self.model, self.args = model, args
        self.train_dataset, self.eval_dataset = train_dataset, eval_dataset
        self.run = RunFolder(args.output_dir)
        self.accelerator = Accelerator(
            cpu=args.use_cpu,
            mixed_precision="no",    # the loss switches bf16 on; Accelerate would leave it on in the model
            gradient_accumulation_steps=args.gradient_accumulation_steps,
            log_with=args.trackers() or None,
            project_dir=args.output_dir,
        )
        leave_at_exit()
        batch = args.per_device_train_batch_size * self.accelerator.num_processes
        self.step_patches = batch * args.gradient_accumulation_steps
        epoch_steps = math.ceil(len(train_dataset) / self.step_patches) if train_dataset is not None else 1
        self.length = RunLength(args, epoch_steps)
        self.total_steps = self.length.steps

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
        args, accelerator = self.args, self.accelerator
        accelerator.gradient_accumulation_steps = args.gradient_accumulation_steps    # shared by all Trainers
        if accelerator.is_main_process:
            self.run.begin(resume_from_checkpoint, args.overwrite_output_dir)
        accelerator.wait_for_everyone()
        if args.channels_last:
            self.model.to(memory_format=torch.channels_last)    # type: ignore[call-overload]    # torch's stubs lack it
        average = copy.deepcopy(self.model).requires_grad_(False) if args.ema_decay else self.model
        border = getattr(getattr(self.model, "config", None), "border", 0)
        step = Step(accelerator, self.model, average, args, border)
        average.to(accelerator.device)
        state = RunState(patches=self.step_patches, images=len(self.train_dataset), seed=args.seed, border=border)
        if resume_from_checkpoint:
            state = self._resumed(state, average, step)
        pending: list[Tensor] = []
        began = time.monotonic() - state.seconds
        step.model.train()
        with RunDisplay(accelerator, args, self.total_steps, state) as display:
            if self.length.is_due(state) and self._evaluate(average, state, stop, display):
                self._save(state, average, step.optimizer)
            self._end_if(stop, state)
            batches = iter(() if self.length.done(state) >= 1 else self._loader(state))
            for patches in batches:
                rate = learning_rate_at(state.step, self.length.total(state), args)
                squared = squared_share(self.length.done(state), args)
                decay = min(args.ema_decay, (state.step + 1) / (state.step + 11))
                pending.append(step(patches, rate, squared, decay))
                if not accelerator.sync_gradients:
                    continue
                state.step += 1
                state.seconds = self.length.seconds(began, accelerator)
                due, stopped = self.length.is_due(state), stop.of_any_process(accelerator)
                saves = due or stopped or bool(args.save_steps and state.step % args.save_steps == 0)
                if saves or state.step % LOG_STEPS == 0:
                    state.losses += taken_losses(
                        pending, accelerator, state.step, self.length.total(state), args, self.run.kept()
                    )
                display.show()
                if due:
                    self._evaluate(average, state, stop, display)
                if saves:
                    self._save(state, average, step.optimizer)
                    self._end_if(stop, state)
                if self.length.done(state) >= 1:
                    break
        if average is not self.model:
            self.model.load_state_dict(average.state_dict())
        self.model.eval()
        return state.history

    def _end_if(self, stop: Interruption, state: RunState) -> None:
        """Raise KeyboardInterrupt if the run should stop. Call it when everything is saved."""
        if stop.of_any_process(self.accelerator):
            of = f"of {self.total_steps}" if self.total_steps else f"after {self.length.done(state):.0%} of the time"
            saved = f"step {state.step} {of} is saved in {self.run.folder}; resume it from there"
            raise KeyboardInterrupt(saved if state.step or state.history else "no step was made yet")

    def _resumed(self, state: RunState, average: nn.Module, step: Step) -> RunState:
        """The state in the checkpoint, the same in every process; `state` if there is no checkpoint."""
        state = self.run.load(state, self.model, average, step.optimizer)
        step.use_arguments()    # not those in the checkpoint
        self.run.check_shared(state, self.accelerator)
        return state

    def _loader(self, state: RunState) -> Batches:
        """The remaining batches of this process. Its GPU holds all pixels if half its free memory suffices."""
        args, accelerator, data = self.args, self.accelerator, self.train_dataset
        device, on_device = accelerator.device, False
        if device.type != "cpu" and isinstance(data, TrainDataset):
            on_device = sum(tensor.numel() for tensor in data.store.tensors) < free_memory(device) / 2
        share = Share(
            args.per_device_train_batch_size,
            accelerator.process_index,
            accelerator.num_processes,
            args.gradient_accumulation_steps,
        )
        return Batches(
            data.to(device) if on_device else data,
            args.seed,
            share,
            first=state.step,
            last=self.total_steps,
            border=state.border,
            data_device=device if on_device else "cpu",
            device=device,
            threads=0 if on_device else args.dataloader_num_workers,
            pin=args.dataloader_pin_memory and device.type == "cuda",
        )

    def _evaluate(self, average: nn.Module, state: RunState, stop: Interruption, display: RunDisplay) -> bool:
        """Add a row to the history. False if the run should stop before the evaluation is complete."""
        data = self.eval_dataset
        score = math.nan if data is None else mean_psnr(average, data, self.accelerator, stop)
        if score is None:
            return False
        if data is not None and math.isnan(score):
            raise TrainingError(f"the model's results became NaN by step {state.step}; {self.run.kept()}. {REMEDY}")
        state.add_row(score, learning_rate_at(max(0, state.step - 1), self.length.total(state), self.args))
        display.log(state.history[-1])
        return True

    def _save(self, state: RunState, average: nn.Module, optimizer: Any) -> None:
        if self.accelerator.is_main_process:
            self.run.save(state, self.model, average, optimizer)
        self.accelerator.wait_for_everyone()
