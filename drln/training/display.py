"""Show a training run: a progress bar, and rows for TensorBoard or trackio.

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
    """In its `with` block, the main process shows a bar with loss, PSNR, patches per second and the time left.

    Args:
        accelerator: its trackers get each row of the history.
        args: the trackers store them.
        total: number of optimiser steps; None for a run by the clock, whose bar shows its seconds.
        state: of the run; the bar follows it.
    """

    def __init__(self, accelerator: Any, args: TrainingArguments, total: int | None, state: RunState) -> None:
        self.accelerator, self.args, self.total, self.state = accelerator, args, total, state

    def __enter__(self) -> RunDisplay:
        self.accelerator.init_trackers("drln", config={key: str(value) for key, value in asdict(self.args).items()})
        hidden = not self.accelerator.is_main_process
        self.bar = tqdm(
            total=self.total or 60 * (self.args.minutes or 0), initial=self._done(), unit="step", desc="Training",
            disable=hidden, bar_format=None if self.total else "{l_bar}{bar}| {n:.0f}/{total:.0f} s{postfix}",
            miniters=1,    # draw by time alone, however long a step takes
        )    # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()
        for tracker in self.accelerator.trackers:    # `end_training` would also disconnect the processes
            tracker.finish()

    def show(self) -> None:
        """Move the bar to the state's step."""
        state, shown = self.state, {}
        if state.losses:
            shown["loss"] = f"{state.losses[-1]:.4f}"
        if state.history and not math.isnan(state.history[-1]["psnr"]):
            shown["PSNR"] = f"{state.history[-1]['psnr']:.2f} dB"
        shown["images/s"] = f"{state.step * state.patches / max(state.seconds, 1e-9):.3g}"
        if not self.total:
            shown["step"] = f"{state.step}"
        self.bar.set_postfix(shown, refresh=False)
        self.bar.update(self._done() - self.bar.n)

    def _done(self) -> int:
        """Steps done, or whole seconds of those that there are."""
        return self.state.step if self.total else int(min(self.state.seconds, 60 * (self.args.minutes or 0)))

    def log(self, row: dict[str, float]) -> None:
        """Send a row of the history to the trackers."""
        values = {key: row[key] for key in ("loss", "psnr", "learning_rate") if not math.isnan(row[key])}
        self.accelerator.log(values, step=int(row["step"]))
