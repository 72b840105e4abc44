"""Scores that others published, each with its source and protocol.

The numbers are in `published.csv`. Measures nothing.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

SETS = ("Set5", "Set14", "BSD100", "Urban100", "Manga109")

# Millions, as published. For awsrn-bam, which has 1.4 to 1.6, the largest number.
PARAMETERS = {
    "edsr-base": 1.5,
    "awsrn-bam": 1.6,
    "carn": 1.6,
    "a2n": 1.0,
    "pan": 0.26,
    "drln-bam": 34.0,
    "drln": 35.0,
}

WHY_CARD_IS_HIGH = (
    "The card's protocol resizes an HR image whose sides do not divide by the scale instead of cropping it, which "
    "smooths it and makes it easier to match: so its BSD100 numbers (481x321 pixels) stand above the paper's, and "
    "the two protocols' numbers must not be compared."
)

# Notes by source, model, dataset and scale.
NOTES = {
    ("card", "Bicubic", "Urban100", 2): (
        "The card's Urban100 2x bicubic is what a widely copied release gives whose 2x files of that set are faulty; "
        "from the original images it is 26.87 / 0.8397."
    ),
}


@dataclass(frozen=True)
class Published:
    """One published score. The card's own table mixes both protocols: its Bicubic column is by the standard one."""

    source: str                  # "card" (eugenesiow/drln-bam), "paper" (arXiv 1906.12021), "super-image" (leaderboard)
    model: str                   # the name that the source gives it
    protocol: str                # "standard" or "card"
    dataset: str                 # one of SETS
    scale: int                   # 2, 3 or 4
    psnr: float                  # dB
    ssim: float | None = None    # -1..1; None where it was not published
    note: str = ""               # a sentence that belongs beside the number


def published(
    protocol: str,
    dataset: str | None = None,
    scale: int | None = None,
    source: str | None = None,
    degradation: str = "",
) -> list[Published]:
    """The published scores of one protocol, in the order of the file.

    Args:
        protocol: "standard" or "card".
        dataset: one of SETS; None for all of them. The same holds for `scale` and `source`.
        degradation: of the scores beside which they are to stand. All of the file are of clean LR, so for any
            degradation there are none.
    """
    return [
        entry
        for entry in PUBLISHED
        if not degradation
        and entry.protocol == protocol
        and dataset in (None, entry.dataset)
        and scale in (None, entry.scale)
        and source in (None, entry.source)
    ]


def _read(row: dict[str, str]) -> Published:
    source, model, dataset, scale = row["source"], row["model"], row["dataset"], int(row["scale"])
    ssim = float(row["ssim"]) if row["ssim"] else None
    note = NOTES.get((source, model, dataset, scale), "")
    return Published(source, model, row["protocol"], dataset, scale, float(row["psnr"]), ssim, note)


PUBLISHED = tuple(map(_read, csv.DictReader(Path(__file__).with_suffix(".csv").read_text("utf-8").splitlines())))
