"""The Upscale tab, used with the mouse in a real browser, without a hub."""

import base64
import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from layout import assert_fits
from PIL import Image
from playwright.sync_api import Page, expect
from steps import choose, downloaded, picture, ready, start, upload, upscale

from demo.backend import previews
from drln import DrlnModel, Upscaler

pytestmark = pytest.mark.browser

SIZE = (48, 40)
RESULT = "96 × 80"    # at 2x
MODEL = "Fast 2×"


@pytest.fixture(scope="module")
def photo(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "small photo.png"
    Image.effect_noise(SIZE, 70).convert("RGB").save(path)
    return path


@pytest.fixture(scope="module")
def upscaler() -> Upscaler:
    return Upscaler(DrlnModel.from_pretrained("drln-bam-compact", scale=2))


@pytest.fixture
def at_first(lasting_page) -> Iterator[Page]:
    """A page without a result."""
    choose(lasting_page, "scale", "4×")
    yield lasting_page


@pytest.fixture(scope="module")
def finished(lasting_page, photo) -> Page:
    """A page with the result of the photo."""
    page = lasting_page
    with page.expect_file_chooser() as chooser:
        page.locator("#photo").get_by_text("Choose a photo").click()
    chooser.value.set_files(photo)
    choose(page, "scale", "2×")
    upscale(page, RESULT)
    return page


def transfer(page: Page, path: Path):
    """The file as a browser hands it over when it is dropped or pasted."""
    return page.evaluate_handle(
        """content => {
            const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], "given.png", {type: "image/png"}));
            return transfer;
        }""",
        base64.b64encode(path.read_bytes()).decode(),
    )


def assert_same(first: Image.Image, second: Image.Image) -> None:
    np.testing.assert_array_equal(np.asarray(first), np.asarray(second))


# A first visit


def test_a_first_visit_shows_a_sample_before_and_after_without_a_click(lasting_page):
    page = lasting_page
    small, large = picture(page, "Original"), picture(page, "Fast 4×")

    assert large.size == (4 * small.width, 4 * small.height)
    model = DrlnModel.from_pretrained("drln-bam-compact", scale=4)
    assert_same(large, Upscaler(model).upscale(small))
    expect(page.locator("#stage")).to_contain_text("A sample, 4 times as large")
    expect(page.locator("#upscale-go")).to_be_disabled()
    expect(page.locator("#download")).to_be_disabled()
    stage, button = (page.locator(name).bounding_box() for name in ("#stage", "#upscale-go"))
    for box in (stage, button):    # without scrolling
        assert box["y"] + box["height"] <= page.viewport_size["height"]


# A photo is chosen


def test_the_photo_appears_on_the_stage_with_the_size_and_time_of_its_result(at_first, photo):
    page = at_first
    upload(page, photo)
    choose(page, "scale", "2×")

    ready(page, RESULT)
    expect(page.locator("#facts")).to_have_text(f"{photo.name} · 48 × 40 px", use_inner_text=True)
    assert_same(picture(page, "Original"), Image.open(photo))
    expect(page.locator("#plan")).not_to_contain_text("memory")
    expect(page.locator("#upscale-go")).to_be_enabled()


def test_a_click_counts_though_a_new_plan_is_shown_meanwhile(page, photo):
    upload(page, photo)
    choose(page, "scale", "2×")
    ready(page, RESULT)
    page.locator("#upscale-go").hover()
    page.mouse.down()
    page.locator("#model label", has_text="Best quality").locator("input").dispatch_event("click")

    page.mouse.up()

    expect(page.locator("#model-note [role=alert]")).to_contain_text("Best quality cannot be downloaded now")


def test_a_sample_photo_can_be_taken(at_first):
    page = at_first
    page.get_by_role("button", name="Sample: cat").click()

    ready(page, "1296 × 864")
    expect(page.locator("#facts")).to_contain_text("cat.png · 324 × 216 px")


@pytest.mark.parametrize("place", ["#stage", "#photo button", "h1"])
def test_a_photo_can_be_dropped_anywhere(at_first, photo, place):
    page = at_first
    page.get_by_role("button", name="Sample: cat").click()
    ready(page, "1296 × 864")

    page.locator(place).first.dispatch_event("drop", {"dataTransfer": transfer(page, photo)})

    ready(page, "192 × 160")
    expect(page.locator("#facts")).to_contain_text("given.png")


def test_a_photo_can_be_pasted_anywhere(page, photo):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate(
        """async content => {
            const blob = await (await fetch("data:image/png;base64," + content)).blob();
            await navigator.clipboard.write([new ClipboardItem({"image/png": blob})]);
        }""",
        base64.b64encode(photo.read_bytes()).decode(),
    )

    page.keyboard.press("ControlOrMeta+V")

    ready(page, "192 × 160")


def test_text_that_is_pasted_into_a_field_stays_there(at_first):
    page = at_first
    choose(page, "scale", "Size")
    field = page.locator("#scale-size input")
    field.fill("")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("navigator.clipboard.writeText('640')")
    field.press("ControlOrMeta+V")

    expect(field).to_have_value("640")


@pytest.mark.parametrize("suffix", ["tiff", "heic"])
def test_a_photo_that_browsers_cannot_show_has_a_preview_of_the_server(at_first, photo, tmp_path, suffix):
    import pillow_heif

    pillow_heif.register_heif_opener()
    path = tmp_path / f"photo.{suffix}"
    Image.open(photo).save(path, **({"quality": -1} if suffix == "heic" else {}))
    page = at_first

    upload(page, path)

    expect(page.locator("#facts")).to_contain_text(path.name)
    shown = np.asarray(picture(page, "Original").convert("RGB"), int)
    assert np.abs(shown - np.asarray(Image.open(photo), int)).max() <= 3
    natural = "() => [...document.querySelectorAll('#stage img')].map(image => image.naturalWidth)"
    assert page.evaluate(natural) == [SIZE[0]]


def test_what_was_said_of_a_file_goes_with_it(at_first, photo, tmp_path):
    page = at_first
    broken = tmp_path / "broken.png"
    broken.write_bytes(photo.read_bytes()[:20])
    upload(page, broken)
    expect(page.locator("#plan [role=alert]")).to_contain_text("no image that can be read")
    expect(page.locator("#upscale-go")).to_be_disabled()

    upload(page, photo)

    ready(page, "192 × 160")
    expect(page.locator("[role=alert]:visible")).to_have_count(0)
    expect(page.locator("#upscale-go")).to_be_enabled()


def test_what_cannot_work_with_a_photo_is_said_before_the_click(at_first, photo, tmp_path):
    page = at_first
    cut = tmp_path / "cut.png"
    cut.write_bytes(photo.read_bytes()[:-400])
    upload(page, cut)
    expect(page.locator("#plan [role=alert]")).to_contain_text("cut.png")
    expect(page.locator("#upscale-go")).to_be_disabled()

    image = Image.open(photo)
    image.putalpha(Image.linear_gradient("L").resize(SIZE))
    image.save(tmp_path / "alpha.png")
    upload(page, tmp_path / "alpha.png")
    choose(page, "upscale-format", "JPEG")

    expect(page.locator("#plan [role=alert]")).to_contain_text("JPEG cannot hold transparency; save as .png, .webp")
    expect(page.locator("#upscale-go")).to_be_disabled()
    choose(page, "upscale-format", "PNG")
    expect(page.locator("#upscale-go")).to_be_enabled()


def test_a_result_of_a_width_is_made_and_one_that_no_scale_reaches_is_refused(page, photo):
    upload(page, photo)
    choose(page, "scale", "Size")
    expect(page.locator("#plan [role=alert]")).to_contain_text("4x makes at most 192x160 pixels")
    page.locator("#scale-size input").fill("100")
    page.locator("#scale-size input").blur()

    upscale(page, "100 × 83")

    assert downloaded(page)[1].size == (100, 83)


# The result


def test_the_download_is_a_png_with_the_pixels_of_the_model(finished, photo, upscaler):
    name, image = downloaded(finished)

    assert name.endswith("_drln-bam-compact_2x.png")
    assert image.format == "PNG"
    assert_same(image, upscaler.upscale(Image.open(photo)))


def test_the_stage_compares_original_bicubic_and_the_result(finished, photo, upscaler):
    expected = upscaler.upscale(Image.open(photo))

    assert_same(picture(finished, "Original"), Image.open(photo))
    assert_same(picture(finished, "Bicubic"), Image.open(photo).resize(expected.size, Image.Resampling.BICUBIC))
    assert_same(picture(finished, MODEL), expected)
    chosen = [finished.get_by_label(f"Picture on the {side}").input_value() for side in ("left", "right")]
    assert chosen == ["Bicubic", MODEL]


def test_what_was_made_and_how_is_said_below(finished, photo):
    facts = finished.locator("#facts")
    expect(facts).to_contain_text(re.compile(r"small photo\.png · 48 × 40 → 96 × 80 px · PNG, \d+ KB"))

    facts.get_by_text("Details").click()

    text = facts.inner_text()
    assert re.search(r"Model\s+DRLN-BAM compact, 2×\s+Weights\s+drln-bam-compact 2x, bundled", text)
    assert re.search(r"Computed\s+on cpu in (float32|bfloat16), \d+\.\d s", text)
    facts.get_by_text("Details").click()


def test_a_result_of_another_model_is_compared_and_the_first_one_comes_back(finished):
    page = finished
    choose(page, "model", "For JPEG photos")
    expect(page.locator("#earlier")).to_contain_text("small photo.png, 2×, Fast, earlier")
    upscale(page, RESULT)
    other = "For JPEG photos 2×"
    expect(page.get_by_label("Picture on the right")).to_have_value(other)
    expect(page.locator("#earlier")).to_have_count(0)

    page.get_by_label("Picture on the left").select_option(MODEL)

    pictures = page.get_by_label("Picture on the left").locator("option").all_inner_texts()
    assert pictures == ["Original", "Bicubic", other, MODEL]
    strip = page.get_by_role("group", name="Results of this visit").get_by_role("button")
    expect(strip).to_have_count(2)
    strip.last.click()
    expect(page.get_by_label("Picture on the right")).to_have_value(MODEL)
    expect(page.locator("#earlier")).to_contain_text("earlier")
    expect(strip.last).to_have_attribute("aria-pressed", "true")


def test_nothing_of_a_large_result_is_lost_at_100_per_cent(new_page, tmp_path):
    """A result that is larger than its preview: its own pixels come from the server."""
    large = tmp_path / "large.png"
    Image.effect_noise((900, 120), 70).convert("RGB").save(large)
    page = new_page()
    upload(page, large)
    choose(page, "scale", "2×")
    upscale(page, "1800 × 240")
    assert picture(page, MODEL).width == previews.PREVIEW_SIDE
    _, result = downloaded(page)

    page.get_by_role("button", name="Flip").click()
    page.get_by_role("button", name="100%").click()
    part = page.locator("#stage .viewer-shown img[src^='data:']")
    part.wait_for()

    content = base64.b64decode(part.get_attribute("src").partition(",")[2])
    columns, whole = np.asarray(Image.open(io.BytesIO(content))), np.asarray(result)
    width = columns.shape[1]
    assert columns.shape[0] == 240 and 300 < width < 1000
    [place] = [x for x in range(1800 - width + 1) if (whole[:, x] == columns[:, 0]).all()]
    np.testing.assert_array_equal(columns, whole[:, place : place + width])


def test_transparency_is_shown_on_a_checkerboard_and_kept_in_the_download(page, photo, tmp_path):
    image = Image.open(photo)
    image.putalpha(Image.linear_gradient("L").resize(SIZE))
    image.save(tmp_path / "alpha.png")
    upload(page, tmp_path / "alpha.png")
    choose(page, "scale", "2×")
    upscale(page, RESULT)

    _, result = downloaded(page)

    assert result.mode == "RGBA"
    assert_same(picture(page, MODEL), previews.shown(result))


def test_sixteen_bits_are_named(page, tmp_path):
    pixels = np.random.default_rng(4).integers(0, 65_536, (20, 24), dtype=np.uint16)
    Image.fromarray(pixels).save(tmp_path / "deep.png")
    upload(page, tmp_path / "deep.png")
    choose(page, "scale", "2×")

    upscale(page, "48 × 40")

    expect(page.locator("#facts")).to_contain_text("PNG, 16 bits, ")


# On a phone


def test_on_a_phone_everything_fits_and_the_button_stays_at_the_bottom(new_page, photo):
    page = new_page(width=390, height=844, color_scheme="dark")
    assert_fits(page, "#stage", "#photo", "#scale", "#upscale-options", "#upscale-go")
    for part in ("#photo", "#upscale-go", "#stage"):
        box = page.locator(part).bounding_box()
        assert box["y"] + box["height"] <= 844, part
    expect(page.locator("#model")).to_be_hidden()
    upload(page, photo)
    choose(page, "scale", "2×")

    upscale(page, RESULT)

    assert_fits(page, "#stage", "#facts", "#download", "#visit", "#photo", "#upscale-go")
    stage, button = (page.locator(name).bounding_box() for name in ("#stage", "#upscale-go"))
    assert stage["y"] > -1 and stage["y"] + stage["height"] <= button["y"]    # the result is in view
    assert button["y"] + button["height"] == 844


# While it runs


@pytest.fixture
def large(tmp_path) -> Path:
    Image.linear_gradient("L").resize((900, 700)).save(tmp_path / "large.png")
    return tmp_path / "large.png"


def test_stop_frees_the_page_and_the_device_and_takes_no_result_away(page, photo, large):
    upload(page, photo)
    choose(page, "scale", "2×")
    upscale(page, RESULT)
    upload(page, large)
    start(page, "1800 × 1400")
    bar = page.locator("#upscale-progress [role=progressbar][aria-valuenow]")
    expect(bar).to_be_visible()
    expect(page.locator("#upscale-progress")).to_contain_text(re.compile(r"Upscaling, \d+%, about \d+ (s|min) left"))
    expect(page.locator("#upscale-go")).to_be_disabled()
    stage, stop = (page.locator(name).bounding_box() for name in ("#stage", "#upscale-stop"))
    assert stage["y"] < stop["y"] < stage["y"] + stage["height"]    # over the photo

    page.locator("#upscale-stop").click()

    expect(page.locator("#upscale-progress")).to_contain_text("Stopped.")
    expect(page.locator("#upscale-go")).to_be_enabled()
    page.get_by_role("group", name="Results of this visit").get_by_role("button").click()
    expect(page.locator("#facts")).to_contain_text(RESULT)
    upload(page, photo)
    upscale(page, RESULT)


def test_stop_takes_no_click_in_the_first_half_second_and_is_not_where_upscale_was(page, large):
    upload(page, large)
    ready(page, "3600 × 2800")
    button = page.locator("#upscale-go").bounding_box()
    page.evaluate("""() => new MutationObserver((_, page) => {
        const stop = document.getElementById('upscale-stop');
        if (!stop || window.first) return;
        window.first = getComputedStyle(stop).pointerEvents;
        page.disconnect();
    }).observe(document.body, { childList: true, subtree: true })""")

    page.locator("#upscale-go").click()

    page.wait_for_function("window.first")
    assert page.evaluate("window.first") == "none"
    stop = page.locator("#upscale-stop").bounding_box()
    assert stop["x"] > button["x"] + button["width"] or stop["y"] + stop["height"] < button["y"]
    expect(page.locator("#upscale-stop")).to_have_css("pointer-events", "auto")
    page.locator("#upscale-stop").click()
    expect(page.locator("#upscale-progress")).to_contain_text("Stopped.")


def test_a_model_that_cannot_be_downloaded_says_so_when_it_is_chosen_and_offers_the_fast_one(page, photo):
    upload(page, photo)
    choose(page, "scale", "2×")
    choose(page, "model", "Best quality")
    alert = page.locator("#model-note [role=alert]")
    expect(alert).to_contain_text("Best quality cannot be downloaded now. Use Fast, or try again later.")
    alert.get_by_text("Details").click()
    expect(alert).to_contain_text("cannot be reached")

    start(page, RESULT)

    expect(alert).to_contain_text("Best quality cannot be downloaded now")
    expect(page.locator("#download")).to_be_disabled()    # and no other model's result
    page.get_by_role("button", name="Use Fast").click()
    expect(page.locator("#model label", has_text="Fast").locator("input")).to_be_checked()
    expect(page.locator("#model-note")).to_have_count(0)
    upscale(page, RESULT)
