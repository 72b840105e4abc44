"""A page that goes away while its job runs: reloaded, offline, closed for good."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect
from steps import choose, downloaded, ready, start, upload, upscale

from demo.backend.jobs import Jobs
from demo.backend.service import Service
from demo.interface import build_demo, launch

pytestmark = pytest.mark.browser
SIZE, LARGE = "1200 × 880", "5600 × 4400"    # of results
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


def begin(page: Page, photo: Path, size: str) -> None:
    upload(page, photo)
    start(page, size)
    expect(page.locator("#upscale-progress")).to_contain_text(re.compile(r"Upscaling, \d+%"))


def test_a_page_that_is_reloaded_finds_its_job_its_photo_and_later_its_results(new_page, photo):
    page = new_page()
    page.get_by_role("button", name="Sample: rocket").click()
    choose(page, "scale", "2×")
    upscale(page, "648 × 432")
    choose(page, "scale", "4×")
    begin(page, photo, SIZE)

    page.reload()

    ready(page, SIZE)    # for the photo is there
    expect(page.locator("#facts")).to_contain_text(f"{SIZE} px")
    expect(page.locator("#upscale-go")).to_be_enabled()
    page.reload()
    expect(page.locator("#facts")).to_contain_text(f"{SIZE} px")
    ready(page, SIZE)
    assert downloaded(page)[1].size == (1200, 880)
    strip = page.get_by_role("group", name="Results of this visit").get_by_role("button")
    expect(strip).to_have_count(2)
    strip.last.click()
    expect(page.locator("#facts")).to_contain_text("rocket.png")
    assert downloaded(page)[1].size == (648, 432)


def test_a_page_that_is_reloaded_in_the_middle_of_a_batch_opens_its_tab(new_page, large):
    page = new_page()
    page.get_by_role("tab", name="Batch").click()
    page.set_input_files("#batch-files input[type=file]", [large])
    page.locator("#batch-go").click()
    expect(page.locator("#batch-progress")).to_contain_text(re.compile(r"Upscaling, \d+%"))

    page.reload()

    expect(page.get_by_role("tab", name="Batch")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#batch-progress")).to_contain_text(re.compile(r"Upscaling, \d+%"))
    page.locator("#batch-stop").click()
    expect(page.locator("#batch-progress")).to_contain_text("Stopped")


def test_a_job_found_again_can_be_stopped(new_page, large):
    page = new_page()
    begin(page, large, LARGE)
    page.reload()
    expect(page.locator("#upscale-progress")).to_contain_text(re.compile(r"Upscaling, \d+%"))

    page.locator("#upscale-stop").click()

    expect(page.locator("#upscale-progress")).to_contain_text("Stopped.")
    expect(page.locator("#upscale-go")).to_be_enabled()
    page.reload()
    page.wait_for_selector("#upscale-go")
    expect(page.locator("#upscale-stop")).to_have_count(0)


def test_another_window_of_the_same_browser_sees_nothing_of_a_job(new_page, large, app):
    page = new_page()
    begin(page, large, LARGE)

    other = page.context.new_page()
    other.goto(app.address)
    other.wait_for_selector("#upscale-go")
    other.wait_for_timeout(1500)

    expect(other.locator("#upscale-stop")).to_have_count(0)
    page.locator("#upscale-stop").click()
    expect(page.locator("#upscale-progress")).to_contain_text("Stopped.")


def test_a_page_that_lost_its_connection_goes_on_when_it_has_one_again(new_page, photo):
    page = new_page()
    begin(page, photo, SIZE)

    page.context.set_offline(True)
    page.wait_for_timeout(1000)
    page.context.set_offline(False)

    expect(page.locator("#facts")).to_contain_text(f"{SIZE} px")
    expect(page.locator("#upscale-go")).to_be_enabled()


def open_at(address: str, context: BrowserContext) -> Page:
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("#upscale-go")
    return page


@pytest.fixture(scope="module")
def own_app(tmp_path_factory) -> Iterator[tuple[str, Jobs, Path]]:
    """An app in this process whose line holds two jobs: its address, its jobs, its folder of uploads and results."""
    folder, jobs = tmp_path_factory.mktemp("files"), Jobs(most=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder))
        demo = build_demo(Service(folder), jobs)
        yield launch(demo), jobs, folder
        demo.close(verbose=False)


def test_a_closed_page_stops_its_job_after_the_grace_and_leaves_no_files(own_app, chromium, large):
    address, jobs, folder = own_app
    page = open_at(address, chromium.new_context())
    expect(page.locator("#stage img")).not_to_have_count(0)
    before = set(folder.glob("drln-*"))
    begin(page, large, LARGE)
    (job,) = jobs._jobs.values()
    job._grace = 0.5    # seconds, once its page watches it

    page.context.close()

    until = time.monotonic() + WAIT
    while job.ended is None:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert job.was_stopped
    made = {path.name for path in folder.glob("drln-*/*") if path.parent not in before}
    assert made == {"preview.png"}    # of the photo, and nothing of a result


def test_a_page_says_its_place_and_time_in_the_line_and_that_the_line_is_full(own_app, chromium, tmp_path, large):
    photo = tmp_path / "small.png"
    Image.effect_noise((60, 50), 70).convert("RGB").save(photo)
    address, _, _ = own_app
    with chromium.new_context() as window:
        first, second, third = pages = [open_at(address, window) for _ in range(3)]
        for page, chosen, size in zip(pages, (large, photo, photo), (LARGE, "240 × 200", "240 × 200")):
            upload(page, chosen)
            ready(page, size)
        first.locator("#upscale-go").click()
        expect(first.locator("#upscale-progress")).to_contain_text(re.compile(r"Upscaling, \d+%"))
        second.locator("#upscale-go").click()
        expect(second.locator("#upscale-progress")).to_contain_text(
            re.compile(r"small\.png: Waiting for 1 job before yours, about \d+ (s|min) left\s*$")
        )

        third.locator("#upscale-go").click()

        expect(third.locator("#upscale-progress [role=alert]")).to_contain_text("2 jobs run or wait")
        expect(third.locator("#upscale-go")).to_be_enabled()
        for page in (second, first):
            page.locator("#upscale-stop").click()
            expect(page.locator("#upscale-progress")).to_contain_text("Stopped.")
        upscale(third, "240 × 200")
