"""The viewer: how pictures are enlarged, and their own pixels where only a preview was loaded."""


import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from viewer_page import (
    BOTH,
    FIRST,
    NARROW,
    SECOND,
    assert_shows,
    corner,
    data_uri,
    in_colours,
    middle,
    mount,
    noise,
    picture,
    press,
    seen,
    show,
    stage,
)

pytestmark = pytest.mark.browser


@pytest.fixture
def page(bare_page) -> Page:
    return bare_page


@pytest.mark.parametrize("zoom", [1, 2, 4])
def test_a_zoom_shows_the_own_pixels_as_squares(page, zoom):
    mount(page, {"pictures": [picture("photo", FIRST)]})

    press(page, f"{zoom}00%")

    assert_shows(page, FIRST, "Photo", zoom, 0, seen(page).shape[1])


def test_a_small_photo_lies_over_the_large_one_with_square_pixels(page):
    small = FIRST.resize((300, 225), Image.Resampling.BOX)
    mount(page, {"pictures": [picture("photo", small, pixelated=True), picture("drln", FIRST)], "look": "flip"})
    press(page, "100%")
    where = corner(page, "Drln")

    press(page, "1 Photo")

    assert corner(page, "Photo") == where
    assert_shows(page, small, "Photo", 4, 0, seen(page).shape[1])


def test_a_small_picture_is_enlarged_to_fit_but_not_more_than_four_times(page):
    mount(page, {"pictures": [picture("photo", noise(1, 60, 40))]})
    assert page.get_by_alt_text("Photo").bounding_box()["width"] == 240

    show(page, {"pictures": [picture("photo", noise(1, 240, 160))]})

    box, around = page.get_by_alt_text("Photo").bounding_box(), stage(page).bounding_box()
    assert box["height"] == pytest.approx(around["height"])


def test_the_wheel_scrolls_the_page_and_zooms_with_ctrl(page):
    mount(page, BOTH)
    percent = page.locator(".viewer-percent")
    fitted = percent.inner_text()
    page.mouse.move(*middle(stage(page)))

    page.mouse.wheel(0, 120)
    page.wait_for_function("scrollY === 120")
    expect(percent).to_have_text(fitted)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -120)

    expect(percent).not_to_have_text(fitted)
    assert page.evaluate("scrollY") == 120


def test_the_place_under_the_mouse_stays_when_the_wheel_zooms(page):
    mount(page, BOTH)
    press(page, "100%")
    before = corner(page, "Drln")
    box = stage(page).bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 300)
    page.keyboard.down("Control")

    for _ in range(3):
        page.mouse.wheel(0, -100)
    expect(page.locator(".viewer-percent")).to_have_text("212%")

    after, zoom = corner(page, "Drln"), np.exp(0.75)
    assert (200 - after[0]) / zoom == pytest.approx(200 - before[0], abs=1)
    assert (300 - after[1]) / zoom == pytest.approx(300 - before[1], abs=1)


def test_keys_zoom_and_move_and_a_double_click_goes_there_and_back(page):
    mount(page, BOTH)
    percent = page.locator(".viewer-percent")
    fitted = percent.inner_text()
    stage(page).focus()

    for key, expected in (("+", "50%"), ("+", "71%"), ("+", "100%"), ("-", "71%"), ("0", fitted)):
        page.keyboard.press(key)
        expect(percent).to_have_text(expected)
    stage(page).dblclick(position={"x": 300, "y": 200})
    expect(percent).to_have_text("100%")
    stage(page).focus()
    before = corner(page, "Drln")
    page.keyboard.press("ArrowRight")
    assert corner(page, "Drln")[0] < before[0]
    stage(page).dblclick(position={"x": 300, "y": 200})

    expect(percent).to_have_text(fitted)


def test_it_opens_where_the_pictures_differ_most(page):
    pixels = np.array(FIRST)
    pixels[100:120, 80:100] = 255    # a little
    pixels[600:720, 900:1020] = 255 - pixels[600:720, 900:1020]    # much
    mount(page, {"pictures": [picture("one", FIRST), picture("other", Image.fromarray(pixels))]})

    press(page, "200%")

    x, y = corner(page, "One")
    width, height = stage(page).bounding_box()["width"], stage(page).bounding_box()["height"]
    assert 900 < (width / 2 - x) / 2 < 1020
    assert 600 < (height / 2 - y) / 2 < 720


