"""What the Upscale tab says, as HTML; everything from a user is escaped."""

from __future__ import annotations

from html import escape

from demo.backend.error_map import FULL
from demo.backend.models import HUB_MEGABYTES, Choice
from demo.backend.service import Finished, Plan
from demo.wording.notes import FOR_JPEG, alert, colour_bar, duration, gigabytes, note, pixels
from drln import Estimate
from drln.images.formats import OUTPUT_FORMATS

INTRO = (
    "Upscale a photo 2, 3 or 4 times with DRLN-BAM, a densely residual network with balanced attention. "
    "The whole photo is computed as one image, without tiles."
)
NO_PHOTO = "Choose a photo to see the size of its result, and how much time and memory it takes."
USE_FOR_JPEG = f"Use {FOR_JPEG}"
DIFFERENCE = (
    '<p class="note">How much the brightness of DRLN\'s result differs from bicubic\'s, in grey levels from 0 to 255. '
    "The map shows where the network changed something, mostly edges and texture. It cannot show whether the change is "
    "right: there is no sharp photo to compare with. For a large result, the map is made from the preview.</p>"
    + colour_bar("0", f"{FULL} and more")
)


def plan_note(plan: Plan) -> str:
    """Say what the upscale would take, or with an alert that the machine has too little memory."""
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
        f"The result of {pixels(estimate.width, estimate.height)} needs about {gigabytes(estimate.memory)} of memory, "
        f"and {gigabytes(estimate.available)} are free on this machine. "
        "Choose a smaller scale or the compact model, crop the photo, or use a machine with more memory."
    )


def model_note(choice: Choice, must_download: bool) -> str:
    """Say that the model must be downloaded, if it must."""
    if not must_download:
        return ""
    return note(f"{choice.title} is not on this machine yet: upscaling first fetches {HUB_MEGABYTES} MB from the hub.")


def facts(finished: Finished) -> str:
    """List the facts below a result."""
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
    """Say that the slider shows a reduced preview, if it does."""
    saved = finished.saved
    if saved.preview_size == saved.sr_size:
        return ""
    return note(
        f"The slider shows a preview, reduced to {pixels(*saved.preview_size)}; "
        "the close-up and the download have every pixel."
    )
