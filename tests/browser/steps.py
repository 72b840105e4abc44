"""What a user does on the Upscale tab, and what the page shows of it."""

import io
import re
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect

READY = re.compile(r"px · about \d+ (s|min)")


def upload(page: Page, path: Path, place: str = "photo") -> None:
    """Choose a file."""
    page.set_input_files(f"#{place} input[type=file]", path)


def choose(page: Page, radio: str, label: str) -> None:
    """Choose one of a group."""
    page.locator(f"#{radio} label", has_text=label).first.click()


def ready(page: Page, size: str) -> None:
    """Wait until the page would make a result of that size."""
    expect(page.locator("#plan")).to_contain_text(re.compile(f"→ {size} {READY.pattern}"))


def start(page: Page, size: str) -> None:
    """Press the button once the page is ready for a result of that size."""
    ready(page, size)
    page.locator("#upscale-go").click()


def upscale(page: Page, size: str) -> None:
    """Make a result of that size, and wait for it."""
    start(page, size)
    expect(page.locator("#facts")).to_contain_text(re.compile(f"→ {size} px · "))
    expect(page.locator("#upscale-go")).to_be_enabled()


def downloaded(page: Page) -> tuple[str, Image.Image]:
    """The name and the image of the download."""
    with page.expect_download() as download:
        page.locator("#download").click()
    return download.value.suggested_filename, Image.open(io.BytesIO(Path(download.value.path()).read_bytes()))


def picture(page: Page, title: str) -> Image.Image:
    """The pixels of a picture in the viewer."""
    image = page.locator(f"#stage img[alt='{title}']").first
    image.wait_for(state="attached")
    return Image.open(io.BytesIO(page.request.get(image.get_attribute("src")).body()))
