"""Train a super-resolution model: any module that takes (B, 3, h, w) in [0, 1] and gives (B, 3, sh, sw).

Built on Accelerate, so that the same loop runs on a CPU, a GPU or many. Knows nothing of the network.
"""

from __future__ import annotations

import copy
import csv
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from tqdm.auto import tqdm

from drln.checkpoint import write_whole
from drln.metrics import luma, psnr


@dataclass(frozen=True)
class TrainingArguments:
    """How to train. The defaults are those of the published models: Adam at 1e-4, a tenth of that after
    80 % of the epochs, batches of 16, one random patch an image and epoch.

    Args:
        output_dir: folder for checkpoints, history and the best weights.
        num_train_epochs: passes over the images; ignored where `max_steps` is given.
        max_steps: optimiser steps in all.
        per_device_batch_size: patches a step on each device.
        learning_rate: its peak.
        schedule: "step" (times 0.1 after 80 %) or "cosine" (down to 0).
        warmup_steps: steps of linear rise to the peak.
        max_grad_norm: gradients are clipped to this norm; None leaves them.
        ema_decay: of the running average of the weights that is evaluated and saved; 0 for none.
        bf16: autocast to bfloat16.
        eval_steps: steps between evaluations, each followed by a checkpoint; None for once an epoch.
        dataloader_num_workers: processes that cut patches.
        seed: of the order of the images, the patches and their turns.
    """

    output_dir: str
    num_train_epochs: int = 1000
    max_steps: int | None = None
    per_device_batch_size: int = 16
    learning_rate: float = 1e-4
    schedule: str = "step"
    warmup_steps: int = 0
    max_grad_norm: float | None = None
    ema_decay: float = 0.0
    bf16: bool = False
    eval_steps: int | None = None
    dataloader_num_workers: int = 0
    seed: int = 0


class Trainer:
    """Trains `model` on patches of `train_dataset` by the L1 loss, and keeps the best by PSNR on `eval_dataset`.

    Args:
        model: the network; the trained weights are in it afterwards.
        args: how to train.
        train_dataset: has `patch(index, rng)`, as `TrainDataset`.
        eval_dataset: whole image pairs, as `EvalDataset`; without it the last weights are kept.
        save_model: called as `save_model(model, folder)` where weights are to be kept; by
            default the model's own `save_pretrained`.
    """

    def __init__(
        self,
        model: nn.Module,
        args: TrainingArguments,
        train_dataset: Any,
        eval_dataset: Any = None,
        save_model: Callable[[nn.Module, Path], None] | None = None,
    ) -> None:
        from accelerate import Accelerator

        self.model, self.args = model, args
        self.train_dataset, self.eval_dataset = train_dataset, eval_dataset
        self.save_model = save_model or (lambda model, folder: cast(Any, model).save_pretrained(folder))
        self.accelerator = Accelerator(mixed_precision="bf16" if args.bf16 else "no")
        self.folder = Path(args.output_dir)

    def train(self, resume_from_checkpoint: bool = False) -> list[dict[str, float]]:
        """Train to the end; returns the history: step, loss, PSNR, learning rate, seconds."""
        args, accelerator = self.args, self.accelerator
        batch = args.per_device_batch_size * accelerator.num_processes
        epoch_steps = math.ceil(len(self.train_dataset) / batch)
        total = args.max_steps or args.num_train_epochs * epoch_steps
        eval_steps = args.eval_steps or epoch_steps
        self.model.to(memory_format=torch.channels_last)    # type: ignore[call-overload]    # torch's stubs lack it
        trained = [p for p in self.model.parameters() if p.requires_grad]
        optimizer = torch.optim.Adam(trained, lr=args.learning_rate, betas=(0.9, 0.99))
        average = copy.deepcopy(self.model).requires_grad_(False)
        state: dict[str, Any] = {"step": 0, "best": -math.inf, "seconds": 0.0, "history": []}
        if resume_from_checkpoint and (self.folder / "checkpoint.pt").is_file():
            state = self._load(optimizer, average)
        loader = DataLoader(
            _Samples(self.train_dataset, args.seed, state["step"] * batch, total * batch),
            batch_size=args.per_device_batch_size,
            num_workers=args.dataloader_num_workers,
        )
        model, optimizer, loader = accelerator.prepare(self.model, optimizer, loader)
        model.train()
        losses: list[Tensor] = []
        began = time.monotonic() - state["seconds"]
        bar = tqdm(total=total, initial=state["step"], disable=not accelerator.is_main_process, unit="step")
        for patches in loader:
            for group in optimizer.param_groups:
                group["lr"] = learning_rate_at(state["step"], total, args)
            with accelerator.autocast():
                sr = model(patches["lr"].float().div_(255).contiguous(memory_format=torch.channels_last))
            loss = F.l1_loss(sr.float(), patches["hr"].float().div_(255))
            accelerator.backward(loss)
            if args.max_grad_norm:
                accelerator.clip_grad_norm_(trained, args.max_grad_norm)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            state["step"] += 1
            _update_average(average, self.model, min(args.ema_decay, state["step"] / (state["step"] + 10)))
            losses.append(loss.detach())
            bar.update()
            if state["step"] % eval_steps == 0 or state["step"] == total:
                mean_loss = accelerator.gather(torch.stack(losses).mean()[None]).mean().item()
                losses.clear()
                if not math.isfinite(mean_loss):
                    raise FloatingPointError(
                        f"the loss became {mean_loss} before step {state['step']}; the last good checkpoint is kept "
                        f"in {self.folder}. Resume with a lower learning_rate than {args.learning_rate}"
                    )
                state["seconds"] = time.monotonic() - began
                self._evaluate_and_save(state, mean_loss, optimizer, average)
                bar.set_postfix(loss=f"{mean_loss:.4f}", psnr=f"{state['history'][-1]['psnr']:.2f}")
        bar.close()
        self.model.load_state_dict(average.state_dict())
        self.model.eval()
        return state["history"]

    def _evaluate_and_save(self, state: dict, loss: float, optimizer: Any, average: nn.Module) -> None:
        if self.accelerator.is_main_process:
            score = mean_psnr(average, self.eval_dataset) if self.eval_dataset is not None else math.nan
            learning_rate = optimizer.param_groups[0]["lr"]
            row = {"step": state["step"], "loss": loss, "psnr": score, "learning_rate": learning_rate}
            state["history"].append(row | {"seconds": state["seconds"]})
            self.folder.mkdir(parents=True, exist_ok=True)
            if not score <= state["best"]:
                state["best"] = score
                self.save_model(average, self.folder / "best")
            checkpoint = {
                "model": self.model.state_dict(),
                "average": average.state_dict(),
                "optimizer": optimizer.state_dict(),
                "state": json.dumps(state),
            }
            write_whole(self.folder / "checkpoint.pt", lambda path: torch.save(checkpoint, path))
            with open(self.folder / "history.csv", "w", newline="") as file:
                writer = csv.DictWriter(file, state["history"][0].keys())
                writer.writeheader()
                writer.writerows(state["history"])
        self.accelerator.wait_for_everyone()

    def _load(self, optimizer: torch.optim.Optimizer, average: nn.Module) -> dict:
        saved = torch.load(self.folder / "checkpoint.pt", map_location="cpu", weights_only=True)
        self.model.load_state_dict(saved["model"])
        average.load_state_dict(saved["average"])
        optimizer.load_state_dict(saved["optimizer"])
        return json.loads(saved["state"])


