"""The inputs that several tabs have: photo, scale, model."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
from gradio.processing_utils import save_file_to_cache

from demo.backend.models import Choice, default_choice
from demo.components.payloads import PAGE, Update, Upload, uploaded
from drln.network.config import SCALES
from drln.samples import list_samples


class PhotoInput(NamedTuple):
    """A place to drop, choose or paste a photo, which stays empty, the sample photos, and what was chosen.

    Attributes:
        photo: the payload of the chosen photo as JSON, for `uploaded`; out of sight, as browsers may be unable to show
            the photo itself. Unlike a picture's, its value changes once for each choice.
        place, samples: what users see.
    """

    photo: gr.Textbox
    place: gr.Image
    samples: gr.Dataset

    def connect(self, inputs: list[Any], outputs: list[Any], show: Callable[..., Update]) -> None:
        """Add the events to the open Blocks.

        Args:
            inputs, outputs: components.
            show: shows a photo that was chosen; gets its path, the user's name for it, and the inputs.
        """
        paths, cache = list_samples(), self.photo.GRADIO_CACHE

        def take(upload: Upload, *values: Any) -> Update:
            with uploaded(upload, cache) as (path, title):
                return {self.place: None, **self.chosen(path, title), **show(path, title, *values)}

        def take_sample(number: int, *values: Any) -> Update:
            path = Path(save_file_to_cache(paths[number], cache))
            return {**self.chosen(path, path.name), **show(path, path.name, *values)}

        self.place.upload(take, [self.place, *inputs], [self.place, self.photo, *outputs], queue=False, **PAGE)
        self.samples.click(take_sample, [self.samples, *inputs], [self.photo, *outputs], queue=False, **PAGE)

    def chosen(self, path: Path, title: str) -> Update:
        """Choose a photo that was uploaded; the value is new also for the same photo, so that a plan follows."""
        return {self.photo: json.dumps({"path": str(path), "orig_name": title, "chosen": time.time_ns()})}


def photo_input(label: str, elem_id: str) -> PhotoInput:
    """Make the components of a `PhotoInput`."""
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
    return PhotoInput(gr.Textbox(visible="hidden", label=label, elem_id=f"{elem_id}-chosen"), place, samples)


def api_photo(label: str = "Photo") -> gr.Image:
    """Make a photo for other programs."""
    return gr.Image(type="filepath", image_mode=None, label=label, visible=False)


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
