"""The progress bar of the commands, which is shown on a terminal alone."""

from __future__ import annotations

from tqdm import tqdm

from drln.progress import Progress

BAR = "{desc} |{bar}| {percentage:3.0f}%{postfix}"    # tqdm puts ", " before the postfix


def progress_bar(hidden: bool = False) -> tqdm:
    """A bar from 0 to 1, which disappears when it is closed."""
    return tqdm(total=1.0, bar_format=BAR, leave=False, disable=hidden or None)    # None: unless on a terminal


def show(step: Progress, bar: tqdm) -> None:
    """Move the bar to this step, and show the time that is left."""
    bar.set_description_str(step.stage, refresh=False)
    if step.seconds_left is not None:
        minutes, seconds = divmod(round(step.seconds_left), 60)
        bar.set_postfix_str(f"{minutes}:{seconds:02d} left", refresh=False)
    bar.n = step.fraction
    bar.refresh()
