"""Put a viewer on a page that holds nothing else, use it, and read what it shows."""

import base64
import io

import numpy as np
from PIL import Image
from playwright.sync_api import Locator, Page

from drln.plots import viewer_file

NARROW = 44    # pixels at the stage's edges and around the line that labels and knob may cover
COLOURS = ((0, 0, 0), (62, 22, 110), (178, 42, 84), (244, 132, 34), (255, 246, 170))


def noise(seed: int, width: int = 1200, height: int = 900) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def data_uri(image: Image.Image) -> str:
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def picture(name: str, image: Image.Image, preview: Image.Image | None = None, **more) -> dict:
    size = {"width": image.width, "height": image.height}
    return {"id": name, "title": name.title(), "src": data_uri(preview or image), "pixelated": False, **size, **more}


FIRST, SECOND = noise(1), noise(2)
BOTH = {"pictures": [picture("bicubic", FIRST), picture("drln", SECOND)], "left": "bicubic", "right": "drln"}


def mount(page: Page, view: dict, options: str = "{}") -> None:
    """Put a viewer on an empty page that is higher than the window."""
    page.set_content(f"""<!doctype html><html lang="en"><title>Viewer</title>
        <meta name="viewport" content="width=device-width"><style>{viewer_file("viewer.css")}</style>
        <body style="height: 3000px"><main id="viewer"></main><script>{viewer_file("viewer.js")}</script>""")
    page.evaluate(f"window.viewer = drlnViewer(document.getElementById('viewer'), {options})")
    show(page, view)


def show(page: Page, view: dict) -> None:
    page.evaluate("view => viewer.show(view)", view)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def stage(page: Page) -> Locator:
    return page.locator(".viewer-stage")


def drag(page: Page, start: tuple[float, float], by: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + by[0], start[1] + by[1], steps=3)
    page.mouse.up()


def middle(locator: Locator) -> tuple[float, float]:
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def seen(page: Page) -> np.ndarray:
    """The stage's pixels, as they are on the screen."""
    page.mouse.move(0, 0)
    return np.asarray(Image.open(io.BytesIO(stage(page).screenshot())).convert("RGB"))


def corner(page: Page, name: str) -> tuple[int, int]:
    """Where a picture begins on the stage, in pixels; negative where it begins beyond the edge."""
    own, around = page.get_by_alt_text(name).first.bounding_box(), stage(page).bounding_box()
    return round(own["x"] - around["x"]), round(own["y"] - around["y"])


def enlarged(image: Image.Image, zoom: int) -> np.ndarray:
    return np.asarray(image).repeat(zoom, axis=0).repeat(zoom, axis=1)


def assert_shows(page: Page, image: Image.Image, name: str, zoom: int, start: int, end: int) -> None:
    """Assert that between two columns of the stage lie the image's own pixels, each a square of `zoom` pixels."""
    x, y = corner(page, name)
    screen = seen(page)
    rows = slice(NARROW, screen.shape[0] - NARROW)
    expected = enlarged(image, zoom)[rows.start - y : rows.stop - y, start - x : end - x]
    np.testing.assert_array_equal(screen[rows, start:end], expected)


def in_colours(first: Image.Image, second: Image.Image) -> np.ndarray:
    """The map of changes from one to the other, not rounded."""
    brightness = [np.asarray(image.convert("L")).astype(float) for image in (first, second)]
    change = np.abs(brightness[0] - brightness[1]).clip(0, 32)
    return np.stack([np.interp(change, np.linspace(0, 32, 5), channel) for channel in zip(*COLOURS)], axis=2)
