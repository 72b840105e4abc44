"""What the Benchmark tab says, as HTML: scores as numbers and as dots on an axis; everything from outside is escaped.

Knows no gradio and no files.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

from demo.wording import notes
from demo.wording.scores import decibels
from drln.data.sets import SAMPLES
from drln.evaluation.published import published
from drln.evaluation.scores import Scores
from drln.evaluation.tables import NONE, SOURCES, title

INTRO = (
    "Measure the models on a set of sharp photos, beside scores that others published. Each photo is made smaller, "
    "restored, and compared with the original."
)
NO_SCORES = "There are no published scores for this set and protocol."
NO_DEGRADED_SCORES = "The published scores are of clean LR images, so none stand here."
TAKE_OUT = "Take it out of the models"
STEPS = (0.5, 1, 2, 5, 10, 20, 50)    # dB between two ticks of the axis
MOST_STEPS = 5    # on an axis, so that its numbers stand apart on a phone


class Row(NamedTuple):
    """A line of the table; PSNR and SSIM are NaN if nothing was measured, SSIM also if it was not published."""

    label: str
    psnr: float
    ssim: float
    kind: str    # "ours" or "theirs"


def set_label(name: str) -> str:
    """Return a set's name for users."""
    return "Sample photos" if name == SAMPLES else name


def benchmark_table(scores: Sequence[Scores]) -> str:
    """Show the scores so far, all of one protocol and degradation, beside those published for the same."""
    protocol, degradation = scores[0].protocol, scores[0].degradation
    groups, remarks = {}, []
    for dataset, scale in dict.fromkeys((entry.dataset, entry.scale) for entry in scores):
        theirs = [number for source in SOURCES for number in published(protocol, dataset, scale, source, degradation)]
        remarks += [number.note for number in theirs]
        groups[f"{set_label(dataset)}, {scale}×"] = [
            *(_measured(entry) for entry in scores if (entry.dataset, entry.scale) == (dataset, scale)),
            *(Row(f"{n.model} ({n.source})", n.psnr, math.nan if n.ssim is None else n.ssim, "theirs") for n in theirs),
        ]
    rows = [row for group in groups.values() for row in group]
    legend = '<span class="dot ours"></span>&#160;measured&#160;here <span class="dot theirs"></span>&#160;published'
    if all(row.kind == "ours" for row in rows):
        legend, remarks = "", [NO_DEGRADED_SCORES if degradation else NO_SCORES]
    ticks = axis(row.psnr for row in rows)
    body = "".join(_group(name, group, ticks) for name, group in groups.items())
    head = '<th scope="col">Model</th><th scope="col">PSNR, dB</th><th scope="col">SSIM</th>'
    return (
        f'<table class="scores dotted"><caption>{escape(title(protocol, degradation))}. Further right is closer to the '
        f'originals. <span aria-hidden="true">{legend}</span></caption><thead><tr>{head}</tr></thead>{body}</table>'
        + "".join(notes.note(remark) for remark in dict.fromkeys(filter(None, remarks)))
    )


def axis(values: Iterable[float]) -> list[float]:
    """Return the ticks of an axis that holds all finite values: round numbers, evenly spaced; none without values."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return []
    for step in STEPS:
        first, last = math.floor(min(finite) / step), math.floor(max(finite) / step) + 1
        if last - first <= MOST_STEPS:
            break
    return [number * step for number in range(first, last + 1)]


def _measured(entry: Scores) -> Row:
    part = "" if entry.is_complete or not entry.images else f" ({entry.count})"
    return Row(entry.model + part, entry.psnr, entry.ssim, "ours")


def _group(name: str, rows: Sequence[Row], ticks: Sequence[float]) -> str:
    """Show one set at one scale: a row with a dot for each model, then the axis, which screen readers leave out."""
    body = f'<tr><th colspan="3" scope="rowgroup">{escape(name)}</th></tr>'
    for row in rows:
        dot = f'<span class="dot {row.kind}"{_at(row.psnr, ticks)}></span>' if math.isfinite(row.psnr) else ""
        ssim = NONE if math.isnan(row.ssim) else f"{row.ssim:.4f}"
        body += (
            f'<tr><th scope="row">{_track(escape(row.label), dot, ticks)}</th>'
            f"<td>{decibels(row.psnr)}</td><td>{ssim}</td></tr>"
        )
    if ticks:
        numbers = "".join(f"<span{_at(tick, ticks)}>{tick:g}</span>" for tick in ticks)
        track = _track("PSNR, dB", numbers, ticks)
        body += f'<tr class="axis" aria-hidden="true"><td>{track}</td><td colspan="2"></td></tr>'
    return f"<tbody>{body}</tbody>"


def _track(label: str, marks: str, ticks: Sequence[float]) -> str:
    """A label, and beside or below it a stretch of the axis with these marks."""
    steps = max(1, len(ticks) - 1)
    return (
        f'<div class="place"><span>{label}</span>'
        f'<span class="track" aria-hidden="true" style="--steps: {steps}">{marks}</span></div>'
    )


def _at(value: float, ticks: Sequence[float]) -> str:
    return f' style="left: {100 * (value - ticks[0]) / (ticks[-1] - ticks[0]):.1f}%"'
