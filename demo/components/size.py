"""How large a result becomes: a scale, or a width, height, longest side or number of megapixels."""

from __future__ import annotations

from typing import Any, NamedTuple

import gradio as gr

from demo.backend.errors import UploadError
from demo.components.inputs import whole_number
from demo.components.payloads import PAGE
from drln import TargetSize
from drln.network.config import SCALES

OWN_SIZE = "size"    # in place of a scale
MEASURES = {
    "width": "Width, px", "height": "Height, px", "long_side": "Longest side, px", "megapixels": "Megapixels",
}


class SizeInput(NamedTuple):
    """The components that decide how large a result becomes, in the order of `asked_size`."""

    scale: gr.Radio
    measure: gr.Dropdown
    size: gr.Number


def size_input(elem_id: str) -> SizeInput:
    """Make a choice of scales, and of a size instead."""
    scales: list[Any] = [*((f"{scale}×", scale) for scale in SCALES), ("Size", OWN_SIZE)]
    scale = gr.Radio(scales, value=4, label="Enlarge to", elem_id=elem_id)
    with gr.Row(visible=False, elem_id=f"{elem_id}-own") as own:
        measures = [(label, name) for name, label in MEASURES.items()]
        measure = gr.Dropdown(measures, value="width", label="Measure", min_width=120, elem_id=f"{elem_id}-measure")
        size = gr.Number(1000, label="Size", min_width=100, elem_id=f"{elem_id}-size")
    scale.change(lambda chosen: gr.update(visible=chosen == OWN_SIZE), scale, own, queue=False, **PAGE)
    return SizeInput(scale, measure, size)


def asked_size(scale: Any, measure: Any = "", size: Any = None) -> Any:
    """Return the scale that was chosen, or the `TargetSize`.

    Args:
        scale: 2, 3 or 4; anything else is for the service to refuse.
        measure: a name of `MEASURES` where a size was chosen, else nothing.
        size: in pixels or megapixels.

    Raises:
        UploadError: for a size that cannot be.
    """
    if not measure:
        return whole_number(scale)
    if measure not in MEASURES:
        raise UploadError(f"The measure is {measure!r}; choose one of {', '.join(MEASURES)}.")
    if size is None:
        raise UploadError(f"There is no {measure.replace('_', ' ')}; give a number.")
    try:
        return TargetSize(**{measure: size if measure == "megapixels" else whole_number(size)})
    except ValueError as error:
        raise UploadError(str(error)) from error


def api_size() -> list[Any]:
    """Make the measure and the size of a result for other programs."""
    return [gr.Textbox("", label="Measure", visible=False), gr.Number(None, label="Size", visible=False)]


def asked_on_page(scale: Any, measure: Any, size: Any) -> Any:
    """Return what was chosen in a `SizeInput`, which always has a measure, like `asked_size`."""
    return asked_size(scale, measure if scale == OWN_SIZE else "", size)
