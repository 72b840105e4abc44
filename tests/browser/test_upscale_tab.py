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

from demo.backend import previews
from drln import DrlnModel, Upscaler

pytestmark = pytest.mark.browser

SIZE = (48, 40)
RESULT = "96 × 80"    # at 2x


@pytest.fixture(scope="module")
def photo(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "small photo.png"
    Image.effect_noise(SIZE, 70).convert("RGB").save(path)
    return path


@pytest.fixture(scope="module")
def expected(photo) -> Image.Image:
    """What the model itself makes of the photo."""
    return Upscaler(DrlnModel.from_pretrained("drln-bam-compact", scale=2)).upscale(Image.open(photo))


@pytest.fixture
def empty(lasting_page) -> Iterator[Page]:
    """A page with no photo."""
    page = lasting_page
    choose(page, "scale", "4×")
    yield page
    page.locator("#photo").get_by_label("Remove Image").click()
    expect(page.locator("#plan")).to_contain_text("Choose a photo")


@pytest.fixture(scope="module")
def finished(lasting_page, photo) -> Page:
    """A page with the result of the photo."""
    page = lasting_page
    with page.expect_file_chooser() as chooser:
        page.locator("#photo").get_by_text("click to choose one").click()
    chooser.value.set_files(photo)
    choose(page, "scale", "2×")
    upscale(page)
    return page


def choose(page: Page, radio: str, label: str) -> None:
    page.locator(f"#{radio} label", has_text=label).first.click()


def start(page: Page, result: str) -> None:
    """Press the button once the page is ready for a result of that size."""
    expect(page.locator("#plan")).to_contain_text(f"to {result} pixels, about")
    page.locator("#upscale-go").click()


def upscale(page: Page, result: str = RESULT) -> None:
    start(page, result)
    page.locator("#crop-drln img").wait_for()


def upload(page: Page, path: Path) -> None:
    page.set_input_files("#photo input[type=file]", path)


def shown(page: Page, selector: str) -> Image.Image:
    """The pixels of a picture on the page."""
    picture = page.locator(selector)
    picture.wait_for()
    source = picture.get_attribute("src")
    assert source
    return Image.open(io.BytesIO(page.request.get(source).body()))


def assert_same(first: Image.Image, second: Image.Image) -> None:
    np.testing.assert_array_equal(np.asarray(first), np.asarray(second))


# A photo is chosen


def test_nothing_can_be_started_without_a_photo(lasting_page):
    page = lasting_page
    expect(page.locator("#upscale-go")).to_be_disabled()
    expect(page.locator("#plan")).to_contain_text("Choose a photo")


def test_the_size_time_and_memory_are_shown_before_the_start(empty, photo):
    page = empty
    upload(page, photo)
    choose(page, "scale", "2×")

    expect(page.locator("#plan")).to_contain_text(
        re.compile(r"48 × 40 pixels to 96 × 80 pixels, about \d+ s and \d+ MB of memory")
    )
    expect(page.locator("#upscale-go")).to_be_enabled()


def test_a_click_counts_though_a_new_plan_is_shown_meanwhile(page, photo):
    upload(page, photo)
    choose(page, "scale", "2×")
    expect(page.locator("#plan")).to_contain_text(f"to {RESULT} pixels, about")
    page.locator("#upscale-go").hover()
    page.mouse.down()
    page.locator("#model input").first.dispatch_event("click")    # the mouse stays where it is
    expect(page.locator("#model-note")).to_contain_text("is not on this machine yet")

    page.mouse.up()

    expect(page.locator("#model-note [role=alert]")).to_contain_text("DRLN-BAM is unavailable from the hub")


def test_a_sample_photo_can_be_taken(empty):
    page = empty
    page.locator("button:has(img[alt]), .gallery-item").first.click()

    expect(page.locator("#plan")).to_contain_text(re.compile(r"\d+ × \d+ pixels to \d+ × \d+ pixels, about"))


def test_a_photo_can_be_dropped(empty, photo):
    page = empty
    content = base64.b64encode(photo.read_bytes()).decode()
    dropped = page.evaluate_handle(
        """content => {
            const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], "dropped.png", {type: "image/png"}));
            return transfer;
        }""",
        content,
    )

    page.locator("#photo button", has_text="Drop").dispatch_event("drop", {"dataTransfer": dropped})

    expect(page.locator("#plan")).to_contain_text("48 × 40 pixels to 192 × 160 pixels, about")


def test_a_photo_can_be_pasted(page, photo):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate(
        """async content => {
            const blob = await (await fetch("data:image/png;base64," + content)).blob();
            await navigator.clipboard.write([new ClipboardItem({"image/png": blob})]);
        }""",
        base64.b64encode(photo.read_bytes()).decode(),
    )

    page.locator("#photo").get_by_label("Paste").click()

    expect(page.locator("#plan")).to_contain_text("48 × 40 pixels to 192 × 160 pixels, about")


def test_a_file_that_is_no_photo_is_refused_and_the_page_goes_on(empty, photo, tmp_path):
    page = empty
    broken = tmp_path / "broken.png"
    broken.write_bytes(photo.read_bytes()[:20])
    upload(page, broken)
    expect(page.locator("#plan [role=alert]")).to_contain_text("no image that can be read")
    expect(page.locator("#upscale-go")).to_be_disabled()

    page.locator("#photo").get_by_label("Remove Image").click()
    upload(page, photo)

    expect(page.locator("#upscale-go")).to_be_enabled()


# The result


def test_the_download_is_a_png_with_the_pixels_of_the_model(finished, expected):
    with finished.expect_download() as download:
        finished.locator("#download").click()

    assert download.value.suggested_filename == "small photo_drln-bam-compact_2x.png"
    with Image.open(download.value.path()) as image:
        assert image.format == "PNG"
        assert_same(image, expected)


def test_the_slider_moves_between_bicubic_and_drln(finished, photo, expected):
    bicubic = Image.open(photo).resize(expected.size, Image.Resampling.BICUBIC)
    assert_same(shown(finished, "#slider img >> nth=0"), bicubic)
    assert_same(shown(finished, "#slider img >> nth=1"), expected)
    clipped = finished.locator("#slider img").nth(1)
    before = clipped.get_attribute("style")

    handle = finished.locator("#slider [data-testid=slider] .icon-wrap").bounding_box()
    x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    finished.mouse.move(x, y)
    finished.mouse.down()
    finished.mouse.move(x - 60, y, steps=4)
    finished.mouse.up()

    assert clipped.get_attribute("style") != before


def test_clicking_on_the_picture_moves_the_closeup(new_page, photo, tmp_path):
    """On a photo that is larger than a close-up, and a narrow page, which does not scroll sideways."""
    large = tmp_path / "large.png"
    Image.effect_noise((100, 80), 70).convert("RGB").save(large)
    page = new_page(width=390, height=844, color_scheme="dark")
    upload(page, large)
    choose(page, "scale", "2×")
    upscale(page, "200 × 160")
    bicubic = Image.open(large).resize((200, 160), Image.Resampling.BICUBIC)
    in_the_middle = previews.crop_around(bicubic.size, 100, 80)
    assert_same(shown(page, "#crop-bicubic img"), previews.zoomed(bicubic.crop(in_the_middle)))
    source = page.locator("#crop-bicubic img").get_attribute("src")

    overview = page.locator("#overview img")
    box = overview.bounding_box()
    overview.click(position={"x": 0.02 * box["width"], "y": 0.98 * box["height"]})

    expect(page.locator("#crop-bicubic img")).not_to_have_attribute("src", source)
    assert_same(shown(page, "#crop-bicubic img"), previews.zoomed(bicubic.crop((0, 64, 96, 160))))
    result = shown(page, "#slider img >> nth=1")
    assert_same(shown(page, "#crop-drln img"), previews.zoomed(result.crop((0, 64, 96, 160))))
    parts = ("#photo", "#scale", "#model", "#upscale-go", "#slider", "#facts", "#download", "#overview", "#crop-drln")
    assert_fits(page, *parts)


def test_sizes_model_source_device_and_seconds_are_shown_below(finished):
    facts = finished.locator("#facts").inner_text()

    assert re.search(r"Photo\s+48 × 40 pixels\s+Result\s+96 × 80 pixels \(2×\), PNG", facts)
    assert re.search(r"Model\s+DRLN-BAM compact\s+Weights\s+drln-bam-compact 2x, bundled", facts)
    assert re.search(r"Computed\s+on cpu in (float32|bfloat16), \d+\.\d s", facts)


def test_transparency_is_shown_on_a_checkerboard_and_kept_in_the_download(page, photo, tmp_path):
    image = Image.open(photo)
    image.putalpha(Image.linear_gradient("L").resize(SIZE))
    image.save(tmp_path / "alpha.png")
    upload(page, tmp_path / "alpha.png")
    choose(page, "scale", "2×")
    upscale(page)

    with page.expect_download() as download:
        page.locator("#download").click()

    with Image.open(download.value.path()) as result:
        assert result.mode == "RGBA"
        assert_same(shown(page, "#slider img >> nth=1"), previews.shown(result))


# While it runs


def test_stop_frees_the_page_and_the_device(page, photo, tmp_path):
    large = tmp_path / "large.png"
    Image.linear_gradient("L").resize((900, 700)).save(large)
    upload(page, large)
    start(page, "3600 × 2800")
    bar = page.locator("#upscale-progress [role=progressbar][aria-valuenow]")
    expect(bar).to_be_visible()
    expect(page.locator("#upscale-progress")).to_contain_text(re.compile(r"Upscaling, \d+%, about \d+ (s|min) left"))

    page.locator("#upscale-stop").click()

    expect(page.locator("#upscale-progress")).to_contain_text("Stopped.")
    expect(page.locator("#upscale-go")).to_be_visible()
    page.locator("#photo").get_by_label("Remove Image").click()
    upload(page, photo)
    upscale(page, "192 × 160")


def test_a_message_says_that_a_hub_model_is_unavailable_and_the_bundled_one_is_offered(page, photo):
    upload(page, photo)
    choose(page, "scale", "2×")
    choose(page, "model", "DRLN-BAM")
    expect(page.locator("#model-note")).to_contain_text("is not on this machine yet")

    start(page, RESULT)

    alert = page.locator("#model-note [role=alert]")
    expect(alert).to_contain_text("DRLN-BAM is unavailable from the hub")
    expect(alert).to_contain_text("cannot be reached")
    expect(page.locator("#result")).to_have_count(0)    # and no other model's result
    page.get_by_role("button", name="Use the compact model instead").click()
    expect(page.locator("#model label", has_text="Compact (").locator("input")).to_be_checked()
    expect(page.locator("#model-note")).to_have_count(0)
    upscale(page)
    expect(page.locator("#facts")).to_contain_text("drln-bam-compact 2x, bundled")
