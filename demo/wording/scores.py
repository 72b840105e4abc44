"""What the page says of scores, as HTML: tables, bars, notes; all that comes from outside is escaped.

Knows no gradio and no files.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from demo.backend.error_map import FULL
from demo.backend.trial import Trial
from demo.wording import notes
from drln.evaluation.protocols import CARD, STANDARD
from drln.evaluation.published import WHY_CARD_IS_HIGH, published
from drln.evaluation.scores import Scores
from drln.evaluation.tables import NONE, TITLES, comparison

INTRO = (
    "How near does a restored picture come to the sharp one? "
    "**PSNR**, in dB, counts errors pixel by pixel, **SSIM**, "
    "at most 1, compares structure. Higher is better in both, and only the brightness is compared. There are two ways "
    "to measure, the papers' *standard* one and that of the published models' *card*. " + WHY_CARD_IS_HIGH
)
PROTOCOL_LABELS = {STANDARD: "Standard (papers)", CARD: "Card (published models)"}
NO_PHOTO = "Choose a sharp photo: it is made smaller, restored, and compared with itself."
NO_SCORES = "No scores of this set were published by this protocol."
AXIS_STEP = 4    # dB that lie free at the left of the shortest bar, at most


ERRORS_CAPTION = (
    '<p class="note">Errors: how far the brightness is from the sharp photo, in grey levels of 255. The colours are '
    "the same in both maps and for every photo; the borders are not compared.</p>"
    + notes.colour_bar("0", str(FULL // 2), f"{FULL} and more")
)


def plan_note(hr_size: tuple[int, int], lr_size: tuple[int, int]) -> str:
    """What will be done with the photo."""
    return notes.note(
        f"{notes.pixels(*hr_size)} are made {notes.pixels(*lr_size)}, and restored from these."
    )


def trial_table(trial: Trial) -> str:
    """The scores of both methods, and what they are scores of."""
    rows = "".join(
        f'<tr><th scope="row">{escape(one.title)}</th><td>{_decibels(one.psnr)}</td><td>{one.ssim:.4f}</td></tr>'
        for one in (trial.bicubic, trial.drln)
    )
    facts = notes.note(
        f"{PROTOCOL_LABELS[trial.protocol]} protocol, {trial.scale}×: {notes.pixels(*trial.lr_size)} restored to "
        f"{notes.pixels(*trial.hr_size)}, without {trial.scale} at each border. "
        f"{trial.source}, computed on {trial.device} in {trial.precision}."
    )
    head = '<th></th><th scope="col">PSNR, dB</th><th scope="col">SSIM</th>'
    return f'<table class="scores"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{facts}'


def benchmark_table(scores: Sequence[Scores]) -> str:
    """The scores so far, all of one protocol, beside those published by the same one."""
    protocol = scores[0].protocol
    header, rows = comparison(scores, protocol)
    ours = len({entry.model for entry in scores})
    theirs = len(header) - 2 - ours
    kinds = [""] * (2 + ours) + [' class="theirs"'] * theirs
    groups = f'<th colspan="2"></th><th colspan="{ours}">Measured here</th>' + (
        f'<th colspan="{theirs}" class="theirs">Published, same protocol</th>' if theirs else ""
    )
    heads = "".join(f'<th scope="col"{kind}>{escape(text)}</th>' for text, kind in zip(header, kinds))
    body = "".join(
        "<tr>"
        + "".join(
            f'<th scope="row">{escape(text)}</th>' if column == 0 else f"<td{kind}>{escape(text)}</td>"
            for column, (text, kind) in enumerate(zip(row, kinds))
        )
        + "</tr>"
        for row in rows
    )
    remarks = [number.note for entry in scores for number in published(protocol, entry.dataset, entry.scale)]
    if not theirs:
        remarks.append(NO_SCORES)
    return (
        f'{notes.note(TITLES[protocol])}<div class="scores-wide"><table class="scores">'
        f"<thead><tr>{groups}</tr><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
        + "".join(notes.note(note) for note in dict.fromkeys(filter(None, remarks)))
    )


def chart(scores: Sequence[Scores]) -> str:
    """PSNR as bars, ours and those published by the same protocol; they begin at a whole dB that is told."""
    groups = _bars([entry for entry in scores if entry.images])
    values = [psnr for bars in groups.values() for _, psnr, _ in bars if psnr < math.inf]
    if not groups:
        return ""
    start = max(0, math.floor(min(values, default=0) - AXIS_STEP / 2) // AXIS_STEP * AXIS_STEP)
    end = max(values, default=1.0)
    body = ""
    for title, bars in groups.items():
        body += f"<h4>{escape(title)}</h4>"
        for label, psnr, kind in bars:
            width = 100.0 if psnr == math.inf else 100 * (psnr - start) / (end - start)
            body += (
                f'<div class="chart-row"><span>{escape(label)}</span>'
                f'<span><span class="fill {kind}" style="width: {width:.1f}%"></span></span>'
                f"<span>{_decibels(psnr)}</span></div>"
            )
    note = f"PSNR in dB, {TITLES[scores[0].protocol].split(' (')[0].lower()}; the bars begin at {start} dB."
    return f'<div class="chart"><p class="note">{escape(note)}</p>{body}</div>'


def _bars(scores: Sequence[Scores]) -> dict[str, list[tuple[str, float, str]]]:
    """Label, PSNR and kind of each bar, by set and scale."""
    groups: dict[str, list[tuple[str, float, str]]] = {}
    for entry in scores:
        part = "" if entry.is_complete else f", {len(entry.images)} of {entry.total} images"
        bar = (entry.model + part, entry.psnr, "ours part" if part else "ours")
        groups.setdefault(f"{entry.dataset}, {entry.scale}×", []).append(bar)
    for key in dict.fromkeys((entry.dataset, entry.scale) for entry in scores):
        for source in ("card", "paper"):
            for number in published(scores[0].protocol, *key, source=source):
                bar = (f"{number.model} ({source})", number.psnr, "theirs")
                groups[f"{key[0]}, {key[1]}×"].append(bar)
    return groups


def _decibels(psnr: float) -> str:
    """With two digits; of identical images "∞"."""
    if math.isnan(psnr):
        return NONE
    return "∞" if psnr == math.inf else f"{psnr:.2f}"
