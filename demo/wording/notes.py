"""Pieces of HTML that every tab uses: notes, alerts, progress, sizes; all that comes from a user is escaped."""

from __future__ import annotations

from html import escape

from demo.backend.error_map import COLOURS
from drln import Progress

LOST_JOB = "The job was not begun: the line is full, or the connection was lost before its turn. Start it again."


def alert(text: str) -> str:
    """Something that went wrong, read out at once by a screen reader."""
    return f'<p class="note alert" role="alert">{escape(text)}</p>'


def note(text: str) -> str:
    """Something worth knowing."""
    return f'<p class="note" role="status">{escape(text)}</p>' if text else ""


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


def colour_bar(*ends: str) -> str:
    """The colours of an error map, and what stands below them from left to right."""
    colours = ", ".join(f"rgb{colour}" for colour in COLOURS)
    marks = "".join(f"<span>{escape(end)}</span>" for end in ends)
    return (
        f'<div class="colours" style="background: linear-gradient(to right, {colours})" role="img" '
        'aria-label="Colours from no difference, black, to the largest, pale yellow"></div>'
        f'<div class="ends">{marks}</div>'
    )
