"""The pictures to compare, in the viewer of `drln.plots`, and the row of results to choose from."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileData

# A view that is marked as the first gives way to any other, also if it comes late.
VIEWER = """
const viewer = drlnViewer(element.firstElementChild, { region: server.region });
let isTaken = false;
const show = () => {
  const { first, pictures, ...view } = props.value;
  if (first && isTaken) return;
  isTaken ||= !first && pictures.length > 0;
  viewer.show({ ...view, pictures: pictures.map(one => ({ ...one, src: one.src.url })) });
};
watch('value', show);
show();
"""
STRIP = """
const show = () => element.firstElementChild.replaceChildren(...props.value.map(result => {
  const button = document.createElement('button'), image = document.createElement('img');
  button.type = 'button';
  button.setAttribute('aria-pressed', result.shown);
  button.title = result.title;
  image.src = result.src.url;
  image.alt = '';
  button.append(image, Object.assign(document.createElement('span'), { textContent: result.title }));
  button.addEventListener('click', () => trigger('click', { key: result.key }));
  return button;
}));
watch('value', show);
show();
"""

View = dict[str, Any]
NOTHING: View = {"pictures": []}


def viewer(
    elem_id: str, region: Callable[[dict[str, Any]], str | None] | None = None, empty: View = NOTHING
) -> gr.HTML:
    """Make a viewer of pictures, two of which are compared.

    Its value is a view: `pictures`, made by `picture`; `left` and `right`, the ids of two of them; `note`, a text; and
    `first`, whether it is only shown where nothing else is.

    Args:
        elem_id: of the component.
        region: gives the address of a part of a picture in its own pixels, or None. It gets a dictionary with the
            picture's `id`, and the `box`: left, top, right and bottom, as fractions.
        empty: the view at first.
    """
    # Gradio marks it, as it cannot a method.
    functions: list[Callable[..., Any]] | None = [wraps(region)(partial(region))] if region else None
    return gr.HTML(
        empty,
        html_template='<div class="viewer"></div>',
        js_on_load=VIEWER,
        apply_default_css=False,
        server_functions=functions,
        elem_id=elem_id,
    )


def strip(elem_id: str) -> gr.HTML:
    """Make a row of results; a click on one gives the event its `key`.

    Its value is a list of dictionaries with `key`, `title`, `src`, a `file`, and `shown`, whether it is looked at.
    """
    return gr.HTML(
        [],
        html_template='<div class="strip" role="group" aria-label="Results of this visit"></div>',
        js_on_load=STRIP,
        apply_default_css=False,
        elem_id=elem_id,
    )


def picture(id: str, title: str, path: Path, size: tuple[int, int], pixelated: bool = False) -> dict[str, Any]:
    """Return a picture for a view.

    Args:
        id: different from those of the view's other pictures.
        title: what users read.
        path: of the picture, or a reduced preview of it.
        size: of the picture itself, in pixels.
        pixelated: whether it is enlarged to squares.
    """
    width, height = size
    return {"id": id, "title": title, "src": file(path), "width": width, "height": height, "pixelated": pixelated}


def file(path: Path) -> dict[str, Any]:
    """Return a file of the server that Gradio gives an address."""
    return FileData(path=str(path), orig_name=path.name).model_dump()
