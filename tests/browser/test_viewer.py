"""The viewer: its looks, what it shows next, and what it is on a phone."""

import base64
import io
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from viewer_page import (
    BOTH,
    FIRST,
    NARROW,
    SECOND,
    assert_shows,
    corner,
    drag,
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
HOSTILE = '"><img src=x onerror="document.title=1"><b>.png'


@pytest.fixture
def page(bare_page) -> Page:
    return bare_page


def test_left_of_the_line_is_the_left_picture_and_right_of_it_the_right_one(page):
    mount(page, BOTH)
    press(page, "100%")

    width = seen(page).shape[1]
    assert_shows(page, FIRST, "Bicubic", 1, 0, width // 2 - NARROW)
    assert_shows(page, SECOND, "Drln", 1, width // 2 + NARROW, width)


def test_the_line_follows_the_mouse_and_the_keys_and_says_where_it_is(page):
    mount(page, BOTH)
    line = page.get_by_role("slider", name="Line between Bicubic and Drln")
    expect(line).to_have_attribute("aria-valuetext", "50% Bicubic")
    box = page.get_by_alt_text("Drln").bounding_box()

    drag(page, middle(line), (box["width"] / 4, 0))
    expect(line).to_have_attribute("aria-valuenow", "75")
    page.mouse.click(box["x"] + box["width"] / 5, box["y"] + 80)
    expect(line).to_have_attribute("aria-valuenow", "20")
    line.focus()
    for key, share in (("ArrowRight", "22"), ("ArrowLeft", "20"), ("Shift+ArrowRight", "30"), ("End", "100")):
        page.keyboard.press(key)
        expect(line).to_have_attribute("aria-valuenow", share)
    press(page, "100%")
    line.focus()
    page.keyboard.press("Home")

    assert_shows(page, SECOND, "Drln", 1, NARROW, seen(page).shape[1])


def test_side_by_side_both_move_together(page):
    mount(page, BOTH)
    press(page, "Side by side")
    press(page, "200%")
    before = corner(page, "Bicubic")
    width = seen(page).shape[1]
    right = width - (width - 2) // 2    # where the right half begins

    drag(page, (200, 300), (-60, -40))

    assert corner(page, "Bicubic") == (before[0] - 60, before[1] - 40)
    assert corner(page, "Drln") == (before[0] - 60 + right, before[1] - 40)
    assert_shows(page, FIRST, "Bicubic", 2, 0, width - right)
    assert_shows(page, SECOND, "Drln", 2, right, width)


def test_flip_shows_one_picture_at_a_time_by_buttons_and_keys_and_the_other_while_held(page):
    third = noise(3)
    mount(page, {**BOTH, "pictures": [*BOTH["pictures"], picture("photo", third)], "look": "flip"})
    press(page, "100%")
    stage(page).focus()

    def assert_is(image: Image.Image, name: str) -> None:
        assert_shows(page, image, name, 1, 0, seen(page).shape[1])

    assert_is(SECOND, "Drln")
    page.keyboard.press("3")
    assert_is(third, "Photo")
    press(page, "1 Bicubic")
    assert_is(FIRST, "Bicubic")
    stage(page).focus()
    page.keyboard.down("Space")
    assert_is(SECOND, "Drln")
    page.keyboard.up("Space")
    assert_is(FIRST, "Bicubic")
    page.mouse.move(*middle(page.get_by_role("button", name="Hold for the other")))
    page.mouse.down()
    expect(page.get_by_role("button", name="2 Drln")).to_have_attribute("aria-pressed", "true")
    page.mouse.up()
    assert_is(FIRST, "Bicubic")


def test_the_map_of_changes_has_the_colour_of_each_difference_in_brightness(page):
    changed = Image.fromarray((np.asarray(FIRST) // 8 * 7 + np.arange(3, dtype=np.uint8)).astype(np.uint8))
    mount(page, {"pictures": [picture("one", FIRST), picture("other", changed)]})

    press(page, "Changes")

    drawn = page.locator("canvas").evaluate("canvas => canvas.toDataURL()").split(",")[1]
    drawn = np.asarray(Image.open(io.BytesIO(base64.b64decode(drawn))).convert("RGB")).astype(int)
    expected = in_colours(FIRST, changed)
    assert len(np.unique(expected)) > 60
    np.testing.assert_allclose(drawn, expected, atol=0.51)    # rounded
    expect(page.locator(".viewer-legend")).to_have_text("0 32 and more", use_inner_text=True)


def test_any_two_are_compared_and_change_places_where_one_is_chosen_twice(page):
    mount(page, {**BOTH, "pictures": [*BOTH["pictures"], picture("photo", noise(3))]})
    left, right = page.get_by_label("Picture on the left"), page.get_by_label("Picture on the right")

    left.select_option("Photo")
    expect(page.get_by_role("slider")).to_have_accessible_name("Line between Photo and Drln")
    right.select_option("Photo")

    expect(page.get_by_role("slider")).to_have_accessible_name("Line between Drln and Photo")
    assert left.input_value() == "Drln"


# What is shown next


def test_new_pictures_keep_the_zoom_the_place_and_the_look_where_the_frame_stays(page):
    mount(page, BOTH)
    press(page, "Side by side")
    press(page, "200%")
    drag(page, (200, 300), (-60, -40))
    before = corner(page, "Drln")

    show(page, {"pictures": [picture("drln", SECOND), picture("other", noise(5))], "left": "other", "right": "drln"})
    assert corner(page, "Drln") == before
    show(page, {"pictures": [picture("drln", noise(5, 700, 900)), picture("other", noise(6, 700, 900))]})

    expect(page.get_by_role("button", name="Fit")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Side by side")).to_have_attribute("aria-pressed", "true")


def test_the_stage_keeps_its_height_with_no_picture_one_and_many(page):
    mount(page, {"pictures": [], "note": "Here you will see your photo."})
    expect(page.get_by_text("Here you will see your photo.")).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)
    box = stage(page).bounding_box()

    show(page, {"pictures": [picture("photo", FIRST)]})
    assert stage(page).bounding_box() == box
    expect(page.get_by_role("button", name="Slider")).to_have_count(0)
    expect(page.get_by_role("slider")).to_have_count(0)
    show(page, {**BOTH, "note": "cat.jpg, 4×"})

    assert stage(page).bounding_box() == box
    expect(page.get_by_text("cat.jpg, 4×")).to_be_visible()


def test_a_title_is_text_whatever_it_is(page):
    pictures = [picture(name, image, title=HOSTILE) for name, image in (("a", FIRST), ("b", SECOND), ("c", FIRST))]

    for look in ("slider", "side", "flip", "changes"):
        mount(page, {"pictures": pictures, "look": look, "note": HOSTILE})

        assert page.title() == "Viewer"
        assert page.locator("#viewer b").count() == 0
        expect(page.locator(".viewer-note")).to_have_text(HOSTILE)
        assert page.locator("#viewer img").first.get_attribute("alt") == HOSTILE


# Phones


@pytest.fixture
def phone(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    yield context.new_page()
    context.close()


def test_a_vertical_swipe_scrolls_the_page_until_the_picture_is_enlarged(phone):
    mount(phone, BOTH)
    expect(stage(phone)).to_have_css("touch-action", "pan-y")

    press(phone, "100%")
    expect(stage(phone)).to_have_css("touch-action", "none")


def touch(page: Page, *steps: list[tuple[float, float]]) -> None:
    """Put fingers on these places, one list for each step, and lift them."""
    client = page.context.new_cdp_session(page)
    for kind, places in zip(["touchStart", *["touchMove"] * (len(steps) - 1), "touchEnd"], [*steps, []]):
        points = [{"x": x, "y": y, "id": finger} for finger, (x, y) in enumerate(places)]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_a_finger_that_swipes_across_moves_the_line_and_one_that_swipes_up_scrolls_the_page(phone):
    mount(phone, BOTH)
    x, y = middle(stage(phone))
    line = phone.get_by_role("slider")

    touch(phone, *[[(x + 40, y - by)] for by in range(0, 120, 10)])
    phone.wait_for_function("scrollY > 50")
    expect(line).to_have_attribute("aria-valuenow", "50")
    phone.evaluate("scrollTo(0, 0)")
    touch(phone, *[[(x + by, y)] for by in range(0, 100, 10)])

    expect(line).to_have_attribute("aria-valuenow", "74")    # 90 of 374 pixels further


def test_two_fingers_zoom(phone):
    mount(phone, BOTH)
    x, y = middle(stage(phone))

    touch(phone, *[[(x - apart, y), (x + apart, y)] for apart in (30, 60, 90, 120)])

    fitted = 374 / 1200
    expect(phone.locator(".viewer-percent")).to_have_text(f"{round(400 * fitted)}%")


def test_on_a_phone_the_bar_has_two_rows_of_large_targets_and_nothing_sticks_out(phone):
    mount(phone, {**BOTH, "pictures": [*BOTH["pictures"], picture("photo", noise(3), title="A long title " * 9)]})

    for look in ("Slider", "Side by side", "Flip", "Changes"):
        press(phone, look)
        assert phone.evaluate("document.documentElement.scrollWidth") == 390
        targets = phone.locator("button:visible, select:visible").all()
        assert all(target.bounding_box()["height"] >= 40 for target in targets)
        assert phone.locator(".viewer-bar").bounding_box()["height"] <= 2 * 42 + 8
