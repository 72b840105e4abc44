"""The Evaluate tab: components and events only."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Any

import gradio as gr

from demo.backend import errors
from demo.backend.jobs import Jobs
from demo.backend.service import Service
from demo.backend.trial import Restored, Trial, Trials
from demo.components.inputs import api_scale, comparison, model_input, photo_input, picture, scale_input, whole_number
from demo.components.job_view import PAGE, JobView, Steps
from demo.components.measuring import api_degradation, measuring_options, without_clean
from demo.components.payloads import Update, Upload, api_errors, endpoint, last_step, uploaded
from demo.wording import notes
from demo.wording import scores as words
from drln.evaluation.degradations import CLEAN


class EvaluateTab:
    """Components in the open Blocks, and their events; computes in float32, as for published scores."""

    def __init__(self, service: Service, jobs: Jobs) -> None:
        self.trials = Trials(service, service.models.with_precision("float32"))
        gr.Markdown(words.INTRO)
        with gr.Row():
            with gr.Column(scale=3, min_width=300):
                self.photo = photo_input("Sharp photo", "trial-photo")
            with gr.Column(scale=2, min_width=300):
                self.scale = scale_input("trial-scale")
                self.model = model_input(service.models.choices, "trial-model")
                self.protocol, self.degradation = measuring_options("trial")
                self.job = JobView(jobs, "trial", "Measure")
                # Below the button, which would otherwise move while it is pressed, and miss the click.
                self.plan_note = gr.HTML(notes.note(words.NO_PHOTO), elem_id="trial-plan")
        with gr.Column(visible=False, elem_id="trial-result") as self.result:
            self.table = gr.HTML(elem_id="trial-table")
            self.slider = comparison("trial-slider")
            with gr.Row():
                layout: dict[str, Any] = {"buttons": ["fullscreen"], "min_width": 240}
                alt = "The photo made smaller, each pixel a square"
                self.lr = picture("What the network sees", "trial-lr", alt, **layout)
                alt = "Map of the errors of "
                self.bicubic_errors = picture("Errors of bicubic", "trial-errors-bicubic", alt + "bicubic", **layout)
                self.drln_errors = picture("Errors of DRLN", "trial-errors-drln", alt + "DRLN", **layout)
            gr.HTML(words.ERRORS_CAPTION)
        self._connect()

    def _connect(self) -> None:
        gr.on(
            [self.photo.change, self.scale.change, self.protocol.change, self.degradation.change],
            self.plan,
            [self.photo, self.scale, self.protocol, self.degradation],
            [self.plan_note, self.job.go],
            trigger_mode="always_last",
            concurrency_limit=1,    # so that the last plan is shown last
            **PAGE,
        )
        inputs = [self.photo, self.scale, self.model, self.protocol, self.degradation]
        outputs = [self.table, self.slider, self.lr, self.bicubic_errors, self.drln_errors]
        self.job.connect(inputs, self.result, outputs, self._steps, self._show)
        names = ("scale", "model", "protocol", "degradation")
        self.stored_choices = {name: getattr(self, name) for name in names}
        scores = gr.JSON(visible=False, label="Scores")
        api_inputs = [self.photo, api_scale(), self.model, self.protocol, api_degradation()]
        endpoint(self.evaluate, api_inputs, scores, "evaluate")

    def plan(self, photo: Upload | None, scale: int, protocol: str, degradation: str = CLEAN) -> Update:
        """Show what will be done with the photo, or why it is impossible."""
        note, ready = notes.note(words.NO_PHOTO), False
        try:
            if photo:
                with uploaded(photo, self.photo.GRADIO_CACHE) as (path, _):
                    degradation = without_clean(degradation)
                    sizes = self.trials.plan(path, scale, protocol, degradation)
                    note, ready = words.plan_note(*sizes, degradation), True
        except Exception as error:
            note = notes.alert(errors.message(error))
        return {self.plan_note: note, self.job.go: gr.update(interactive=ready)}

    def evaluate(
        self, image: Upload | None, scale: int | str, model: str, protocol: str, degradation: str = CLEAN
    ) -> Iterator[Any]:
        """Make a sharp photo smaller, restore it by bicubic and by a model, and measure both.

        Args:
            image: the sharp photo's file.
            scale: 2, 3 or 4.
            model: "drln-bam-compact", "drln-bam-compact-photo", "eugenesiow/drln-bam" or "eugenesiow/drln".
            protocol: "standard" (the papers') or "card" (the published models').
            degradation: of the small image, in the standard protocol: "clean" for none, "jpeg1" to "jpeg100", "noise1"
                to "noise100", or at scale 3 "bd" or "dn".

        Returns:
            PSNR in dB (nothing if no pixel differs) and SSIM of both, sizes in pixels, and how it was computed.
        """
        with api_errors():
            steps = self._steps(image, whole_number(scale), model, protocol, degradation)
            trial = yield from last_step(steps, Trial)
            yield _scores(trial)

    def _steps(
        self, photo: Upload | None, scale: Any, model: str, protocol: str, degradation: str = CLEAN
    ) -> Steps:
        with uploaded(photo, self.photo.GRADIO_CACHE) as (path, _):
            yield from self.trials.stream(path, scale, model, protocol, without_clean(degradation))

    def _show(self, trial: Trial) -> Update:
        return {
            self.result: gr.update(visible=True),
            self.table: words.trial_result(trial),
            self.slider: (str(trial.bicubic.picture), str(trial.drln.picture)),
            self.lr: str(trial.lr),
            self.bicubic_errors: str(trial.bicubic.errors),
            self.drln_errors: str(trial.drln.errors),
        }


def _scores(trial: Trial) -> dict[str, Any]:
    def scores_of(method: Restored) -> dict[str, Any]:
        return {"psnr": method.psnr if isfinite(method.psnr) else None, "ssim": method.ssim}

    facts = ("protocol", "scale", "hr_size", "lr_size", "source", "device", "precision")
    by_method = {"bicubic": scores_of(trial.bicubic), "drln": scores_of(trial.drln)}
    degraded = {"degradation": trial.degradation or CLEAN}
    return {**{name: getattr(trial, name) for name in facts}, **degraded, **by_method}

