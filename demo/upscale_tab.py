"""The Upscale tab: components and events only."""

from __future__ import annotations

import html
import time
from collections.abc import Iterator
from typing import Any

import gradio as gr

from demo import wording
from demo.inputs import model_input, photo_input, scale_input
from demo.payloads import Update, Upload, html_update, uploaded_path
from demo.result_view import ResultView
from demo.service import Finished, Service
from drln import CheckpointError, HubError, Progress
from drln.hub import BUNDLED

DEVICE = "device"        # concurrency id of all that computes: one job at a time, whichever event asks for it
UPDATE_SECONDS = 0.25    # between two updates of the progress bar
SHOW_RESULT = "() => document.getElementById('result')?.scrollIntoView()"


class UpscaleTab:
    """Components in the Blocks that are open, and what happens to them.

    Handlers take payloads as they come (`preprocess=False`), so that whatever is wrong with them gets a message of
    ours: Gradio has none for a file that Pillow cannot open.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        with gr.Row():
            with gr.Column(scale=3, min_width=300):
                self.photo = photo_input("Photo", "photo")
            with gr.Column(scale=2, min_width=300):
                self.scale = scale_input("scale")
                self.model = model_input(service.models.choices, "model")
                self.model_note = gr.HTML(visible=False, elem_id="model-note")
                self.compact = gr.Button("Use the compact model instead", size="sm", visible=False, elem_id="compact")
                self.plan_note = gr.HTML(wording.note(wording.NO_PHOTO), elem_id="plan")
                self.go = gr.Button("Upscale", variant="primary", interactive=False, elem_id="go")
                self.stop = gr.Button("Stop", variant="stop", visible=False, elem_id="stop")
                self.progress = gr.HTML(visible=False, elem_id="progress")
        self.result = ResultView()
        self._connect()

    def _connect(self) -> None:
        chosen = [self.photo, self.scale, self.model]
        page: dict[str, Any] = {"api_visibility": "private", "preprocess": False, "show_progress": "hidden"}
        device: dict[str, Any] = {"concurrency_id": DEVICE, "concurrency_limit": 1}
        gr.on(
            [self.photo.change, self.scale.change, self.model.change],
            self.plan,
            chosen,
            [self.plan_note, self.model_note, self.compact, self.go],
            trigger_mode="always_last",
            concurrency_limit=1,    # so that the last one ends last; not in the device's line, which may be long
            **page,
        )
        self.compact.click(lambda: BUNDLED, None, self.model, queue=False, **page)
        job = [self.progress, self.go, self.stop, self.model_note, self.compact, *self.result.outputs]
        begun = self.go.click(self.begin, None, job, queue=False, **page)
        # "minimal" tells the place in the queue.
        shown: dict[str, Any] = {**page, "show_progress": "minimal", "show_progress_on": self.progress}
        running = begun.then(self.run, chosen, job, **device, **shown)
        running.success(None, js=SHOW_RESULT, api_visibility="private")
        # Fired when a cancel is through, too, and not before: a job begun earlier would be forgotten with it.
        running.failure(self.stopped, None, job, queue=False, **page)
        self.stop.click(self.stopping, None, self.progress, cancels=[running], queue=False, **page)
        gr.Button(visible=False).click(
            self.upscale, chosen, self.result.download, api_name="upscale", preprocess=False, **device
        )

    def plan(self, photo: Upload | None, scale: int, model: str) -> Iterator[Update]:
        """Tell what the upscale would take, or why it cannot be.

        Every update is a whole one: of several in quick succession the page may show just the last.
        """
        update: Update = {self.compact: gr.update(visible=False), self.go: gr.update(interactive=False)}
        try:
            choice = self.service.choice(model)
            absent = self.service.models.must_download(model, scale)
            update[self.model_note] = html_update(wording.model_note(choice, absent))
            if not photo:
                yield {**update, self.plan_note: wording.note(wording.NO_PHOTO)}
                return
            for plan in self.service.plan(uploaded_path(photo, self.photo.GRADIO_CACHE), scale, model):
                fits = plan.estimate is not None and plan.estimate.fits
                yield {**update, self.plan_note: wording.plan_note(plan), self.go: gr.update(interactive=fits)}
        except Exception as error:
            yield {**update, self.plan_note: wording.alert(wording.message(error))}

    def begin(self) -> Update:
        """At once after the click; the job itself may have to wait in line."""
        return {
            self.progress: html_update(wording.progress(Progress("Waiting for its turn", 0.0))),
            self.go: gr.update(visible=False),
            self.stop: gr.update(visible=True),
            self.model_note: html_update(""),
            self.compact: gr.update(visible=False),
            **self.result.hide(),
        }

    def run(self, photo: Upload | None, scale: int, model: str) -> Iterator[Update]:
        """Upscale, with progress; whatever goes wrong is said on the page."""
        updated = 0.0
        try:
            for step in self._steps(photo, scale, model):
                if isinstance(step, Finished):
                    yield {**self._idle(), **self.result.show(step)}
                elif time.monotonic() - updated > UPDATE_SECONDS or step.fraction == 1:
                    updated = time.monotonic()
                    yield {self.progress: html_update(wording.progress(step))}
        except Exception as error:
            choice = self.service.models.choices.get(model)
            if choice and choice.on_hub and isinstance(error, (HubError, CheckpointError)):
                note = html_update(wording.unreachable(choice, error))
                yield {**self._idle(), self.model_note: note, self.compact: gr.update(visible=True)}
            else:
                yield self._idle(wording.alert(wording.message(error)))

    def stopping(self) -> str:
        """At once after the click; the strip that is being computed is the last one."""
        return wording.note("Stopping.")

    def stopped(self) -> Update:
        """The job was cancelled, or never began."""
        return self._idle(wording.note("Stopped."))

    def upscale(self, image: Upload | None, scale: int | str, model: str) -> Iterator[Any]:
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
            raise gr.Error(html.escape(wording.message(error), quote=False), print_exception=False) from error

    def _steps(self, photo: Upload | None, scale: Any, model: str) -> Iterator[Progress | Finished]:
        path = uploaded_path(photo, self.photo.GRADIO_CACHE)
        assert photo    # or there was no path
        return self.service.upscale(path, scale, model, photo.get("orig_name") or path.name)

    def _idle(self, progress: str = "") -> Update:
        shown = {self.go: gr.update(visible=True), self.stop: gr.update(visible=False)}
        return {self.progress: html_update(progress), **shown}
