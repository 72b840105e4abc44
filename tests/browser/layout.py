"""Whether a page fits the window that it is shown in."""

from playwright.sync_api import Page


def assert_fits(page: Page, *parts: str) -> None:
    """The page does not scroll sideways, and none of the parts, by their selectors, reaches beyond it."""
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for part in parts:
        box = page.locator(part).bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= width, part
