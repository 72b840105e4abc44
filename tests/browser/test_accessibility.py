"""Everybody can use the page: axe-core on every tab and state, and the focus, which is never lost."""

import re
from pathlib import Path

import pytest
from layout import assert_accessible, assert_fits
from PIL import Image
from playwright.sync_api import Page, expect
from steps import choose, ready, start, upload, upscale

pytestmark = pytest.mark.browser
LOOKS = ("Side by side", "Flip", "Changes", "Slider")
WINDOWS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]


@pytest.fixture(scope="module")
def photo(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "photo.png"
    Image.effect_noise((48, 40), 60).convert("RGB").save(path)
    return path


@pytest.fixture
def large(tmp_path) -> Path:
    Image.linear_gradient("L").resize((900, 700)).save(tmp_path / "large.png")
    return tmp_path / "large.png"


def focused(page: Page) -> str:
    """The id of the part that has the focus, or its name."""
    return page.evaluate("document.activeElement.id || document.activeElement.className || 'nothing'")


@pytest.mark.parametrize(("width", "scheme"), WINDOWS)
def test_the_upscale_tab_has_no_barrier_before_while_and_after_it_runs(new_page, photo, large, width, scheme):
    page = new_page(width=width, height=844, color_scheme=scheme)
    expect(page.locator("#stage img")).not_to_have_count(0)
    assert_accessible(page)
    upload(page, large)
    start(page, "3600 × 2800")
    expect(page.locator("#upscale-progress [role=progressbar]")).to_be_visible()
    assert_accessible(page)
    page.locator("#upscale-stop").click()
    expect(page.locator("#upscale-progress")).to_contain_text("Stopped.")
    upload(page, photo)
    upscale(page, "192 × 160")

    for look in LOOKS:
        page.get_by_role("button", name=look).click()
        assert_accessible(page)
        assert_fits(page, "#stage", "#facts")
    page.locator("#facts").get_by_text("Details").click()
    choose(page, "scale", "2×")
    expect(page.locator("#earlier")).to_be_visible()
    assert_accessible(page)


@pytest.mark.parametrize("tab", ["Batch", "Evaluate", "Benchmark", "About"])
def test_no_other_tab_has_a_barrier(new_page, tab):
    for width, scheme in WINDOWS:
        page = new_page(width=width, height=844, color_scheme=scheme)
        page.get_by_role("tab", name=tab).click()
        page.get_by_role("tabpanel").locator("button, table").first.wait_for()

        assert_accessible(page)
        assert_fits(page)


def test_an_error_has_no_barrier(new_page, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no photo")
    for width, scheme in (WINDOWS[0], WINDOWS[3]):
        page = new_page(width=width, height=844, color_scheme=scheme)
        upload(page, tmp_path / "broken.png")
        expect(page.locator("#plan [role=alert]")).to_be_visible()

        assert_accessible(page)


def test_the_focus_stays_from_upscale_to_stop_and_back_and_a_held_key_stops_nothing(page, photo, large):
    upload(page, large)
    ready(page, "3600 × 2800")
    page.locator("#upscale-go").focus()

    page.keyboard.down("Enter")
    expect(page.locator("#upscale-stop")).to_be_focused()
    page.keyboard.down("Enter")    # held down, the key repeats

    expect(page.locator("#upscale-progress")).to_contain_text(re.compile(r"Upscaling, \d+%"))
    page.keyboard.up("Enter")
    page.keyboard.press("Enter")
    expect(page.locator("#upscale-progress")).to_contain_text("Stopped.")
    expect(page.locator("#upscale-go")).to_be_focused()
    upload(page, photo)
    ready(page, "192 × 160")
    page.locator("#upscale-go").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#facts")).to_contain_text("192 × 160 px")
    expect(page.locator("#upscale-go")).to_be_focused()


def test_arrows_move_within_groups_and_along_the_line(page, photo):
    upload(page, photo)
    ready(page, "192 × 160")
    page.locator("#scale input").nth(2).focus()
    page.keyboard.press("ArrowLeft")
    ready(page, "144 × 120")
    upscale(page, "144 × 120")
    line = page.get_by_role("slider", name="Line between Bicubic and Fast 3×")
    line.focus()

    page.keyboard.press("ArrowRight")

    expect(line).to_have_attribute("aria-valuenow", "52")
    expect(line).to_have_attribute("aria-valuetext", "52% Bicubic")
