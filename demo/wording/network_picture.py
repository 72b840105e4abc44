"""The network as two SVGs in the page's own colours: the whole network, and one dense block.

Drawn from the facts of `DrlnConfig`, and narrow enough to read on a phone.
"""

from __future__ import annotations

from html import escape

from drln import DrlnConfig

WIDTH, HEIGHT, GAP = 360, 34, 18    # of a picture, of a box, between two boxes
LEFT, MIDDLE = 40, WIDTH // 2       # where the boxes begin, and their centre


def network(config: DrlnConfig | None = None) -> str:
    """Draw the way from a photo to its result."""
    config = config or DrlnConfig(scale=4, bam=True)
    boxes = [
        "photo, H × W",
        f"convolution, 3 → {config.channels} channels",
        *(f"*group {number}: {blocks} dense blocks, fused" for number, blocks in enumerate(config.groups, 1)),
        "+",
        "upsampler: convolution, pixel shuffle",
        f"convolution, {config.channels} → 3 channels",
        "result, 2, 3 or 4 times H × W",
    ]
    title = "The network: a convolution, six groups of dense blocks with a skip around them, an upsampler"
    return _diagram(title, boxes, skips=[(1, boxes.index("+"), "long skip")])


def dense_block(channels: int = 64) -> str:
    """Draw one of the blocks in a group."""
    boxes = [f"features, {channels} channels"]
    for width in (1, 2, 4):
        boxes.append(f"*residual unit, {width * channels} channels")
        boxes.append(f"join with its input: {2 * width * channels} channels")
    boxes += [f"1 × 1 convolution, {8 * channels} → {channels}, ReLU", "*balanced attention"]
    notes = ["weights of channels: from their means", "weights of pixels: from the largest channel"]
    title = "A dense block: three residual units, each joined with its input, squeezed and re-weighted"
    return _diagram(title, boxes, skips=[(0, 2, ""), (2, 4, ""), (4, 6, "")], notes=notes)


def _diagram(title: str, boxes: list[str], skips: list[tuple[int, int, str]], notes: list[str] | None = None) -> str:
    """Boxes in a column, a star for the strong ones; arrows between them, skips at the left, notes below."""
    shapes = []
    for number, text in enumerate(boxes):
        top = number * (HEIGHT + GAP)
        strong = ' class="strong"' if text.startswith("*") else ""
        shapes.append(
            f'<g{strong}><rect x="{LEFT}" y="{top}" width="{WIDTH - 2 * LEFT}" height="{HEIGHT}" rx="6"/>'
            f'<text x="{MIDDLE}" y="{top + HEIGHT // 2 + 5}">{escape(text.removeprefix("*"))}</text></g>'
        )
        if number:
            shapes.append(
                f'<path d="M{MIDDLE} {top - GAP} V{top - 6}"/><path class="tip" d="M{MIDDLE} {top} l-4 -8 h8 z"/>'
            )
    for first, last, text in skips:
        start, end = (number * (HEIGHT + GAP) + HEIGHT // 2 for number in (first, last))
        shapes.append(
            f'<path d="M{LEFT} {start} H14 V{end} H{LEFT - 6}"/><path class="tip" d="M{LEFT} {end} l-8 -4 v8 z"/>'
            f'<text transform="translate(9 {(start + end) // 2}) rotate(-90)" font-size="12">{escape(text)}</text>'
        )
    bottom = len(boxes) * (HEIGHT + GAP) - GAP
    for text in notes or ():
        bottom += 17
        shapes.append(f'<text class="aside" x="{LEFT}" y="{bottom}">{escape(text)}</text>')
    return (
        f'<svg viewBox="-2 -1 {WIDTH + 2} {bottom + 20 * bool(notes) + 2}" role="img" aria-label="{escape(title)}">'
        f"{''.join(shapes)}</svg>"
    )
