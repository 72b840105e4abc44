"""Put images of the same size side by side, each under its name.

Knows PIL only; keeps every pixel of the images.
"""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFont

WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def side_by_side(images: dict[str, Image.Image]) -> Image.Image:
    """Return one image with RGB images of equal size from left to right, and their names in a white bar above."""
    width, height = next(iter(images.values())).size
    bar, gap = bar_height(width), gap_width(width)
    sheet = Image.new("RGB", (len(images) * (width + gap) - gap, bar + height), WHITE)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=0.7 * bar)
    for place, (name, image) in enumerate(images.items()):
        left = place * (width + gap)
        sheet.paste(image, (left, bar))
        draw.text((left + width // 2, bar // 2), name, fill=BLACK, font=font, anchor="mm")
    return sheet


def bar_height(width: int) -> int:
    """Return the height in pixels of the bar above images of this width."""
    return min(64, max(12, width // 16))


def gap_width(width: int) -> int:
    """Return the gap in pixels between images of this width."""
    return min(16, max(2, width // 64))
