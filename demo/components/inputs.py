"""What tabs put on the page alike: a photo to choose, a scale, a model, the result's format, a slider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from demo.backend.errors import UploadError
from demo.backend.models import Choice, default_choice
from drln.images.formats import FORMATS
from drln.network.config import SCALES
from drln.samples import list_samples

EXTENSIONS = {one.name: one.output.suffixes[0] for one in FORMATS if one.output}
LOSSY = [one.name for one in FORMATS if one.takes_quality]


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
    return gr.Radio(labels, value=default_choice(choices), label="Model", elem_id=elem_id)


@dataclass(frozen=True)
class ResultOptions:
    """How a result is made and written: the components, and what they say as arguments of `Service.upscale`."""

    format: gr.Radio
    quality: gr.Slider
    self_ensemble: gr.Checkbox

    @property
    def components(self) -> list[Any]:
        """In the order of the arguments of `arguments`."""
        return [self.format, self.quality, self.self_ensemble]

    @staticmethod
    def planned(format: Any, self_ensemble: Any) -> dict[str, Any]:
        """
        Raises:
            UploadError: for a format that is not offered.
        """
        if format not in EXTENSIONS:
            raise UploadError(f"The format is {format!r}; choose one of {', '.join(EXTENSIONS)}.")
        return {"extension": EXTENSIONS[format], "self_ensemble": bool(self_ensemble)}

    @classmethod
    def arguments(cls, format: Any, quality: Any, self_ensemble: Any) -> dict[str, Any]:
        """
        Raises:
            UploadError: for a format or quality that is not offered.
        """
        if isinstance(quality, bool) or not isinstance(quality, int | float) or not 1 <= quality <= 100:
            raise UploadError(f"The quality is {quality!r}; choose a number from 1 to 100.")
        return {"quality": round(quality), **cls.planned(format, self_ensemble)}


def result_options(elem_id: str) -> ResultOptions:
    """Folded away at first."""
    with gr.Accordion("More options", open=False, elem_id=f"{elem_id}-options"):
        file_format = gr.Radio(
            list(EXTENSIONS),
            value="PNG",
            label="Format",
            info="PNG and TIFF keep every pixel. JPEG holds no transparency.",
            elem_id=f"{elem_id}-format",
        )
        quality = gr.Slider(
            1, 100, value=95, step=1, label="Quality", info="Of JPEG and WebP.", elem_id=f"{elem_id}-quality",
            visible=False,
        )
        ensemble = gr.Checkbox(
            False,
            label="Self-ensemble",
            info="Averages eight flips and turns of the photo: slightly better, eight times as long.",
            elem_id=f"{elem_id}-ensemble",
        )
    file_format.change(
        lambda chosen: gr.update(visible=chosen in LOSSY), file_format, quality, queue=False, api_visibility="private",
        show_progress="hidden",
    )
    return ResultOptions(file_format, quality, ensemble)


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


def picture(label: str, elem_id: str, alt: str, **layout: Any) -> gr.Image:
    """A picture to look at, sent as PNG."""
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
    """The scale as other programs give it. Gradio describes choices that are numbers as strings, which no program that
    checks what it sends can meet."""
    return gr.Number(4, precision=0, label="Scale", visible=False)


def whole_number(value: Any) -> Any:
    """A scale as an int, where it is one: programs send 4, 4.0 or "4"."""
    if isinstance(value, str) and value.isdecimal() or isinstance(value, float) and value.is_integer():
        return int(value)
    return value
