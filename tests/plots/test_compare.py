import base64
import io
import json
import re

import numpy as np
import pytest
import torch
from PIL import Image

from drln.plots import compare

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)


def embedded(comparison):
    """The view that the page's script is given, as it stands in the HTML."""
    return json.loads(re.search(r"\.show\((\{.*\})\);", comparison._repr_html_())[1])


def pixels(shown):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(shown["src"].removeprefix("data:image/png;base64,")))))


def test_pictures_of_every_kind_are_embedded_with_their_own_pixels():
    cut_out = np.dstack([PIXELS, PIXELS[:, :, 0]])
    kinds = {
        "image": (Image.fromarray(PIXELS), PIXELS),
        "grey image": (Image.fromarray(PIXELS[:, :, 0]), PIXELS[:, :, 0]),
        "cut out": (Image.fromarray(cut_out), cut_out),
        "array": (PIXELS, PIXELS),
        "tensor": (torch.from_numpy(PIXELS / 255).permute(2, 0, 1)[None], PIXELS),
        "numbers": (PIXELS[:, :, 1] / 255, PIXELS[:, :, 1]),
        "16 bits": (PIXELS[:, :, 2].astype(np.uint16) * 257, PIXELS[:, :, 2]),
    }

    shown = embedded(compare({title: picture for title, (picture, _) in kinds.items()}))["pictures"]

    assert [one["title"] for one in shown] == list(kinds)
    for one, (_, expected) in zip(shown, kinds.values()):
        np.testing.assert_array_equal(pixels(one), expected, err_msg=one["title"])
        assert (one["width"], one["height"]) == (8, 6)


def test_a_palette_is_shown_in_its_colours():
    palette = Image.fromarray(PIXELS).quantize(4)

    (shown,) = embedded(compare({"few colours": palette}))["pictures"]

    np.testing.assert_array_equal(pixels(shown)[:, :, :3], np.asarray(palette.convert("RGB")))


def test_the_first_and_the_last_are_compared_unless_others_are_named():
    pictures = {title: PIXELS for title in ("LR", "bicubic", "network", "HR")}

    first, other = compare(pictures, "A  \n caption."), compare(pictures, between=("bicubic", "network"), look="flip")

    assert embedded(first) | {"pictures": []} == {
        "pictures": [], "left": "LR", "right": "HR", "look": "slider", "note": "A caption."
    }
    assert embedded(other).items() >= {"left": "bicubic", "right": "network", "look": "flip"}.items()


def test_pictures_narrower_than_the_widest_have_square_pixels():
    shown = embedded(compare({"LR": PIXELS[:3, :4], "SR": PIXELS}))["pictures"]

    assert [one["pixelated"] for one in shown] == [True, False]


def test_no_title_ends_the_script_or_becomes_a_tag():
    title = "</script><img src=x onerror=alert(1)>"

    page = compare({title: PIXELS, "SR": PIXELS}, title)._repr_html_()

    assert page.count("</script>") == 1 and "<img" not in page
    assert embedded(compare({title: PIXELS}))["pictures"][0]["title"] == title


def test_two_comparisons_in_one_notebook_have_places_of_their_own():
    pages = [compare({"SR": PIXELS})._repr_html_() for _ in range(2)]

    assert len({re.search(r'<div id="(.+?)"', page)[1] for page in pages}) == 2


@pytest.mark.parametrize(
    ("pictures", "options", "message"),
    [
        ({}, {}, "no images to compare"),
        ({"SR": PIXELS}, {"between": ("SR", "HR")}, "no image 'HR'; choose between 'SR'"),
        ({"SR": PIXELS}, {"look": "diagonal"}, "no look 'diagonal'; choose one of slider, side, flip, changes"),
        ({"SR": PIXELS / 10}, {}, "'SR' has values from 0 to 2.*; give values from 0 to 1"),
        ({"SR": np.zeros((2, 3, 4, 5))}, {}, "shape"),
    ],
)
def test_what_cannot_be_compared_is_named(pictures, options, message):
    with pytest.raises(ValueError, match=message):
        compare(pictures, **options)
