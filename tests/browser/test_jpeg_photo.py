"""The model for JPEG photos, suggested by the Upscale tab, in a real browser."""

import pytest
from layout import assert_fits
from PIL import Image
from playwright.sync_api import expect
from steps import ready

pytestmark = pytest.mark.browser


def test_a_jpeg_gets_a_sentence_and_a_button_that_chooses_the_model(new_page, tmp_path):
    page = new_page(width=390, height=844)
    Image.effect_noise((48, 40), 70).convert("RGB").save(tmp_path / "photo.jpg", quality=50)
    page.set_input_files("#photo input[type=file]", tmp_path / "photo.jpg")
    plan, button = page.locator("#plan"), page.get_by_role("button", name="Use “For JPEG photos”")
    chosen = page.locator("#model input:checked")
    expect(plan).to_contain_text("This photo is a JPEG of quality about 50: For JPEG photos removes its blocks")
    expect(chosen).to_have_value("drln-bam-compact")    # until the user decides otherwise
    assert_fits(page, "#plan", "#for-jpeg", "#upscale-go")

    button.click()

    expect(chosen).to_have_value("drln-bam-compact-photo")
    expect(button).to_have_count(0)
    expect(plan).not_to_contain_text("JPEG")
    ready(page, "192 × 160")


def test_a_png_gets_neither(page, tmp_path):
    Image.effect_noise((48, 40), 70).convert("RGB").save(tmp_path / "photo.png")
    page.set_input_files("#photo input[type=file]", tmp_path / "photo.png")

    ready(page, "192 × 160")
    expect(page.locator("#plan")).not_to_contain_text("JPEG")
    expect(page.locator("#for-jpeg")).to_have_count(0)
