"""What both tabs put on the page alike: a photo to choose, a scale, a model, a slider; no events."""

from __future__ import annotations

from collections.abc import Mapping

import gradio as gr

from demo.models import Choice, default_choice
from drln.config import SCALES
from drln.samples import list_samples


def photo_input(label: str, elem_id: str) -> gr.Image:
    """A photo to be dropped, chosen or pasted, with the sample photos beneath."""
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
        label="Or take a sample photo",
        cache_examples=False,
        elem_id=f"{elem_id}-samples",
    )
    return photo


def scale_input(elem_id: str) -> gr.Radio:
    return gr.Radio([(f"{scale}×", scale) for scale in SCALES], value=4, label="Scale", elem_id=elem_id)


def model_input(choices: Mapping[str, Choice], elem_id: str) -> gr.Radio:
    """The models; on a CPU the compact one is chosen at first."""
    labels = [(choice.label, name) for name, choice in choices.items()]
    return gr.Radio(labels, value=default_choice(), label="Model", elem_id=elem_id)


def comparison(elem_id: str) -> gr.ImageSlider:
    return gr.ImageSlider(
        label="Bicubic on the left, DRLN on the right",
        type="filepath",
        image_mode=None,
        interactive=False,
        buttons=["fullscreen"],
        max_height=640,
        elem_id=elem_id,
    )
