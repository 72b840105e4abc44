"""The Batch tab, used in a real browser."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from layout import assert_fits
from PIL import Image
from playwright.sync_api import Page, expect

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


def test_files_and_a_zip_are_upscaled_and_one_that_fails_is_reported(new_page, tmp_path):
    """On a narrow page, which does not scroll sideways for a long name."""
    name = "a-photo-with-a-name-that-is-rather-long-and-has-no-spaces"
    first, second = save(tmp_path / f"{name}.png", (40, 30)), save(tmp_path / "second.png", (30, 20))
    (tmp_path / "bad.png").write_bytes(b"no photo")
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.write(second, "second.png")
        archive.writestr("../evil.png", b"")
    page = open_tab(new_page(width=390, height=844))

    start(page, first, tmp_path / "bad.png", tmp_path / "more.zip")

    expect(page.locator("#batch-zip")).to_be_visible()
    expect(page.locator("#batch-states")).to_contain_text("2 of 4 done, 2 failed")
    rows = page.locator("#batch-states tbody tr")
    expect(rows.nth(0)).to_contain_text(f"{name}.png✓ done, 80 × 60 pixels")
    expect(rows.nth(1)).to_contain_text("bad.png✗ failed: ")
    expect(rows.nth(3)).to_contain_text("leads out of the zip")
    expect(page.locator("#batch-gallery img")).to_have_count(2)
    expect(page.locator("#batch-gallery")).to_contain_text(f"Preview of {name}")
    assert_fits(page, "#batch-files", "#batch-states", "#batch-gallery", "#batch-zip")
    model = DrlnModel.from_pretrained("drln-bam-compact", scale=2)
    with the_zip(page) as archive:
        assert archive.namelist() == [f"{name}_drln-bam-compact_2x.png", "second_drln-bam-compact_2x.png"]
        for name, photo in zip(archive.namelist(), (first, second)):
            result = Image.open(io.BytesIO(archive.read(name)))
            np.testing.assert_array_equal(np.asarray(result), np.asarray(Upscaler(model).upscale(Image.open(photo))))


def test_stop_keeps_what_is_done_and_begins_no_other_file(new_page, tmp_path):
    files = [save(tmp_path / f"{number}.png", (24, 20) if number == 0 else (900, 700)) for number in range(3)]
    page = open_tab(new_page())
    start(page, *files)
    expect(page.locator("#batch-states tbody tr").nth(0)).to_contain_text("done")
    expect(page.locator("#batch-states tbody tr").nth(1)).to_contain_text("working")

    page.locator("#batch-stop").click()

    expect(page.locator("#batch-progress")).to_contain_text("Stopped; the results so far are kept.")
    expect(page.locator("#batch-go")).to_be_visible()
    states = page.locator("#batch-states tbody td:nth-child(2)")
    assert [text.split(",")[0] for text in states.all_inner_texts()] == ["✓ done", "stopped", "stopped"]
    with the_zip(page) as archive:
        assert archive.namelist() == ["0_drln-bam-compact_2x.png"]


@pytest.mark.parametrize("later_ms", [0, 1500], ids=["at once", "when the page has long asked for its jobs"])
def test_a_batch_is_found_again_when_its_tab_is_opened_after_a_reload(new_page, tmp_path, later_ms):
    page = open_tab(new_page())
    start(page, save(tmp_path / "a.png", (40, 30)), save(tmp_path / "b.png", (300, 240)))
    expect(page.locator("#batch-states tbody tr").nth(1)).to_contain_text("working")

    page.reload()
    page.wait_for_selector("#upscale-go")
    page.wait_for_timeout(later_ms)
    page.get_by_role("tab", name="Batch").click()

    expect(page.locator("#batch-states")).to_contain_text("2 of 2 done")
    with the_zip(page) as archive:
        assert len(archive.namelist()) == 2