# The own pixels of a picture of which a preview was loaded

CROP = """{region: async ({id, box, size}) => {
    requests.push({id, box, size});
    const whole = Object.assign(new Image(), {src: originals[id]});
    await whole.decode();
    const canvas = Object.assign(document.createElement('canvas'), {width: size[0], height: size[1]});
    canvas.getContext('2d').drawImage(whole, -Math.round(box[0] * whole.width), -Math.round(box[1] * whole.height));
    return canvas.toDataURL();
}}"""


def reduced(page: Page, pictures: dict[str, Image.Image], options: str = CROP) -> None:
    """Mount a viewer that has only previews of the pictures."""
    own = {name: data_uri(image) for name, image in pictures.items()}
    page.evaluate("own => { window.requests = []; window.originals = own; }", own)
    previews = [picture(name, image, image.resize((800, 600))) for name, image in pictures.items()]
    mount(page, {"pictures": previews}, options)


def test_the_visible_part_is_asked_for_and_drawn_in_its_place(page):
    reduced(page, {"bicubic": FIRST, "drln": SECOND})
    press(page, "100%")
    page.wait_for_function("document.querySelectorAll('.viewer-layer img').length === 4")

    width, height = (round(stage(page).bounding_box()[side]) for side in ("width", "height"))
    x, y = corner(page, "Drln")
    requests = page.evaluate("requests")
    assert sorted(request["id"] for request in requests) == ["bicubic", "drln"]
    for request in requests:
        box = [-x / 1200, -y / 900, (width - x) / 1200, (height - y) / 900]
        assert request["box"] == pytest.approx(box, abs=1e-6)
        assert request["size"] == [width, height]
    assert_shows(page, FIRST, "Bicubic", 1, 0, width // 2 - NARROW)
    assert_shows(page, SECOND, "Drln", 1, width // 2 + NARROW, width)


def test_the_map_of_changes_is_drawn_anew_from_own_pixels(page):
    reduced(page, {"bicubic": FIRST, "drln": SECOND})
    press(page, "Changes")
    press(page, "100%")
    page.wait_for_function("document.querySelectorAll('.viewer-layer img').length === 4")

    x, y = corner(page, "Drln")
    screen = seen(page)[NARROW:-NARROW].astype(int)
    rows, columns = slice(NARROW - y, NARROW - y + screen.shape[0]), slice(-x, -x + screen.shape[1])
    np.testing.assert_allclose(screen, in_colours(FIRST, SECOND)[rows, columns], atol=0.51)    # rounded


@pytest.mark.parametrize("answer", ["null", "Promise.reject(new Error('gone'))"])
def test_without_an_answer_the_preview_stays(page, answer):
    reduced(page, {"photo": FIRST}, f"{{region: async () => {{ requests.push(1); return {answer}; }}}}")

    press(page, "100%")

    page.wait_for_function("requests.length === 1")
    expect(page.get_by_alt_text("Photo")).to_have_count(1)
    page.wait_for_timeout(400)
    assert page.evaluate("requests.length") == 1    # and it is not asked for again and again


def test_an_answer_that_comes_too_late_is_dropped(page):
    reduced(page, {"photo": FIRST}, """{region: async ({box}) => {
        requests.push(box);
        await new Promise(done => { window.answers = [...(window.answers || []), done]; });
        return originals.photo;
    }}""")
    press(page, "100%")
    page.wait_for_function("requests.length === 1")
    press(page, "200%")
    page.wait_for_function("requests.length === 2")

    page.evaluate("answers[1](), answers[0]()")

    expect(page.get_by_alt_text("Photo")).to_have_count(2)
    part = page.locator(".viewer-layer img").nth(1).bounding_box()
    whole = page.locator(".viewer-layer img").nth(0).bounding_box()
    box = page.evaluate("requests[1]")
    assert part["x"] - whole["x"] == pytest.approx(box[0] * whole["width"], abs=0.1)
    assert part["width"] == pytest.approx((box[2] - box[0]) * whole["width"], abs=0.1)
