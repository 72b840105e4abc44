"""A page that goes away while its job runs: reloaded, offline, closed for good."""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from demo import interface
from demo.backend.jobs import Jobs
from demo.backend.service import Service
from demo.interface import build_demo, launch

pytestmark = pytest.mark.browser
WAIT = 60    # seconds; a bound, and no claim


@pytest.fixture(scope="module")
def photo(tmp_path_factory) -> Path:
    """A photo that takes longer than the page takes to reload."""
    path = tmp_path_factory.mktemp("photos") / "photo.png"
    Image.effect_noise((300, 220), 70).convert("RGB").save(path)
    return path


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Path:
    """A photo that takes longer than any test watches, even on a fast machine."""
    path = tmp_path_factory.mktemp("photos") / "large.png"
    Image.linear_gradient("L").resize((1400, 1100)).save(path)
    return path


def start(page: Page, photo: Path) -> None:
    page.set_input_files("#photo input[type=file]", photo)
    expect(page.locator("#plan")).to_contain_text(re.compile(r"to \d+ × \d+ pixels, about"))
    page.locator("#upscale-go").click()
    expect(page.locator("#upscale-progress")).to_contain_text(re.compile(r"Upscaling, \d+%"))


def test_a_page_that_is_reloaded_finds_its_job_and_later_its_result(new_page, photo):
    page = new_page()
    start(page, photo)

    page.reload()

    expect(page.locator("#facts")).to_contain_text("1200 × 880 pixels (4×)")
    expect(page.locator("#upscale-go")).to_be_visible()
    page.reload()
    expect(page.locator("#facts")).to_contain_text("1200 × 880 pixels (4×)")
    with page.expect_download() as download:
        page.locator("#download").click()
    assert Image.open(download.value.path()).size == (1200, 880)


def test_a_job_found_again_can_be_stopped(new_page, large):
    page = new_page()
    start(page, large)
    page.reload()
    expect(page.locator("#upscale-progress")).to_contain_text(re.compile(r"Upscaling, \d+%"))

    page.locator("#upscale-stop").click()

    expect(page.locator("#upscale-progress")).to_contain_text("Stopped.")
    expect(page.locator("#upscale-go")).to_be_visible()
    page.reload()
    page.wait_for_selector("#upscale-go")
    expect(page.locator("#upscale-stop")).to_have_count(0)


def test_another_window_of_the_same_browser_sees_nothing_of_a_job(new_page, large, app):
    page = new_page()
    start(page, large)

    other = page.context.new_page()
    other.goto(app.address)
    other.wait_for_selector("#upscale-go")
    other.wait_for_timeout(1500)

    expect(other.locator("#upscale-stop")).to_have_count(0)
    page.locator("#upscale-stop").click()
    expect(page.locator("#upscale-progress")).to_contain_text("Stopped.")


def test_a_page_that_lost_its_connection_goes_on_when_it_has_one_again(new_page, photo):
    page = new_page()
    start(page, photo)

    page.context.set_offline(True)
    page.wait_for_timeout(1000)
    page.context.set_offline(False)

    expect(page.locator("#facts")).to_contain_text("1200 × 880 pixels (4×)")
    expect(page.locator("#upscale-go")).to_be_visible()


def open_at(address: str, context: BrowserContext) -> Page:
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("#upscale-go")
    return page


@pytest.fixture(scope="module")
def impatient(tmp_path_factory) -> Iterator[tuple[str, Jobs, Path]]:
    """An app in this process whose queue holds one job, and which stops a job half a second after its page has gone.

    Its address, its jobs, and its folder of uploads and results.
    """
    folder, jobs = tmp_path_factory.mktemp("files"), Jobs(grace=0.5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder))
        patch.setattr(interface, "QUEUE_SIZE", 1)
        demo = build_demo(Service(folder), jobs)
        yield launch(demo), jobs, folder
        demo.close(verbose=False)


def test_a_closed_page_stops_its_job_after_the_grace_and_leaves_no_files(impatient, chromium, large):
    address, jobs, folder = impatient
    page = open_at(address, chromium.new_context())
    start(page, large)
    (job,) = jobs._jobs.values()

    page.context.close()

    until = time.monotonic() + WAIT
    while job.ended is None:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert job.was_stopped
    assert not [name for name in os.listdir(folder) if name.startswith("drln-")]


def test_the_page_says_that_the_queue_is_full_and_can_try_again(impatient, chromium, tmp_path, large):
    photo = tmp_path / "small.png"
    Image.effect_noise((60, 50), 70).convert("RGB").save(photo)
    address, _, _ = impatient
    with chromium.new_context() as window:
        first, second, third = pages = [open_at(address, window) for _ in range(3)]
        for page, chosen in zip(pages, (large, photo, photo)):
            page.set_input_files("#photo input[type=file]", chosen)
            expect(page.locator("#plan")).to_contain_text(re.compile(r"to \d+ × \d+ pixels, about"))
        first.locator("#upscale-go").click()
        expect(first.locator("#upscale-progress")).to_contain_text(re.compile(r"Upscaling, \d+%"))
        second.locator("#upscale-go").click()
        expect(second.locator("#upscale-progress")).to_contain_text("queue: 1/1")

        third.locator("#upscale-go").click()

        expect(third.locator("#upscale-progress [role=alert]")).to_contain_text("the queue is full")
        expect(third.locator("#upscale-go")).to_be_visible()
        for page in (second, first):
            page.locator("#upscale-stop").click()
            expect(page.locator("#upscale-progress")).to_contain_text("Stopped.")
        third.locator("#upscale-go").click()
        expect(third.locator("#facts")).to_contain_text("240 × 200 pixels (4×)")
