"""Tables of scores as Markdown and CSV, with published scores by the same protocol beside ours.

Measures nothing.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence

from drln.evaluation.degradations import CLEAN, describe
from drln.evaluation.protocols import CARD, PROTOCOLS
from drln.evaluation.published import SETS, WHY_CARD_IS_HIGH, Published, published
from drln.evaluation.scores import Scores

NONE = "–"
TITLES = {
    "standard": "Standard protocol (of the papers)",
    "card": "Card's protocol (of the published models)",
}
SOURCES = ("card", "paper")


def title(protocol: str, degradation: str = "") -> str:
    """What a table shows."""
    degraded = f", LR degraded by {describe(degradation)} ({degradation})" if degradation else ""
    return f"{TITLES[protocol]}{degraded}: PSNR in dB / SSIM"


def comparison(
    scores: Sequence[Scores], protocol: str, degradation: str = ""
) -> tuple[list[str], list[list[str]]]:
    """The header and the rows of a table for one protocol and one degradation, or clean LR.

    It has a row for each set and scale, a column for each model. Our models come first, then the card's and the
    paper's, of clean LR. Columns without a value are left out.
    """
    ours = [entry for entry in scores if (entry.protocol, entry.degradation) == (protocol, degradation)]
    rows = list(dict.fromkeys((entry.dataset, entry.scale) for entry in ours))
    theirs = [number for source in SOURCES for row in rows for number in published(protocol, *row, source, degradation)]
    return _table(rows, [*ours, *theirs])


def published_report(sources: Sequence[str] = SOURCES) -> str:
    """Make a Markdown table of published scores for each protocol, as `comparison` does.

    Args:
        sources: whose numbers, in the order of the columns: "card", "paper", "super-image".
    """
    parts = []
    for protocol in PROTOCOLS:
        theirs = [number for source in sources for number in published(protocol, source=source)]
        rows = {(number.dataset, number.scale) for number in theirs}
        if rows:
            table = _table(sorted(rows, key=lambda row: (SETS.index(row[0]), row[1])), theirs)
            parts.append(f"{title(protocol)}\n\n{markdown(*table)}")
    return "\n".join(parts)


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    cells = ([" ".join(cell.split()).replace("|", r"\|") for cell in line] for line in lines)
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


def markdown_report(scores: Sequence[Scores]) -> str:
    """A Markdown table for each protocol and degradation, clean first, with a title, and notes on its numbers."""
    parts = []
    kinds = dict.fromkeys((entry.protocol, entry.degradation) for entry in scores)
    for kind in sorted(kinds, key=lambda kind: (PROTOCOLS.index(kind[0]), bool(kind[1]))):
        protocol, degradation = kind
        ours = [entry for entry in scores if (entry.protocol, entry.degradation) == kind]
        theirs = [p for entry in ours for p in published(protocol, entry.dataset, entry.scale, None, degradation)]
        notes = [_on_failures(entry) for entry in ours if entry.failures]
        notes += [number.note for number in theirs if number.note]
        if protocol == CARD and theirs:
            notes.append(WHY_CARD_IS_HIGH)
        text = f"{title(*kind)}\n\n{markdown(*comparison(ours, *kind))}"
        parts.append(text + "".join(f"\n{note}\n" for note in dict.fromkeys(notes)))
    return _encodable("\n".join(parts))


def csv_report(scores: Iterable[Scores]) -> str:
    """A line for each image, and after each complete set one for its mean, whose image is called "mean".

    The note of an image says why it could not be measured, the note of a mean over how many images it is.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["model", "dataset", "scale", "protocol", "degradation", "image", "psnr", "ssim", "note"])
    for entry in scores:
        facts = [entry.model, entry.dataset, entry.scale, entry.protocol, entry.degradation or CLEAN]
        for image in entry.images:
            writer.writerow([*facts, image.name, f"{image.psnr:.4f}", f"{image.ssim:.6f}", ""])
        for failure in entry.failures:
            writer.writerow([*facts, failure.name, "", "", f"not measured: {failure.reason}"])
        if entry.images and not entry.is_stopped:
            writer.writerow([*facts, "mean", f"{entry.psnr:.4f}", f"{entry.ssim:.6f}", f"over {entry.count}"])
    return _encodable(text.getvalue())


def format_score(psnr: float, ssim: float) -> str:
    """PSNR in dB and SSIM as "27.53 / 0.7737". The PSNR of identical images is "∞"."""
    return f"{'∞' if psnr == math.inf else f'{psnr:.2f}'} / {ssim:.4f}"


def _table(
    rows: Sequence[tuple[str, int]], entries: Sequence[Scores | Published]
) -> tuple[list[str], list[list[str]]]:
    """The header and the cells, with a row for each set and scale, and the columns in the order of the entries."""
    columns: dict[str, dict[tuple[str, int], str]] = {}
    for entry in entries:
        name = f"{entry.model} ({entry.source})" if isinstance(entry, Published) else entry.model
        columns.setdefault(name, {})[entry.dataset, entry.scale] = _cell(entry)
    cells = [[row[0], f"{row[1]}x", *(column.get(row, NONE) for column in columns.values())] for row in rows]
    return ["Set", "Scale", *columns], cells


def _cell(entry: Scores | Published) -> str:
    if isinstance(entry, Published):
        return f"{entry.psnr:.2f}" if entry.ssim is None else format_score(entry.psnr, entry.ssim)
    over = "" if entry.is_complete else f" ({entry.count})"
    return format_score(entry.psnr, entry.ssim) + over if entry.images else f"{NONE}{over if entry.failures else ''}"


def _on_failures(entry: Scores) -> str:
    named = "; ".join(map(str, entry.failures))
    return f"{entry.dataset} {entry.scale}x: {entry.count} were measured. Not measured: {named}"


def _encodable(text: str) -> str:
    """The text with bytes of file names that are no UTF-8 as "\\xe9", so that it can be written and printed."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
