"""What holds for the whole page: choices that are kept, keyboard, screen reader, the About tab."""

import io
import re
from pathlib import Path

import httpx2
import pytest
from layout import assert_accessible, assert_fits, assert_no_text_is_cut
from PIL import Image
from playwright.sync_api import Page, expect
from steps import downloaded, ready, upload, upscale

from demo.backend.models import CHOICES

pytestmark = pytest.mark.browser
STORED = "JSON.stringify(localStorage)"
TABS = ("Upscale", "Batch", "Evaluate", "Benchmark", "About")


@pytest.fixture(scope="module")
def photo(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "photo.png"
    Image.effect_noise((40, 30), 60).convert("RGB").save(path)
    return path


def chosen(page: Page, radio: str, label: str):
    return page.locator(f"#{radio} label", has_text=re.compile(f"^\\s*{label}")).locator("input")


def keep(page: Page, choice) -> None:
    """Check a choice, and wait until the browser has stored it."""
    before = page.evaluate(STORED)
    choice.check()
    page.wait_for_function(f"before => {STORED} != before", arg=before)


# Options of the result


def test_the_format_and_quality_that_are_chosen_are_what_is_downloaded(new_page, photo):
    page = new_page()
    upload(page, photo)
    chosen(page, "scale", "2×").check()
    expect(page.locator("#upscale-quality")).to_have_count(0)
    chosen(page, "upscale-format", "JPEG").check()
    expect(page.locator("#upscale-quality")).to_be_visible()
    upscale(page, "80 × 60")
    expect(page.locator("#facts")).to_contain_text("JPEG")

    name, result = downloaded(page)

    assert (name, result.format, result.size) == ("photo_drln-bam-compact_2x.jpg", "JPEG", (80, 60))


# Kept in the browser


def test_choices_of_every_tab_survive_a_reload(new_page):
    page = new_page()
    keep(page, chosen(page, "scale", "3×"))
    keep(page, chosen(page, "upscale-format", "WebP"))
    keep(page, page.get_by_label("Average eight turns").first)
    page.get_by_role("tab", name="Batch").click()
    expect(chosen(page, "batch-scale", "4×")).to_be_checked()    # each tab has its own
    keep(page, chosen(page, "batch-scale", "2×"))
    keep(page, chosen(page, "batch-format", "WebP"))
    page.get_by_role("tab", name="Evaluate").click()
    keep(page, chosen(page, "trial-scale", "2×"))

    page.reload()
    page.wait_for_selector("#upscale-go")

    expect(chosen(page, "scale", "3×")).to_be_checked()
    expect(chosen(page, "upscale-format", "WebP")).to_be_checked()
    expect(page.get_by_label("Average eight turns").first).to_be_checked()
    expect(page.locator("#upscale-quality")).to_be_visible()
    page.get_by_role("tab", name="Batch").click()
    expect(chosen(page, "batch-scale", "2×")).to_be_checked()
    expect(chosen(page, "batch-format", "WebP")).to_be_checked()
    expect(page.locator("#batch-quality")).to_be_visible()
    page.get_by_role("tab", name="Evaluate").click()
    expect(chosen(page, "trial-scale", "2×")).to_be_checked()


def test_what_another_program_left_in_the_browser_breaks_nothing(new_page, photo):
    page = new_page()
    page.evaluate("localStorage.setItem('drln-settings-upscale', 'nonsense')")
    page.evaluate("sessionStorage.setItem('drln-upscale', 'no-such-job')")

    page.reload()
    page.wait_for_selector("#upscale-go")
    upload(page, photo)

    ready(page, "160 × 120")
    expect(chosen(page, "scale", "4×")).to_be_checked()


def test_a_size_of_ones_own_survives_a_reload(new_page):
    page = new_page()
    keep(page, chosen(page, "scale", "Size"))
    before = page.evaluate(STORED)
    page.locator("#scale-size input").fill("640")
    page.locator("#scale-size input").blur()
    page.wait_for_function(f"before => {STORED} != before", arg=before)

    page.reload()

    expect(chosen(page, "scale", "Size")).to_be_checked()
    expect(page.locator("#scale-size input")).to_have_value("640")


# Without a mouse, without eyes


def test_a_photo_is_upscaled_with_the_keyboard_alone(new_page, photo):
    page = new_page()
    page.get_by_role("tab", name="Upscale").focus()
    for _ in range(12):    # to the button that opens the chooser
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('#photo') && document.activeElement.tagName") == "BUTTON":
            break
    else:
        pytest.fail("no Tab led to the button that opens the chooser")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(photo)
    ready(page, "160 × 120")

    seen = []
    for _ in range(40):
        page.keyboard.press("Tab")
        inside = page.evaluate("""() => ['scale', 'model', 'upscale-options', 'upscale-go'].find(
            id => document.activeElement.closest('#' + id))""")
        if inside and inside not in seen:
            seen.append(inside)
            if inside == "scale":
                page.keyboard.press("ArrowLeft")
                page.keyboard.press("ArrowLeft")    # from 4× to 2×
                ready(page, "80 × 60")
        if inside == "upscale-go":
            break
    assert seen == ["scale", "upscale-options", "model", "upscale-go"]    # in the order in which they are read
    page.keyboard.press("Enter")

    expect(page.locator("#facts")).to_contain_text("80 × 60 px")


def test_progress_and_its_end_are_read_out(new_page, photo):
    page = new_page()
    spoken = page.locator("#upscale-spoken")
    expect(spoken).to_have_attribute("aria-live", "polite")
    page.evaluate("""() => {
        window.texts = [];
        new MutationObserver(() => window.texts.push(document.getElementById('upscale-spoken').innerText.trim()))
            .observe(document.getElementById('upscale-spoken'), {childList: true, subtree: true, characterData: true});
    }""")
    upload(page, photo)
    ready(page, "160 × 120")

    page.locator("#upscale-go").click()

    expect(spoken).to_contain_text("Done.")
    texts = page.evaluate("window.texts")
    assert "Starting" in texts
    assert texts[-1] == "Done."


def test_every_tab_is_within_reach_on_a_phone(new_page):
    page = new_page(width=390, height=844)

    for tab in TABS:
        expect(page.get_by_role("tab", name=tab)).to_be_visible()
        box = page.get_by_role("tab", name=tab).bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390


# What others see of it


def test_a_link_preview_has_title_description_and_picture(app):
    page = httpx2.get(app.address).text
    tags = dict(re.findall(r'<meta (?:property|name)="([^"]+)" content="([^"]*)"', page))

    assert tags["og:title"] == "DRLN super-resolution"
    assert tags["description"] == tags["og:description"] and "compare the result" in tags["og:description"]
    assert page.count("og:image") == 1 and "Gradio" not in "".join(tags.values())
    picture = httpx2.get(tags["og:image"])
    assert Image.open(io.BytesIO(picture.content)).size == (1200, 630)
    assert httpx2.get(f"{app.address}favicon.ico").headers["content-type"].startswith("image/svg")


def test_the_page_is_in_one_language_whatever_the_browsers_is(app, chromium):
    with chromium.new_context(locale="de-DE") as context:
        page = context.new_page()
        page.goto(app.address)
        page.wait_for_selector("#upscale-go")

        expect(page.locator("footer")).to_contain_text("Settings")
        expect(page.locator("footer")).not_to_contain_text("Einstellungen")
        assert page.evaluate("document.documentElement.lang") == "en"


# The About tab


def test_the_about_tab_begins_with_what_to_expect_and_names_models_as_the_other_tabs_do(new_page):
    page = new_page(width=390, height=844)
    page.get_by_role("tab", name="About").click()

    titles = page.get_by_role("tabpanel").get_by_role("heading").all_inner_texts()
    assert titles == ["What to expect", "Your photos", "The models", "How scores are measured", "Credits and licences"]
    names = page.locator("table.models").get_by_role("rowheader").all_inner_texts()
    assert names == [f"{choice.label}\n{choice.title}" for choice in CHOICES.values()]
    expect(page.locator("table.models [scope=col]")).to_have_text(["Choice", "Size", "Use it for"])


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (390, "light"), (1280, "light")])
def test_the_about_tab_says_what_the_model_is_and_all_of_it_is_whole_and_readable(new_page, width, scheme):
    page = new_page(width=width, height=844, color_scheme=scheme)
    page.get_by_role("tab", name="About").click()

    for text in ("balanced attention", "Noise, JPEG blocks", "arXiv 1906.12021", "arXiv 2104.07566", "Apache-2.0",
                 "two protocols", "@misc{anwar2019densely"):
        expect(page.get_by_text(text).first).to_be_visible()
    expect(page.get_by_role("img", name="The network")).to_be_visible()
    expect(page.get_by_role("img", name="A dense block")).to_be_visible()
    assert_fits(page)
    assert_no_text_is_cut(page)
    assert_accessible(page)
    overflowing = page.evaluate("""() => [...document.querySelectorAll('#network svg text')].filter(text => {
        const box = text.getBoundingClientRect(), picture = text.closest('svg').getBoundingClientRect();
        return box.left < picture.left - 1 || box.right > picture.right + 1;
    }).map(text => text.textContent)""")
    assert not overflowing


@pytest.mark.parametrize(
    ("check", "style", "fault"),
    [
        (assert_no_text_is_cut, ".models { width: 900px; }", "cut by"),
        (assert_no_text_is_cut, ".models td { max-width: 40px; overflow: hidden; white-space: nowrap; }", "cut by"),
        (assert_accessible, ".models td { color: #999; }", "contrast of 2."),
        (assert_accessible, ".models { opacity: 0.4; }", "contrast of 2."),
    ],
)
def test_the_checks_see_text_that_is_cut_or_pale(new_page, check, style, fault):
    page = new_page(width=390, height=844)
    page.get_by_role("tab", name="About").click()
    page.locator("table.models").wait_for()
    page.add_style_tag(content=style.replace(";", " !important;"))

    with pytest.raises(AssertionError, match=fault):
        check(page)
