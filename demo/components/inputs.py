"""The inputs and pictures that several tabs have: photo, scale, model, a slider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from demo.backend.models import Choice, default_choice
from drln.network.config import SCALES
from drln.samples import list_samples


def photo_input(label: str, elem_id: str) -> gr.Image:
    """Make an input for a photo to drop, choose or paste, with the sample photos below it."""
    photo = gr.Image(
        label=label,
        type="filepath",
        image_mode=None,
        sources=["upload", "clipboard"],
        buttons=["fullscreen"],
        height=360,
        placeholder=f"# Drop a {label.lower()} here\nor click to choose one, or paste it",
        elem_id=elem_id,
    )
    gr.Examples(
        [[str(path)] for path in list_samples()],
        [photo],
        label="Or try a sample photo",
        cache_examples=False,
        elem_id=f"{elem_id}-samples",
    )
    return photo


def scale_input(elem_id: str) -> gr.Radio:
    """Make a choice of scales."""
    return gr.Radio([(f"{scale}×", scale) for scale in SCALES], value=4, label="Scale", elem_id=elem_id)


def model_input(choices: Mapping[str, Choice], elem_id: str) -> gr.Radio:
    """Make a choice of models; on a CPU the compact one is selected at first."""
    labels = [(choice.label, name) for name, choice in choices.items()]
    return gr.Radio(labels, value=default_choice(choices), label="Model", elem_id=elem_id)


def comparison(elem_id: str) -> gr.ImageSlider:
    """Make a slider between bicubic and DRLN."""
    return gr.ImageSlider(
        label="Bicubic on the left, DRLN on the right",
        type="filepath",
        image_mode=None,
        interactive=False,
        buttons=["fullscreen"],
        max_height=640,
        elem_id=elem_id,
    )


def picture(label: str, elem_id: str, alt: str, **layout: Any) -> gr.Image:
    """Make a place for a picture to look at, sent as PNG."""
    return gr.Image(
        label=label,
        format="png",
        image_mode=None,
        interactive=False,
        alt_text=alt,
        elem_id=elem_id,
        **{"buttons": [], **layout},
    )


def api_scale() -> gr.Number:
    """Make a scale for other programs: Gradio would describe a radio of numbers to them as one of strings."""
    return gr.Number(4, precision=0, label="Scale", visible=False)


def whole_number(value: Any) -> Any:
    """Return a scale as an int if it is one: programs send 4, 4.0 or "4"."""
    if isinstance(value, str) and value.isdecimal() or isinstance(value, float) and value.is_integer():
        return int(value)
    return value
