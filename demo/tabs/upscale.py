"""The Upscale tab: components and events only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import gradio as gr

from demo.backend import errors
from demo.backend.errors import UnavailableModel
from demo.backend.jobs import Jobs
from demo.backend.service import Finished, Service
from demo.backend.welcome import Welcome
from demo.components.inputs import api_scale, connect_photo, model_input, photo_input, scale_input, whole_number
from demo.components.job_view import JobView, Steps
from demo.components.options import plan_arguments, result_options, upscale_arguments
from demo.components.payloads import PAGE, Update, Upload, api_errors, endpoint, html_update, last_step, uploaded
from demo.components.stage import Stage
from demo.wording import notes
from demo.wording import upscale as words
from drln.progress import Work
from drln.weights.sources import BUNDLED, BUNDLED_PHOTO

# A page has one at a time, and the last is shown last.
LAST: dict[str, Any] = {"trigger_mode": "always_last", "concurrency_limit": 8, **PAGE}


class UpscaleTab:
    """Components in the open Blocks, and their events.

    The handlers take payloads as they come (`preprocess=False`), so that the demo's own messages answer whatever is
    wrong with them: Gradio has none for a file that Pillow cannot open.
    """

    def __init__(self, service: Service, jobs: Jobs) -> None:
        self.service, self._jobs, self._welcome = service, jobs, Welcome(service)
        with gr.Row(elem_classes="workbench"):
            with gr.Column(scale=0, min_width=340, elem_classes="controls"):
                self.photo, self.place, self.samples = photo_input("Photo", "photo")
                self.scale = scale_input("scale")
                with gr.Accordion("Model and format", elem_id="upscale-options", elem_classes="folded-on-phones"):
                    self.model = model_input(service.models.choices, "model")
                    self.options = result_options("upscale")
                self.plan_note = gr.HTML(notes.note(words.NO_PHOTO), elem_id="plan")
                self.for_jpeg = gr.Button(words.USE_FOR_JPEG, size="sm", visible=False, elem_id="for-jpeg")
                self.model_note = gr.HTML(visible=False, elem_id="model-note")
                self.fast = gr.Button(words.USE_FAST, size="sm", visible=False, elem_id="use-fast")
                self.job = JobView(jobs, "upscale", "Upscale", below=False)
            with gr.Column(min_width=300, elem_classes="stage-column"):
                self.stage = Stage(jobs, self.job.display)
        self._connect()

    def _connect(self) -> None:
        stage, job = self.stage, self.job
        inputs = [self.photo, self.scale, self.model, *self.options]
        planned: list[Any] = [self.photo, self.scale, self.model, self.options.format, self.options.self_ensemble]
        gr.on(
            [component.change for component in planned],
            self.plan, [*planned, job.keys], [self.plan_note, self.for_jpeg, job.go], **LAST,
        )
        gr.on(
            [self.model.change, self.scale.change],
            self.model_state, [self.model, self.scale], [self.model_note, self.fast], **LAST,
        )
        gr.on(
            [self.photo.change, self.scale.change, self.model.change, stage.shown.change],
            self.is_earlier, [self.photo, self.scale, self.model, stage.shown, job.keys], stage.earlier, **LAST,
        )
        self.fast.click(lambda: BUNDLED, None, self.model, queue=False, **PAGE)
        self.for_jpeg.click(lambda: BUNDLED_PHOTO, None, self.model, queue=False, **PAGE)
        connect_photo(self.photo, self.place, self.samples)
        looked = [job.progress, *stage.outputs]
        self.photo.change(self.look, [self.photo, stage.shown, job.keys], looked, **LAST)
        stage.strip.click(self.bring_back, job.keys, stage.outputs, queue=False, **PAGE)
        recalled = job.connect(
            inputs, [self.model_note, self.fast, *stage.outputs], self._steps, lambda step: {},
            begin=self.clear_notes, failed=self.failed, done=lambda job, keys: stage.result(keys), scroll_to="stage",
        )
        recalled.then(self.restore, job.keys, [self.photo, *stage.outputs], queue=False, **PAGE)
        self.stored_choices = {"scale": self.scale, "model": self.model, **self.options._asdict()}
        scale = api_scale()
        endpoint(self.upscale, [self.photo, scale, *inputs[2:]], stage.download, "upscale")
        estimate = gr.JSON(visible=False, label="Estimate")
        endpoint(self.estimate, [self.photo, scale, *planned[2:]], estimate, "estimate", computes=False)

    def look(self, photo: Upload | None, shown: str, keys: str) -> Update:
        """Show a photo that was chosen, unless its result is shown; what was said of another one goes."""
        same = {self.stage.viewer: gr.skip()}
        if not photo:
            return same
        with uploaded(photo, self.photo.GRADIO_CACHE) as (path, title):
            result = self.stage.visit(keys).get(shown)
            if result and result.photo == path:
                return same
            try:
                return {**self.job.without_alert(keys), **self.stage.photo(self.service.look(path), title)}
            except Exception as error:    # the plan says it
                errors.message(error)
                return {**same, **self.job.without_alert(keys)}

    def is_earlier(self, photo: Upload | None, scale: int, model: str, shown: str, keys: str) -> Any:
        """Say that the result on the stage does not belong to the controls, if so."""
        result = self.stage.visit(keys).get(shown)
        if not result:
            return html_update("")
        path = Path((photo or {}).get("path") or "").resolve()
        same = (result.photo, result.saved.scale, result.model) == (path, scale, self.service.choice(model).title)
        return html_update("" if same else words.earlier(result))

    def bring_back(self, keys: str, event: gr.EventData) -> Update:
        """Show the result that was clicked on."""
        return self.stage.result(keys, str(event.key)) or {self.stage.viewer: gr.skip()}

    def restore(self, keys: str) -> Update:
        """Show a page that was just opened what its visit had: the photo and the newest result, or else a sample."""
        update = self.stage.result(keys) or self.stage.welcome(self._welcome.finished())
        photo = self.job.last(keys, dict)
        if photo and Path(photo["path"]).exists():
            update[self.photo] = photo["path"]
        return update

    def model_state(self, model: str, scale: int) -> Iterator[Update]:
        """Say whether the model is here, must be downloaded, or cannot be."""
        ready = {self.model_note: html_update(""), self.fast: gr.update(visible=False)}
        try:
            choice = self.service.choice(model)
            if not self.service.models.must_download(model, scale):
                yield ready
                return
            yield {**ready, self.model_note: html_update(notes.note(words.ASKING))}
            asking = Work(self.service.models.reachable(model, scale))
            for _ in asking:
                yield {self.model_note: gr.skip()}    # a chance to cancel
            if asking.result:
                yield self._unavailable(choice.label, asking.result)
            else:
                yield {**ready, self.model_note: html_update(notes.note(words.DOWNLOAD))}
        except Exception as error:
            yield {**ready, self.model_note: html_update(notes.alert(errors.message(error)))}

    def plan(
        self, photo: Upload | None, scale: int, model: str, format: str, ensemble: bool, keys: str = ""
    ) -> Iterator[Update]:
        """Show what the upscale would take, or why it is impossible.

        The last update is complete, as the page may show only the last of several that follow quickly. Until then
        the button stays as it is: a click on a button that is disabled for a moment would be lost.
        """
        update: Update = {self.for_jpeg: gr.update(visible=False)}
        disabled = {self.job.go: gr.update(interactive=False)}
        try:
            if not photo:
                yield {**update, **disabled, self.plan_note: notes.note(words.NO_PHOTO)}
                return
            with uploaded(photo, self.photo.GRADIO_CACHE) as (path, _):
                for plan in self.service.plan(path, scale, model, **plan_arguments(format, ensemble)):
                    if plan.estimate and not self.job.is_running(keys):
                        update |= {self.job.go: gr.update(interactive=plan.estimate.fits)}
                    update |= {self.for_jpeg: gr.update(visible=plan.suggested is not None)}
                    yield {**update, self.plan_note: words.plan_note(plan) + words.suggestion(plan)}
        except Exception as error:
            yield {**update, **disabled, self.plan_note: notes.alert(errors.message(error))}

    def clear_notes(self) -> Update:
        """Remove what an earlier job said about the model."""
        return {self.model_note: html_update(""), self.fast: gr.update(visible=False)}

    def failed(self, error: Exception) -> Update:
        """Show an error; if a hub model is unavailable, in place of its note, and offer the fast one."""
        if isinstance(error, UnavailableModel):
            return self._unavailable(error.model, errors.message(error))
        return self.job.alert(error)

    def _unavailable(self, model: str, why: str) -> Update:
        return {self.model_note: html_update(words.unavailable(model, why)), self.fast: gr.update(visible=True)}

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
            yield photo    # for a page that is reloaded
            arguments = upscale_arguments(*options)
            yield from self.service.upscale(path, scale, model, title, **arguments, for_page=for_page)
