"""What the Evaluate tab says, as HTML; everything from outside is escaped.

Knows no gradio and no files.
"""

from __future__ import annotations

import math
from html import escape

from demo.backend.error_map import FULL
from demo.backend.trial import Trial
from demo.wording import notes
from drln.evaluation.degradations import BD, CLEAN, DN, describe
from drln.evaluation.protocols import CARD, STANDARD
from drln.evaluation.published import WHY_CARD_IS_HIGH
from drln.evaluation.tables import NONE

INTRO = "Give a sharp photo. It is made smaller, restored, and compared with the original."
HOW = (
    "**PSNR**, in dB, counts errors pixel by pixel. **SSIM**, at most 1, compares structure. Higher is closer to the "
    "original for both. They compare only the brightness, without the outermost pixels.\n\n"
    "There are two protocols. **Standard** is the one of the papers: the sharp photo is cropped to a multiple of the "
    "scale and made smaller by MATLAB's bicubic, and the brightness is rounded to 8 bits. **Card** is the one of the "
    "published models' card. " + WHY_CARD_IS_HIGH
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
DEGRADATION_INFO = "What it suffers before it is restored. With the standard protocol only."
NO_PHOTO = "Choose a sharp photo first."
EMPTY = "Drop, paste or choose a sharp photo."
YOUR_PHOTO, MADE_SMALLER = "Your photo", "Made smaller"
ERRORS_CAPTION = (
    '<h3>Where they differ from your photo</h3>'
    '<p class="note">The brighter, the more the brightness differs from your photo, in grey levels from 0 to 255. '
    "The borders are not compared.</p>" + notes.colour_bar("0", str(FULL // 2), f"{FULL} and more")
)


def errors_of(method: str) -> str:
    """Return the title of a method's error map."""
    return f"Errors: {method}"


def plan_note(hr_size: tuple[int, int], lr_size: tuple[int, int], degradation: str = "") -> str:
    """Say what will be done with the photo."""
    degraded = f" and degraded by {describe(degradation)}" if degradation else ""
    sizes = f"from {notes.pixels(*hr_size)} to {notes.pixels(*lr_size)}"
    return notes.note(f"The photo is reduced {sizes}{degraded}, then restored.")


def verdict(trial: Trial) -> str:
    """Say in a sentence which method came closer to the photo, by the digits that the table shows."""
    name, ours, theirs = trial.drln.title, round(trial.drln.psnr, 2), round(trial.bicubic.psnr, 2)
    if math.inf in (ours, theirs):
        if ours == theirs:
            return f"{name} and bicubic both restored your photo exactly."
        return f"Only {name if ours > theirs else 'bicubic'} restored your photo exactly."
    if ours == theirs:
        return f"{name} is no closer to your photo than bicubic."
    nearer = "closer to" if ours > theirs else "further from"
    return f"{name} is {abs(ours - theirs):.2f} dB {nearer} your photo than bicubic."


def trial_result(trial: Trial) -> str:
    """Show the verdict, the scores of both methods, and, folded, how they were measured."""
    rows = ""
    for method in (trial.bicubic, trial.drln):
        values = f"<td>{decibels(method.psnr)}</td><td>{method.ssim:.4f}</td>"
        rows += f'<tr><th scope="row">{escape(method.title)}</th>{values}</tr>'
    degraded = f", degraded by {describe(trial.degradation)}," if trial.degradation else ""
    facts = (
        f"{PROTOCOL_LABELS[trial.protocol]} protocol, {trial.scale}×: {notes.pixels(*trial.lr_size)}{degraded} "
        f"restored to {notes.pixels(*trial.hr_size)}, measured without {trial.scale} pixels at each border. "
        f"{trial.source}, computed on {trial.device} in {trial.precision}."
    )
    head = '<th scope="col">Restored by</th><th scope="col">PSNR, dB</th><th scope="col">SSIM</th>'
    return (
        f'<h2 class="verdict">{escape(verdict(trial))}</h2>'
        '<table class="scores"><caption>Higher is closer to your photo.</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        f"<details><summary>How it was measured</summary><p>{escape(facts)}</p></details>"
    )


def decibels(psnr: float) -> str:
    """Write two digits, "∞" for identical images, or a dash if nothing was measured."""
    if math.isnan(psnr):
        return NONE
    return "∞" if psnr == math.inf else f"{psnr:.2f}"
