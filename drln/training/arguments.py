"""How to train: facts of a run, checked at birth, and the learning rate that follows from them.

Knows no data and no network.
"""

from __future__ import annotations

import importlib.util
import math
from dataclasses import KW_ONLY, dataclass

from drln.super_image_names import init_with_super_image_names

SCHEDULES = ("step", "cosine")
TRACKERS = {"tensorboard": ("tensorboard", "tensorboardX"), "trackio": ("trackio",)}    # and the packages of each
DROP_AT = 0.8    # of the steps: the step schedule's times 0.1
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
    """How to train. The defaults are those of the published models: Adam at 1e-4, a tenth of that after
    80 % of the epochs, batches of 16, one random patch an image and epoch.

    Args:
        output_dir: folder for the checkpoint, the history and the best weights.
        overwrite_output_dir: begin again where `output_dir` holds a run or weights.
        learning_rate: its peak.
        num_train_epochs: passes over the images; ignored where `max_steps` is given.
        max_steps: optimiser steps in all.
        per_device_train_batch_size: patches a step on each device.
        gradient_accumulation_steps: batches whose gradients are added up for one optimiser step.
        schedule: "step" (times 0.1 after 80 %) or "cosine" (down to 0).
        warmup_steps: steps of linear rise to the peak.
        adam_beta2: of Adam, whose beta1 is 0.9.
        max_grad_norm: gradients are clipped to this norm; None leaves them.
        ema_decay: of the running average of the weights that is evaluated and saved; 0 for none.
        bf16: compute in bfloat16 by autocast; the weights stay float32.
        channels_last: keep features pixel by pixel, which is faster nearly everywhere.
        eval_steps: steps between evaluations, each followed by a checkpoint; None for every epoch, or where epochs
            are shorter than 100 steps, every few epochs that make 100.
        save_steps: steps between checkpoints beside those; None for none.
        eval_on_start: evaluate before the first step too, so that fine-tuning never keeps worse than it began with.
        dataloader_num_workers: threads that cut patches; 0 cuts them in the one that trains.
        dataloader_pin_memory: lay patches where a GPU fetches them faster.
        seed: of the order of the images, the patches and their turns.
        report_to: "tensorboard", "trackio", "none", or "auto": whichever of them is installed. `history.csv` is
            always written.
        use_cpu: do not use a GPU.

    Raises:
        ValueError: for a value out of its range.
        TypeError: for an argument that there is not; it says what to write instead of super-image's.
    """

    output_dir: str
    overwrite_output_dir: bool = False
    learning_rate: float = 1e-4
    _: KW_ONLY
    num_train_epochs: int = 1000
    max_steps: int | None = None
    per_device_train_batch_size: int = 16
    gradient_accumulation_steps: int = 1
    schedule: str = "step"
    warmup_steps: int = 0
    adam_beta2: float = 0.999
    max_grad_norm: float | None = None
    ema_decay: float = 0.0
    bf16: bool = False
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
        _check("schedule", self.schedule, self.schedule in SCHEDULES, f"choose {' or '.join(SCHEDULES)}")
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
        """The names of those that are reported to."""
        if self.report_to == "auto":
            return [name for name in TRACKERS if _is_installed(name)]
        return [] if self.report_to == "none" else [self.report_to]


def learning_rate_at(step: int, total: int, args: TrainingArguments) -> float:
    """The learning rate of step number `step` (from 0) of `total`."""
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
    if not holds:
        raise ValueError(f"{name} is {value!r}; {remedy}")
