"""The files of a training run: the checkpoint to resume it from, the history, and the best weights.

Every file appears under its name when it is whole, whenever the process may be killed.
"""

from __future__ import annotations

import json
import math
import os
import pickle
import warnings
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from drln.network.config import SCALES
from drln.training.history import write_history
from drln.weights.checkpoint import write_torch
from drln.weights.published_names import CARD_FILE, CONFIG_FILE, EARLIER_BEST, weights_files
from drln.whole_files import remove_left_partials

MUST_STAY = {"patches": "patches a step", "images": "number of images", "seed": "seed", "border": "border"}
CHECKPOINT, HISTORY = "checkpoint.pt", "history.csv"
WEIGHTS = (CONFIG_FILE, *(name for scale in SCALES for name in weights_files(scale)))


class TrainingError(ValueError):
    """A run that cannot be started or resumed; the message says why and what to do."""


@dataclass
class RunState:
    """Where a run is, beside its weights.

    Attributes:
        step: optimiser steps done.
        patches: a step; `images` and `seed`: of the data; `border`: of the network. What has to stay for a run to be
            resumed.
        best: the highest PSNR so far, in dB.
        seconds: spent, earlier sessions included.
        losses: of each batch since the last evaluation.
        history: a row an evaluation: step, loss, psnr, learning_rate, seconds.
    """

    step: int = 0
    patches: int = 0
    images: int = 0
    seed: int = 0
    border: int = 0
    best: float = -math.inf
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)
    history: list[dict[str, float]] = field(default_factory=list)

    def add_row(self, psnr: float, learning_rate: float) -> None:
        """Of an evaluation, with the mean of the losses since the last one."""
        loss = math.fsum(self.losses) / len(self.losses) if self.losses else math.nan
        self.losses = []
        row = {"step": self.step, "loss": loss, "psnr": psnr, "learning_rate": learning_rate}
        self.history.append(row | {"seconds": self.seconds})


class RunFolder:
    """The folder of one run, which `from_pretrained` and `push_to_hub` take: the best weights lie beside the rest.

    Args:
        folder: made when something is saved.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    @property
    def _checkpoint(self) -> Path:
        return self.folder / CHECKPOINT

    @property
    def has_run(self) -> bool:
        """Whether a run was saved there, its best weights with it."""
        return self._checkpoint.is_file()

    def begin(self, resume: bool | None, overwrite: bool) -> None:
        """Clear away what is in the way; a run or weights that are there only if they are to be overwritten.

        Raises:
            TrainingError: if this would lose a run or weights, or the folder cannot be written to.
        """
        if resume not in (True, False, None):
            raise TrainingError(f"resume_from_checkpoint is {resume!r}; write True, and the run's folder as output_dir")
        resumed = resume and self.has_run
        there = [name for name in (CHECKPOINT, *WEIGHTS) if (self.folder / name).is_file()]
        if there and not (resumed or overwrite):
            run = "a run already; resume it (resume_from_checkpoint=True, --resume),"
            what = run if self.has_run else f"{there[0]};"
            raise TrainingError(f"{self.folder} holds {what} choose another output_dir, or set overwrite_output_dir")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if resumed:
                for file in (self.folder / EARLIER_BEST).glob("*"):
                    os.replace(file, self.folder / file.name)
            elif overwrite:
                for name in (*there, HISTORY):
                    (self.folder / name).unlink(missing_ok=True)
                self._remove_card()
            remove_left_partials(self.folder, older_than=0)    # of a process that was killed while it saved
        except OSError as error:
            raise TrainingError(f"{self.folder} cannot be written to: {error}; choose another output_dir") from error

    def _remove_card(self) -> None:
        """That of other weights; another README stays."""
        card = self.folder / CARD_FILE
        if card.is_file() and "library_name: drln" in card.read_text(errors="replace"):
            card.unlink()

    def kept(self) -> str:
        """What is left when a run breaks off, for an error message."""
        if self._checkpoint.is_file():
            return f"the last good checkpoint is kept in {self.folder}"
        return "there is no checkpoint yet"

    def save(self, state: RunState, model: nn.Module, average: nn.Module, optimizer: Any) -> None:
        """Write the checkpoint and the history, and before them the weights if this step's are the best so far.

        Raises:
            TrainingError: if the disk refuses them; the checkpoint that was there stays.
        """
        latest = state.history[-1] if state.history else None
        is_best = latest and latest["step"] == state.step and not latest["psnr"] <= state.best
        if latest and is_best:
            state.best = latest["psnr"]
        content = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "state": json.dumps(asdict(state))}
        if average is not model:
            content["average"] = average.state_dict()
        try:
            if is_best:
                cast(Any, average).save_pretrained(self.folder)
            write_torch(self._checkpoint, content)
            write_history(self.folder / HISTORY, state.history)
        except OSError as error:
            raise TrainingError(f"{error}; {self.kept()}") from error

    def save_model(self, model: nn.Module, folder: str | Path | None) -> None:
        """Write weights as they are into another folder; into that of the run if no run left its best ones there."""
        if folder is None and self.has_run:
            warnings.warn(
                f"{self.folder} holds the best weights of its run, and they stay; "
                "pass save_model another folder for the weights as they are now",
                stacklevel=3,
            )
        else:
            cast(Any, model).save_pretrained(folder or self.folder)

    def check_shared(self, state: RunState, accelerator: Any) -> None:
        """Raise a `TrainingError` where the processes do not find the same checkpoint."""
        steps = accelerator.gather(torch.tensor([state.step], device=accelerator.device)).tolist()
        if len(set(steps)) > 1:
            raise TrainingError(
                f"the processes find checkpoints of different steps, {steps}, in {self.folder}; "
                "put output_dir on a disk that all machines share"
            )

    def load(self, new: RunState, model: nn.Module, average: nn.Module, optimizer: Any) -> RunState:
        """Put the checkpoint's weights in place; where there is none, it is the new run that is asked for.

        Raises:
            TrainingError: if it is damaged, of another network or optimizer, or of a run with another border, or with
                other patches a step, images or seed, which would draw other patches.
        """
        if not self._checkpoint.is_file():
            return new
        try:
            saved = torch.load(self._checkpoint, map_location="cpu", weights_only=True)
            model.load_state_dict(saved["model"])
            if average is not model:
                average.load_state_dict(saved.get("average", saved["model"]))
            optimizer.load_state_dict(saved["optimizer"])
            state = RunState(**json.loads(saved["state"]))
        except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, KeyError, TypeError, ValueError) as error:
            reason = str(error).strip().splitlines()[0]
            raise TrainingError(
                f"{self._checkpoint} cannot be resumed with this model: {reason}; to start again, choose another folder"
            ) from error
        for name, words in MUST_STAY.items():
            now, then = getattr(new, name), getattr(state, name)
            if now != then:
                raise TrainingError(
                    f"the run in {self.folder} was begun with {then} as its {words}, and this one has {now}; "
                    "resume it with the same, or choose another output_dir"
                )
        return state
