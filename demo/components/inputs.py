"""The inputs and pictures that several tabs have: photo, scale, model, the result's format, a slider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from demo.backend.errors import UploadError
from demo.backend.models import Choice, default_choice
from drln.network.config import SCALES
from drln.samples import list_samples

EXTENSIONS = {"PNG": ".png", "JPEG": ".jpg", "WebP": ".webp", "TIFF": ".tiff"}
LOSSY = ("JPEG", "WebP")


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


@dataclass(frozen=True)
class ResultOptions:
    """The components that decide how a result is computed and written."""

    format: gr.Radio
    quality: gr.Slider
    self_ensemble: gr.Checkbox

    @property
    def components(self) -> list[Any]:
        """The components, in the order that `arguments` takes their values."""
        return [self.format, self.quality, self.self_ensemble]

    @staticmethod
    def planned(format: Any, self_ensemble: Any) -> dict[str, Any]:
        """Return values as arguments of `Service.plan`.

        Raises:
            UploadError: for a format that is not offered.
        """
        if format not in EXTENSIONS:
            raise UploadError(f"The format is {format!r}; choose one of {', '.join(EXTENSIONS)}.")
        return {"extension": EXTENSIONS[format], "self_ensemble": bool(self_ensemble)}

    @classmethod
    def arguments(cls, format: Any, quality: Any, self_ensemble: Any) -> dict[str, Any]:
        """Return values as arguments of `Service.upscale`.

        Raises:
            UploadError: for a format or quality that is not offered.
        """
        if isinstance(quality, bool) or not isinstance(quality, int | float) or not 1 <= quality <= 100:
            raise UploadError(f"The quality is {quality!r}; choose a number from 1 to 100.")
        return {"quality": round(quality), **cls.planned(format, self_ensemble)}


def result_options(elem_id: str) -> ResultOptions:
    """Make the options of a result, folded away at first."""
    with gr.Accordion("More options", open=False, elem_id=f"{elem_id}-options"):
        file_format = gr.Radio(
            list(EXTENSIONS),
            value="PNG",
            label="Format",
            info="PNG and TIFF keep every pixel. JPEG cannot hold transparency.",
            elem_id=f"{elem_id}-format",
        )
        quality = gr.Slider(
            1, 100, value=95, step=1, label="Quality", info="For JPEG and WebP: higher is better and larger.",
            elem_id=f"{elem_id}-quality", visible=False,
        )
        ensemble = gr.Checkbox(
            False,
            label="Self-ensemble",
            info="Averages eight flips and turns of the photo: slightly better, but takes eight times as long.",
            elem_id=f"{elem_id}-ensemble",
        )
    file_format.change(
        lambda chosen: gr.update(visible=chosen in LOSSY), file_format, quality, queue=False, api_visibility="private",
        show_progress="hidden",
    )
    return ResultOptions(file_format, quality, ensemble)


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
