"""One app and one Chromium for all browser tests; every page is watched for other hosts and script errors."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from live_app import App
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# The browser's own connections would end in the log of a machine without a network.
QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")
WAIT_MS = 60_000    # a bound for a slow machine, and no claim

expect.set_options(timeout=WAIT_MS)

NewPage = Callable[..., Page]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        reason = f"no browser: none of {', '.join(CHROMIUM)} is installed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []    # Chromium has none for root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*sandbox, *QUIET])
        yield browser
        browser.close()


@contextmanager
def opening(app: App, chromium: Browser) -> Iterator[NewPage]:
    """Open the app in windows of their own, which close at the end; by then nothing may have gone elsewhere."""
    requested: list[str] = []
    errors: list[str] = []
    contexts = []

    def open_page(width: int = 1280, height: int = 900, **options: object) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("request", lambda request: requested.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("filechooser", lambda _: None)    # from the start: one that opens unwatched is Chromium's, and stays
        page.goto(app.address)
        page.wait_for_selector("#upscale-go")
        return page

    try:
        yield open_page
    finally:
        for context in contexts:
            context.close()
    elsewhere = [url for url in requested if not url.startswith((app.address, "data:", f"blob:{app.address}"))]
    assert not elsewhere
    assert not errors


@pytest.fixture
def new_page(app, chromium) -> Iterator[NewPage]:
    """Pages of one test."""
    with opening(app, chromium) as new_page:
        yield new_page


@pytest.fixture(scope="module")
def lasting_page(app, chromium) -> Iterator[Page]:
    """A page of all tests of a file."""
    with opening(app, chromium) as new_page:
        yield new_page()


@pytest.fixture
def page(new_page) -> Page:
    return new_page()
