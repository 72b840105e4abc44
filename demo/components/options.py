"""The options of a result, and what the user chose as arguments of the service."""

from __future__ import annotations

from typing import Any, NamedTuple

import gradio as gr

from demo.backend.errors import UploadError
from drln.images.formats import FORMATS

EXTENSIONS = {one.name: one.writer.suffixes[0] for one in FORMATS if one.writer}
LOSSY = [one.name for one in FORMATS if one.takes_quality]


class ResultOptions(NamedTuple):
    """The components that decide how a result is computed and written, in the order of `upscale_arguments`."""

    format: gr.Radio
    quality: gr.Slider
    self_ensemble: gr.Checkbox


def plan_arguments(format: Any, self_ensemble: Any) -> dict[str, Any]:
    """Return what the user chose as arguments of `Service.plan`.

    Raises:
        UploadError: for a format that is not offered.
    """
    if format not in EXTENSIONS:
        raise UploadError(f"The format is {format!r}; choose one of {', '.join(EXTENSIONS)}.")
    return {"extension": EXTENSIONS[format], "self_ensemble": bool(self_ensemble)}


def upscale_arguments(format: Any, quality: Any, self_ensemble: Any) -> dict[str, Any]:
    """Return what the user chose as arguments of `Service.upscale`.

    Raises:
        UploadError: for a format or quality that is not offered.
    """
    if isinstance(quality, bool) or not isinstance(quality, int | float) or not 1 <= quality <= 100:
        raise UploadError(f"The quality is {quality!r}; choose a number from 1 to 100.")
    return {"quality": round(quality), **plan_arguments(format, self_ensemble)}


def result_options(elem_id: str) -> ResultOptions:
    """Make the options of a result."""
    file_format = gr.Radio(list(EXTENSIONS), value="PNG", label="Save as", elem_id=f"{elem_id}-format")
    quality = gr.Slider(
        1, 100, value=95, step=1, label="Quality", info="Higher is better and larger.",
        elem_id=f"{elem_id}-quality", visible=False,
    )
    ensemble = gr.Checkbox(
        False,
        label="Average eight turns: a bit better, 8 times slower",
        elem_id=f"{elem_id}-ensemble",
    )
    file_format.change(
        lambda chosen: gr.update(visible=chosen in LOSSY), file_format, quality, queue=False, api_visibility="private",
        show_progress="hidden",
    )
    return ResultOptions(file_format, quality, ensemble)
