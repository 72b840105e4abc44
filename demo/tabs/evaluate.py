"""The Evaluate tab: components and events only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import Any

import gradio as gr

from demo.backend import errors
from demo.backend.jobs import Jobs
from demo.backend.service import Service
from demo.backend.trial import Restored, Trial, Trials
from demo.components.inputs import api_photo, api_scale, model_input, photo_input, scale_input, whole_number
from demo.components.job_view import JobView, Steps
from demo.components.measuring import api_degradation, measuring_options, without_clean
from demo.components.payloads import LAST, Update, Upload, api_errors, endpoint, html_update, last_step, uploaded
from demo.components.viewer import NOTHING, picture, viewer
from demo.wording import notes
from demo.wording import scores as words
from drln.evaluation.degradations import CLEAN

EMPTY = {**NOTHING, "note": words.EMPTY}


class EvaluateTab:
    """Components in the open Blocks, and their events; computes in float32, as for published scores."""

    def __init__(self, service: Service, jobs: Jobs) -> None:
        self.service = service
        self.trials = Trials(service, service.models.with_precision("float32"))
        gr.Markdown(words.INTRO)
        with gr.Row(elem_classes="workbench"):
            with gr.Column(scale=0, min_width=340, elem_classes="controls"):
                self.photo = photo_input("Sharp photo", "trial-photo")
                self.scale = scale_input("trial-scale")
                self.model = model_input(service.models.choices, "trial-model")
                self.protocol, self.degradation = measuring_options("trial")
                self.job = JobView(jobs, "trial", "Measure")
                # Below the button, which would otherwise move while it is pressed, and miss the click.
                self.plan_note = gr.HTML(notes.note(words.NO_PHOTO), elem_id="trial-plan")
            with gr.Column(min_width=300, elem_classes="stage-column"):
                self.viewer = viewer("trial-viewer", empty=EMPTY)
                self.table = gr.HTML(visible=False, elem_id="trial-table")
        with gr.Column(visible=False, elem_id="trial-errors") as self.errors:
            gr.HTML(words.ERRORS_CAPTION)
            with gr.Row():
                self.bicubic_errors, self.drln_errors = (
                    gr.Image(
                        format="png",
                        image_mode=None,
                        interactive=False,
                        buttons=["fullscreen"],
                        min_width=140,
                        elem_id=f"trial-errors-{method}",
                    )
                    for method in ("bicubic", "drln")
                )
        self._connect()

    def _connect(self) -> None:
        planned: list[Any] = [self.photo.photo, self.scale, self.protocol, self.degradation]
        outputs = [self.plan_note, self.job.go]
        gr.on([part.change for part in planned], self.plan, [*planned, self.job.keys], outputs, **LAST)
        shown = [self.table, self.viewer, self.errors]
        self.photo.connect([self.job.keys], [self.job.progress, *shown], self.look)
        self.job.connect(
            [self.photo.photo, self.scale, self.model, self.protocol, self.degradation],
            [*shown, self.bicubic_errors, self.drln_errors],
            self._steps, self._show, scroll_to="trial-table",
        )
        names = ("scale", "model", "protocol", "degradation")
        self.stored_choices = {name: getattr(self, name) for name in names}
        scores = gr.JSON(visible=False, label="Scores")
        api_inputs = [api_photo("Sharp photo"), api_scale(), self.model, self.protocol, api_degradation()]
        endpoint(self.evaluate, api_inputs, scores, "evaluate")

    def look(self, path: Path, title: str, keys: str) -> Update:
        """Show a photo that was chosen, in place of the result of another one."""
        view = EMPTY
        with suppress(Exception):    # the plan says them
            look = self.service.look(path)
            assert look.preview
            view = {"pictures": [picture("hr", words.YOUR_PHOTO, look.preview, look.size)]}
        shown = {self.viewer: view, self.table: html_update(""), self.errors: gr.update(visible=False)}
        return {**self.job.without_alert(keys), **shown}

    def plan(
        self, photo: str, scale: int, protocol: str, degradation: str = CLEAN, keys: str = ""
    ) -> Update:
        """Show what will be done with the photo, or why it is impossible."""
        note, ready = notes.note(words.NO_PHOTO), False
        try:
            if photo:
                with uploaded(photo, self.photo.photo.GRADIO_CACHE) as (path, _):
                    degradation = without_clean(degradation)
                    sizes = self.trials.plan(path, scale, protocol, degradation)
                    note, ready = words.plan_note(*sizes, degradation), not self.job.is_running(keys)
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
        self, photo: Upload | str | None, scale: Any, model: str, protocol: str, degradation: str = CLEAN
    ) -> Steps:
        with uploaded(photo, self.photo.photo.GRADIO_CACHE) as (path, _):
            yield from self.trials.stream(path, scale, model, protocol, without_clean(degradation))

    def _show(self, trial: Trial) -> Update:
        pictures = [
            picture("hr", words.YOUR_PHOTO, trial.hr, trial.hr_size),
            picture("lr", words.MADE_SMALLER, trial.lr, trial.lr_size, pixelated=True),
            picture("bicubic", trial.bicubic.title, trial.bicubic.picture, trial.hr_size),
            picture("drln", trial.drln.title, trial.drln.picture, trial.hr_size),
        ]
        return {
            self.table: html_update(words.trial_result(trial)),
            self.viewer: {"pictures": pictures, "left": "bicubic", "right": "drln"},
            self.errors: gr.update(visible=True),
            self.bicubic_errors: _error_map(trial.bicubic),
            self.drln_errors: _error_map(trial.drln),
        }


def _error_map(method: Restored) -> Update:
    label = words.errors_of(method.title)
    return gr.update(value=str(method.errors), label=label, alt_text=label)


def _scores(trial: Trial) -> dict[str, Any]:
    def scores_of(method: Restored) -> dict[str, Any]:
        return {"psnr": method.psnr if isfinite(method.psnr) else None, "ssim": method.ssim}

    facts = ("protocol", "scale", "hr_size", "lr_size", "source", "device", "precision")
    by_method = {"bicubic": scores_of(trial.bicubic), "drln": scores_of(trial.drln)}
    degraded = {"degradation": trial.degradation or CLEAN}
    return {**{name: getattr(trial, name) for name in facts}, **degraded, **by_method}

