"""The Evaluate tab, used with the mouse in a real browser, without a hub."""

import io
from pathlib import Path

import numpy as np
import pytest
from layout import assert_accessible, assert_fits, assert_no_text_is_cut
from PIL import Image
from playwright.sync_api import Page, expect

from drln import DrlnModel
from drln.evaluation.scoring import BICUBIC, evaluate

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


def picture(page: Page, selector: str) -> Image.Image:
    return Image.open(io.BytesIO(page.request.get(page.locator(selector).first.get_attribute("src")).body()))


def test_a_photo_is_measured_and_shown_on_a_narrow_page_that_does_not_scroll_sideways(new_page, model, photo):
    page = open_tab(new_page(width=390, height=844))

    measure_photo(page, photo)

    by_bicubic, by_drln = (evaluate(by, [photo], scale=2) for by in (BICUBIC, model))
    for name, expected in (("Bicubic", by_bicubic), ("DRLN-BAM compact", by_drln)):
        row = page.locator("#trial-table tr", has=page.get_by_role("rowheader", name=name, exact=True))
        expect(row).to_contain_text(f"{expected.psnr:.2f}")
        expect(row).to_contain_text(f"{expected.ssim:.4f}")
    gained = round(by_drln.psnr, 2) - round(by_bicubic.psnr, 2)
    verdict = f"DRLN-BAM compact is {abs(gained):.2f} dB {'closer to' if gained > 0 else 'further from'} your photo"
    expect(page.get_by_role("heading", name=verdict)).to_be_visible()
    for title in ("Your photo", "Bicubic", "DRLN-BAM compact"):
        assert picture(page, f'#trial-viewer img[alt="{title}"]').size == (66, 50)
    assert picture(page, '#trial-viewer img[alt="Made smaller"]').size == (33, 25)
    np.testing.assert_array_equal(
        np.asarray(picture(page, '#trial-viewer img[alt="Your photo"]').convert("RGB")), np.asarray(Image.open(photo))
    )
    maps = [page.locator(f'#trial-errors img[alt="Errors: {name}"]') for name in ("Bicubic", "DRLN-BAM compact")]
    assert [picture(page, f"#trial-errors-{name} img").size for name in ("bicubic", "drln")] == [(62, 46)] * 2
    first, second = (one.bounding_box() for one in maps)
    assert first["y"] == second["y"] and first["x"] + first["width"] <= second["x"]
    assert_fits(page, "#trial-photo", "#trial-table", "#trial-viewer", "#trial-errors", "#trial-how")


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (390, "light"), (1280, "light")])
def test_all_that_the_tab_says_is_whole_and_readable(new_page, photo, width, scheme):
    page = open_tab(new_page(width=width, height=844, color_scheme=scheme))
    measure_photo(page, photo)
    page.locator("#trial-how").get_by_role("button").click()
    page.locator("#trial-table summary").click()
    expect(page.get_by_text("measured without 2 pixels at each border")).to_be_visible()
    expect(page.locator("#trial-degradation")).to_be_visible()

    assert_fits(page, "#trial-table", "#trial-errors", "#trial-degradation")
    assert_no_text_is_cut(page)
    assert_accessible(page)


def test_another_photo_takes_the_place_of_a_result(new_page, photo, tmp_path):
    page = open_tab(new_page())
    measure_photo(page, photo)
    Image.effect_noise((80, 60), 60).save(tmp_path / "other.png")

    page.set_input_files("#trial-photo input[type=file]", tmp_path / "other.png")

    expect(page.locator("#trial-plan")).to_contain_text("from 80 × 60 pixels")
    expect(page.locator("#trial-table")).to_be_hidden()
    expect(page.locator("#trial-errors")).to_be_hidden()
    expect(page.locator("#trial-viewer img")).to_have_count(1)


def test_a_degradation_that_does_not_fit_is_refused_in_words_and_one_that_does_is_measured(new_page, photo):
    page = open_tab(new_page())
    page.locator("#trial-how").get_by_role("button").click()
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
    page.locator("#trial-table summary").click()
    expect(page.locator("#trial-table")).to_contain_text("degraded by a blur of sigma 1.6")


def test_the_button_stays_in_its_place_while_the_plan_changes(new_page, tmp_path):
    page = open_tab(new_page())
    before = page.locator("#trial-go").bounding_box()
    (tmp_path / "broken.png").write_bytes(b"no photo")

    page.set_input_files("#trial-photo input[type=file]", tmp_path / "broken.png")

    expect(page.locator("#trial-plan [role=alert]")).to_contain_text("no image that can be read")
    assert page.locator("#trial-go").bounding_box() == before
