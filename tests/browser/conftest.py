"""One app and one Chromium for all browser tests; every page is watched for other hosts and script errors."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from live_app import App
from playwright.sync_api import Browser, Page, expect, sync_playwright

# The headless shell first: it starts without the windows, toolbars and menus that the others have.
CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
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


@dataclass
class Window:
    """A browser window with one page; collects the page's requests and script errors."""

    page: Page
    address: str
    requested: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(WAIT_MS)
        self.page.on("request", lambda request: self.requested.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("filechooser", lambda _: None)    # from the start: an unwatched one is Chromium's, and stays

    def show(self, width: int = 1280, height: int = 900, color_scheme: str = "light") -> Page:
        """Show the app's page as on a first visit."""
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.emulate_media(color_scheme=color_scheme)
        self.page.goto(self.address)
        self.page.wait_for_selector("#upscale-go")
        return self.page

    def leave(self) -> None:
        """Delete what the page stored, and assert that no request went elsewhere and no script failed."""
        self.page.goto(f"{self.address}robots.txt")    # where no script stores anything any more
        self.page.evaluate("localStorage.clear(), sessionStorage.clear()")
        own = (self.address, "data:", f"blob:{self.address}")
        elsewhere = [url for url in self.requested if not url.startswith(own)]
        errors = [*self.errors]
        self.requested.clear(), self.errors.clear()
        assert not elsewhere
        assert not errors


@contextmanager
def opened(app: App, chromium: Browser) -> Iterator[Window]:
    context = chromium.new_context()
    yield Window(context.new_page(), app.address)
    context.close()


@pytest.fixture(scope="session")
def window(app, chromium) -> Iterator[Window]:
    """A window that tests share: a page that it has shown before loads in a third of the time."""
    with opened(app, chromium) as window:
        yield window


@pytest.fixture
def new_page(window) -> Iterator[NewPage]:
    """Show the app's page with a size and a colour scheme."""
    yield window.show
    window.leave()


@pytest.fixture
def page(new_page) -> Page:
    return new_page()


@pytest.fixture
def bare_page(chromium) -> Iterator[Page]:
    """An empty page, without the app."""
    context = chromium.new_context(viewport={"width": 801, "height": 700})
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert not errors


@pytest.fixture(scope="module")
def lasting_page(app, chromium) -> Iterator[Page]:
    """A page that all tests of a file share, in a window of its own."""
    with opened(app, chromium) as window:
        yield window.show()
        window.leave()
