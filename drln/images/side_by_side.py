"""Pictures of the same size side by side, each under its name.

Knows PIL only; changes no pixel of the pictures.
"""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFont

WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def side_by_side(pictures: dict[str, Image.Image]) -> Image.Image:
    """RGB pictures of one size from left to right, with their names in a white bar above."""
    width, height = next(iter(pictures.values())).size
    bar, gap = bar_height(width), gap_width(width)
    sheet = Image.new("RGB", (len(pictures) * (width + gap) - gap, bar + height), WHITE)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=0.7 * bar)
    for place, (name, picture) in enumerate(pictures.items()):
        left = place * (width + gap)
        sheet.paste(picture, (left, bar))
        draw.text((left + width // 2, bar // 2), name, fill=BLACK, font=font, anchor="mm")
    return sheet


def bar_height(width: int) -> int:
    """Pixels above pictures of this width."""
    return min(64, max(12, width // 16))


def gap_width(width: int) -> int:
    """Pixels between pictures of this width."""
    return min(16, max(2, width // 64))
