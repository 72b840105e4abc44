"""What the page says of a batch, as HTML; all that comes from a user is escaped.

Knows no gradio and no files.
"""

from __future__ import annotations

from html import escape

from demo.backend.batch import DONE, FAILED, SKIPPED, BatchReport, Entry
from demo.backend.service import Finished
from demo.wording.notes import pixels

MARKS = {DONE: "✓ ", FAILED: "✗ "}


def table(report: BatchReport) -> str:
    """Each photo and what became of it; above them how many are done."""
    states = [one.state for one in report.entries]
    counts = f"{states.count(DONE)} of {len(states) - states.count(SKIPPED)} done"
    for state in (FAILED, SKIPPED):
        counts += f", {states.count(state)} {state}" if state in states else ""
    rows = "".join(
        f'<tr><td>{escape(one.title)}</td><td class="{one.state}">{_state(one)}</td></tr>' for one in report.entries
    )
    return (
        f'<p class="note"><b>{counts}</b></p><div class="batch-wide" tabindex="0" role="region" '
        f'aria-label="States of the photos"><table class="batch"><thead><tr><th scope="col">Photo</th>'
        f'<th scope="col">State</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def caption(finished: Finished) -> str:
    """Of a preview in the gallery."""
    saved = finished.saved
    reduced = "" if saved.preview_size == saved.sr_size else f", shown as {pixels(*saved.preview_size)}"
    return f"Preview of {saved.result.name}: {pixels(*saved.sr_size)}{reduced}"


def _state(one: Entry) -> str:
    text = MARKS.get(one.state, "") + one.state
    if one.finished:
        text += f", {pixels(*one.finished.saved.sr_size)}" + "".join(f". {note}" for note in one.finished.notes)
    if one.problem:
        text += f": {one.problem}"
    return escape(text)
