"""What Gradio sends for an upload, and what is sent back: pieces of HTML, errors."""

from __future__ import annotations

import html
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from demo import wording
from demo.limits import UploadError

Upload = dict[str, Any]
Update = dict[Any, Any]


def uploaded_path(photo: Upload | None, cache: str) -> Path:
    """Where an upload is. A client may send any path, and Gradio checks only those that call themselves uploads.

    Args:
        photo: the payload.
        cache: the component's own folder, `GRADIO_CACHE`.

    Raises:
        UploadError: if there is none, or it was not uploaded.
    """
    if not photo:
        raise UploadError("There is no photo; choose one first.")
    path = Path(photo.get("path") or "").resolve()
    if not path.is_relative_to(Path(cache).resolve()):
        raise UploadError("The photo was not uploaded; choose a file.")
    return path


def html_update(text: str) -> dict[str, Any]:
    """Shown where there is something to say; an empty component would leave a gap."""
    return gr.update(value=text, visible=bool(text))


def api_error(error: Exception, message: Callable[[Exception], str] = wording.message) -> gr.Error:
    """What another program gets of an error: its message, and nothing in the log but what nobody expected."""
    return gr.Error(html.escape(message(error), quote=False), print_exception=False)
