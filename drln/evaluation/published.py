"""Scores that others published, each with its source and protocol.

Knows numbers only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from drln.evaluation.protocols import CARD, STANDARD

SETS = ("Set5", "Set14", "BSD100", "Urban100", "Manga109")

WHY_CARD_IS_HIGH = (
    "The card's protocol resizes an HR image whose sides do not divide by the scale instead of cropping it, which "
    "smooths it and makes it easier to match: so its BSD100 numbers (481x321 pixels) stand above the paper's, and "
    "the two protocols' numbers must not be compared."
)


@dataclass(frozen=True)
class Published:
    """One score: who published it, of which model, and how it was measured.

    Attributes:
        source: "card" (of eugenesiow/drln-bam), "paper" (DRLN, arXiv 1906.12021) or "super-image" (its leaderboard).
        psnr: dB.
        ssim: None where it was not published.
        note: a sentence that belongs beside the number, or "".
    """

    source: str
    model: str
    protocol: str
    dataset: str
    scale: int
    psnr: float
    ssim: float | None = None
    note: str = ""


# A line for each scale, a value for each set of SETS; None where none was published.
_Scores = dict[int, tuple[tuple[float, float | None] | None, ...]]

# The card's table mixes two protocols: its Bicubic column is by the standard one.
CARD_BICUBIC: _Scores = {
    2: ((33.64, 0.9292), (30.22, 0.8683), (29.55, 0.8425), (26.66, 0.8408)),
    3: ((30.39, 0.8678), (27.53, 0.7737), (27.20, 0.7382), None),
    4: ((28.42, 0.8101), (25.99, 0.7023), (25.96, 0.6672), (23.14, 0.6573)),
}
CARD_DRLN_BAM: _Scores = {
    2: ((38.23, 0.9614), (33.95, 0.9206), (33.95, 0.9269), (32.81, 0.9339)),
    3: ((35.30, 0.9422), (31.27, 0.8624), (29.78, 0.8224), (29.82, 0.8828)),
    4: ((32.49, 0.8986), (28.94, 0.7899), (28.63, 0.7686), (26.53, 0.7991)),
}
PAPER_DRLN: _Scores = {
    2: ((38.27, 0.9616), (34.28, 0.9231), (32.44, 0.9028), (33.37, 0.9390), (39.58, 0.9786)),
    3: ((34.78, 0.9303), (30.73, 0.8488), (29.36, 0.8117), (29.21, 0.8722), (34.71, 0.9509)),
    4: ((32.63, 0.9002), (28.94, 0.7900), (27.83, 0.7444), (26.98, 0.8119), (31.54, 0.9196)),
}
PAPER_DRLN_PLUS: _Scores = {
    2: ((38.34, 0.9619), (34.43, 0.9247), (32.47, 0.9032), (33.54, 0.9402), (39.75, 0.9792)),
    3: ((34.86, 0.9307), (30.80, 0.8498), (29.40, 0.8125), (29.37, 0.8746), (34.94, 0.9518)),
    4: ((32.74, 0.9013), (29.02, 0.7914), (27.87, 0.7453), (27.14, 0.8149), (31.78, 0.9211)),
}
# super-image's leaderboard: PSNR alone, a value for each set but Manga109.
LEADERBOARD: dict[str, dict[int, tuple[float, float, float, float]]] = {
    "edsr-base": {
        2: (38.02, 33.66, 33.77, 32.04),
        3: (35.01, 31.01, 29.63, 29.19),
        4: (32.12, 28.72, 28.50, 26.02),
    },
    "awsrn-bam": {
        2: (37.99, 33.66, 33.76, 31.95),
        3: (35.05, 31.01, 29.63, 29.14),
        4: (32.13, 28.75, 28.51, 26.03),
    },
    "carn": {
        2: (37.89, 33.53, 33.66, 31.62),
        3: (34.88, 30.93, 29.56, 28.95),
        4: (32.05, 28.67, 28.44, 25.85),
    },
    "a2n": {
        2: (37.87, 33.54, 33.67, 31.71),
        3: (34.80, 30.94, 29.56, 28.95),
        4: (32.07, 28.68, 28.44, 25.89),
    },
    "pan": {
        2: (37.77, 33.42, 33.60, 31.31),
        3: (34.64, 30.80, 29.47, 28.61),
        4: (31.92, 28.57, 28.35, 25.63),
    },
    "drln-bam": {
        2: (38.23, 33.95, 33.95, 32.81),
        3: (35.30, 31.27, 29.78, 29.82),
        4: (32.49, 28.94, 28.63, 26.53),
    },
    "drln": {4: (32.55, 28.96, 28.65, 26.56)},
}
# Millions, as published; of awsrn-bam the largest of 1.4 to 1.6.
PARAMETERS = {
    "edsr-base": 1.5,
    "awsrn-bam": 1.6,
    "carn": 1.6,
    "a2n": 1.0,
    "pan": 0.26,
    "drln-bam": 34.0,
    "drln": 35.0,
}
FAULTY_URBAN = (
    "The card's Urban100 2x bicubic is what a widely copied release gives whose 2x files of that set are faulty; from "
    "the original images it is 26.87 / 0.8397."
)


def _tabled(source: str, model: str, protocol: str, scores: _Scores) -> Iterator[Published]:
    for scale, line in scores.items():
        for dataset, value in zip(SETS, line):
            if value is not None:
                faulty = (source, model, dataset, scale) == ("card", "Bicubic", "Urban100", 2)
                yield Published(source, model, protocol, dataset, scale, *value, note=FAULTY_URBAN if faulty else "")


def _leaders() -> Iterator[Published]:
    for model, lines in LEADERBOARD.items():
        yield from _tabled(
            "super-image", model, CARD, {scale: tuple((psnr, None) for psnr in line) for scale, line in lines.items()}
        )


PUBLISHED: tuple[Published, ...] = (
    *_tabled("card", "Bicubic", STANDARD, CARD_BICUBIC),
    *_tabled("card", "drln-bam", CARD, CARD_DRLN_BAM),
    *_tabled("paper", "DRLN", STANDARD, PAPER_DRLN),
    *_tabled("paper", "DRLN+", STANDARD, PAPER_DRLN_PLUS),
    *_leaders(),
)


def published(
    protocol: str, dataset: str | None = None, scale: int | None = None, source: str | None = None
) -> list[Published]:
    """The published scores of one protocol; of one set, scale or source where that is given."""
    return [
        entry
        for entry in PUBLISHED
        if entry.protocol == protocol
        and dataset in (None, entry.dataset)
        and scale in (None, entry.scale)
        and source in (None, entry.source)
    ]
