"""What the page says, as HTML; all that comes from a user is escaped.

Knows no gradio and no files.
"""

from __future__ import annotations

import logging
import traceback
from html import escape

from demo.backend.error_map import FULL
from demo.backend.models import HUB_MEGABYTES, Choice
from demo.backend.naming import without_folders
from demo.backend.service import EXPECTED, Finished, Plan
from drln import Estimate, Progress
from drln.images.formats import OUTPUT_FORMATS

logger = logging.getLogger(__name__)

INTRO = (
    "Upscale a photo 2, 3 or 4 times with DRLN-BAM, a densely residual network with balanced attention. "
    "The whole photo is computed as one image, without tiles."
)
NO_PHOTO = "Choose a photo: the size of its result, and the time and memory that it takes, appear here."
DIFFERENCE = (
    '<p class="note">How far the brightness of DRLN\'s result is from bicubic\'s, in grey levels of 255. It shows '
    "where the network changed something, edges and texture mostly; not whether that is right, for nobody has the "
    "sharp photo here. Of a large result the map shows the preview.</p>"
    '<div class="colours" role="img" aria-label="Colours from no difference, black, to the largest, pale yellow"></div>'
    f'<div class="ends"><span>0</span><span>{FULL} and more</span></div>'
)
LOST_JOB = "The job was not begun: the line is full, or the connection was lost before its turn. Start it again."
UNEXPECTED = "Something went wrong that was not foreseen; it is noted in the server's log. Try again, or another photo."


def message(error: Exception) -> str:
    """What the user reads of an error; one that nobody expected goes to the log instead."""
    if isinstance(error, EXPECTED):
        return said(error)
    logger.error("An event of the page failed: %s", trace(error))
    return UNEXPECTED


def trace(error: BaseException) -> str:
    """Where an error was raised, and of which kind; never its text, which may hold a user's file name."""
    lines = [type(error).__name__]
    for frame in traceback.extract_tb(error.__traceback__):
        lines.append(f"  {frame.filename}:{frame.lineno} in {frame.name}")
    cause = error.__cause__ or error.__context__
    return "\n".join(lines) + (f"\nafter {trace(cause)}" if cause else "")


def said(error: Exception) -> str:
    """The message of an expected error as a sentence, with no path of the server in it."""
    text = without_folders(str(error).strip()) or type(error).__name__
    if text.split()[0].isalpha():    # and no address or path
        text = text[:1].upper() + text[1:]
    return text + ("" if text.endswith((".", "!", "?")) else ".")


def alert(text: str) -> str:
    """Something that went wrong, read out at once by a screen reader."""
    return f'<p class="note alert" role="alert">{escape(text)}</p>'


def note(text: str) -> str:
    """Something worth knowing."""
    return f'<p class="note" role="status">{escape(text)}</p>' if text else ""


def plan_note(plan: Plan) -> str:
    """What the upscale would take; a photo that is too large for the machine gets an alert with the figures."""
    (width, height), scale = plan.lr_size, plan.scale
    sizes = f"{pixels(width, height)} to <b>{pixels(width * scale, height * scale)}</b>"
    if plan.estimate is None:
        return f'<p class="note" role="status">{sizes}; estimating time and memory …</p>'
    if not plan.estimate.fits:
        return alert(too_large(plan.estimate))
    return (
        f'<p class="note" role="status">{sizes}, about <b>{duration(plan.estimate.seconds)}</b> and '
        f"{gigabytes(plan.estimate.memory)} of memory ({gigabytes(plan.estimate.available)} are free)</p>"
        + "".join(note(text) for text in plan.notes)
    )


def too_large(estimate: Estimate) -> str:
    """Why the machine cannot hold a result."""
    return (
        f"The result of {pixels(estimate.width, estimate.height)} needs about {gigabytes(estimate.memory)} of memory, "
        f"and {gigabytes(estimate.available)} are free on this machine. "
        "Choose a smaller scale or the compact model, crop the photo, or use a machine with more memory."
    )


def model_note(choice: Choice, must_download: bool) -> str:
    """What choosing this model means for the network connection."""
    if not must_download:
        return ""
    return note(f"{choice.title} is not on this machine yet: upscaling first fetches {HUB_MEGABYTES} MB from the hub.")


def progress(step: Progress) -> str:
    """A bar, the stage and the time left."""
    known = step.fraction > 0
    text = step.stage + (f", {step.fraction:.0%}" if known and step.fraction < 1 else "")
    if step.seconds_left:
        text += f", about {duration(step.seconds_left)} left"
    value = f'aria-valuenow="{100 * step.fraction:.0f}"' if known else ""
    return (
        f'<div class="bar" role="progressbar" aria-label="{escape(step.stage)}" {value}>'
        f'<div style="width: {100 * step.fraction:.1f}%"></div></div><p class="note">{escape(text)}</p>'
    )


def spoken(step: Progress) -> str:
    """The stage, and every tenth of it; without the seconds that a stage may count."""
    share = f", {int(step.fraction * 10) * 10}%" if 0 < step.fraction < 1 else ""
    return escape(step.stage.split(", ")[0] + share)


def facts(finished: Finished) -> str:
    """What stands beneath a result."""
    saved = finished.saved
    file = f"{OUTPUT_FORMATS[saved.result.suffix].name}, {saved.result.stat().st_size / 1e6:.1f} MB"
    rows = {
        "Photo": pixels(*saved.lr_size),
        "Result": f"{pixels(*saved.sr_size)} ({saved.scale}×), {file}",
        "Model": finished.model,
        "Weights": finished.source,
        "Computed": f"on {finished.device} in {finished.precision}, {finished.seconds:.1f} s",
    }
    table = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows.items())
    return f'<dl class="facts">{table}</dl>' + "".join(note(text) for text in finished.notes)


def preview_note(finished: Finished) -> str:
    """Whether the slider shows the result itself."""
    saved = finished.saved
    if saved.preview_size == saved.sr_size:
        return ""
    return note(
        f"The slider shows a preview, reduced to {pixels(*saved.preview_size)}; "
        "the close-up and the download have every pixel."
    )


def pixels(width: int, height: int) -> str:
    """A size, as in 640 × 480 pixels."""
    return f"{width} × {height} pixels"


def duration(seconds: float) -> str:
    """Seconds, minutes or hours, as exact as an estimate deserves."""
    if seconds < 1:
        return "1 s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def gigabytes(size: float) -> str:
    """Bytes, in GB or MB."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(1, size / 1e6):.0f} MB"
