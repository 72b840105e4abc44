"""All published scores as tables.

Knows published numbers; measures nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from drln.evaluation.protocols import PROTOCOLS
from drln.evaluation.published import SETS, Published, published
from drln.evaluation.tables import NONE, TITLES, format_score, markdown

SOURCES = ("card", "paper")


def published_report(sources: Sequence[str] = SOURCES) -> str:
    """Make a Markdown table for each protocol, with a row for each set and scale and a column for each model.

    Args:
        sources: whose numbers, in the order of the columns: "card", "paper", "super-image".
    """
    parts = []
    for protocol in PROTOCOLS:
        entries = [entry for source in sources for entry in published(protocol, source=source)]
        if entries:
            parts.append(f"{TITLES[protocol]}\n\n{_table(entries)}")
    return "\n".join(parts)


def _table(entries: Sequence[Published]) -> str:
    columns: dict[str, dict[tuple[str, int], str]] = {}
    for entry in entries:
        number = f"{entry.psnr:.2f}" if entry.ssim is None else format_score(entry.psnr, entry.ssim)
        columns.setdefault(f"{entry.model} ({entry.source})", {})[entry.dataset, entry.scale] = number
    keys = sorted({(SETS.index(entry.dataset), entry.scale) for entry in entries})
    rows = [
        [SETS[place], f"{scale}x", *(cells.get((SETS[place], scale), NONE) for cells in columns.values())]
        for place, scale in keys
    ]
    return markdown(["Set", "Scale", *columns], rows)
