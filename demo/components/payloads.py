"""What Gradio sends for an upload, and what is sent back: pieces of HTML, errors, steps on the way to a result."""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr

from demo.backend import errors
from demo.backend.errors import UploadError
from demo.backend.naming import named

Upload = dict[str, Any]
Update = dict[Any, Any]
T = TypeVar("T")

DEVICE = "device"        # concurrency id of all that computes: one line, whichever tab or program asks
LOOK_SECONDS = 1.0    # between two chances to cancel what a program asked for; each takes time from the work


@contextmanager
def uploaded(photo: Upload | None, cache: str) -> Iterator[tuple[Path, str]]:
    """Where an upload is, and the name that its user knows it by, which whatever is raised inside has, too.

    A client may send any path, and Gradio checks only those that call themselves uploads.

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
    title = str(photo.get("orig_name") or path.name)
    with named(path, title):
        yield path, title


def html_update(text: str) -> dict[str, Any]:
    """Shown where there is something to say; an empty component would leave a gap."""
    return gr.update(value=text, visible=bool(text))


def endpoint(function: Callable[..., Any], inputs: list[Any], outputs: Any, name: str, computes: bool = True) -> None:
    """Let other programs call a function of these components' payloads; its docstring is what they read.

    Args:
        computes: whether it waits in the device's line.
    """
    line: dict[str, Any] = {"concurrency_id": DEVICE, "concurrency_limit": 1} if computes else {}
    gr.Button(visible=False).click(function, inputs, outputs, api_name=name, preprocess=False, **line)


@contextmanager
def api_errors() -> Iterator[None]:
    """Other programs get an error's message; nothing is logged but what nobody expected."""
    try:
        yield
    except Exception as error:
        raise gr.Error(html.escape(errors.message(error), quote=False), print_exception=False) from error


def last_step(steps: Iterable[Any], kind: type[T], outputs: int = 1) -> Generator[Any, None, T]:
    """What another program gets of the steps of its request: nothing, from time to time, so that it can cancel it.

    Args:
        steps: of the work.
        kind: of the step that is the result; there may be others of that kind before it.
        outputs: how many components are updated.

    Returns:
        The last step of that kind.
    """
    nothing = tuple(gr.skip() for _ in range(outputs))
    looked, last = time.monotonic(), None
    for step in steps:
        last = step if isinstance(step, kind) else last
        if time.monotonic() - looked > LOOK_SECONDS:
            looked = time.monotonic()
            yield nothing if outputs > 1 else nothing[0]
    assert last is not None
    return last
