"""Pictures that a reader compares in a notebook: with a slider, side by side, in turn, or as a map of their changes.

The viewer itself is `viewer.js` with its styles `viewer.css`; the demo shows the same one. Needs no matplotlib.
"""

from __future__ import annotations

import base64
import html
import io
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
from PIL import Image

from drln.plots.figures import _array

LOOKS = ("slider", "side", "flip", "changes")


@dataclass(frozen=True, repr=False)
class Comparison:
    """Pictures in a viewer, which a notebook shows as the value of a cell.

    Attributes:
        view: what the viewer shows, as its script takes it.
    """

    view: Mapping[str, Any]

    def _repr_html_(self) -> str:
        name = f"viewer-{uuid.uuid4().hex}"
        view = json.dumps(self.view).replace("<", "\\u003c")    # no title ends the script
        titles = html.escape(", ".join(picture["title"] for picture in self.view["pictures"]))
        return f"""<style>{viewer_file("viewer.css")}</style>
<div id="{name}">{titles}: trust this notebook or run the cell to see the pictures.</div>
<script>{viewer_file("viewer.js")}
(function mount(tries) {{    // some notebooks run a script before they show the page around it
  const element = document.getElementById("{name}");
  if (element) drlnViewer(element).show({view});
  else if (tries) setTimeout(mount, 50, tries - 1);
}})(100);</script>"""


def compare(
    pictures: Mapping[str, Any],
    text: str = "",
    *,
    between: tuple[str, str] | None = None,
    look: str = "slider",
) -> Comparison:
    """Show images of one view in a viewer, in which the reader compares any two of them and zooms in.

    Args:
        pictures: the images by their titles, as in `show`; their sizes may differ. Arrays hold integers of 8 or
            16 bits, or numbers in [0, 1]. Images narrower than the widest are shown with square pixels.
        text: the caption.
        between: the titles of the two that are compared at first; by default the first and the last.
        look: how: "slider", "side" for side by side, "flip" for one at a time, "changes" for where they differ.

    Raises:
        ValueError: if there are no images, one has another shape or values that are too large, there is no image with a
            title in `between`, or no such look.
    """
    images = {title: _image(title, picture) for title, picture in pictures.items()}
    if not images:
        raise ValueError("there are no images to compare; give a mapping of titles to images")
    left, right = between or (list(images)[0], list(images)[-1])
    for title in (left, right):
        if title not in images:
            raise ValueError(f"there is no image {title!r}; choose between {', '.join(map(repr, images))}")
    if look not in LOOKS:
        raise ValueError(f"there is no look {look!r}; choose one of {', '.join(LOOKS)}")
    widest = max(image.width for image in images.values())
    shown = [
        {
            "id": title,
            "title": title,
            "src": _data_uri(image),
            "width": image.width,
            "height": image.height,
            "pixelated": image.width < widest,
        }
        for title, image in images.items()
    ]
    return Comparison({"pictures": shown, "left": left, "right": right, "look": look, "note": " ".join(text.split())})


def viewer_file(name: str) -> str:
    """Return the text of `viewer.js` or `viewer.css`.

    The script defines `drlnViewer(element, options)`, which fills an element and returns a viewer. `viewer.show(view)`
    may be called again at any time. A view is an object with

    - `pictures`: a list of `{id, title, src, width, height, pixelated}`; `src` may be smaller than width x height;
    - `left`, `right`: the ids of the two that are compared; the same id if one is only shown;
    - `look`: one of `LOOKS`; by default what the user chose last;
    - `note`: the caption, or what an empty stage says.

    The options, all of which may be left out:

    - `region`: an async function of `{id, box, size}` that returns the `src` of a part of a picture in its own pixels,
      or null. `box` is left, top, right and bottom in [0, 1], `size` its width and height in pixels of that picture;
    - `colours` and `full`: the colours of the map of changes, and the grey levels for which the last one stands.
    """
    return files("drln.plots").joinpath(name).read_text(encoding="utf-8")


def _image(title: str, picture: Any) -> Image.Image:
    """Return any image in 8 bits."""
    if isinstance(picture, Image.Image) and not picture.mode.startswith(("I", "F")):
        return picture if picture.mode in ("L", "RGB", "RGBA") else picture.convert("RGBA")
    array = _array(picture)
    full = 65535 if array.dtype == np.uint16 else 255 if array.dtype.kind in "ui" else 1
    if not 0 <= array.min() <= array.max() <= full:
        raise ValueError(f"{title!r} has values from {array.min():g} to {array.max():g}; give values from 0 to {full}")
    return Image.fromarray(np.round(array * (255 / full)).astype(np.uint8))


def _data_uri(image: Image.Image) -> str:
    file = io.BytesIO()
    image.save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
