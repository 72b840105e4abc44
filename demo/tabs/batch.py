"""The Batch tab: components and events only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from demo.backend import results
from demo.backend.batch import Batches, BatchReport
from demo.backend.errors import UnavailableModel
from demo.backend.jobs import Job, Jobs
from demo.backend.service import Service
from demo.components.inputs import api_scale, model_input, scale_input, whole_number
from demo.components.job_view import JobView, Steps
from demo.components.options import result_options, upscale_arguments
from demo.components.payloads import PAGE, Update, Upload, api_errors, endpoint, html_update, last_step, uploaded
from demo.wording import batch as words
from demo.wording import notes


class BatchTab:
    """Components in the open Blocks, and their events."""

    def __init__(self, service: Service, jobs: Jobs) -> None:
        self.batches = Batches(service)
        gr.Markdown(words.INTRO)
        with gr.Row():
            with gr.Column(scale=3, min_width=300):
                self.files = gr.File(
                    label="Photos, or zips of photos", file_count="multiple", height=280, elem_id="batch-files"
                )
            with gr.Column(scale=2, min_width=300):
                self.scale = scale_input("batch-scale")
                self.model = model_input(service.models.choices, "batch-model")
                self.options = result_options("batch")
                self.job = JobView(jobs, "batch", "Upscale all")
        with gr.Column(visible=False, elem_id="batch-result") as self.result:
            self.states = gr.HTML(elem_id="batch-states")
            self.download = gr.DownloadButton(
                "Download all results as a zip", variant="primary", visible=False, elem_id="batch-zip"
            )
            self.gallery = gr.Gallery(
                label="Previews of the results; the zip has every pixel",
                format="png",
                columns=4,
                height=360,
                object_fit="contain",
                interactive=False,
                buttons=["fullscreen"],
                visible=False,
                elem_id="batch-gallery",
            )
        self._connect()

    def _connect(self) -> None:
        inputs = [self.files, self.scale, self.model, *self.options]
        self.files.change(
            lambda files: gr.update(interactive=bool(files)), self.files, self.job.go, queue=False, **PAGE
        )
        outputs = [self.states, self.download, self.gallery]
        self.job.connect(
            inputs, [self.result, *outputs], self._steps, self.show,
            begin=self.clear, failed=self.failed, stopped=self.stopped,
            done=lambda job, keys: self.done(job), scroll_to="batch-result",
        )
        self.stored_choices = {"scale": self.scale, "model": self.model, **self.options._asdict()}
        answer = [self.download, gr.JSON(visible=False, label="States")]
        endpoint(self.batch, [self.files, api_scale(), *inputs[2:]], answer, "batch")

    def clear(self) -> Update:
        """Remove the files of an earlier batch."""
        return {self.download: gr.update(visible=False), self.gallery: gr.update(value=None, visible=False)}

    def show(self, report: BatchReport) -> Update:
        """Show the photos' states, and previews of the results."""
        previews = [(str(one.saved.preview(results.RESULT)), words.caption(one)) for one in report.finished]
        return {
            self.result: gr.update(visible=True),
            self.states: words.table(report),
            self.gallery: gr.update(value=previews, visible=bool(previews)),
        }

    def done(self, job: Job) -> Update:
        """Offer the zip of all results."""
        report = job.last(BatchReport)
        path = self.batches.archive(report) if report else None
        return {self.download: gr.update(value=str(path) if path else None, visible=bool(path))}

    def stopped(self, job: Job) -> Update:
        """Keep the results, and offer their zip."""
        report = job.last(BatchReport)
        if not report:
            return {}
        note = html_update(notes.note("Stopped; the results so far are kept."))
        return {**self.show(report.stopped()), **self.done(job), self.job.progress: note}

    def failed(self, error: Exception) -> Update:
        """Show an error below the button."""
        return self.job.alert(error, " Choose the compact model." if isinstance(error, UnavailableModel) else "")

    def batch(
        self, files: list[Upload] | None, scale: int | str, model: str, format: str, quality: float, self_ensemble: bool
    ) -> Iterator[Any]:
        """Upscale many photos; one that fails is reported and does not stop the others.

        Args:
            files: photos, or zips of photos.
            scale: 2, 3 or 4.
            model: "drln-bam-compact", "drln-bam-compact-photo", "eugenesiow/drln-bam" or "eugenesiow/drln".
            format: of the results: "PNG", "JPEG", "WebP" or "TIFF".
            quality: 1 to 100, for JPEG and WebP.
            self_ensemble: average eight flips and turns of each photo, which takes eight times as long.

        Returns:
            A zip of the results, or nothing if there are none; and the name, state and problem of each photo.
        """
        with api_errors():
            steps = self._steps(files, whole_number(scale), model, format, quality, self_ensemble)
            report = yield from last_step(steps, BatchReport, outputs=2)
            path = self.batches.archive(report)
            states = [
                {"photo": entry.title, "state": entry.state, "problem": entry.problem} for entry in report.entries
            ]
            yield str(path) if path else None, states

    def _steps(self, files: list[Upload] | None, scale: Any, model: str, *options: Any) -> Steps:
        uploads: list[tuple[str, Path]] = []
        for upload in files or []:
            with uploaded(upload, self.files.GRADIO_CACHE) as (path, title):
                uploads.append((title, path))
        yield from self.batches.stream(uploads, scale, model, **upscale_arguments(*options))
