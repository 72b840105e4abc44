"""The network as a picture: two SVGs in the page's own colours, the whole and one dense block.

Drawn from the facts of `DrlnConfig`; narrow, so that their words can be read on a phone.
"""

from __future__ import annotations

from html import escape

from drln import DrlnConfig

WIDTH, BOX, GAP = 360, 34, 18    # of a picture, a box's height, the arrow between two



def network(config: DrlnConfig | None = None) -> str:
    """From a photo to its result."""
    config = config or DrlnConfig(scale=4, bam=True)
    column = _Column()
    column.box("photo, H × W")
    head = column.box(f"convolution, 3 → {config.channels} channels")
    for number, blocks in enumerate(config.groups, 1):
        column.box(f"group {number}: {blocks} dense blocks, fused", strong=True)
    added = column.box("+")
    column.skip(head, added, "long skip")
    column.box("upsampler: convolution, pixel shuffle")
    column.box(f"convolution, {config.channels} → 3 channels")
    column.box("result, 2, 3 or 4 times H × W")
    return column.svg("The network: a convolution, six groups of dense blocks with a skip around them, an upsampler")


def dense_block(channels: int = 64) -> str:
    """One of the blocks within a group."""
    column = _Column()
    before = column.box(f"features, {channels} channels")
    for width in (1, 2, 4):
        column.box(f"residual unit, {width * channels} channels", strong=True)
        joined = column.box(f"join with its input: {2 * width * channels} channels")
        column.skip(before, joined)
        before = joined
    column.box(f"1 × 1 convolution, {8 * channels} → {channels}, ReLU")
    column.box("balanced attention", strong=True)
    column.aside("weights of channels: from their means", "weights of pixels: from the largest channel")
    return column.svg("A dense block: three residual units, each joined with its input, squeezed and re-weighted")


class _Column:
    """Boxes beneath one another, arrows between them, ways around them."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._y = 0
        self._left, self._right = 40, WIDTH - 40

    def box(self, text: str, strong: bool = False) -> int:
        """Returns its middle, from the top."""
        if self._y:
            self._arrow(self._y, self._y + GAP)
            self._y += GAP
        middle, top = self._y + BOX // 2, self._y
        kind = ' class="strong"' if strong else ""
        width = self._right - self._left
        self._parts.append(
            f'<g{kind}><rect x="{self._left}" y="{top}" width="{width}" height="{BOX}" rx="6"/>'
            f'<text x="{WIDTH // 2}" y="{middle + 5}">{escape(text)}</text></g>'
        )
        self._y += BOX
        return middle

    def skip(self, start: int, end: int, text: str = "") -> None:
        """A way around, at the left."""
        x = self._left
        self._parts.append(f'<path d="M{x} {start} H14 V{end} H{x - 6}"/>' + _tip(x, end, sideways=True))
        if text:
            y = (start + end) // 2
            self._parts.append(f'<text transform="translate(9 {y}) rotate(-90)" font-size="12">{escape(text)}</text>')

    def aside(self, *lines: str) -> None:
        """Small print beneath the last box."""
        for number, line in enumerate(lines):
            self._parts.append(f'<text class="aside" x="{self._left}" y="{self._y + 18 + 17 * number}">{line}</text>')
        self._y += 18 + 17 * len(lines)

    def svg(self, title: str) -> str:
        return (
            f'<svg viewBox="-2 -1 {WIDTH + 2} {self._y + 2}" role="img" aria-label="{escape(title)}">'
            + "".join(self._parts)
            + "</svg>"
        )

    def _arrow(self, top: int, bottom: int) -> None:
        self._parts.append(f'<path d="M{WIDTH // 2} {top} V{bottom - 6}"/>' + _tip(WIDTH // 2, bottom))


def _tip(x: int, y: int, sideways: bool = False) -> str:
    corners = f"M{x} {y} l-8 -4 v8 z" if sideways else f"M{x} {y} l-4 -8 h8 z"
    return f'<path class="tip" d="{corners}"/>'
