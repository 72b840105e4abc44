"""What the Upscale tab says, as HTML; everything from a user is escaped."""

from __future__ import annotations

from html import escape

from demo.backend.models import HUB_MEGABYTES
from demo.backend.service import Finished, Plan
from demo.wording.notes import FOR_JPEG, alert, duration, file_size, gigabytes, note, pixels
from drln import Estimate
from drln.images.formats import OUTPUT_FORMATS

INTRO = "Make a photo 2, 3 or 4 times as large, with DRLN-BAM."
DESCRIPTION = "Make photos 2, 3 or 4 times as large in the browser, and compare the result with what was there."
LOOKING = "Looking at the photo …"
NO_PHOTO = "Choose a photo, or try a sample."
EMPTY = "Drop, paste or choose a photo."
WELCOME = "A sample, 4 times as large. Move the line: bicubic on the left, the network on the right."
ORIGINAL, BICUBIC = "Original", "Bicubic"
USE_FAST, USE_FOR_JPEG = "Use Fast", f"Use “{FOR_JPEG}”"
ASKING = "Asking the hub for the model …"
DOWNLOAD = f"{HUB_MEGABYTES} MB will be downloaded first."
SHORT = 0.5    # share of the free memory from which on a need is named


def sizes(lr_size: tuple[int, int], sr_size: tuple[int, int]) -> str:
    """Write 300 × 300 → 1200 × 1200 px."""
    return f"{lr_size[0]} × {lr_size[1]} → <b>{sr_size[0]} × {sr_size[1]} px</b>"


def plan_note(plan: Plan) -> str:
    """Say what the upscale would take, or with an alert that the machine has too little memory."""
    text = sizes(plan.lr_size, plan.sr_size)
    estimate = plan.estimate
    if estimate is None:
        return f'<p class="note" role="status">{text} · …</p>'
    if not estimate.fits:
        return alert(too_large(estimate))
    memory = ""
    if estimate.memory > SHORT * estimate.available:
        memory = f" · {gigabytes(estimate.memory)} of the {gigabytes(estimate.available)} of memory that are free"
    return (
        f'<p class="note" role="status">{text} · about <b>{duration(estimate.seconds)}</b>{memory}</p>'
        + "".join(note(text) for text in plan.notes)
    )


def suggestion(plan: Plan) -> str:
    """Say that another model suits the photo better, if one does."""
    if not plan.suggested:
        return ""
    return (
        f'<p class="note" role="status">This photo is a JPEG of quality about {plan.jpeg_quality}: <b>{FOR_JPEG}</b> '
        "removes its blocks instead of sharpening them.</p>"
    )


def too_large(estimate: Estimate) -> str:
    """Say why the machine cannot hold a result."""
    return (
        f"Choose a smaller scale or a faster model, or crop the photo: {pixels(estimate.width, estimate.height)} need "
        f"about {gigabytes(estimate.memory)} of memory, and {gigabytes(estimate.available)} are free."
    )


def photo_facts(title: str, size: tuple[int, int]) -> str:
    """Name the photo that is shown."""
    return f'<p class="note"><b>{escape(title)}</b> · {size[0]} × {size[1]} px</p>'


def enlarged(finished: Finished) -> str:
    """Write 4×, or the size of a result that was reduced."""
    saved = finished.saved
    is_whole = saved.sr_size == (saved.lr_size[0] * saved.scale, saved.lr_size[1] * saved.scale)
    return f"{saved.scale}×" if is_whole else f"{saved.sr_size[0]} × {saved.sr_size[1]}"


def method(finished: Finished) -> str:
    """Name how a result was made, for a label on the picture."""
    return f"{finished.label} {enlarged(finished)}"


def result_title(finished: Finished) -> str:
    """Name a result among others."""
    return f"{finished.title}, {enlarged(finished)}, {finished.label}"


def earlier(finished: Finished) -> str:
    """Say that a result does not belong to the controls as they are."""
    return note(f"Shown: {result_title(finished)}, earlier.")


def facts(finished: Finished) -> str:
    """Say what is shown, with the rest of the facts folded."""
    saved = finished.saved
    kind = OUTPUT_FORMATS[saved.result.suffix].name
    depth = f", {finished.depth} bits" if finished.depth > 8 else ""
    size = file_size(saved.result.stat().st_size)
    rows = {
        "Model": f"{finished.model}, {saved.scale}×",
        "Weights": finished.source,
        "Computed": f"on {finished.device} in {finished.precision}, {finished.seconds:.1f} s",
    }
    table = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows.items())
    return (
        f'<p class="note"><b>{escape(finished.title)}</b> · {sizes(saved.lr_size, saved.sr_size)} · '
        f'{kind}{depth}, {size}</p><details class="note"><summary>Details</summary><dl class="facts">{table}</dl>'
        "</details>" + "".join(note(text) for text in finished.notes)
    )
