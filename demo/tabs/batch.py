"""The Batch tab: components and events only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from demo.backend import batch_plan, errors
from demo.backend.batch import Batches, BatchReport
from demo.backend.errors import GoneError
from demo.backend.jobs import Job, Jobs
from demo.backend.service import Finished, Service
from demo.components.batch_table import batch_table, table_value
from demo.components.inputs import api_scale, model_input
from demo.components.job_view import SCROLL, JobView, Steps
from demo.components.options import plan_arguments, result_options, upscale_arguments
from demo.components.payloads import (
    LAST,
    PAGE,
    Update,
    Upload,
    api_errors,
    endpoint,
    html_update,
    last_step,
    uploaded,
)
from demo.components.size import api_size, asked_on_page, asked_size, size_input
from demo.components.stage import region_address, result_view
from demo.components.viewer import viewer
from demo.wording import batch as words
from demo.wording import notes
from demo.wording.upscale import USE_FAST
from drln.weights.sources import BUNDLED


class BatchTab:
    """Components in the open Blocks, and their events."""

    def __init__(self, service: Service, jobs: Jobs) -> None:
        self.service, self.batches = service, Batches(service)
        with gr.Row(elem_classes="workbench"):
            with gr.Column(scale=0, min_width=340, elem_classes="controls"):
                self.files = gr.File(
                    label="Photos, or zips of photos", file_count="multiple", height=200, elem_id="batch-files"
                )
                self.size = size_input("batch-scale")
                with gr.Accordion("Model and format", elem_id="batch-options", elem_classes="folded-on-phones"):
                    self.model = model_input(service.models.choices, "batch-model")
                    self.options = result_options("batch")
                self.job = JobView(jobs, "batch", "Upscale all", below=False)
                self.plan_note = gr.HTML(visible=False, elem_id="batch-plan")
            with gr.Column(min_width=300):
                self.job.display.render()
                self.fast = gr.Button(USE_FAST, size="sm", visible=False, elem_id="batch-use-fast")
                self.empty = gr.HTML(notes.note(words.EMPTY), elem_id="batch-empty")
                with gr.Column(visible=False, elem_id="batch-result") as self.result:
                    with gr.Row():
                        self.summary = gr.HTML(elem_id="batch-summary")
                        self.download = gr.DownloadButton(
                            "Download all", variant="primary", visible=False, scale=0, min_width=160,
                            elem_id="batch-zip",
                        )
                    self.table = batch_table("batch-table")
                    with gr.Column(visible=False, elem_id="batch-compared") as self.compared:
                        self.viewer = viewer("batch-viewer", self.region)
        self._connect()

    def _connect(self) -> None:
        wanted: list[Any] = [self.files, *self.size, self.model]
        planned: list[Any] = [*wanted, self.options.format, self.options.self_ensemble]
        gr.on(
            [component.change for component in planned],
            self.plan, [*planned, self.job.keys], [self.plan_note, self.job.go], **LAST,
        )
        self.fast.click(lambda: BUNDLED, None, self.model, queue=False, **PAGE)
        outputs = [self.empty, self.fast, self.result, self.summary, self.table, self.download, self.compared]
        self.job.connect(
            [*wanted, *self.options], outputs, self._asked_steps, self.show,
            stopped=self.stopped, done=lambda job, keys: self.done(job), scroll_to="batch-result",
        )
        compared = self.table.click(self.compare, self.job.keys, [self.compared, self.viewer], queue=False, **PAGE)
        compared.success(None, js=SCROLL % "batch-compared", api_visibility="private")
        self.stored_choices = {**self.size._asdict(), "model": self.model, **self.options._asdict()}
        answer = [self.download, gr.JSON(visible=False, label="States")]
        inputs = [self.files, api_scale(), self.model, *self.options, *api_size()]
        endpoint(self.batch, inputs, answer, "batch")

    def plan(
        self,
        files: list[Upload] | None,
        scale: Any,
        measure: str,
        size: Any,
        model: str,
        format: str,
        ensemble: bool,
        keys: str = "",
    ) -> Iterator[Update]:
        """Show what the batch would take; the button can be pressed as soon as there is a photo."""
        if not files:
            yield {self.plan_note: html_update(""), self.job.go: gr.update(interactive=False)}
            return
        try:
            asked, options = asked_on_page(scale, measure, size), plan_arguments(format, ensemble)
            for plan in batch_plan.plan(self.service, self._uploads(files), asked, model, **options):
                ready = bool(plan.photos) and not self.job.is_running(keys)
                yield {self.plan_note: html_update(words.plan_note(plan)), self.job.go: gr.update(interactive=ready)}
        except Exception as error:
            alert = html_update(notes.alert(errors.message(error)))
            yield {self.plan_note: alert, self.job.go: gr.update(interactive=False)}

    def clear(self) -> Update:
        """Remove what belongs to an earlier batch."""
        return {part: gr.update(visible=False) for part in (self.fast, self.result, self.download, self.compared)}

    def show(self, report: BatchReport) -> Update:
        """Show the photos' states and results."""
        return {
            **({} if report.finished else self.clear()),
            self.empty: gr.update(visible=False),
            self.result: gr.update(visible=True),
            self.summary: words.summary(report),
            self.table: table_value(report),
        }

    def done(self, job: Job) -> Update:
        """Offer the zip of all results, and say why the batch ended early, if it did."""
        report = job.last(BatchReport)
        if not report:
            return {}
        path, error = self.batches.archive(report), report.error
        return {
            self.download: gr.update(value=str(path) if path else None, visible=bool(path)),
            self.fast: gr.update(visible=error is not None),
            self.job.progress: html_update(notes.trouble(error) if error else ""),
        }

    def stopped(self, job: Job) -> Update:
        """Keep the results, and offer their zip."""
        report = job.last(BatchReport)
        if not report:
            return {}
        note = html_update(notes.note(words.STOPPED_NOTE))
        return {**self.show(report.stopped()), **self.done(job), self.job.progress: note}

    def compare(self, keys: str, event: gr.EventData) -> Update:
        """Show a photo in bicubic and DRLN."""
        key = f"{keys.split()[0]}:{event.number}"
        with api_errors():
            finished = self._finished(key)
            if not finished or not finished.saved.result.exists():
                raise GoneError("The results are no longer on the server; start the batch again.")
        view = {**result_view(key, {key: finished}), "note": finished.title}
        return {self.compared: gr.update(visible=True), self.viewer: view}

    def region(self, asked: dict[str, Any]) -> str | None:
        """Return a part of a picture in its own pixels, as a data address, for whoever knows its key."""
        return region_address(asked, self._finished)

    def _finished(self, key: str) -> Finished | None:
        """Return the result whose key is that of its job and its number."""
        job, _, number = key.partition(":")
        report = self.job.last(job, BatchReport)
        return report.entries[int(number)].finished if report else None

    def batch(
        self,
        files: list[Upload] | None,
        scale: int | str,
        model: str,
        format: str,
        quality: float,
        self_ensemble: bool,
        measure: str = "",
        size: float | None = None,
    ) -> Iterator[Any]:
        """Upscale many photos; one that fails is reported and does not stop the others.

        Args:
            files: photos, or zips of photos.
            scale: 2, 3 or 4.
            model: "drln-bam-compact", "drln-bam-compact-photo", "eugenesiow/drln-bam" or "eugenesiow/drln".
            format: of the results: "PNG", "JPEG", "WebP" or "TIFF".
            quality: 1 to 100, for JPEG and WebP.
            self_ensemble: average eight flips and turns of each photo, which takes eight times as long.
            measure: "width", "height", "long_side" or "megapixels" of each result, in place of the scale; or nothing.
            size: that measure, in pixels or megapixels.

        Returns:
            A zip of the results, or nothing if there are none; and the name, state and problem of each photo.
        """
        with api_errors():
            asked = asked_size(scale, measure, size)
            steps = self._steps(files, asked, model, format, quality, self_ensemble, for_page=False)
            report = yield from last_step(steps, BatchReport, outputs=2)
            if report.error and not report.finished:
                raise report.error
            path = self.batches.archive(report)
            states = [
                {"photo": entry.title, "state": entry.state, "problem": entry.problem} for entry in report.entries
            ]
            yield str(path) if path else None, states

    def _asked_steps(self, files: list[Upload] | None, scale: Any, measure: str, size: Any, *others: Any) -> Steps:
        yield from self._steps(files, asked_on_page(scale, measure, size), *others)

    def _steps(
        self, files: list[Upload] | None, scale: Any, model: str, *options: Any, for_page: bool = True
    ) -> Steps:
        arguments = {**upscale_arguments(*options), "for_page": for_page}
        yield from self.batches.stream(self._uploads(files), scale, model, **arguments)

    def _uploads(self, files: list[Upload] | None) -> list[tuple[str, Path]]:
        uploads: list[tuple[str, Path]] = []
        for upload in files or []:
            with uploaded(upload, self.files.GRADIO_CACHE) as (path, title):
                uploads.append((title, path))
        return uploads
