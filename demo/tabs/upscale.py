"""The Upscale tab: components and events only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import gradio as gr

from demo.backend import errors
from demo.backend.errors import UnavailableModel
from demo.backend.jobs import Jobs
from demo.backend.service import Finished, Service
from demo.components.inputs import api_scale, model_input, photo_input, scale_input, whole_number
from demo.components.job_view import PAGE, JobView, Steps
from demo.components.options import plan_arguments, result_options, upscale_arguments
from demo.components.payloads import Update, Upload, api_errors, endpoint, html_update, last_step, uploaded
from demo.components.result_view import ResultView
from demo.wording import notes
from demo.wording import upscale as words
from drln.weights.sources import BUNDLED, BUNDLED_PHOTO


class UpscaleTab:
    """Components in the open Blocks, and their events.

    The handlers take payloads as they come (`preprocess=False`), so that the demo's own messages answer whatever is
    wrong with them: Gradio has none for a file that Pillow cannot open.
    """

    def __init__(self, service: Service, jobs: Jobs) -> None:
        self.service = service
        with gr.Row():
            with gr.Column(scale=3, min_width=300):
                self.photo = photo_input("Photo", "photo")
            with gr.Column(scale=2, min_width=300):
                self.scale = scale_input("scale")
                self.model = model_input(service.models.choices, "model")
                self.options = result_options("upscale")
                self.job = JobView(jobs, "upscale", "Upscale")
                # Below the button: above it they would move it, and a button that moves while it is pressed
                # misses the click.
                self.plan_note = gr.HTML(notes.note(words.NO_PHOTO), elem_id="plan")
                self.for_jpeg = gr.Button(words.USE_FOR_JPEG, size="sm", visible=False, elem_id="for-jpeg")
                self.model_note = gr.HTML(visible=False, elem_id="model-note")
                self.compact = gr.Button("Use the compact model instead", size="sm", visible=False, elem_id="compact")
        self.result = ResultView()
        self._connect()

    def _connect(self) -> None:
        inputs = [self.photo, self.scale, self.model, *self.options]
        planned: list[Any] = [self.photo, self.scale, self.model, self.options.format, self.options.self_ensemble]
        gr.on(
            [component.change for component in planned],
            self.plan,
            planned,
            [self.plan_note, self.for_jpeg, self.model_note, self.compact, self.job.go],
            trigger_mode="always_last",
            concurrency_limit=1,    # so that the last plan is shown last; apart from the device's queue
            **PAGE,
        )
        self.compact.click(lambda: BUNDLED, None, self.model, queue=False, **PAGE)
        self.for_jpeg.click(lambda: BUNDLED_PHOTO, None, self.model, queue=False, **PAGE)
        outputs = [self.model_note, self.compact, *self.result.outputs]
        self.job.connect(
            inputs, self.result.column, outputs, self._steps, self.result.show,
            begin=self.clear_notes, failed=self.failed,
        )
        self.stored_choices = {"scale": self.scale, "model": self.model, **self.options._asdict()}
        scale = api_scale()
        endpoint(self.upscale, [self.photo, scale, *inputs[2:]], self.result.download, "upscale")
        estimate = gr.JSON(visible=False, label="Estimate")
        endpoint(self.estimate, [self.photo, scale, *planned[2:]], estimate, "estimate", computes=False)

    def plan(self, photo: Upload | None, scale: int, model: str, format: str, ensemble: bool) -> Iterator[Update]:
        """Show what the upscale would take, or why it is impossible.

        The last update is complete, as the page may show only the last of several that follow quickly. Until then
        the button stays as it is: a click on a button that is disabled for a moment would be lost.
        """
        update: Update = {self.compact: gr.update(visible=False), self.for_jpeg: gr.update(visible=False)}
        disabled = {self.job.go: gr.update(interactive=False)}
        try:
            choice = self.service.choice(model)
            must_download = self.service.models.must_download(model, scale)
            update[self.model_note] = html_update(words.model_note(choice, must_download))
            if not photo:
                yield {**update, **disabled, self.plan_note: notes.note(words.NO_PHOTO)}
                return
            with uploaded(photo, self.photo.GRADIO_CACHE) as (path, _):
                for plan in self.service.plan(path, scale, model, **plan_arguments(format, ensemble)):
                    if plan.estimate:
                        update |= {self.job.go: gr.update(interactive=plan.estimate.fits)}
                    update |= {self.for_jpeg: gr.update(visible=plan.suggested is not None)}
                    yield {**update, self.plan_note: words.plan_note(plan) + words.suggestion(plan)}
        except Exception as error:
            yield {**update, **disabled, self.plan_note: notes.alert(errors.message(error))}

    def clear_notes(self) -> Update:
        """Remove what an earlier job said about the model."""
        return {self.model_note: html_update(""), self.compact: gr.update(visible=False)}

    def failed(self, error: Exception) -> Update:
        """Show an error; if a hub model is unavailable, in place of its note, and offer the compact one."""
        if isinstance(error, UnavailableModel):
            alert = html_update(notes.alert(errors.message(error)))
            return {self.model_note: alert, self.compact: gr.update(visible=True)}
        return self.job.alert(error)

    def upscale(
        self, image: Upload | None, scale: int | str, model: str, format: str, quality: float, self_ensemble: bool
    ) -> Iterator[Any]:
        """Upscale a photo and get the result's file.

        Args:
            image: the photo's file.
            scale: 2, 3 or 4.
            model: "drln-bam-compact", "drln-bam-compact-photo", "eugenesiow/drln-bam" or "eugenesiow/drln".
            format: of the result: "PNG", "JPEG", "WebP" or "TIFF".
            quality: 1 to 100, for JPEG and WebP.
            self_ensemble: average eight flips and turns of the photo, which takes eight times as long.

        Returns:
            The upscaled photo.
        """
        with api_errors():
            steps = self._steps(image, whole_number(scale), model, format, quality, self_ensemble, for_page=False)
            finished = yield from last_step(steps, Finished)
            yield str(finished.saved.result)

    def estimate(
        self, image: Upload | None, scale: int | str, model: str, format: str, self_ensemble: bool
    ) -> dict[str, Any]:
        """Estimate what an upscale would take, without doing it.

        Args:
            image: the photo's file.
            scale: 2, 3 or 4.
            model: "drln-bam-compact", "drln-bam-compact-photo", "eugenesiow/drln-bam" or "eugenesiow/drln".
            format: of the result: "PNG", "JPEG", "WebP" or "TIFF".
            self_ensemble: average eight flips and turns of the photo, which takes eight times as long.

        Returns:
            Width and height of the result in pixels, seconds, bytes of memory, bytes that are free, whether it fits,
            whether the model must be fetched from the hub first, notes on the photo and its result, the photo's
            estimated JPEG quality from 1 to 100, and a model that suits the photo better; both may be null.
        """
        with api_errors(), uploaded(image, self.photo.GRADIO_CACHE) as (path, _):
            options = plan_arguments(format, self_ensemble)
            *_, plan = self.service.plan(path, whole_number(scale), model, **options)
            assert plan.estimate
            absent = self.service.models.must_download(model, plan.scale)
            facts = {"fits": plan.estimate.fits, "must_download": absent, "notes": plan.notes}
            suggestion = {"jpeg_quality": plan.jpeg_quality, "suggested_model": plan.suggested}
            return {**asdict(plan.estimate), **facts, **suggestion}

    def _steps(self, photo: Upload | None, scale: Any, model: str, *options: Any, for_page: bool = True) -> Steps:
        with uploaded(photo, self.photo.GRADIO_CACHE) as (path, title):
            arguments = upscale_arguments(*options)
            yield from self.service.upscale(path, scale, model, title, **arguments, for_page=for_page)
