"""What Gradio sends for an upload, and what is sent back: pieces of HTML, errors, steps on the way to a result."""

from __future__ import annotations

import html
import time
from collections.abc import Generator, Iterable, Iterator
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


def api_error(error: Exception) -> gr.Error:
    """What another program gets of an error: its message, and nothing in the log but what nobody expected."""
    return gr.Error(html.escape(errors.message(error), quote=False), print_exception=False)


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
