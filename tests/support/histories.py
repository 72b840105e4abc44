"""The history that a training run writes, read as anybody would."""

import csv
from pathlib import Path


def read_history(path: str | Path) -> list[dict[str, float]]:
    with open(path, newline="") as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
