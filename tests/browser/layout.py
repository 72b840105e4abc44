"""Check that a page fits its window."""

from playwright.sync_api import Page


def assert_fits(page: Page, *selectors: str) -> None:
    """Assert that the page does not scroll sideways, and that no selected component reaches beyond it."""
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for selector in selectors:
        box = page.locator(selector).bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= width, selector
