"""What Gradio sends for an upload, and what the page and other programs get back: HTML, errors, the last step."""

from __future__ import annotations

import html
import json
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr

from demo.backend import errors
from demo.backend.errors import UploadError

Upload = dict[str, Any]
Update = dict[Any, Any]
T = TypeVar("T")

DEVICE = "device"       # concurrency id of all that computes: one queue, whichever tab or program asks
# Of events that only the page uses.
PAGE: dict[str, Any] = {"api_visibility": "private", "preprocess": False, "show_progress": "hidden"}
# Of those that follow the changes of a page: it has one at a time, and the last is shown last.
LAST: dict[str, Any] = {"trigger_mode": "always_last", "concurrency_limit": 8, **PAGE}
CANCEL_SECONDS = 1.0    # between two chances to cancel another program's request; each takes time from the work


@contextmanager
def uploaded(photo: Upload | str | None, cache: str) -> Iterator[tuple[Path, str]]:
    """Give the path of an upload and the user's name for it, which errors raised inside name it by.

    The path is checked here: a client may send any, and Gradio checks only those marked as uploads.

    Args:
        photo: the payload, or its JSON.
        cache: the component's own folder, `GRADIO_CACHE`.

    Raises:
        UploadError: if there is no photo, or it was not uploaded.
    """
    photo = payload(photo) if isinstance(photo, str) else photo
    if not photo:
        raise UploadError("There is no photo; choose one first.")
    path = Path(photo.get("path") or "").resolve()
    if not path.is_relative_to(Path(cache).resolve()):
        raise UploadError("The photo was not uploaded; choose a file.")
    title = str(photo.get("orig_name") or path.name)
    with errors.show_as(path, title):
        yield path, title


def payload(text: str | None) -> Upload:
    """Return the payload in a text of the page, which may be anything; empty if it is none."""
    try:
        found = json.loads(text or "null")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def html_update(text: str) -> dict[str, Any]:
    """Show a piece of HTML, and hide the component if there is none: an empty one would leave a gap."""
    return gr.update(value=text, visible=bool(text))


def endpoint(function: Callable[..., Any], inputs: list[Any], outputs: Any, name: str, computes: bool = True) -> None:
    """Let other programs call a function with these components' payloads; they read its docstring.

    Args:
        computes: whether it waits in the queue for the device.
    """
    queue: dict[str, Any] = {"concurrency_id": DEVICE, "concurrency_limit": 1} if computes else {}
    gr.Button(visible=False).click(function, inputs, outputs, api_name=name, preprocess=False, **queue)


@contextmanager
def api_errors() -> Iterator[None]:
    """Turn any error raised inside into a `gr.Error` with its message; only unexpected ones are logged."""
    try:
        yield
    except Exception as error:
        raise gr.Error(html.escape(errors.message(error), quote=False), print_exception=False) from error


def last_step(steps: Iterable[Any], kind: type[T], outputs: int = 1) -> Generator[Any, None, T]:
    """Take all steps and return the last one of a type.

    Now and then it yields an update that changes none of the `outputs`: only there can a program cancel its request.
    """
    nothing = tuple(gr.skip() for _ in range(outputs))
    yielded, last = time.monotonic(), None
    for step in steps:
        last = step if isinstance(step, kind) else last
        if time.monotonic() - yielded > CANCEL_SECONDS:
            yielded = time.monotonic()
            yield nothing if outputs > 1 else nothing[0]
    assert last is not None
    return last
