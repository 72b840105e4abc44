"""The Upscale tab: components and events only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

import gradio as gr

from demo.backend import errors
from demo.backend.errors import GoneError, UnavailableModel, UploadError
from demo.backend.jobs import Jobs
from demo.backend.limits import result_size
from demo.backend.service import Service
from demo.backend.welcome import Welcome
from demo.components.inputs import model_input, photo_input
from demo.components.job_view import JobView, Steps
from demo.components.options import EXTENSIONS, plan_arguments, result_options
from demo.components.payloads import LAST, PAGE, Update, html_update, payload, uploaded
from demo.components.size import asked_on_page, size_input
from demo.components.stage import Stage
from demo.tabs.upscale_endpoints import Photograph, UpscaleEndpoints
from demo.wording import notes
from demo.wording import upscale as words
from drln import ImageError, UpscaleError
from drln.network.config import SCALES
from drln.progress import Work
from drln.weights.sources import BUNDLED, BUNDLED_PHOTO


class UpscaleTab:
    """Components in the open Blocks, and their events.

    The handlers take payloads as they come (`preprocess=False`), so that the demo's own messages answer whatever is
    wrong with them: Gradio has none for a file that Pillow cannot open.
    """

    def __init__(self, service: Service, jobs: Jobs, welcome: Welcome | None = None) -> None:
        self.service, self._welcome = service, welcome or Welcome(service)
        with gr.Row(elem_classes="workbench"):
            with gr.Column(scale=0, min_width=340, elem_classes="controls"):
                self.photo = photo_input("Photo", "photo")
                self.size = size_input("scale")
                with gr.Accordion("Model and format", elem_id="upscale-options", elem_classes="folded-on-phones"):
                    self.model = model_input(service.models.choices, "model")
                    self.options = result_options("upscale")
                self.job = JobView(jobs, "upscale", "Upscale", below=False)
                # Below the button: above it they would move it, and a button that moves while it is pressed
                # misses the click.
                self.plan_note = gr.HTML(notes.note(words.NO_PHOTO), elem_id="plan")
                self.for_jpeg = gr.Button(words.USE_FOR_JPEG, size="sm", visible=False, elem_id="for-jpeg")
                self.model_note = gr.HTML(visible=False, elem_id="model-note")
                self.fast = gr.Button(words.USE_FAST, size="sm", visible=False, elem_id="use-fast")
            with gr.Column(min_width=300, elem_classes="stage-column"):
                self.stage = Stage(jobs, self.job.display)
        self.endpoints = UpscaleEndpoints(service)
        self._connect()

    def _connect(self) -> None:
        stage, job, size = self.stage, self.job, self.size
        wanted: list[Any] = [self.photo.photo, *size, self.model]
        planned: list[Any] = [*wanted, self.options.format, self.options.self_ensemble]
        gr.on(
            [component.change for component in planned],
            self.plan, [*planned, job.keys], [self.plan_note, self.for_jpeg, job.go], **LAST,
        )
        gr.on(
            [component.change for component in wanted],
            self.model_state, wanted, [self.model_note, self.fast], **LAST,
        )
        compared = [*wanted, self.options.format, stage.shown]
        gr.on(
            [component.change for component in compared],
            self.is_earlier, [*compared, job.keys], stage.earlier, **LAST,
        )
        self.fast.click(lambda: BUNDLED, None, self.model, queue=False, **PAGE)
        self.for_jpeg.click(lambda: BUNDLED_PHOTO, None, self.model, queue=False, **PAGE)
        looked = [self.plan_note, job.go, job.progress, *stage.outputs]
        self.photo.connect([job.keys], looked, self.look)
        stage.strip.click(self.bring_back, job.keys, [job.progress, *stage.outputs], queue=False, **PAGE)
        recalled = job.connect(
            [*wanted, *self.options], [self.model_note, self.fast, *stage.outputs], self._steps, lambda step: {},
            begin=self.clear_notes, failed=self.failed, done=lambda job, keys: stage.result(keys), scroll_to="stage",
        )
        recalled.then(self.restore, job.keys, [self.photo.photo, *looked], queue=False, **PAGE)
        self.stored_choices = {**size._asdict(), "model": self.model, **self.options._asdict()}
        self.endpoints.connect(self.model, self.options, stage.download)

    def look(self, path: Path, title: str, keys: str) -> Update:
        """Show a photo that was chosen; what was said of another one goes."""
        update: Update = {**self.job.without_alert(keys), self.plan_note: notes.note(words.LOOKING)}
        if not self.job.is_running(keys):    # until this photo's plan is there
            update |= {self.job.go: gr.update(interactive=False)}
        with suppress(Exception):    # the plan says them
            update |= self.stage.photo(self.service.look(path), title, keys)
        return update

    def is_earlier(
        self, photo: str, scale: Any, measure: str, size: Any, model: str, format: str, shown: str, keys: str
    ) -> Any:
        """Say that the result on the stage does not belong to the controls, if so."""
        result = self.stage.visit(keys).get(shown)
        if not result:
            return html_update("")
        path = Path(payload(photo).get("path") or "").resolve()
        same = (result.photo, result.model) == (path, self.service.choice(model).title)
        same = same and result.saved.result.suffix == EXTENSIONS.get(format)
        with suppress(UploadError, UpscaleError):
            asked = asked_on_page(scale, measure, size)
            same = same and result.saved.sr_size == result_size(asked, *result.saved.lr_size)[1]
        return html_update("" if same else words.earlier(result))

    def bring_back(self, keys: str, event: gr.EventData) -> Update:
        """Show the result that was clicked on."""
        gone = GoneError("The result is no longer on the server; upscale the photo again.")
        return self.stage.result(keys, str(event.key)) or self.job.alert(gone)

    def restore(self, keys: str) -> Update:
        """Show a page that was just opened what its visit had: the photo and the newest result, or else a sample."""
        update = self.stage.result(keys)
        shown = self.stage.visit(keys).get(update.get(self.stage.shown, ""))
        photo = self.job.last(keys, Photograph)
        if shown and shown.photo and not photo:
            photo = Photograph(shown.photo, shown.title)
        if photo and photo.path.exists():
            update |= self.photo.chosen(photo.path, photo.title)
            if self.job.is_running(keys) or not shown:
                update |= self.look(photo.path, photo.title, keys)
        return update or self.stage.welcome(self._welcome.finished())

    def model_state(
        self, photo: str, scale: Any, measure: str, size: Any, model: str
    ) -> Iterator[Update]:
        """Say whether the model is here, must be downloaded, or cannot be."""
        ready = {self.model_note: html_update(""), self.fast: gr.update(visible=False)}
        try:
            choice, factor = self.service.choice(model), SCALES[-1]
            with suppress(UploadError, UpscaleError, ImageError), self._chosen(photo) as (path, _):
                factor, _ = result_size(asked_on_page(scale, measure, size), *self.service.look(path).size)
            if not self.service.models.must_download(model, factor):
                yield ready
                return
            yield {**ready, self.model_note: html_update(notes.note(words.ASKING))}
            asking = Work(self.service.models.reachable(model, factor))
            for _ in asking:
                yield {self.model_note: gr.skip()}    # a chance to cancel
            if asking.result:
                yield self._unavailable(UnavailableModel(asking.result, choice.label))
            else:
                yield {**ready, self.model_note: html_update(notes.note(words.DOWNLOAD))}
        except Exception as error:
            yield {**ready, self.model_note: html_update(notes.alert(errors.message(error)))}

    def plan(
        self,
        photo: str,
        scale: Any,
        measure: str,
        size: Any,
        model: str,
        format: str,
        ensemble: bool,
        keys: str = "",
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
            with self._chosen(photo) as (path, _):
                asked = asked_on_page(scale, measure, size)
                arguments = plan_arguments(format, ensemble)
                for plan in self.service.plan(path, asked, model, **arguments, for_page=True):
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
            return self._unavailable(error)
        return self.job.alert(error)

    def _chosen(self, photo: str) -> AbstractContextManager[tuple[Path, str]]:
        return uploaded(photo, self.photo.photo.GRADIO_CACHE)

    def _unavailable(self, error: UnavailableModel) -> Update:
        return {self.model_note: html_update(notes.trouble(error)), self.fast: gr.update(visible=True)}

    def _steps(
        self, photo: str, scale: Any, measure: str, size: Any, model: str, *options: Any
    ) -> Steps:
        yield from self.endpoints.steps(photo, asked_on_page(scale, measure, size), model, *options)
