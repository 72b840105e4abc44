"""The viewer by itself, on a page that holds nothing else."""

import base64
import io
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from drln.plots import viewer_file

pytestmark = pytest.mark.browser

NARROW = 44    # pixels at the stage's edges and around the line that labels and knob may cover
COLOURS = ((0, 0, 0), (62, 22, 110), (178, 42, 84), (244, 132, 34), (255, 246, 170))
HOSTILE = '"><img src=x onerror="document.title=1"><b>.png'


def noise(seed: int, width: int = 1200, height: int = 900) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def data_uri(image: Image.Image) -> str:
    file = io.BytesIO()
    image.save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def picture(name: str, image: Image.Image, preview: Image.Image | None = None, **more) -> dict:
    size = {"width": image.width, "height": image.height}
    return {"id": name, "title": name.title(), "src": data_uri(preview or image), "pixelated": False, **size, **more}


@pytest.fixture(scope="module")
def first() -> Image.Image:
    return noise(1)


@pytest.fixture(scope="module")
def second() -> Image.Image:
    return noise(2)


@pytest.fixture(scope="module")
def both(first, second) -> dict:
    return {"pictures": [picture("bicubic", first), picture("drln", second)], "left": "bicubic", "right": "drln"}


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 801, "height": 700})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert not errors


def mount(page: Page, view: dict, options: str = "{}") -> None:
    """Put a viewer on an empty page that is higher than the window."""
    page.set_content(f"""<!doctype html><html lang="en"><title>Viewer</title>
        <meta name="viewport" content="width=device-width"><style>{viewer_file("viewer.css")}</style>
        <body style="height: 3000px"><main id="viewer"></main><script>{viewer_file("viewer.js")}</script>""")
    page.evaluate(f"window.viewer = drlnViewer(document.getElementById('viewer'), {options})")
    show(page, view)


def show(page: Page, view: dict) -> None:
    page.evaluate("view => viewer.show(view)", view)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def stage(page: Page) -> Locator:
    return page.locator(".viewer-stage")


def drag(page: Page, start: tuple[float, float], by: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + by[0], start[1] + by[1], steps=3)
    page.mouse.up()


def middle(locator: Locator) -> tuple[float, float]:
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def seen(page: Page) -> np.ndarray:
    """The stage's pixels, as they are on the screen."""
    page.mouse.move(0, 0)
    return np.asarray(Image.open(io.BytesIO(stage(page).screenshot())).convert("RGB"))


def corner(page: Page, name: str) -> tuple[int, int]:
    """Where a picture begins on the stage, in pixels; negative where it begins beyond the edge."""
    own, around = page.get_by_alt_text(name).first.bounding_box(), stage(page).bounding_box()
    return round(own["x"] - around["x"]), round(own["y"] - around["y"])


def enlarged(image: Image.Image, zoom: int) -> np.ndarray:
    return np.asarray(image).repeat(zoom, axis=0).repeat(zoom, axis=1)


def assert_shows(page: Page, image: Image.Image, name: str, zoom: int, start: int, end: int) -> None:
    """Assert that between two columns of the stage lie the image's own pixels, each a square of `zoom` pixels."""
    x, y = corner(page, name)
    screen = seen(page)
    rows = slice(NARROW, screen.shape[0] - NARROW)
    expected = enlarged(image, zoom)[rows.start - y : rows.stop - y, start - x : end - x]
    np.testing.assert_array_equal(screen[rows, start:end], expected)


# Looks


