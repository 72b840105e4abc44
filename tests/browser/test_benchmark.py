"""The Benchmark tab, used with the mouse in a real browser, without a hub."""

import csv
from pathlib import Path

import pytest
from layout import assert_accessible, assert_fits, assert_no_text_is_cut
from playwright.sync_api import Page, expect

from drln import DrlnModel
from drln.data import find_set
from drln.evaluation.scoring import evaluate

pytestmark = pytest.mark.browser


def open_tab(page: Page) -> Page:
    page.get_by_role("tab", name="Benchmark").click()
    page.locator("#bench-go").wait_for()
    return page


def choose(page: Page, group: str, label: str) -> None:
    page.locator(f"#{group} label", has_text=label).first.click()


def test_a_message_says_that_a_set_is_unavailable_and_the_samples_are_measured_instead(new_page):
    page = open_tab(new_page())
    choose(page, "bench-set", "Set5")
    page.locator("#bench-go").click()
    expect(page.locator("#bench-progress [role=alert]")).to_contain_text("Set5 is unavailable")

    page.locator("#bench-samples").click()
    page.locator("#bench-go").click()

    expected = evaluate(DrlnModel.from_pretrained("drln-bam-compact", scale=4), find_set("samples"))
    expect(page.get_by_role("rowheader", name="Sample photos, 4×")).to_be_visible()
    row = page.locator("#bench-table tr", has=page.get_by_role("rowheader", name="DRLN-BAM compact", exact=True))
    expect(row.locator("td")).to_have_text([f"{expected.psnr:.2f}", f"{expected.ssim:.4f}"])
    expect(page.locator("#bench-table .track .dot")).to_have_count(2)
    expect(page.locator("#bench-go")).to_be_enabled()
    with page.expect_download() as download:
        page.locator("#bench-csv").click()
    lines = list(csv.DictReader(Path(download.value.path()).open()))
    assert [line["psnr"] for line in lines[6:-1]] == [f"{image.psnr:.4f}" for image in expected.images]
    assert [line["image"] for line in lines[5::6]] == ["mean", "mean"]


def test_stop_keeps_the_scores_that_were_measured(new_page):
    page = open_tab(new_page())
    choose(page, "bench-scales", "2×")    # beside 4×
    page.locator("#bench-go").click()
    page.locator("#bench-table th", has_text="images)").first.wait_for()

    page.locator("#bench-stop").click()

    expect(page.locator("#bench-progress")).to_contain_text("Stopped")
    expect(page.locator("#bench-go")).to_be_enabled()
    expect(page.locator("#bench-table")).to_be_visible()
    expect(page.locator("#bench-csv")).to_be_visible()


def test_a_model_that_is_unavailable_is_named_and_nothing_is_measured(new_page):
    page = open_tab(new_page())
    choose(page, "bench-models", "Best quality")

    page.locator("#bench-go").click()

    alert = page.locator("#bench-progress [role=alert]")
    expect(alert).to_contain_text("DRLN-BAM is unavailable from the hub")
    expect(alert).to_contain_text("Best quality cannot be downloaded now. Take it out of the models")
    expect(page.locator("#bench-table")).to_be_hidden()
    expect(page.locator("#bench-go")).to_be_enabled()


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (390, "light"), (1280, "light")])
def test_all_that_the_tab_says_is_whole_and_readable(new_page, width, scheme):
    page = open_tab(new_page(width=width, height=844, color_scheme=scheme))
    choose(page, "bench-models", "For JPEG photos")
    page.locator("#bench-how").get_by_role("button").click()
    page.locator("#bench-go").click()
    expect(page.locator("#bench-table .track .dot")).to_have_count(3)
    expect(page.locator("#bench-table th", has_text="images)")).to_have_count(0)
    expect(page.locator("#bench-go")).to_be_enabled()

    assert_fits(page, "#bench-set", "#bench-models", "#bench-degradation", "#bench-table")
    assert_no_text_is_cut(page)
    assert_accessible(page)


def test_every_dot_is_seen_above_its_place_on_the_axis(new_page):
    page = open_tab(new_page(width=390, height=844))
    page.locator("#bench-go").click()
    expect(page.locator("#bench-table .track .dot")).to_have_count(2)
    expect(page.locator("#bench-table th", has_text="images)")).to_have_count(0)

    def middle(part) -> float:
        box = part.bounding_box()
        return box["x"] + box["width"] / 2

    ticks = [(float(tick.inner_text()), middle(tick)) for tick in page.locator("#bench-table .axis .track span").all()]
    (low, left), (high, right) = ticks[0], ticks[-1]
    for row in page.locator("#bench-table tr", has=page.locator(".track .dot")).all():
        psnr = float(row.locator("td").first.inner_text())
        expected = left + (psnr - low) / (high - low) * (right - left)
        assert middle(row.locator(".dot")) == pytest.approx(expected, abs=2)
