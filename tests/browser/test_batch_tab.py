"""The Batch tab, used in a real browser."""

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from layout import assert_fits
from live_app import running_app
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from drln import DrlnModel, Upscaler

pytestmark = pytest.mark.browser


def save(path: Path, size: tuple[int, int]) -> Path:
    Image.effect_noise(size, 60).convert("RGB").save(path)
    return path


def open_tab(page: Page) -> Page:
    page.get_by_role("tab", name="Batch").click()
    page.locator("#batch-scale label", has_text="2×").click()
    expect(page.locator("#batch-go")).to_be_disabled()
    return page


def start(page: Page, *files: Path) -> None:
    page.set_input_files("#batch-files input[type=file]", files)
    page.locator("#batch-go:not([disabled])").click()


def the_zip(page: Page) -> zipfile.ZipFile:
    with page.expect_download() as download:
        page.locator("#batch-zip").click()
    return zipfile.ZipFile(download.value.path())


def save_as_zip(path: Path, entries: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


def rows(page: Page) -> Locator:
    return page.locator("#batch-table tbody tr")


def named(page: Page, role: str, name: str) -> Locator:
    return page.locator("#batch-table").get_by_role(role, name=name, exact=True)


def shown(image: Locator) -> Image.Image:
    """The pixels of a picture on the page."""
    image.wait_for()
    return Image.open(io.BytesIO(image.page.request.get(image.evaluate("image => image.src")).body()))


def states(page: Page) -> list[str]:
    return page.locator("#batch-table .state").all_inner_texts()


def assert_same(first: Image.Image, second: Image.Image) -> None:
    np.testing.assert_array_equal(np.asarray(first), np.asarray(second))


# Before the start


def test_the_time_of_all_photos_and_what_is_skipped_are_said_before_the_start(new_page, tmp_path):
    photo = save(tmp_path / "a.png", (40, 30))
    (tmp_path / "notes.txt").write_text("no photo")
    save_as_zip(tmp_path / "more.zip", {"b.png": photo.read_bytes(), "list.pdf": b"%PDF"})
    page = open_tab(new_page())
    expect(page.locator("#batch-empty")).to_contain_text("Choose up to 200 photos")

    page.set_input_files("#batch-files input[type=file]", [photo, tmp_path / "notes.txt", tmp_path / "more.zip"])

    plan = page.locator("#batch-plan")
    expect(plan).to_contain_text(re.compile(r"2 photos · about \d+ s"))
    expect(plan).to_contain_text("2 files are no photos and will be skipped: notes.txt, list.pdf.")
    expect(page.locator("#batch-go")).to_be_enabled()
    page.locator("#batch-model label", has_text="Best quality").click()
    expect(plan).to_contain_text(re.compile(r"2 photos · about \d+ (s|min) · 137 MB will be downloaded first"))


def test_photos_can_be_enlarged_to_one_size(new_page, tmp_path):
    page = open_tab(new_page())
    page.locator("#batch-scale label", has_text="Size").click()
    page.locator("#batch-scale-size input").fill("90")

    start(page, save(tmp_path / "a.png", (40, 30)), save(tmp_path / "b.png", (60, 30)))

    expect(rows(page).nth(0)).to_contain_text("40 × 30 → 90 × 68 px")
    expect(rows(page).nth(1)).to_contain_text("60 × 30 → 90 × 45 px")
    expect(page.locator("#batch-summary")).to_contain_text("2 of 2 done")


def test_files_without_a_photo_cannot_be_started(new_page, tmp_path):
    (tmp_path / "notes.txt").write_text("no photo")
    page = open_tab(new_page())

    page.set_input_files("#batch-files input[type=file]", tmp_path / "notes.txt")

    expect(page.locator("#batch-plan [role=alert]")).to_contain_text("There is no photo here.")
    expect(page.locator("#batch-go")).to_be_disabled()


# The table


def test_each_photo_has_a_row_with_its_name_sizes_state_thumbnail_download_and_comparison(new_page, tmp_path):
    """On a narrow page, which does not scroll sideways for a long name."""
    name = "a-photo-with-a-name-that-is-rather-long-and-has-no-spaces"
    first, second = save(tmp_path / f"{name}.png", (40, 30)), save(tmp_path / "second.png", (30, 20))
    (tmp_path / "bad.png").write_bytes(b"no photo")
    (tmp_path / "notes.txt").write_text("no photo")
    save_as_zip(tmp_path / "more.zip", {"tri & p/<b>.png": second.read_bytes(), "../evil.png": b""})
    page = open_tab(new_page(width=390, height=844))
    expect(page.locator("#batch-model")).to_be_hidden()    # folded, to keep the page short

    start(page, first, tmp_path / "bad.png", tmp_path / "notes.txt", tmp_path / "more.zip")

    expect(page.locator("#batch-zip")).to_be_visible()
    expect(page.locator("#batch-summary")).to_contain_text("2 of 4 done, 2 failed, 1 skipped")
    expect(rows(page)).to_have_count(5)
    expect(rows(page).nth(0)).to_contain_text(re.compile(rf"{name}\.png\s*40 × 30 → 80 × 60 px\s*✓ done"))
    expect(rows(page).nth(1)).to_contain_text(re.compile(r"bad\.png\s*✗ failed: .*no image that can be read"))
    expect(rows(page).nth(2)).to_contain_text(re.compile(r"tri & p/<b>\.png\s*in more\.zip\s*30 × 20 → 60 × 40"))
    expect(rows(page).nth(3)).to_contain_text("leads out of the zip")
    expect(rows(page).nth(4)).to_contain_text(re.compile(r"notes\.txt\s*skipped: not a photo"))
    assert_fits(page, "#batch-files", "#batch-plan", "#batch-table", "#batch-zip", "#batch-table tr >> nth=1")
    assert shown(rows(page).nth(0).locator("img")).size == (80, 60)    # smaller than a thumbnail may be
    model = Upscaler(DrlnModel.from_pretrained("drln-bam-compact", scale=2))
    with the_zip(page) as archive:
        assert archive.namelist() == [f"{name}_drln-bam-compact_2x.png", "tri & p/_b__drln-bam-compact_2x.png"]
        for entry, photo in zip(archive.namelist(), (first, second)):
            file = entry.rpartition("/")[2]
            with page.expect_download() as download:
                named(page, "link", f"Download {file}").click()
            assert download.value.suggested_filename == file
            assert download.value.path().read_bytes() == archive.read(entry)
            result = Image.open(io.BytesIO(archive.read(entry)))
            assert_same(result, model.upscale(Image.open(photo)))


def test_a_photo_is_compared_with_bicubic_by_keyboard_while_the_others_go_on(new_page, tmp_path):
    photo = save(tmp_path / "second.png", (30, 20))
    page = open_tab(new_page())
    start(page, save(tmp_path / "first.png", (40, 30)), photo, save(tmp_path / "large.png", (900, 700)))
    button = named(page, "button", "Compare second.png")
    button.focus()
    large = rows(page).nth(2)
    expect(large).to_contain_text(re.compile(r"Upscaling, [1-9]\d?%"))    # the table has changed
    expect(button).to_be_focused()

    page.keyboard.press("Enter")

    viewer = page.locator("#batch-viewer")
    expect(viewer).to_contain_text("second.png")
    model = Upscaler(DrlnModel.from_pretrained("drln-bam-compact", scale=2))
    bicubic = Image.open(photo).resize((60, 40), Image.Resampling.BICUBIC)
    assert_same(shown(viewer.get_by_alt_text("Bicubic", exact=True)), bicubic)
    assert_same(shown(viewer.get_by_alt_text("Fast 2×")), model.upscale(Image.open(photo)))
    expect(large).not_to_contain_text("done")
    page.locator("#batch-stop").click()
    expect(page.locator("#batch-zip")).to_be_visible()


def test_a_model_that_cannot_be_reached_ends_the_batch_with_the_reason(new_page, tmp_path):
    page = open_tab(new_page())
    page.locator("#batch-model label", has_text="Best quality").click()

    start(page, save(tmp_path / "a.png", (40, 30)), save(tmp_path / "b.png", (30, 20)))

    alert = page.locator("#batch-progress [role=alert]")
    expect(alert).to_contain_text("Best quality cannot be downloaded now. Use Fast, or try again later.")
    expect(page.locator("#batch-summary")).to_contain_text("0 of 2 done, 2 stopped")
    assert states(page) == ["stopped", "stopped"]
    page.get_by_role("button", name="Use Fast").click()
    expect(page.locator("#batch-model label", has_text="Fast").locator("input")).to_be_checked()
    expect(page.locator("#batch-zip")).to_have_count(0)
    expect(page.locator("#batch-go")).to_be_enabled()


def test_downloads_and_thumbnails_have_the_right_address_behind_a_proxy(chromium, tmp_path):
    with running_app(tmp_path, GRADIO_ROOT_PATH="/below") as app, chromium.new_context() as context:
        page = context.new_page()
        page.goto(f"{app.address}below/")
        open_tab(page)

        start(page, save(tmp_path / "a.png", (40, 30)))

        assert shown(rows(page).nth(0).locator("img")).size == (80, 60)
        with page.expect_download() as download:
            named(page, "link", "Download a_drln-bam-compact_2x.png").click()
        assert download.value.url.startswith(f"{app.address}below/gradio_api/file=")
        assert Image.open(download.value.path()).size == (80, 60)


# Stopped, or away


def test_stop_keeps_what_is_done_and_begins_no_other_file(new_page, tmp_path):
    files = [save(tmp_path / f"{number}.png", (24, 20) if number == 0 else (900, 700)) for number in range(3)]
    page = open_tab(new_page())
    start(page, *files)
    expect(rows(page).nth(0)).to_contain_text("done")
    expect(rows(page).nth(1)).to_contain_text("Upscaling")

    page.locator("#batch-stop").click()

    expect(page.locator("#batch-progress")).to_contain_text("Stopped. The results so far are kept.")
    expect(page.locator("#batch-go")).to_be_visible()
    assert states(page) == ["✓ done", "stopped", "stopped"]
    with the_zip(page) as archive:
        assert archive.namelist() == ["0_drln-bam-compact_2x.png"]


@pytest.mark.parametrize("later_ms", [0, 1500], ids=["at once", "when the page has long asked for its jobs"])
def test_a_batch_is_found_again_when_its_tab_is_opened_after_a_reload(new_page, tmp_path, later_ms):
    page = open_tab(new_page())
    start(page, save(tmp_path / "a.png", (40, 30)), save(tmp_path / "b.png", (300, 240)))
    expect(rows(page).nth(1)).to_contain_text("Upscaling")

    page.reload()
    page.get_by_role("tab", name="Batch").wait_for()
    page.wait_for_timeout(later_ms)
    page.get_by_role("tab", name="Batch").click()    # if it is not open already

    expect(page.locator("#batch-summary")).to_contain_text("2 of 2 done")
    with the_zip(page) as archive:
        assert len(archive.namelist()) == 2
