"""The large picture of the Upscale tab: a photo, or a result beside what it can be compared with.

Below it: what is shown, its download, and the results of this visit.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

import gradio as gr

from demo.backend import results
from demo.backend.jobs import Jobs, UnknownJob
from demo.backend.results import BICUBIC, ORIGINAL, RESULT
from demo.backend.service import Finished, Look
from demo.components.payloads import Update
from demo.components.viewer import NOTHING, View, file, picture, strip, viewer
from demo.wording import upscale as words

WELCOME = "welcome"    # in place of a job's key: the result that a page shows at first


class Stage:
    """Components in the open Blocks.

    Args:
        jobs: of the app.
        over: what lies over the picture.

    Attributes:
        outputs: the components that the methods below update.
    """

    def __init__(self, jobs: Jobs, over: gr.Column) -> None:
        self._jobs = jobs
        with gr.Column(elem_classes="stage"):
            self.viewer = viewer("stage", self.region)
            over.render()
        with gr.Row(elem_id="result"):
            self.facts = gr.HTML(elem_id="facts")
            self.download = gr.DownloadButton(
                "Download", variant="primary", interactive=False, elem_id="download", scale=0, min_width=160
            )
        self.shown = gr.Textbox(visible="hidden", elem_id="shown", label="Result on the stage")
        self.earlier = gr.HTML(visible=False, elem_id="earlier")
        self.strip = strip("visit")
        self.outputs = [self.viewer, self.facts, self.download, self.strip, self.shown]

    def photo(self, look: Look, title: str, keys: str = "") -> Update:
        """Show a photo that has no result yet, and the results of this visit."""
        assert look.preview
        one = picture("photo", words.ORIGINAL, look.preview, look.size, pixelated=True)
        return {
            self.viewer: {"pictures": [one]},
            self.facts: words.photo_facts(title, look.size),
            self.download: gr.update(interactive=False, value=None),
            self.strip: _strip(self.visit(keys)),
            self.shown: "",
        }

    def welcome(self, finished: Finished | None) -> Update:
        """Show a sample, before and after, where nothing else is shown; or how to begin, if it is not ready."""
        view = result_view(WELCOME, {WELCOME: finished}) if finished else NOTHING
        return {self.viewer: {**view, "note": words.WELCOME if finished else words.EMPTY, "first": True}}

    def result(self, keys: str, key: str = "") -> Update:
        """Show a result of this visit, by default the newest, beside those of the same photo; nothing if it is gone."""
        visit = self.visit(keys)
        key = key or next(iter(visit), "")
        if key not in visit:
            return {}
        finished = visit[key]
        return {
            self.viewer: result_view(key, visit),
            self.facts: words.facts(finished),
            self.download: gr.update(value=str(finished.saved.result), interactive=True),
            self.strip: _strip(visit, key),
            self.shown: key,
        }

    def visit(self, keys: str) -> dict[str, Finished]:
        """Return the results that are still there, by the keys of their jobs."""
        found = {}
        for key in keys.split() if isinstance(keys, str) else ():
            try:
                finished = self._jobs.find(key).last(Finished)
            except UnknownJob:
                continue
            if finished and finished.saved.result.exists():
                found[key] = finished
        return found

    def region(self, asked: dict[str, Any]) -> str | None:
        """Return a part of a picture in its own pixels, as a data address, for whoever knows its key."""
        return region_address(asked, lambda key: self._jobs.find(key).last(Finished))


def _strip(visit: dict[str, Finished], shown: str = "") -> list[dict[str, Any]]:
    return [
        {"key": key, "title": words.result_title(one), "src": file(one.saved.thumbnail), "shown": key == shown}
        for key, one in visit.items()
    ]


def region_address(asked: dict[str, Any], find: Callable[[str], Finished | None]) -> str | None:
    """Return a part of a picture of a `result_view` in its own pixels, as a data address, or None if it is gone.

    Args:
        asked: as the viewer asks for a region.
        find: gives the result with a key.
    """
    try:
        key, kind = str(asked["id"]).split("/")
        finished = find(key)
        if finished is None:
            return None
        part = results.region(finished.saved, kind, [float(side) for side in asked["box"]])
    except (ArithmeticError, LookupError, TypeError, ValueError):    # what is gone or never was, or no region
        return None
    content = io.BytesIO()
    part.save(content, "PNG", compress_level=1, icc_profile=part.info.get("icc_profile"))
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"


def result_view(key: str, visit: dict[str, Finished]) -> View:
    """Return the view of a result, its photo, bicubic, and the other results of the same photo."""
    finished = visit[key]
    saved = finished.saved
    others = {one: other for one, other in visit.items() if other.photo == finished.photo}
    pictures = [
        picture(f"{key}/{ORIGINAL}", words.ORIGINAL, saved.preview(ORIGINAL), saved.lr_size, pixelated=True),
        picture(f"{key}/{BICUBIC}", words.BICUBIC, saved.preview(BICUBIC), saved.sr_size),
        *(
            picture(f"{one}/{RESULT}", words.method(other), other.saved.preview(RESULT), other.saved.sr_size)
            for one, other in others.items()
        ),
    ]
    return {"pictures": pictures, "left": f"{key}/{BICUBIC}", "right": f"{key}/{RESULT}"}
