"""What a training run shows while it lasts: a progress bar, and rows for TensorBoard or trackio.

Knows no data and no network.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from tqdm.auto import tqdm

from drln.training.arguments import TrainingArguments
from drln.training.run_folder import RunState


class RunDisplay:
    """While it is entered, a bar with loss, PSNR, patches a second and the time left, of the main process.

    Args:
        accelerator: whose trackers get each row of the history.
        args: kept beside them.
        total: optimiser steps in all.
        step_patches: patches a step, of all processes.
        state: where the run begins.
    """

    def __init__(
        self, accelerator: Any, args: TrainingArguments, total: int, step_patches: int, state: RunState
    ) -> None:
        self.accelerator, self.args = accelerator, args
        self.total, self.step_patches, self.state = total, step_patches, state

    def __enter__(self) -> RunDisplay:
        self.accelerator.init_trackers("drln", config={key: str(value) for key, value in asdict(self.args).items()})
        hidden = not self.accelerator.is_main_process
        self.bar = tqdm(
            total=self.total, initial=self.state.step, unit="step", desc="Training", disable=hidden,
            miniters=1,    # drawn by time alone, however long a step takes
        )    # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()
        for tracker in self.accelerator.trackers:    # `end_training` would part the processes, too
            tracker.finish()

    def show(self) -> None:
        """Move the bar to where the state is."""
        state, shown = self.state, {}
        if state.losses:
            shown["loss"] = f"{state.losses[-1]:.4f}"
        if state.history and not math.isnan(state.history[-1]["psnr"]):
            shown["PSNR"] = f"{state.history[-1]['psnr']:.2f} dB"
        shown["images/s"] = f"{state.step * self.step_patches / max(state.seconds, 1e-9):.0f}"
        self.bar.set_postfix(shown, refresh=False)
        self.bar.update(state.step - self.bar.n)

    def log(self, row: dict[str, float]) -> None:
        """One row of the history."""
        values = {key: row[key] for key in ("loss", "psnr", "learning_rate") if not math.isnan(row[key])}
        self.accelerator.log(values, step=int(row["step"]))
