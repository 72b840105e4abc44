"""The inputs that several tabs have: photo, scale, model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from demo.backend.models import Choice, default_choice
from demo.components.payloads import PAGE, Update, Upload, uploaded
from drln.network.config import SCALES
from drln.samples import list_samples


def photo_input(label: str, elem_id: str) -> tuple[gr.Image, gr.Image, gr.Dataset]:
    """Make a place to drop, choose or paste a photo, and below it the sample photos.

    Returns:
        The chosen photo, which is out of sight, as a browser may be unable to show it; the place, which stays empty;
        and the samples. `connect_photo` adds their events.
    """
    place = gr.Image(
        label=label,
        type="filepath",
        image_mode=None,
        sources=["upload"],
        buttons=[],
        height=90,
        show_label=False,
        placeholder="Choose a photo\nor drop or paste one anywhere",
        elem_id=elem_id,
        elem_classes="photo-place",
    )
    samples = gr.Dataset(
        components=[gr.Image(render=False)],
        samples=[[str(path)] for path in list_samples()],
        label="Or try a sample",
        type="index",
        elem_id=f"{elem_id}-samples",
        elem_classes="samples",
    )
    photo = gr.Image(type="filepath", image_mode=None, visible="hidden", label=label, elem_id=f"{elem_id}-chosen")
    return photo, place, samples


def connect_photo(photo: gr.Image, place: gr.Image, samples: gr.Dataset) -> None:
    """Add the events of a `photo_input` to the open Blocks."""
    paths = list_samples()

    def take(upload: Upload) -> Update:
        with uploaded(upload, place.GRADIO_CACHE) as (path, _):
            return {photo: str(path), place: None}

    place.upload(take, place, [photo, place], queue=False, **PAGE)
    samples.click(lambda number: str(paths[number]), samples, photo, queue=False, **PAGE)


def scale_input(elem_id: str) -> gr.Radio:
    """Make a choice of scales."""
    return gr.Radio([(f"{scale}×", scale) for scale in SCALES], value=4, label="Scale", elem_id=elem_id)


def model_input(choices: Mapping[str, Choice], elem_id: str) -> gr.Radio:
    """Make a choice of models, the default first."""
    default = default_choice(choices)
    names = sorted(choices, key=lambda name: name != default)
    labels = [(" – ".join(filter(None, (choices[name].label, choices[name].hint))), name) for name in names]
    return gr.Radio(labels, value=default, label="Model", elem_id=elem_id)


def api_scale() -> gr.Number:
    """Make a scale for other programs: Gradio would describe a radio of numbers to them as one of strings."""
    return gr.Number(4, precision=0, label="Scale", visible=False)


def whole_number(value: Any) -> Any:
    """Return a scale as an int if it is one: programs send 4, 4.0 or "4"."""
    if isinstance(value, str) and value.isdecimal() or isinstance(value, float) and value.is_integer():
        return int(value)
    return value
