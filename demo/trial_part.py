"""The Evaluate tab's first part, a photo of one's own: components and events only."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import gradio as gr

from demo import score_wording, wording
from demo.inputs import comparison, model_input, photo_input, scale_input
from demo.payloads import Update, Upload, html_update, uploaded_path
from demo.service import Service
from demo.trial import Trial, Trials
from demo.upscale_tab import DEVICE, UPDATE_SECONDS
from drln import Progress
from drln.protocols import STANDARD

SHOW_RESULT = "() => document.getElementById('trial-result')?.scrollIntoView()"


class TrialPart:
    """Components in the Blocks that are open, and what happens to them."""

    def __init__(self, service: Service, trials: Trials) -> None:
        self.trials = trials
        with gr.Row():
            with gr.Column(scale=3, min_width=300):
                self.photo = photo_input("Sharp photo", "trial-photo")
            with gr.Column(scale=2, min_width=300):
                self.scale = scale_input("trial-scale")
                self.protocol = protocol_radio("trial-protocol")
                self.model = model_input(service.models.choices, "trial-model")
                self.plan_note = gr.HTML(wording.note(score_wording.NO_PHOTO), elem_id="trial-plan")
                self.go = gr.Button("Measure", variant="primary", interactive=False, elem_id="trial-go")
                self.stop = gr.Button("Stop", variant="stop", visible=False, elem_id="trial-stop")
                self.progress = gr.HTML(visible=False, elem_id="trial-progress", elem_classes="job-progress")
        with gr.Column(visible=False, elem_id="trial-result") as self.result:
            self.table = gr.HTML(elem_id="trial-table")
            self.slider = comparison("trial-slider")
            with gr.Row():
                self.lr = _picture("What the network saw", "trial-lr", "The photo made smaller, each pixel a square")
                alt = "Map of the errors of "
                self.bicubic_errors = _picture("Errors of bicubic", "trial-errors-bicubic", alt + "bicubic")
                self.drln_errors = _picture("Errors of DRLN", "trial-errors-drln", alt + "DRLN")
            gr.HTML(score_wording.ERRORS_CAPTION)
        self._connect()

    def _connect(self) -> None:
        page: dict[str, Any] = {"api_visibility": "private", "preprocess": False, "show_progress": "hidden"}
        gr.on(
            [self.photo.change, self.scale.change, self.protocol.change],
            self.plan,
            [self.photo, self.scale, self.protocol],
            [self.plan_note, self.go],
            trigger_mode="always_last",
            concurrency_limit=1,    # so that the last one ends last
            **page,
        )
        shown = [self.result, self.table, self.slider, self.lr, self.bicubic_errors, self.drln_errors]
        job = [self.progress, self.go, self.stop, *shown]
        chosen = [self.photo, self.scale, self.model, self.protocol]
        begun = self.go.click(self.begin, None, job, queue=False, **page)
        running = begun.then(
            self.run,
            chosen,
            job,
            concurrency_id=DEVICE,
            concurrency_limit=1,
            **{**page, "show_progress": "minimal", "show_progress_on": self.progress},
        )
        running.success(None, js=SHOW_RESULT, api_visibility="private")
        running.failure(self.stopped, None, job, queue=False, **page)    # and when a cancel is through
        self.stop.click(lambda: wording.note("Stopping."), None, self.progress, cancels=[running], queue=False, **page)

    def plan(self, photo: Upload | None, scale: int, protocol: str) -> Update:
        """Tell what will be done with the photo, or why it cannot be."""
        note, ready = wording.note(score_wording.NO_PHOTO), False
        try:
            if photo:
                path = uploaded_path(photo, self.photo.GRADIO_CACHE)
                note, ready = score_wording.plan_note(*self.trials.plan(path, scale, protocol)), True
        except Exception as error:
            note = wording.alert(score_wording.message(error))
        return {self.plan_note: note, self.go: gr.update(interactive=ready)}

    def begin(self) -> Update:
        """At once after the click; the job itself may have to wait in line."""
        return {
            self.progress: html_update(wording.progress(Progress("Waiting for its turn", 0.0))),
            self.go: gr.update(visible=False),
            self.stop: gr.update(visible=True),
            self.result: gr.update(visible=False),
        }

    def run(self, photo: Upload | None, scale: int, model: str, protocol: str) -> Iterator[Update]:
        """Measure, with progress; whatever goes wrong is said on the page."""
        updated = 0.0
        try:
            path = uploaded_path(photo, self.photo.GRADIO_CACHE)
            for step in self.trials.stream(path, scale, model, protocol):
                if isinstance(step, Trial):
                    yield {**self._idle(), **self._show(step)}
                elif time.monotonic() - updated > UPDATE_SECONDS or step.fraction == 1:
                    updated = time.monotonic()
                    yield {self.progress: html_update(wording.progress(step))}
        except Exception as error:
            yield self._idle(wording.alert(score_wording.message(error)))

    def stopped(self) -> Update:
        """The job was cancelled, or never began."""
        return self._idle(wording.note("Stopped."))

    def _show(self, trial: Trial) -> Update:
        return {
            self.result: gr.update(visible=True),
            self.table: score_wording.trial_table(trial),
            self.slider: (str(trial.bicubic.picture), str(trial.drln.picture)),
            self.lr: str(trial.lr),
            self.bicubic_errors: str(trial.bicubic.errors),
            self.drln_errors: str(trial.drln.errors),
        }

    def _idle(self, progress: str = "") -> Update:
        return {
            self.progress: html_update(progress),
            self.go: gr.update(visible=True),
            self.stop: gr.update(visible=False),
        }


def protocol_radio(elem_id: str) -> gr.Radio:
    """The choice of a protocol."""
    choices = [(label, name) for name, label in score_wording.PROTOCOL_LABELS.items()]
    return gr.Radio(choices, value=STANDARD, label="Protocol", elem_id=elem_id)


def _picture(label: str, elem_id: str, alt: str) -> gr.Image:
    return gr.Image(
        label=label,
        format="png",
        image_mode=None,
        interactive=False,
        buttons=["fullscreen"],
        alt_text=alt,
        elem_id=elem_id,
        min_width=240,
    )
