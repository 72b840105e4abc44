"""The arguments of a training run, checked when they are created, and its learning rate at each step.

Knows no data and no network.
"""

from __future__ import annotations

import importlib.util
import math
from dataclasses import KW_ONLY, dataclass

from drln.super_image_names import init_with_super_image_names

SCHEDULES = ("step", "cosine")
OPTIMIZERS = ("adam", "muon")
L1, L1_THEN_SQUARED = LOSSES = ("l1", "l1-then-squared")
TRACKERS = {"tensorboard": ("tensorboard", "tensorboardX"), "trackio": ("trackio",)}    # packages of each
DROP_AT = 0.8    # of the steps; after that the step schedule has a tenth of the learning rate
RENAMED = {"no_cuda": "use_cpu"}
INSTEAD = {
    "gamma": (0.5, "leave it out: it has no effect in super-image, which resets it each epoch; see schedule"),
    "fp16": (False, "write bf16=True, which needs no scaling of the loss"),
    "local_rank": (-1, "leave it out, and start the program with `accelerate launch`"),
    "save_total_limit": (None, "leave it out: there is one checkpoint, and each takes the place of the one before"),
}


@init_with_super_image_names(RENAMED, INSTEAD)
@dataclass(frozen=True)
class TrainingArguments:
    """How to train. The defaults are the published models' recipe.

    That is Adam at 1e-4, a tenth of it after 80 % of the epochs, batches of 16, one random patch per image and epoch.

    Args:
        output_dir: folder for the checkpoint, the history and the best weights.
        overwrite_output_dir: start again if `output_dir` holds a run or weights.
        learning_rate: the highest learning rate.
        num_train_epochs: passes over the images; ignored if `max_steps` is given.
        max_steps: total number of optimiser steps.
        minutes: train for this time instead, with evaluations but the last; the schedule follows the clock.
        per_device_train_batch_size: patches in a batch, on each device.
        gradient_accumulation_steps: batches in an optimiser step.
        optimizer: "adam"; or "muon" for convolutions of 8 and more channels, with Adam for the rest.
        loss: "l1"; or "l1-then-squared", whose last quarter descends on the squared error.
        schedule: "step" (a tenth after 80 %) or "cosine" (down to 0).
        warmup_steps: steps in which the learning rate rises linearly.
        adam_beta2: beta2 of Adam, whose beta1 is 0.9.
        max_grad_norm: clip gradients to this norm; None does not clip them.
        ema_decay: decay of a running average of the weights, which is then evaluated and saved; 0 for no average.
        bf16: compute in bfloat16 by autocast; the weights stay float32.
        compile: on a single GPU, compile the network and record the step as a CUDA graph, so that the GPU does not wait
            for Python; elsewhere it changes nothing.
        channels_last: store features pixel by pixel, which is faster on most devices.
        eval_steps: steps between evaluations, each with a checkpoint; None for one after each epoch, or after as many
            epochs as make 100 steps. By the clock, None is for one after each fifth of the time.
        save_steps: steps between further checkpoints; None for no further ones.
        eval_on_start: evaluate before the first step too, so that fine-tuning never keeps worse weights than the first.
        dataloader_num_workers: threads that cut batches ahead; with 0 the training thread cuts them.
        dataloader_pin_memory: put patches into memory that a GPU reads faster.
        seed: decides the order of the images, the patches and their turns.
        report_to: "tensorboard", "trackio", "none", or "auto" for those that are installed. `history.csv` is always
            written.
        use_cpu: do not use a GPU.

    Raises:
        ValueError: if a value is out of range.
        TypeError: for an unknown argument; the message says what to write instead of super-image's.
    """

    output_dir: str
    overwrite_output_dir: bool = False
    learning_rate: float = 1e-4
    _: KW_ONLY
    num_train_epochs: int = 1000
    max_steps: int | None = None
    minutes: float | None = None
    per_device_train_batch_size: int = 16
    gradient_accumulation_steps: int = 1
    optimizer: str = "adam"
    loss: str = L1
    schedule: str = "step"
    warmup_steps: int = 0
    adam_beta2: float = 0.999
    max_grad_norm: float | None = None
    ema_decay: float = 0.0
    bf16: bool = False
    compile: bool = False
    channels_last: bool = True
    eval_steps: int | None = None
    save_steps: int | None = None
    eval_on_start: bool = False
    dataloader_num_workers: int = 0
    dataloader_pin_memory: bool = True
    seed: int = 0
    report_to: str = "auto"
    use_cpu: bool = False

    def __post_init__(self) -> None:
        for name in ("num_train_epochs", "per_device_train_batch_size", "gradient_accumulation_steps"):
            _check(name, getattr(self, name), _is_whole(getattr(self, name), 1), "give a whole number of at least 1")
        for name in ("max_steps", "eval_steps", "save_steps"):
            value = getattr(self, name)
            _check(name, value, value is None or _is_whole(value, 1), "give a whole number of at least 1, or None")
        for name in ("warmup_steps", "dataloader_num_workers", "seed"):
            _check(name, getattr(self, name), _is_whole(getattr(self, name), 0), "give a whole number, 0 or more")
        _check("learning_rate", self.learning_rate, self.learning_rate > 0, "give a positive number, such as 1e-4")
        for name, choices in {"optimizer": OPTIMIZERS, "loss": LOSSES, "schedule": SCHEDULES}.items():
            _check(name, getattr(self, name), getattr(self, name) in choices, f"choose {' or '.join(choices)}")
        _check("minutes", self.minutes, self.minutes is None or self.minutes > 0, "give a positive number, or None")
        _check("minutes", self.minutes, None in (self.minutes, self.max_steps), "leave it out, or leave out max_steps")
        _check("adam_beta2", self.adam_beta2, 0 <= self.adam_beta2 < 1, "give a number from 0 to below 1")
        _check("ema_decay", self.ema_decay, 0 <= self.ema_decay < 1, "give a number from 0 to below 1")
        norm = self.max_grad_norm
        _check("max_grad_norm", norm, norm is None or norm > 0, "give a positive number, or None")
        known = ("auto", "none", *TRACKERS)
        _check("report_to", self.report_to, self.report_to in known, f"choose one of {', '.join(known)}")
        if self.report_to in TRACKERS and not _is_installed(self.report_to):
            packages = " or ".join(TRACKERS[self.report_to])
            raise ValueError(f"report_to is {self.report_to!r}, which needs a package: pip install {packages}")

    def trackers(self) -> list[str]:
        """The names of the trackers to report to."""
        if self.report_to == "auto":
            return [name for name in TRACKERS if _is_installed(name)]
        return [] if self.report_to == "none" else [self.report_to]


def learning_rate_at(step: int, total: float, args: TrainingArguments) -> float:
    """The learning rate for step number `step`, counted from 0, in a run of `total` steps, by the clock an estimate."""
    if step < args.warmup_steps:
        return args.learning_rate * (step + 1) / args.warmup_steps
    if args.schedule == "cosine":
        done = (step - args.warmup_steps) / max(1, total - args.warmup_steps)
        return args.learning_rate * 0.5 * (1 + math.cos(math.pi * done))
    return args.learning_rate * (0.1 if step >= DROP_AT * total else 1.0)


def _is_installed(tracker: str) -> bool:
    return any(importlib.util.find_spec(package) for package in TRACKERS[tracker])


def _is_whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _check(name: str, value: object, holds: bool, remedy: str) -> None:
    """Raise ValueError unless it holds."""
    if not holds:
        raise ValueError(f"{name} is {value!r}; {remedy}")
