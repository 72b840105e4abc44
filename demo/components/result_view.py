"""What a tab shows of a result: slider, download, facts, and a close-up of the place that was clicked on."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

import gradio as gr

from demo.backend import error_map, previews, results
from demo.backend.service import Finished
from demo.components.inputs import comparison, picture
from demo.components.payloads import Update, api_errors, html_update
from demo.wording import upscale as words


class ResultView:
    """Components in the open Blocks, hidden until `show`.

    Attributes:
        column: holds them all.
        download: the button with the result's file.
        clicked: the pictures of the place that was clicked on last.
        outputs: the components that `show` updates, besides the column.
    """

    def __init__(self) -> None:
        with gr.Column(visible=False, elem_id="result") as self.column:
            self._slider = comparison("slider")
            self._preview_note = gr.HTML(visible=False)
            with gr.Row():
                with gr.Column(scale=3, min_width=300):
                    self._facts = gr.HTML(elem_id="facts")
                with gr.Column(scale=2, min_width=300):
                    self.download = gr.DownloadButton("Download the result", variant="primary", elem_id="download")
            gr.Markdown("### Close-up\nClick on the picture to choose the place.")
            with gr.Row():
                alt = "The result, with a frame around the place of the close-up"
                self._overview = picture("Place", "overview", alt, scale=3, min_width=300)
                alt = "Close-up of the photo upscaled with "
                self._bicubic = picture("Bicubic", "crop-bicubic", alt + "bicubic", scale=2, min_width=100)
                self._drln = picture("DRLN", "crop-drln", alt + "DRLN", scale=2, min_width=100)
                alt = "Close-up of where DRLN differs from bicubic"
                self._crop_difference = picture("Difference", "crop-difference", alt, scale=2, min_width=100)
            gr.Markdown("### Difference from bicubic")
            gr.HTML(words.DIFFERENCE)
            alt = "Map of where DRLN differs from bicubic"
            self._difference = picture("Difference from bicubic", "difference", alt, height=360)
        self._finished = gr.State(None, time_to_live=results.KEPT_SECONDS)
        self.clicked = gr.State((), time_to_live=results.KEPT_SECONDS)
        closeup = [self._overview, self._bicubic, self._drln, self._crop_difference]
        self.outputs = [
            self._slider, self._preview_note, self._facts, self.download, self._finished, self.clicked, *closeup,
            self._difference,
        ]
        self._overview.select(
            self._move_closeup,
            [self._finished, self.clicked],
            [self.clicked, *closeup],
            show_progress="hidden",
            trigger_mode="always_last",
            concurrency_limit=1,    # so that the last click is shown last
            api_visibility="private",
        )

    def show(self, finished: Finished) -> Update:
        """Show a result."""
        saved = finished.saved
        return {
            self.column: gr.update(visible=True),
            self._slider: tuple(map(str, saved.previews)),
            self._preview_note: html_update(words.preview_note(finished)),
            self._facts: words.facts(finished),
            self.download: str(saved.result),
            self._finished: finished,
            self.clicked: (),
            **self._closeup(finished, "middle"),
            self._difference: str(results.add_picture(saved, "difference", results.difference(saved))),
        }

    def _closeup(self, finished: Finished, name: str, x: float = 0.5, y: float = 0.5) -> Update:
        closeup = results.closeup(finished.saved, x, y)
        pictures = {
            self._overview: closeup.overview,
            self._bicubic: closeup.bicubic,
            self._drln: closeup.drln,
            self._crop_difference: error_map.between(closeup.bicubic, closeup.drln),
        }
        return {
            component: str(results.add_picture(finished.saved, f"{name}-{component.elem_id}", picture))
            for component, picture in pictures.items()
        }

    def _move_closeup(self, finished: Finished | None, before: Sequence[str], event: gr.SelectData) -> Update:
        """Show the place that was clicked on, in pixels of the overview, and delete the pictures of the last one."""
        if finished is None:
            return {}    # the result is so old that it is forgotten
        width, height = previews.capped_size(finished.saved.preview_size, previews.OVERVIEW_SIDE)
        name = secrets.token_hex(8)    # under the old name, a browser would show the picture that it has
        with api_errors():
            update = self._closeup(finished, name, event.index[0] / width, event.index[1] / height)
        for path in before:
            Path(path).unlink(missing_ok=True)
        return {**update, self.clicked: tuple(update.values())}
