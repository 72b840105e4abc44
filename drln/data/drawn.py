"""Images drawn by the program, for training: text, lines, shapes and gradients, which photos have little of.

Knows image files alone.
"""

from __future__ import annotations

import random
import string
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from drln.images.writing import write_image

COUNT = 28
SIDE = 576           # pixels
OVERSAMPLING = 3     # drawn so much larger, and made smaller, for smooth edges
LETTERS = string.ascii_letters + string.digits + ".,;:-"


def drawn_images(folder: Path) -> list[Path]:
    """PNG files of the images, the same everywhere; those that are missing in `folder` are made.

    Raises:
        WriteError: if the disk refuses a file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"drawn_{number:02}.png" for number in range(COUNT)]
    for number, path in enumerate(paths):
        if not path.is_file():
            write_image(draw(number), path)
    return paths


def draw(number: int) -> Image.Image:
    """Draw image number `number`: RGB, `SIDE` pixels wide and high."""
    rng = random.Random(number)
    if number % 4 == 0:
        return _text(rng)
    large = Image.new("RGB", (SIDE * OVERSAMPLING,) * 2, _colour(rng))
    (_lines, _shapes, _patterns)[number % 4 - 1](ImageDraw.Draw(large), rng, large.width)
    return large.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def _colour(rng: random.Random) -> tuple[int, int, int]:
    """A colour; of each channel half are 0 or 255."""
    red, green, blue = (rng.choice((0, 255, rng.randrange(256), rng.randrange(256))) for _ in range(3))
    return red, green, blue


def _text(rng: random.Random) -> Image.Image:
    """Lines of random words, as sharp as a screen has them."""
    image = Image.new("RGB", (SIDE, SIDE), rng.choice(((255, 255, 255), (0, 0, 0), _colour(rng))))
    pen, top = ImageDraw.Draw(image), 4
    while top < SIDE:
        size = rng.randrange(9, 40)
        words = ("".join(rng.choices(LETTERS, k=rng.randrange(1, 9))) for _ in range(30))
        pen.text((rng.randrange(-20, 10), top), " ".join(words), _colour(rng), ImageFont.load_default(size))
        top += size * 5 // 4
    return image


def _lines(pen: ImageDraw.ImageDraw, rng: random.Random, side: int) -> None:
    for _ in range(160):
        pen.line([rng.randrange(side) for _ in range(4)], _colour(rng), rng.choice((3, 4, 6, 9, 15)))
        x, y, radius = rng.randrange(side), rng.randrange(side), rng.randrange(9, 200)
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), None, _colour(rng), rng.choice((3, 5, 8)))


def _shapes(pen: ImageDraw.ImageDraw, rng: random.Random, side: int) -> None:
    for _ in range(220):
        x, y = rng.randrange(side), rng.randrange(side)
        pen.rectangle((x, y, x + rng.randrange(12, 400), y + rng.randrange(12, 400)), _colour(rng))
        corners = [(rng.randrange(side), rng.randrange(side)) for _ in range(3)]
        pen.polygon(corners, outline=_colour(rng), width=5)


def _patterns(pen: ImageDraw.ImageDraw, rng: random.Random, side: int) -> None:
    """Sixteen squares of upright, level or slanting stripes, or of a gradient in steps."""
    cell = side // 4
    for left in range(0, side, cell):
        for top in range(0, side, cell):
            one, two, width, kind = _colour(rng), _colour(rng), rng.choice((6, 9, 12, 15, 18, 24)), rng.randrange(4)
            pen.rectangle((left, top, left + cell - 1, top + cell - 1), two)
            for at in range(0, cell, 2 * width if kind < 2 else width):
                end = at + width - 1
                if kind == 0:
                    pen.rectangle((left + at, top, left + end, top + cell - 1), one)
                elif kind == 1:
                    pen.rectangle((left, top + at, left + cell - 1, top + end), one)
                elif kind == 2:
                    mixed = [round(a + (b - a) * at / cell) for a, b in zip(one, two)]
                    pen.rectangle((left + at, top, left + end, top + cell - 1), (mixed[0], mixed[1], mixed[2]))
                elif at % (3 * width) == 0:
                    pen.line((left + at, top, left + cell - 1, top + cell - 1 - at), one, width)
