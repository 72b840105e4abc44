"""The history of a training run as a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from drln.whole_files import write_bytes_whole

COLUMNS = ("step", "loss", "psnr", "learning_rate", "seconds")
Row = dict[str, float]    # step, loss, psnr in dB, learning_rate, seconds


def write_history(path: Path, history: Sequence[Row]) -> None:
    """A CSV file, a row an evaluation.

    Raises:
        WriteError: if it cannot be written.
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(history)
    write_bytes_whole(path, text.getvalue().encode())
