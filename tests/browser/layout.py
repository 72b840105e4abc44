"""Check that a page fits its window, that no text is cut, and that all of it can be read."""

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
PALE = """(parent, box) => {
    const rgba = text => {
        const context = Object.assign(document.createElement('canvas'), {width: 1, height: 1}).getContext('2d');
        context.fillStyle = text;
        context.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = (top, below) => below.map((value, i) => i < 3 ? top[3] * top[i] + (1 - top[3]) * value : 1);
    const luminance = colour => colour.slice(0, 3).map(value => value / 255)
        .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
        .reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);
    let opacity = 1;
    const grounds = [];
    for (let part = parent; part; part = part.parentElement) {
        const style = getComputedStyle(part);
        opacity *= style.opacity;
        grounds.unshift(rgba(style.backgroundColor));
    }
    const below = parent.previousElementSibling;    // in a drawing
    if (below?.tagName === 'rect') grounds.push(rgba(getComputedStyle(below).fill));
    const ground = grounds.reduce((below, top) => over(top, below), [255, 255, 255, 1]);
    const style = getComputedStyle(parent), [r, g, b, a] = rgba(parent.closest('svg') ? style.fill : style.color);
    const [low, high] = [luminance(over([r, g, b, a * opacity], ground)), luminance(ground)].sort((x, y) => x - y);
    const ratio = (high + 0.05) / (low + 0.05);
    return ratio < 4.5 && 'contrast ' + ratio.toFixed(2);
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


def assert_readable(page: Page, selector: str = OPEN_TAB) -> None:
    """Assert that all text inside stands out from its background by a contrast of 4.5 or more.

    Text on pictures is left out, and text of what is disabled.
    """
    faults = page.evaluate(EACH_TEXT, [selector, PALE])
    assert not faults, faults
