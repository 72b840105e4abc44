"""What a tab shows of a result: slider, download, facts, and a close-up that follows clicks."""

from __future__ import annotations

import html
import secrets
from collections.abc import Sequence

import gradio as gr

from demo.backend import error_map, errors, previews, results
from demo.backend.service import Finished
from demo.components.inputs import comparison, picture
from demo.components.payloads import Update
from demo.wording import upscale as words


class ResultView:
    """Components in the Blocks that are open, hidden until `show`.

    Attributes:
        outputs: the components that `show` and `hide` update.
        download: the button with the result's file.
        clicked: the pictures of the place that was clicked on last.
    """

    def __init__(self) -> None:
        with gr.Column(visible=False, elem_id="result") as self._all:
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
            self._all, self._slider, self._preview_note, self._facts, self.download, self._finished,
            self.clicked, *closeup, self._difference,
        ]
        self._overview.select(
            self._pick,
            [self._finished, self.clicked],
            [self.clicked, *closeup],
            show_progress="hidden",
            trigger_mode="always_last",
            concurrency_limit=1,    # so that the last click ends last
            api_visibility="private",
        )

    def show(self, finished: Finished) -> Update:
        """Updates that show a result."""
        note = words.preview_note(finished)
        difference_map = results.add_picture(finished.saved, "difference", error_map.of_previews(finished.saved))
        return {
            self._all: gr.update(visible=True),
            self._slider: tuple(map(str, finished.saved.sliders)),
            self._preview_note: gr.update(value=note, visible=bool(note)),
            self._facts: words.facts(finished),
            self.download: str(finished.saved.result),
            self._finished: finished,
            self.clicked: (),
            **self._closeup(finished, "middle"),
            self._difference: str(difference_map),
        }

    def hide(self) -> Update:
        """Updates that hide it."""
        return {self._all: gr.update(visible=False)}

    def _closeup(self, finished: Finished, name: str, x: float = 0.5, y: float = 0.5) -> Update:
        closeup = results.closeup(finished.saved, x, y)
        pictures = {
            self._overview: closeup.overview,
            self._bicubic: closeup.bicubic,
            self._drln: closeup.drln,
            self._crop_difference: error_map.of_closeup(closeup),
        }
        return {
            part: str(results.add_picture(finished.saved, f"{name}-{part.elem_id}", picture))
            for part, picture in pictures.items()
        }

    def _pick(self, finished: Finished | None, before: Sequence[str], event: gr.SelectData) -> Update:
        """Show the place that was clicked on, in pixels of the overview; the files of the one before it go."""
        if finished is None:
            return {}    # it was upscaled so long ago that it is forgotten
        width, height = previews.capped_size(finished.saved.preview_size, previews.OVERVIEW_SIDE)
        name = secrets.token_hex(8)    # a browser keeps what it got under the name before
        try:
            update = self._closeup(finished, name, event.index[0] / width, event.index[1] / height)
        except Exception as error:
            raise gr.Error(html.escape(errors.message(error)), print_exception=False) from error
        results.remove_pictures(before)
        return {**update, self.clicked: tuple(update.values())}