class _Samples(Dataset):
    """Patches number `start` to `stop` of an endless run through a data set.

    Each depends on the seed and its own number alone: whoever draws it, on however many devices
    and after whatever interruption, gets the same one.
    """

    def __init__(self, dataset: Any, seed: int, start: int, stop: int) -> None:
        self.dataset, self.seed, self.start, self.stop = dataset, seed, start, stop

    def __len__(self) -> int:
        return self.stop - self.start

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        number = self.start + index
        epoch, place = divmod(number, len(self.dataset))
        order = np.random.default_rng((self.seed, 0, epoch)).permutation(len(self.dataset))
        return self.dataset.patch(int(order[place]), np.random.default_rng((self.seed, 1, number)))


def learning_rate_at(step: int, total: int, args: TrainingArguments) -> float:
    """The learning rate of step number `step` (from 0) of `total`."""
    if step < args.warmup_steps:
        return args.learning_rate * (step + 1) / args.warmup_steps
    if args.schedule == "cosine":
        done = (step - args.warmup_steps) / max(1, total - args.warmup_steps)
        return args.learning_rate * 0.5 * (1 + math.cos(math.pi * done))
    return args.learning_rate * (0.1 if step >= 0.8 * total else 1.0)


def mean_psnr(model: nn.Module, dataset: Any) -> float:
    """Mean PSNR on luma, in dB, of 8-bit results, without `scale` pixels at each border."""
    training, device = model.training, next(model.parameters()).device
    model.eval()
    scores = []
    for pair in (dataset[index] for index in range(len(dataset))):
        with torch.no_grad():
            sr = model(pair["lr"][None].to(device).float() / 255)[0]
        sr = (sr.clamp(0, 1) * 255).round().to(torch.uint8).cpu()
        inside = slice(dataset.scale, -dataset.scale)
        a, b = (luma(image.permute(1, 2, 0).numpy())[inside, inside] for image in (sr, pair["hr"]))
        scores.append(psnr(a, b))
    model.train(training)
    return float(np.mean(scores))


@torch.no_grad()
def _update_average(average: nn.Module, model: nn.Module, decay: float) -> None:
    for kept, new in zip(average.parameters(), model.parameters()):
        kept.lerp_(new.to(kept.dtype), 1 - decay)
