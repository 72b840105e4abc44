"""What the Batch tab says, as HTML; everything from a user is escaped.

Knows no gradio and no files.
"""

from __future__ import annotations

from html import escape

from demo.backend.batch import DONE, FAILED, SKIPPED, BatchReport, Entry
from demo.backend.batch_items import MAX_PHOTOS
from demo.backend.limits import LIMITS
from demo.backend.service import Finished
from demo.wording.notes import FOR_JPEG, pixels
from drln.weights.suggestion import MOST_QUALITY

INTRO = (
    f"Upscale up to {MAX_PHOTOS} photos, one after another. A zip counts as the photos in it. Each file, zip or not, "
    f"can have up to {LIMITS.megabytes:g} MB. A photo that fails is reported, and the others continue. **Stop** keeps "
    "the results so far."
)
MARKS = {DONE: "✓ ", FAILED: "✗ "}


def table(report: BatchReport) -> str:
    """Show how many photos are done, and the state of each."""
    states = [entry.state for entry in report.entries]
    counts = f"{states.count(DONE)} of {len(states) - states.count(SKIPPED)} done"
    for state in (FAILED, SKIPPED):
        counts += f", {states.count(state)} {state}" if state in states else ""
    rows = "".join(
        f'<tr><td>{escape(entry.title)}</td><td class="{entry.state}">{_state(entry)}</td></tr>'
        for entry in report.entries
    )
    return (
        f'<p class="note"><b>{counts}</b>{_suggestion(report)}</p><div class="batch-wide" tabindex="0" role="region" '
        f'aria-label="States of the photos"><table class="batch"><thead><tr><th scope="col">Photo</th>'
        f'<th scope="col">State</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def caption(finished: Finished) -> str:
    """Describe a preview in the gallery."""
    saved = finished.saved
    reduced = "" if saved.preview_size == saved.sr_size else f", shown as {pixels(*saved.preview_size)}"
    return f"Preview of {saved.result.name}: {pixels(*saved.sr_size)}{reduced}"


def _suggestion(report: BatchReport) -> str:
    """Say for how many photos another model suits better, if there are any."""
    count = sum(finished.suggested is not None for finished in report.finished)
    if not count:
        return ""
    which, whose = ("1 is a JPEG", "its") if count == 1 else (f"{count} are JPEGs", "their")
    quality = f"of quality {MOST_QUALITY} or less"
    return f". {which} {quality}: <b>{FOR_JPEG}</b> removes {whose} blocks instead of sharpening them."


def _state(entry: Entry) -> str:
    text = MARKS.get(entry.state, "") + entry.state
    if entry.finished:
        text += f", {pixels(*entry.finished.saved.sr_size)}" + "".join(f". {note}" for note in entry.finished.notes)
    if entry.problem:
        text += f": {entry.problem}"
    return escape(text)
