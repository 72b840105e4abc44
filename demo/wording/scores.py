"""What the Evaluate tab says, as HTML: tables, bars, notes; everything from outside is escaped.

Knows no gradio and no files.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from demo.backend.error_map import FULL
from demo.backend.trial import Trial
from demo.wording import notes
from drln.evaluation.degradations import BD, CLEAN, DN, describe
from drln.evaluation.protocols import CARD, STANDARD
from drln.evaluation.published import WHY_CARD_IS_HIGH, published
from drln.evaluation.scores import Scores
from drln.evaluation.tables import NONE, SOURCES, TITLES, comparison, title

INTRO = (
    "How close does a restored photo come to the sharp one? **PSNR**, in dB, counts errors pixel by pixel. **SSIM**, "
    "at most 1, compares structure. Higher is better for both, and only the brightness is compared. There are two "
    "protocols: the papers' *standard* one, and that of the published models' *card*. " + WHY_CARD_IS_HIGH
)
PROTOCOL_LABELS = {STANDARD: "Standard (papers)", CARD: "Card (published models)"}
DEGRADATION_LABELS = {
    CLEAN: "Clean",
    "jpeg75": "JPEG 75",
    "jpeg40": "JPEG 40",
    "jpeg30": "JPEG 30",
    "noise10": "Noise 10",
    BD: "Blur (BD, 3×)",
    DN: "Noise 30 (DN, 3×)",
}
DEGRADATION_INFO = "How the small image is degraded before it is restored. With the standard protocol only."
NO_PHOTO = "Choose a sharp photo. It is made smaller, restored and compared."
NO_SCORES = "There are no published scores for this set and protocol."
NO_DEGRADED_SCORES = "The published scores are of clean LR images, so none stand here."
AXIS_STEP = 4    # dB; the bars begin at a multiple of it

ERRORS_CAPTION = (
    '<p class="note">The error maps show how much the brightness differs from the sharp photo, in grey levels from 0 '
    "to 255. Both maps, and those of all photos, share these colours. The borders are not compared.</p>"
    + notes.colour_bar("0", str(FULL // 2), f"{FULL} and more")
)


def plan_note(hr_size: tuple[int, int], lr_size: tuple[int, int], degradation: str = "") -> str:
    """Say what will be done with the photo."""
    degraded = f" and degraded by {describe(degradation)}" if degradation else ""
    sizes = f"from {notes.pixels(*hr_size)} to {notes.pixels(*lr_size)}"
    return notes.note(f"The photo is reduced {sizes}{degraded}, then restored.")


def trial_table(trial: Trial) -> str:
    """Show the scores of both methods, and how they were measured."""
    rows = ""
    for method in (trial.bicubic, trial.drln):
        values = f"<td>{_decibels(method.psnr)}</td><td>{method.ssim:.4f}</td>"
        rows += f'<tr><th scope="row">{escape(method.title)}</th>{values}</tr>'
    degraded = f", degraded by {describe(trial.degradation)}," if trial.degradation else ""
    facts = notes.note(
        f"{PROTOCOL_LABELS[trial.protocol]} protocol, {trial.scale}×: {notes.pixels(*trial.lr_size)}{degraded} "
        f"restored to {notes.pixels(*trial.hr_size)}, measured without {trial.scale} pixels at each border. "
        f"{trial.source}, computed on {trial.device} in {trial.precision}."
    )
    head = '<th></th><th scope="col">PSNR, dB</th><th scope="col">SSIM</th>'
    return f'<table class="scores"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{facts}'


def benchmark_table(scores: Sequence[Scores]) -> str:
    """Show the scores so far, all of one protocol and degradation, beside those published for the same."""
    protocol, degradation = scores[0].protocol, scores[0].degradation
    header, rows = comparison(scores, protocol, degradation)
    ours = len({entry.model for entry in scores})
    theirs = len(header) - 2 - ours
    kinds = [""] * (2 + ours) + [' class="theirs"'] * theirs
    groups = f'<th colspan="2"></th><th colspan="{ours}">Measured here</th>'
    if theirs:
        groups += f'<th colspan="{theirs}" class="theirs">Published, same protocol</th>'
    heads = "".join(f'<th scope="col"{kind}>{escape(text)}</th>' for text, kind in zip(header, kinds))
    body = ""
    for name, *cells in rows:
        values = "".join(f"<td{kind}>{escape(text)}</td>" for text, kind in zip(cells, kinds[1:]))
        body += f'<tr><th scope="row">{escape(name)}</th>{values}</tr>'
    remarks = [
        number.note for entry in scores for number in published(protocol, entry.dataset, entry.scale, None, degradation)
    ]
    if not theirs:
        remarks.append(NO_DEGRADED_SCORES if degradation else NO_SCORES)
    return (
        f'{notes.note(title(protocol, degradation))}<div class="scores-wide"><table class="scores">'
        f"<thead><tr>{groups}</tr><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
        + "".join(notes.note(note) for note in dict.fromkeys(filter(None, remarks)))
    )


def chart(scores: Sequence[Scores]) -> str:
    """Show PSNR as bars, ours beside those published for the same, from a whole number of dB."""
    groups = _bars([entry for entry in scores if entry.images])
    values = [psnr for bars in groups.values() for _, psnr, _ in bars if psnr < math.inf]
    if not groups:
        return ""
    start = max(0, math.floor(min(values, default=0) - AXIS_STEP / 2) // AXIS_STEP * AXIS_STEP)
    end = max(values, default=1.0)
    body = ""
    for group, bars in groups.items():
        body += f"<h4>{escape(group)}</h4>"
        for label, psnr, kind in bars:
            width = 100.0 if psnr == math.inf else 100 * (psnr - start) / (end - start)
            body += (
                f'<div class="chart-row"><span>{escape(label)}</span>'
                f'<span><span class="fill {kind}" style="width: {width:.1f}%"></span></span>'
                f"<span>{_decibels(psnr)}</span></div>"
            )
    protocol, degradation = TITLES[scores[0].protocol].split(" (")[0].lower(), scores[0].degradation
    degraded = f", LR degraded by {describe(degradation)}" if degradation else ""
    note = f"PSNR in dB, {protocol}{degraded}; the bars begin at {start} dB."
    return f'<div class="chart"><p class="note">{escape(note)}</p>{body}</div>'


def _bars(scores: Sequence[Scores]) -> dict[str, list[tuple[str, float, str]]]:
    """Label, PSNR and kind of each bar, by set and scale."""
    groups: dict[str, list[tuple[str, float, str]]] = {}
    for entry in scores:
        incomplete = "" if entry.is_complete else f", {len(entry.images)} of {entry.total} images"
        bar = (entry.model + incomplete, entry.psnr, "ours part" if incomplete else "ours")
        groups.setdefault(f"{entry.dataset}, {entry.scale}×", []).append(bar)
    for dataset, scale in dict.fromkeys((entry.dataset, entry.scale) for entry in scores):
        groups[f"{dataset}, {scale}×"] += [
            (f"{number.model} ({source})", number.psnr, "theirs")
            for source in SOURCES
            for number in published(scores[0].protocol, dataset, scale, source, scores[0].degradation)
        ]
    return groups


def _decibels(psnr: float) -> str:
    """Two digits, or "∞" for identical images."""
    if math.isnan(psnr):
        return NONE
    return "∞" if psnr == math.inf else f"{psnr:.2f}"
