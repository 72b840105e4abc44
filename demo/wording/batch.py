"""What the Batch tab says, as HTML; everything from a user is escaped.

Knows no gradio and no files.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from demo.backend.batch import DONE, FAILED, SKIPPED, STOPPED, WORKING, BatchReport, Entry
from demo.backend.batch_items import MAX_PHOTOS, MAX_SKIPPED
from demo.backend.batch_plan import BatchPlan
from demo.backend.limits import LIMITS
from demo.wording.notes import FOR_JPEG, alert, duration, note
from demo.wording.upscale import DOWNLOAD, sizes
from drln.weights.suggestion import MOST_QUALITY

EMPTY = (
    f"Choose up to {MAX_PHOTOS} photos, or zips of photos, of up to {LIMITS.megabytes:g} MB each. "
    "They are upscaled one after another. If one fails, the others continue."
)
STOPPED_NOTE = "Stopped. The results so far are kept."
MARKS = {DONE: "✓ ", FAILED: "✗ "}
NAMED = 5    # names in a list before the start


def plan_note(plan: BatchPlan) -> str:
    """Say how many photos there are, how long they take, and what will be left out."""
    facts = [f"<b>{_count(plan.photos, 'photo')}</b>"]
    if plan.seconds is not None:
        facts.append(f"about <b>{duration(plan.seconds)}</b>")
    if plan.must_download:
        facts.append(DOWNLOAD.rstrip("."))
    text = f'<p class="note" role="status">{" · ".join(facts)}</p>' if plan.photos else alert("There is no photo here.")
    if plan.skipped:
        verb = "is no photo" if len(plan.skipped) == 1 else "are no photos"
        text += note(f"{_count(len(plan.skipped), 'file', MAX_SKIPPED)} {verb} and will be skipped: "
                     f"{_some(plan.skipped)}.")
    if plan.refused:
        reasons = _some([reason if title in reason else f"{title}: {reason}" for title, reason in plan.refused], " ")
        text += note(f"{_count(len(plan.refused), 'file')} cannot be upscaled. {reasons}")
    return text


def summary(report: BatchReport) -> str:
    """Say how many photos are done."""
    states = [entry.state for entry in report.entries]
    counts = f"{states.count(DONE)} of {len(states) - states.count(SKIPPED)} done"
    for state in (FAILED, SKIPPED, STOPPED):
        counts += f", {states.count(state)} {state}" if state in states else ""
    return f'<p class="note"><b>{counts}</b>{_suggestion(report)}</p>'


def row(number: int, entry: Entry) -> str:
    """Show a photo in cells of a table; `{thumbnail}` and `{result}` stand for the addresses of its files."""
    aside = "".join(f'<span class="aside">{text}</span>' for text in (_place(entry), _sizes(entry)) if text)
    picture = actions = ""
    if entry.finished:
        picture = '<img src="{thumbnail}" alt="">'
        title, file = escape(entry.title), escape(entry.finished.saved.result.name)
        actions = (
            f'<button type="button" data-number="{number}" aria-label="Compare {title}">Compare</button>'
            f'<a href="{{result}}" download="{file}" aria-label="Download {file}">Download</a>'
        )
    return (
        f'<td class="thumbnail">{picture}</td><th scope="row">{escape(entry.title)}{aside}</th>'
        f'<td class="state {entry.state}">{_state(entry)}</td><td class="actions">{actions}</td>'
    )


def _count(number: int, thing: str, most: int | None = None) -> str:
    text = f"More than {most}" if most and number > most else str(number)
    return f"{text} {thing}" if number == 1 else f"{text} {thing}s"


def _some(texts: Sequence[str], comma: str = ", ") -> str:
    more = len(texts) - NAMED
    return comma.join(texts[:NAMED]) + (f"{comma}and {more} more" if more > 0 else "")


def _suggestion(report: BatchReport) -> str:
    """Say for how many photos another model suits better, if there are any."""
    count = sum(finished.suggested is not None for finished in report.finished)
    if not count:
        return ""
    which, whose = ("1 is a JPEG", "its") if count == 1 else (f"{count} are JPEGs", "their")
    quality = f"of quality {MOST_QUALITY} or less"
    return f". {which} {quality}: <b>{FOR_JPEG}</b> removes {whose} blocks instead of sharpening them."


def _place(entry: Entry) -> str:
    return f"in {escape(entry.archive)}" if entry.archive else ""


def _sizes(entry: Entry) -> str:
    known = entry.finished.saved if entry.finished else entry.plan
    return sizes(known.lr_size, known.sr_size) if known else ""


def _state(entry: Entry) -> str:
    text = MARKS.get(entry.state, "") + entry.state
    if entry.state == WORKING and entry.step:
        share = f", {entry.step.fraction:.0%}" if 0 < entry.step.fraction < 1 else ""
        text = entry.step.stage + share
    if entry.state in (FAILED, SKIPPED):
        text += f": {entry.problem}"
    if entry.finished:
        text += "".join(f". {note}" for note in entry.finished.notes)
    return escape(text)
