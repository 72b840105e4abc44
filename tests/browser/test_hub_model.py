"""A model of the hub, chosen on the page of an app whose hub answers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import HubServer
from live_app import running_app
from PIL import Image
from playwright.sync_api import Page, expect
from steps import choose, ready, upload, upscale
from weight_files import PUBLISHED_CONFIG, file_of, tiny_weights

from drln.weights.sources import PINNED

pytestmark = pytest.mark.browser
MODEL = "eugenesiow/drln-bam"


@pytest.fixture(scope="module")
def hub() -> Iterator[HubServer]:
    """The published repository, with small weights of one scale."""
    server = HubServer()
    files = {"config.json": PUBLISHED_CONFIG.encode(), "pytorch_model_2x.pt": file_of(tiny_weights(2))}
    server.add(MODEL, files, commit=PINNED[MODEL])
    yield server
    server.close()


@pytest.fixture(scope="module")
def page(hub, chromium, tmp_path_factory) -> Iterator[Page]:
    with running_app(tmp_path_factory.mktemp("app"), HF_ENDPOINT=hub.endpoint) as app, chromium.new_context() as window:
        page = window.new_page()
        page.goto(app.address)
        page.wait_for_selector("#upscale-go")
        yield page


def test_a_model_says_that_it_will_be_downloaded_until_it_is_here(page, hub, tmp_path):
    Image.effect_noise((24, 20), 60).convert("RGB").save(tmp_path / "photo.png")
    upload(page, Path(tmp_path / "photo.png"))
    choose(page, "scale", "2×")
    choose(page, "model", "Best quality")
    expect(page.locator("#model-note")).to_contain_text("137 MB will be downloaded first.")
    assert {asked.method for asked in hub.asked(MODEL)} == {"HEAD"}    # nothing was downloaded to find it out
    expect(page.locator("#use-fast")).to_have_count(0)

    upscale(page, "48 × 40")

    choose(page, "model", "Fast")
    expect(page.locator("#model-note")).to_have_count(0)
    choose(page, "model", "Best quality")
    ready(page, "48 × 40")
    expect(page.locator("#model-note")).to_have_count(0)


def test_a_scale_that_the_hub_lacks_is_unavailable(page):
    choose(page, "scale", "3×")

    alert = page.locator("#model-note [role=alert]")
    expect(alert).to_contain_text("Best quality cannot be downloaded now. Use Fast, or try again later.")
    expect(alert).to_contain_text("has no file model_3x.safetensors")
