"""Check that a page fits its window, that no text is cut, and that everybody can use it."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

OPEN_TAB = "[role=tabpanel]:not([style*=none])"
# Every piece of text that is seen in an element, with its place; `check` returns what is wrong with it, or nothing.
EACH_TEXT = """([selector, check]) => {
    const found = [], root = document.querySelector(selector);
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node; node = walker.nextNode();) {
        const parent = node.parentElement, range = document.createRange();
        range.selectNodeContents(node);
        const isSeen = parent.checkVisibility({visibilityProperty: true});
        const leftOut = '.spoken, .sr-only, .visually-hidden, .viewer-stage, :disabled';
        if (!node.data.trim() || !isSeen || parent.closest(leftOut)) continue;
        for (const box of range.getClientRects()) {
            const fault = box.width && new Function('parent', 'box', `return (${check})(parent, box)`)(parent, box);
            if (fault) found.push(`${node.data.trim()}: ${fault}`);
        }
    }
    return [...new Set(found)];
}"""
CUT = """(parent, box) => {
    for (let part = parent; part; part = part.parentElement) {
        const {left, right} = part.getBoundingClientRect(), {overflowX} = getComputedStyle(part);
        if (['auto', 'scroll'].includes(overflowX) && part.tabIndex >= 0 && part.ariaLabel) return;
        const isInside = box.left > left - 1 && box.right < right + 1;
        if (overflowX !== 'visible' && !isInside) return 'cut by ' + part.className;
    }
}"""


def assert_fits(page: Page, *selectors: str) -> None:
    """Assert that the page does not scroll sideways, and that no selected component reaches beyond it."""
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for selector in selectors:
        box = page.locator(selector).bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= width, selector


def assert_no_text_is_cut(page: Page, selector: str = OPEN_TAB) -> None:
    """Assert that all text inside is whole, or in a region that scrolls, has a name and can get the focus."""
    faults = page.evaluate(EACH_TEXT, [selector, CUT])
    assert not faults, faults


def assert_accessible(page: Page) -> None:
    """Assert that axe-core finds no serious or critical violation on the page as it is."""
    violations = Axe().run(page).response["violations"]
    faults = [
        f"{violation['id']}: {node['target']} {node['html'][:200]} {node['failureSummary']}"
        for violation in violations
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
    assert not faults, "\n".join(faults)
