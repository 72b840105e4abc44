"""Pieces of HTML that every tab uses: notes, alerts, progress, sizes; everything from a user is escaped."""

from __future__ import annotations

from html import escape

from demo.backend import errors
from demo.backend.error_map import COLOURS
from demo.backend.errors import SetError, UnavailableModel
from demo.backend.line import SURE
from demo.backend.models import CHOICES
from drln import Progress
from drln.weights.sources import BUNDLED_PHOTO

FOR_JPEG = CHOICES[BUNDLED_PHOTO].label    # a model
LOST_JOB = "The connection to the job was lost. Start it again."


def alert(text: str) -> str:
    """Say that something went wrong; screen readers read it out at once."""
    return f'<p class="note alert" role="alert">{escape(text)}</p>'


def unavailable(what: str, advice: str, why: str) -> str:
    """Say that something of the hub is unavailable and what to do, with the reason folded."""
    return (
        f'<div class="note alert" role="alert">{escape(what)} cannot be downloaded now. {escape(advice)}, or try again '
        f"later.<details><summary>Details</summary>{escape(why)}</details></div>"
    )


def trouble(error: Exception) -> str:
    """Say what an error means for the user."""
    text = errors.message(error)
    if isinstance(error, UnavailableModel):
        return unavailable(error.model, "Use Fast", text)
    if isinstance(error, SetError):
        return unavailable("The set", "Use the sample photos", text)
    return alert(text)


def note(text: str) -> str:
    """Say something worth knowing."""
    return f'<p class="note" role="status">{escape(text)}</p>' if text else ""


def progress(step: Progress) -> str:
    """Show a bar, the stage and the time left."""
    known = step.fraction > 0
    text = step.stage + (f", {step.fraction:.0%}" if known and step.fraction < 1 else "")
    if step.seconds_left and (step.fraction >= SURE or not known):
        text += f", about {duration(step.seconds_left)} left"
    value = f'aria-valuenow="{100 * step.fraction:.0f}"' if known else ""
    return (
        f'<div class="bar" role="progressbar" aria-label="{escape(step.stage)}" {value}>'
        f'<div style="width: {100 * step.fraction:.1f}%"></div></div><p class="note">{escape(text)}</p>'
    )


def spoken(step: Progress) -> str:
    """Say the stage and the tenths done for screen readers, without the seconds that some stages count."""
    share = f", {int(step.fraction * 10) * 10}%" if 0 < step.fraction < 1 else ""
    return escape(step.stage.split(", ")[0] + share)


def pixels(width: int, height: int) -> str:
    """Write a size like 640 × 480 pixels."""
    return f"{width} × {height} pixels"


def duration(seconds: float) -> str:
    """Write seconds, minutes or hours, as exactly as an estimate deserves."""
    if seconds < 1:
        return "1 s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def gigabytes(size: float) -> str:
    """Write bytes as GB or MB."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(1, size / 1e6):.0f} MB"


def file_size(size: int) -> str:
    """Write the size of a file as KB, MB or GB."""
    if size < 1e6:
        return f"{max(1, size / 1e3):.0f} KB"
    return f"{size / 1e6:.1f} MB" if size < 1e9 else f"{size / 1e9:.1f} GB"


def colour_bar(*labels: str) -> str:
    """Show the colour scale of an error map, with these labels below it from left to right."""
    colours = ", ".join(f"rgb{colour}" for colour in COLOURS)
    spans = "".join(f"<span>{escape(label)}</span>" for label in labels)
    return (
        f'<div class="colours" style="background: linear-gradient(to right, {colours})" role="img" '
        'aria-label="Colours from black, no difference, to pale yellow, the largest"></div>'
        f'<div class="ends">{spans}</div>'
    )