def test_left_of_the_line_is_the_left_picture_and_right_of_it_the_right_one(page, both, first, second):
    mount(page, both)
    press(page, "100%")

    width = seen(page).shape[1]
    assert_shows(page, first, "Bicubic", 1, 0, width // 2 - NARROW)
    assert_shows(page, second, "Drln", 1, width // 2 + NARROW, width)


def test_the_line_follows_the_mouse_and_the_keys_and_says_where_it_is(page, both, second):
    mount(page, both)
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

    assert_shows(page, second, "Drln", 1, NARROW, seen(page).shape[1])


def test_side_by_side_both_move_together(page, both, first, second):
    mount(page, both)
    press(page, "Side by side")
    press(page, "200%")
    before = corner(page, "Bicubic")
    width = seen(page).shape[1]
    right = width - (width - 2) // 2    # where the right half begins

    drag(page, (200, 300), (-60, -40))

    assert corner(page, "Bicubic") == (before[0] - 60, before[1] - 40)
    assert corner(page, "Drln") == (before[0] - 60 + right, before[1] - 40)
    assert_shows(page, first, "Bicubic", 2, 0, width - right)
    assert_shows(page, second, "Drln", 2, right, width)


def test_flip_shows_one_picture_at_a_time_by_buttons_and_keys_and_the_other_while_held(page, both, first, second):
    third = noise(3)
    mount(page, {**both, "pictures": [*both["pictures"], picture("photo", third)], "look": "flip"})
    press(page, "100%")
    stage(page).focus()

    def assert_is(image: Image.Image, name: str) -> None:
        assert_shows(page, image, name, 1, 0, seen(page).shape[1])

    assert_is(second, "Drln")
    page.keyboard.press("3")
    assert_is(third, "Photo")
    press(page, "1 Bicubic")
    assert_is(first, "Bicubic")
    stage(page).focus()
    page.keyboard.down("Space")
    assert_is(second, "Drln")
    page.keyboard.up("Space")
    assert_is(first, "Bicubic")
    page.mouse.move(*middle(page.get_by_role("button", name="Hold for the other")))
    page.mouse.down()
    expect(page.get_by_role("button", name="2 Drln")).to_have_attribute("aria-pressed", "true")
    page.mouse.up()
    assert_is(first, "Bicubic")


def test_the_map_of_changes_has_the_colour_of_each_difference_in_brightness(page, first):
    changed = Image.fromarray((np.asarray(first) // 8 * 7 + np.arange(3, dtype=np.uint8)).astype(np.uint8))
    mount(page, {"pictures": [picture("one", first), picture("other", changed)]})

    press(page, "Changes")

    drawn = page.locator("canvas").evaluate("canvas => canvas.toDataURL()").split(",")[1]
    drawn = np.asarray(Image.open(io.BytesIO(base64.b64decode(drawn))).convert("RGB")).astype(int)
    brightness = [np.asarray(image.convert("L")).astype(float) for image in (first, changed)]
    change = np.abs(brightness[0] - brightness[1]).clip(0, 32)
    assert len(np.unique(change)) > 20
    colours = [np.interp(change, np.linspace(0, 32, 5), channel) for channel in zip(*COLOURS)]
    np.testing.assert_allclose(drawn, np.stack(colours, axis=2), atol=0.51)    # rounded
    expect(page.locator(".viewer-legend")).to_have_text("0 32 and more", use_inner_text=True)


def test_any_two_are_compared_and_change_places_where_one_is_chosen_twice(page, both):
    mount(page, {**both, "pictures": [*both["pictures"], picture("photo", noise(3))]})
    left, right = page.get_by_label("Picture on the left"), page.get_by_label("Picture on the right")

    left.select_option("Photo")
    expect(page.get_by_role("slider")).to_have_accessible_name("Line between Photo and Drln")
    right.select_option("Photo")

    expect(page.get_by_role("slider")).to_have_accessible_name("Line between Drln and Photo")
    assert left.input_value() == "Drln"


# Zoom


@pytest.mark.parametrize("zoom", [1, 2, 4])
def test_a_zoom_shows_the_own_pixels_as_squares(page, first, zoom):
    mount(page, {"pictures": [picture("photo", first)]})

    press(page, f"{zoom}00%")

    assert_shows(page, first, "Photo", zoom, 0, seen(page).shape[1])


def test_a_small_photo_lies_over_the_large_one_with_square_pixels(page, first):
    small = first.resize((300, 225), Image.Resampling.BOX)
    mount(page, {"pictures": [picture("photo", small, pixelated=True), picture("drln", first)], "look": "flip"})
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


def test_the_wheel_scrolls_the_page_and_zooms_with_ctrl(page, both):
    mount(page, both)
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


def test_the_place_under_the_mouse_stays_when_the_wheel_zooms(page, both):
    mount(page, both)
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


def test_keys_zoom_and_move_and_a_double_click_goes_there_and_back(page, both):
    mount(page, both)
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


def test_it_opens_where_the_pictures_differ_most(page, first):
    pixels = np.array(first)
    pixels[100:120, 80:100] = 255    # a little
    pixels[600:720, 900:1020] = 255 - pixels[600:720, 900:1020]    # much
    mount(page, {"pictures": [picture("one", first), picture("other", Image.fromarray(pixels))]})

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


def test_the_visible_part_is_asked_for_and_drawn_in_its_place(page, first, second):
    reduced(page, {"bicubic": first, "drln": second})
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
    assert_shows(page, first, "Bicubic", 1, 0, width // 2 - NARROW)
    assert_shows(page, second, "Drln", 1, width // 2 + NARROW, width)


def test_the_map_of_changes_is_drawn_anew_from_own_pixels(page, first, second):
    reduced(page, {"bicubic": first, "drln": second})
    press(page, "Changes")
    press(page, "100%")
    page.wait_for_function("document.querySelectorAll('.viewer-layer img').length === 4")

    x, y = corner(page, "Drln")
    screen = seen(page)[NARROW:-NARROW].astype(int)
    brightness = [np.asarray(image.convert("L")).astype(float) for image in (first, second)]
    change = np.abs(brightness[0] - brightness[1]).clip(0, 32)
    change = change[NARROW - y : NARROW - y + screen.shape[0], -x : -x + screen.shape[1]]
    colours = [np.interp(change, np.linspace(0, 32, 5), channel) for channel in zip(*COLOURS)]
    np.testing.assert_allclose(screen, np.stack(colours, axis=2), atol=0.51)


@pytest.mark.parametrize("answer", ["null", "Promise.reject(new Error('gone'))"])
def test_without_an_answer_the_preview_stays(page, first, answer):
    reduced(page, {"photo": first}, f"{{region: async () => {{ requests.push(1); return {answer}; }}}}")

    press(page, "100%")

    page.wait_for_function("requests.length === 1")
    expect(page.get_by_alt_text("Photo")).to_have_count(1)
    page.wait_for_timeout(400)
    assert page.evaluate("requests.length") == 1    # and it is not asked for again and again


def test_an_answer_that_comes_too_late_is_dropped(page, first):
    reduced(page, {"photo": first}, """{region: async ({box}) => {
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


# What is shown next


def test_new_pictures_keep_the_zoom_the_place_and_the_look_where_the_frame_stays(page, both, second):
    mount(page, both)
    press(page, "Side by side")
    press(page, "200%")
    drag(page, (200, 300), (-60, -40))
    before = corner(page, "Drln")

    show(page, {"pictures": [picture("drln", second), picture("other", noise(5))], "left": "other", "right": "drln"})
    assert corner(page, "Drln") == before
    show(page, {"pictures": [picture("drln", noise(5, 700, 900)), picture("other", noise(6, 700, 900))]})

    expect(page.get_by_role("button", name="Fit")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Side by side")).to_have_attribute("aria-pressed", "true")


def test_the_stage_keeps_its_height_with_no_picture_one_and_many(page, both, first):
    mount(page, {"pictures": [], "note": "Here you will see your photo."})
    expect(page.get_by_text("Here you will see your photo.")).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)
    box = stage(page).bounding_box()

    show(page, {"pictures": [picture("photo", first)]})
    assert stage(page).bounding_box() == box
    expect(page.get_by_role("button", name="Slider")).to_have_count(0)
    expect(page.get_by_role("slider")).to_have_count(0)
    show(page, {**both, "note": "cat.jpg, 4×"})

    assert stage(page).bounding_box() == box
    expect(page.get_by_text("cat.jpg, 4×")).to_be_visible()


def test_a_title_is_text_whatever_it_is(page, first, second):
    pictures = [picture(name, image, title=HOSTILE) for name, image in (("a", first), ("b", second), ("c", first))]

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


def test_a_vertical_swipe_scrolls_the_page_until_the_picture_is_enlarged(phone, both):
    mount(phone, both)
    expect(stage(phone)).to_have_css("touch-action", "pan-y")

    press(phone, "100%")
    expect(stage(phone)).to_have_css("touch-action", "none")


def test_two_fingers_zoom(phone, both):
    mount(phone, both)
    client = phone.context.new_cdp_session(phone)
    x, y = middle(stage(phone))

    for kind, apart in (("Start", 30), ("Move", 60), ("Move", 90), ("Move", 120)):
        points = [{"x": x - apart, "y": y, "id": 1}, {"x": x + apart, "y": y, "id": 2}]
        client.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    fitted = 374 / 1200
    expect(phone.locator(".viewer-percent")).to_have_text(f"{round(400 * fitted)}%")


def test_on_a_phone_the_bar_has_two_rows_of_large_targets_and_nothing_sticks_out(phone, both):
    mount(phone, {**both, "pictures": [*both["pictures"], picture("photo", noise(3), title="A long title " * 9)]})

    for look in ("Slider", "Side by side", "Flip", "Changes"):
        press(phone, look)
        assert phone.evaluate("document.documentElement.scrollWidth") == 390
        targets = phone.locator("button:visible, select:visible").all()
        assert all(target.bounding_box()["height"] >= 40 for target in targets)
        assert phone.locator(".viewer-bar").bounding_box()["height"] <= 2 * 42 + 8
