"""The Upscale tab: components and events only."""

from __future__ import annotations

import html
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from demo import previews, results, wording
from demo.limits import UploadError
from demo.models import default_choice
from demo.service import EXPECTED, Finished, Service
from drln import CheckpointError, HubError, Progress
from drln.config import SCALES
from drln.hub import BUNDLED
from drln.samples import list_samples

DEVICE = "device"        # concurrency id of all that computes: one job at a time, whichever event asks for it
UPDATE_SECONDS = 0.25    # between two updates of the progress bar
SHOW_RESULT = "() => document.getElementById('result')?.scrollIntoView()"

Update = dict[Any, Any]
logger = logging.getLogger(__name__)


class UpscaleTab:
    """Components in the Blocks that are open, and what happens to them.

    Handlers take payloads as they come (`preprocess=False`), so that whatever is wrong with them gets a message of
    ours: Gradio has none for a file that Pillow cannot open.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        with gr.Row():
            with gr.Column(scale=3, min_width=300):
                self.photo = gr.Image(
                    label="Photo",
                    type="filepath",
                    image_mode=None,
                    sources=["upload", "clipboard"],
                    buttons=["fullscreen"],
                    height=360,
                    elem_id="photo",
                )
                samples = [[str(path)] for path in list_samples()]
                gr.Examples(samples, [self.photo], label="Or take a sample photo", cache_examples=False)
            with gr.Column(scale=2, min_width=300):
                self.scale = gr.Radio([(f"{s}×", s) for s in SCALES], value=4, label="Scale", elem_id="scale")
                choices = [(choice.label, name) for name, choice in service.models.choices.items()]
                self.model = gr.Radio(choices, value=default_choice(), label="Model", elem_id="model")
                self.model_note = gr.HTML(visible=False, elem_id="model-note")
                self.compact = gr.Button(
                    "Use the compact model instead", size="sm", visible=False, elem_id="compact"
                )
                self.plan_note = gr.HTML(wording.note(wording.NO_PHOTO), elem_id="plan")
                self.go = gr.Button("Upscale", variant="primary", interactive=False, elem_id="go")
                self.stop = gr.Button("Stop", variant="stop", visible=False, elem_id="stop")
                self.progress = gr.HTML(visible=False, elem_id="progress")
        with gr.Column(visible=False, elem_id="result") as self.result:
            self.slider = gr.ImageSlider(
                label="Bicubic on the left, DRLN on the right",
                type="filepath",
                image_mode=None,
                interactive=False,
                buttons=["fullscreen"],
                max_height=640,
                elem_id="slider",
            )
            self.preview_note = gr.HTML(visible=False)
            with gr.Row():
                with gr.Column(scale=3, min_width=300):
                    self.facts = gr.HTML(elem_id="facts")
                with gr.Column(scale=2, min_width=300):
                    self.download = gr.DownloadButton("Download the PNG", variant="primary", elem_id="download")
            gr.Markdown("### Close-up\nClick on the picture to choose the place.")
            with gr.Row():
                alt = "The result, with a frame around the place of the close-up"
                self.overview = self._picture("Place", "overview", alt_text=alt, scale=3, min_width=300)
                alt = "Close-up of the photo upscaled with "
                self.bicubic = self._picture("Bicubic", "crop-bicubic", alt_text=alt + "bicubic", scale=2, min_width=140)
                self.drln = self._picture("DRLN", "crop-drln", alt_text=alt + "DRLN", scale=2, min_width=140)
        self.finished = gr.State(None, time_to_live=results.KEPT_SECONDS)
        self._connect()

    def _picture(self, label: str, elem_id: str, **layout: Any) -> gr.Image:
        return gr.Image(
            label=label, format="png", image_mode=None, interactive=False, buttons=[], elem_id=elem_id, **layout
        )

    def _connect(self) -> None:
        choice = [self.photo, self.scale, self.model]
        quick: dict[str, Any] = {"api_visibility": "private", "preprocess": False, "show_progress": "hidden"}
        gr.on(
            [self.photo.change, self.scale.change, self.model.change],
            self.plan,
            choice,
            [self.plan_note, self.model_note, self.compact, self.go],
            trigger_mode="always_last",
            concurrency_limit=2,
            **quick,
        )
        self.compact.click(lambda: BUNDLED, None, self.model, queue=False, **quick)
        job = [self.progress, self.result, self.go, self.stop, self.model_note, self.compact]
        made = [self.slider, self.preview_note, self.download, self.facts, self.finished]
        closeup = [self.overview, self.bicubic, self.drln]
        running = self.go.click(self.begin, None, job, queue=False, **quick).then(
            self.run,
            choice,
            job + made + closeup,
            concurrency_id=DEVICE,
            concurrency_limit=1,
            **{**quick, "show_progress": "minimal"},
            show_progress_on=self.progress,
        )
        running.success(None, js=SHOW_RESULT, api_visibility="private")
        running.failure(self.failed, None, job, queue=False, **quick)
        self.stop.click(self.stopped, None, job, cancels=[running], queue=False, **quick)
        self.overview.select(
            self.pick, [self.finished], closeup, concurrency_limit=2, trigger_mode="always_last", **quick
        )
        gr.Button(visible=False).click(
            self.upscale,
            choice,
            self.download,
            api_name="upscale",
            concurrency_id=DEVICE,
            concurrency_limit=1,
            preprocess=False,
        )

    def plan(self, photo: dict[str, Any] | None, scale: int, model: str) -> Iterator[Update]:
        """Tell what the upscale would take, or why it cannot be."""
        yield {self.compact: gr.update(visible=False), self.go: gr.update(interactive=False)}
        try:
            choice = self.service.choice(model)
            absent = self.service.models.must_download(model, scale)
            note = {self.model_note: _html(wording.model_note(choice, absent))}
            if not photo:
                yield {**note, self.plan_note: wording.note(wording.NO_PHOTO)}
                return
            for plan in self.service.plan(self._uploaded(photo), scale, model):
                fits = plan.estimate is not None and plan.estimate.fits
                yield {**note, self.plan_note: wording.plan_note(plan), self.go: gr.update(interactive=fits)}
        except Exception as error:
            yield {self.plan_note: wording.alert(_message(error))}

    def begin(self) -> Update:
        """At once after the click; the job itself may have to wait in line."""
        return {
            **self._idle(wording.progress(Progress("Waiting for its turn", 0.0))),
            self.result: gr.update(visible=False),
            self.go: gr.update(visible=False),
            self.stop: gr.update(visible=True),
            self.model_note: _html(""),
            self.compact: gr.update(visible=False),
        }

    def run(self, photo: dict[str, Any] | None, scale: int, model: str) -> Iterator[Update]:
        """Upscale, with progress; whatever goes wrong is said on the page."""
        updated = 0.0
        try:
            for step in self._steps(photo, scale, model):
                if isinstance(step, Finished):
                    yield {**self._idle(), **self._shown(step)}
                elif time.monotonic() - updated > UPDATE_SECONDS or step.fraction == 1:
                    updated = time.monotonic()
                    yield {self.progress: _html(wording.progress(step))}
        except Exception as error:
            choice = self.service.models.choices.get(model)
            if choice and choice.on_hub and isinstance(error, (HubError, CheckpointError)):
                yield {
                    **self._idle(),
                    self.model_note: _html(wording.unreachable(choice, error)),
                    self.compact: gr.update(visible=True),
                }
            else:
                yield self._idle(wording.alert(_message(error)))

    def stopped(self) -> Update:
        return self._idle(wording.note("Stopped."))

    def failed(self) -> Update:
        """The job never began, for one because the queue is full."""
        return self._idle(wording.alert("Too many photos are waiting here; try again in a few minutes."))

    def pick(self, finished: Finished | None, event: gr.SelectData) -> Update:
        """Show the place that was clicked on in the overview."""
        if finished is None:
            return {}    # nothing has been upscaled, or so long ago that it is forgotten
        width, height = previews.capped_size(finished.saved.preview_size, previews.OVERVIEW_SIDE)
        try:
            return self._closeup(finished, event.index[0] / width, event.index[1] / height)
        except Exception as error:
            raise gr.Error(html.escape(_message(error)), print_exception=False) from error

    def upscale(self, image: dict[str, Any] | None, scale: int | str, model: str) -> Iterator[Any]:
        """Upscale a photo and get a PNG file.

        Args:
            image: the photo's file.
            scale: 2, 3 or 4.
            model: "drln-bam-compact", "eugenesiow/drln-bam" or "eugenesiow/drln".
        """
        if isinstance(scale, str) and scale.isdecimal():    # Gradio's page on the API shows the scales as strings
            scale = int(scale)
        try:
            for step in self._steps(image, scale, model):
                yield str(step.saved.result) if isinstance(step, Finished) else gr.skip()
        except Exception as error:
            raise gr.Error(html.escape(_message(error), quote=False), print_exception=False) from error

    def _steps(self, photo: dict[str, Any] | None, scale: Any, model: str) -> Iterator[Progress | Finished]:
        if not photo:
            raise UploadError("There is no photo; choose one first.")
        path = self._uploaded(photo)
        return self.service.upscale(path, scale, model, photo.get("orig_name") or path.name)

    def _uploaded(self, photo: dict[str, Any]) -> Path:
        """Where an upload is. A client may send any path, and Gradio checks only those that call themselves uploads."""
        path = Path(photo.get("path") or "").resolve()
        if not path.is_relative_to(Path(self.photo.GRADIO_CACHE).resolve()):
            raise UploadError("The photo was not uploaded; choose a file.")
        return path

    def _idle(self, progress: str = "") -> Update:
        return {self.progress: _html(progress), self.go: gr.update(visible=True), self.stop: gr.update(visible=False)}

    def _shown(self, finished: Finished) -> Update:
        saved = finished.saved
        return {
            self.result: gr.update(visible=True),
            self.slider: tuple(map(str, saved.sliders)),
            self.preview_note: _html(wording.preview_note(finished)),
            self.download: str(saved.result),
            self.facts: wording.facts(finished),
            self.finished: finished,
            **self._closeup(finished),
        }

    def _closeup(self, finished: Finished, x: float = 0.5, y: float = 0.5) -> Update:
        closeup = results.closeup(finished.saved, x, y)
        return {self.overview: closeup.overview, self.bicubic: closeup.bicubic, self.drln: closeup.drln}


def _html(text: str) -> dict[str, Any]:
    """Shown where there is something to say; an empty component would leave a gap."""
    return gr.update(value=text, visible=bool(text))


def _message(error: Exception) -> str:
    """For the user; what nobody expected goes to the log."""
    if isinstance(error, EXPECTED):
        return wording.said(error)
    logger.error("An event of the Upscale tab failed", exc_info=error)
    return wording.UNEXPECTED
