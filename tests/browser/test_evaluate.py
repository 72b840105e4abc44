"""The Evaluate tab, used with the mouse in a real browser, without a hub."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from layout import assert_fits
from PIL import Image
from playwright.sync_api import Page, expect

from drln import DrlnModel
from drln.data import find_set
from drln.evaluation.scoring import BICUBIC, evaluate
from drln.evaluation.tables import format_score

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def model() -> DrlnModel:
    return DrlnModel.from_pretrained("drln-bam-compact", scale=2)


@pytest.fixture(scope="module")
def photo(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "sharp photo.png"
    Image.effect_noise((66, 50), 60).convert("RGB").save(path)
    return path


def open_tab(page: Page) -> Page:
    page.get_by_role("tab", name="Evaluate").click()
    page.locator("#trial-go").wait_for()
    return page


def choose(page: Page, group: str, label: str) -> None:
    page.locator(f"#{group} label", has_text=label).first.click()


def measure_photo(page: Page, photo: Path) -> None:
    choose(page, "trial-scale", "2×")
    page.set_input_files("#trial-photo input[type=file]", photo)
    expect(page.locator("#trial-plan")).to_contain_text("from 66 × 50 pixels to 33 × 25 pixels")
    page.locator("#trial-go").click()
    page.locator("#trial-errors-drln img").wait_for()


def test_a_photo_is_measured_and_shown_on_a_narrow_page_that_does_not_scroll_sideways(new_page, model, photo):
    page = open_tab(new_page(width=390, height=844))

    measure_photo(page, photo)

    for name, by in (("Bicubic", BICUBIC), ("DRLN-BAM compact", model)):
        expected = evaluate(by, [photo], scale=2)
        row = page.locator("#trial-table tr", has_text=name)
        expect(row).to_contain_text(f"{expected.psnr:.2f}")
        expect(row).to_contain_text(f"{expected.ssim:.4f}")
    sizes = {"#trial-slider img": (66, 50), "#trial-lr img": (66, 50), "#trial-errors-bicubic img": (62, 46)}
    for selector, size in sizes.items():
        content = page.request.get(page.locator(selector).first.get_attribute("src")).body()
        assert np.asarray(Image.open(io.BytesIO(content))).shape[1::-1] == size
    assert_fits(page, "#trial-photo", "#trial-table", "#trial-slider", "#trial-lr", "#trial-degradation", "#bench-set",
                "#bench-degradation", "#bench-models")    # fmt: skip


def test_a_degradation_that_does_not_fit_is_refused_in_words_and_one_that_does_is_measured(new_page, photo):
    page = open_tab(new_page())
    choose(page, "trial-degradation", "BD")
    choose(page, "trial-scale", "2×")
    page.set_input_files("#trial-photo input[type=file]", photo)
    expect(page.locator("#trial-plan [role=alert]")).to_contain_text("bd is for 3x alone, and the scale is 2")
    expect(page.locator("#trial-go")).to_be_disabled()

    choose(page, "trial-scale", "3×")
    expect(page.locator("#trial-plan")).to_contain_text("to 22 × 16 pixels and degraded by a blur of sigma 1.6")
    page.locator("#trial-go").click()
    page.locator("#trial-errors-drln img").wait_for()

    expected = evaluate(BICUBIC, [photo], scale=3, degradation="bd")
    expect(page.locator("#trial-table tr", has_text="Bicubic")).to_contain_text(f"{expected.psnr:.2f}")
    expect(page.locator("#trial-table")).to_contain_text("degraded by a blur of sigma 1.6")


def test_a_message_says_that_a_set_is_unavailable_and_the_samples_are_measured_instead(new_page):
    page = open_tab(new_page())
    choose(page, "bench-set", "Set5")
    page.locator("#bench-go").click()
    expect(page.locator("#bench-progress [role=alert]")).to_contain_text("Set5 is unavailable")

    page.locator("#bench-samples").click()
    page.locator("#bench-go").click()

    expected = evaluate(DrlnModel.from_pretrained("drln-bam-compact", scale=4), find_set("samples"))
    row = page.locator("#bench-table tr", has_text="samples")
    expect(row).to_contain_text(format_score(expected.psnr, expected.ssim))
    expect(page.locator("#bench-chart .chart-row")).to_have_count(2)
    expect(page.locator("#bench-go")).to_be_visible()
    with page.expect_download() as download:
        page.locator("#bench-csv").click()
    lines = list(csv.DictReader(Path(download.value.path()).open()))
    assert [line["psnr"] for line in lines[6:-1]] == [f"{image.psnr:.4f}" for image in expected.images]
    assert [line["image"] for line in lines[5::6]] == ["mean", "mean"]


def test_stop_keeps_the_scores_that_were_measured(new_page):
    page = open_tab(new_page())
    choose(page, "bench-scales", "2×")    # beside 4×
    page.locator("#bench-go").click()
    page.locator("#bench-table td", has_text="images)").first.wait_for()

    page.locator("#bench-stop").click()

    expect(page.locator("#bench-progress")).to_contain_text("Stopped")
    expect(page.locator("#bench-go")).to_be_visible()
    expect(page.locator("#bench-table")).to_be_visible()
    expect(page.locator("#bench-csv")).to_be_visible()
