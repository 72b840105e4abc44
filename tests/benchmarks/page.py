"""A first visit in Chromium: python tests/benchmarks/page.py [--app FOLDER] [--runs 5]

Bytes of the page, seconds from opening it to the first before and after, and to the result of a sample photo with the
clicks that a visitor needs; and how much of the result's picture is in view then. With --app, the app of another
checkout is visited. Prints medians as a Markdown table.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import live_app
from playwright.sync_api import Browser, Page, sync_playwright

COMPARISON = "#slider img, #stage img[alt^='Fast']"    # of earlier versions, and of this one
WAIT_MS = 120_000


def visit(browser: Browser, address: str, width: int, height: int) -> dict[str, float]:
    """Open the page, upscale a sample, and measure both."""
    context = browser.new_context(viewport={"width": width, "height": height})
    page, sizes = context.new_page(), []
    page.set_default_timeout(WAIT_MS)
    page.on("requestfinished", lambda request: sizes.append(sum(
        request.sizes()[part] for part in ("responseHeadersSize", "responseBodySize")
    )))
    began = time.perf_counter()
    page.goto(address)
    page.wait_for_selector("#upscale-go")
    page.wait_for_timeout(3000)
    seen: dict[str, float] = {"bytes": sum(sizes), "clicks to a before and after": 2}
    if page.locator(COMPARISON).count():
        page.reload()
        began = time.perf_counter()
        page.goto(address)
        shown(page)
        seen |= {"clicks to a before and after": 0, "seconds to it": time.perf_counter() - began}
    before = page.evaluate("selector => document.querySelector(selector)?.src", COMPARISON)
    began = time.perf_counter()
    page.locator("button:has(img)").first.click()
    page.locator("#upscale-go:not([disabled])").click()
    page.wait_for_function(
        "([selector, before]) => { const image = document.querySelector(selector);"
        " return image?.complete && image.naturalWidth && image.src !== before; }",
        arg=[COMPARISON, before],
    )
    seen["seconds to a sample's result"] = time.perf_counter() - began
    page.wait_for_timeout(1000)    # for the page to scroll
    box = page.locator(COMPARISON).first.bounding_box()
    assert box
    inside = max(0, min(height, box["y"] + box["height"]) - max(0, box["y"]))
    seen["share of the picture in view"] = inside / box["height"]
    seen["length of the page"] = page.evaluate("document.documentElement.scrollHeight")
    context.close()
    return seen


def shown(page: Page) -> None:
    """Wait for the picture of a result."""
    page.wait_for_function(
        "selector => document.querySelector(selector)?.complete && document.querySelector(selector).naturalWidth",
        arg=COMPARISON,
    )


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--app", type=Path, default=live_app.ROOT)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    live_app.ROOT = arguments.app.resolve()
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as folder, live_app.running_app(Path(folder)) as app, sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=path, args=sandbox)
        time.sleep(5)    # what the app does after its start
        for width, height in ((1280, 900), (390, 844)):
            runs = [visit(browser, app.address, width, height) for _ in range(arguments.runs)]
            print(f"\n| {width} x {height} | median of {len(runs)} |\n|---|---|")
            for name in runs[0]:
                print(f"| {name} | {statistics.median(run[name] for run in runs):.2f} |")


if __name__ == "__main__":
    main()
