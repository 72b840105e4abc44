"""The files of a training run: the checkpoint to resume it from, the history, and the best weights.

Every file appears whole or not at all, whenever the process is killed.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
import pickle
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from drln.network.config import SCALES
from drln.weights.checkpoint import write_torch
from drln.weights.published_names import CONFIG_FILE, EARLIER_BEST, MODEL_CARD_FILE, weights_files
from drln.whole_files import remove_left_partials, write_bytes_whole

MUST_STAY = {"patches": "patches a step", "images": "number of images", "seed": "seed", "border": "border"}
CHECKPOINT, HISTORY = "checkpoint.pt", "history.csv"
COLUMNS = ("step", "loss", "psnr", "learning_rate", "seconds")
WEIGHTS = (CONFIG_FILE, *(name for scale in SCALES for name in weights_files(scale)))


class TrainingError(ValueError):
    """A run that cannot be started, continued or resumed; the message says why and what to do."""


@dataclass
class RunState:
    """The state of a run, beside its weights. Those of MUST_STAY are the same in a resumed run."""

    step: int = 0               # number of optimiser steps done
    patches: int = 0            # in a step, on all devices together
    images: int = 0             # to train on
    seed: int = 0
    border: int = 0             # of the network, in pixels
    best: float = -math.inf     # the highest PSNR so far, in dB
    seconds: float = 0.0        # spent on steps, with those of earlier sessions
    losses: list[float] = field(default_factory=list)                # of the batches since the last evaluation
    history: list[dict[str, float]] = field(default_factory=list)    # a row of COLUMNS for each evaluation

    def add_row(self, psnr: float, learning_rate: float) -> None:
        """Add an evaluation to the history, with the mean of the losses since the last one."""
        loss = math.fsum(self.losses) / len(self.losses) if self.losses else math.nan
        self.losses = []
        row = {"step": self.step, "loss": loss, "psnr": psnr, "learning_rate": learning_rate}
        self.history.append(row | {"seconds": self.seconds})


class RunFolder:
    """The folder of one run. Its best weights are there, so that `from_pretrained` and `push_to_hub` take it.

    Args:
        folder: created when something is saved.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._checkpoint = self.folder / CHECKPOINT

    @property
    def has_run(self) -> bool:
        """Whether a run was saved there."""
        return self._checkpoint.is_file()

    def begin(self, resume: bool | None, overwrite: bool) -> None:
        """Prepare the folder, and remove what a killed process left there.

        Args:
            resume: keep the run that is there.
            overwrite: remove the run or weights that are there.

        Raises:
            TrainingError: if there is a run or weights, and neither is asked for; or the folder cannot be written to.
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
                card = self.folder / MODEL_CARD_FILE    # of other weights; the user's own README stays
                if card.is_file() and "library_name: drln" in card.read_text(errors="replace"):
                    card.unlink()
            remove_left_partials(self.folder, older_than=0)
        except OSError as error:
            raise TrainingError(f"{self.folder} cannot be written to: {error}; choose another output_dir") from error

    def kept(self) -> str:
        """What is saved of the run, for an error message."""
        if self.has_run:
            return f"the last good checkpoint is kept in {self.folder}"
        return "there is no checkpoint yet"

    def save(self, state: RunState, model: nn.Module, average: nn.Module, optimizer: Any) -> None:
        """Write the checkpoint and the history, and before them the weights if they are the best so far.

        Args:
            state: of the run; its `best` is updated.
            model: the network.
            average: the network to evaluate and to save: `model`, or its running average.
            optimizer: of the run.

        Raises:
            TrainingError: if the disk refuses a file. The last checkpoint stays.
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
        """Write the current weights into another folder, or into this one unless it holds the best ones of a run.

        Raises:
            CheckpointError, OSError: if they cannot be written.
        """
        if folder is None and self.has_run:
            warnings.warn(
                f"{self.folder} holds the best weights of its run, and they stay; "
                "pass save_model another folder for the weights as they are now",
                stacklevel=3,
            )
        else:
            cast(Any, model).save_pretrained(folder or self.folder)

    def check_shared(self, state: RunState, accelerator: Any) -> None:
        """Check that all processes found the same checkpoint.

        Raises:
            TrainingError: unless they did.
        """
        steps = accelerator.gather(torch.tensor([state.step], device=accelerator.device)).tolist()
        if len(set(steps)) > 1:
            raise TrainingError(
                f"the processes find checkpoints of different steps, {steps}, in {self.folder}; "
                "put output_dir on a disk that all machines share"
            )

    def load(self, new: RunState, model: nn.Module, average: nn.Module, optimizer: Any) -> RunState:
        """Load the checkpoint into the networks and the optimiser, and return its state.

        Args:
            new: state of a new run, which is returned if there is no checkpoint.
            model, average, optimizer: as for `save`.

        Raises:
            TrainingError: if the checkpoint is damaged, or belongs to another network or optimiser, or to a run with
                another border, number of patches in a step, number of images or seed.
        """
        if not self.has_run:
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
                    f"the run in {self.folder} was started with {then} as its {words}, and this one has {now}; "
                    "resume it with the same, or choose another output_dir"
                )
        return state


def write_history(path: Path, history: Sequence[dict[str, float]]) -> None:
    """Write a CSV file with a row for each evaluation.

    Raises:
        WriteError: if it cannot be written.
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(history)
    write_bytes_whole(path, text.getvalue().encode())
