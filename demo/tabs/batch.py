"""The Batch tab: components and events only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from demo.backend import errors
from demo.backend.batch import Batches, BatchReport
from demo.backend.batch_items import FILES
from demo.backend.errors import UnavailableModel
from demo.backend.jobs import Job, Jobs
from demo.backend.limits import LIMITS
from demo.backend.service import Service
from demo.components.inputs import api_scale, model_input, result_options, scale_input, whole_number
from demo.components.job_view import PAGE, JobView, Steps
from demo.components.payloads import Update, Upload, api_errors, endpoint, html_update, last_step, uploaded
from demo.wording import batch as words
from demo.wording import notes

INTRO = (
    f"Upscale up to {FILES} photos one after another; a zip of photos counts as its photos. A file, a zip too, may "
    f"have {LIMITS.megabytes:g} MB. A photo that cannot be upscaled is reported, and the others go on. **Stop** keeps "
    "what is done."
)


class BatchTab:
    """Components in the Blocks that are open, and what happens to them."""

    def __init__(self, service: Service, jobs: Jobs) -> None:
        self.batches = Batches(service)
        gr.Markdown(INTRO)
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
        chosen = [self.files, self.scale, self.model, *self.options.components]
        outputs = [self.result, self.states, self.download, self.gallery]
        self.files.change(
            lambda files: gr.update(interactive=bool(files)), self.files, self.job.go, queue=False, **PAGE
        )
        self.job.connect(
            chosen, outputs, self._steps, self.show, self.hide, self.failed, self.stopped, self.done, "batch-result"
        )
        self.kept = {"scale": self.scale, "model": self.model, **vars(self.options)}
        told = [self.download, gr.JSON(visible=False, label="States")]
        endpoint(self.batch, [self.files, api_scale(), *chosen[2:]], told, "batch")

    def hide(self) -> Update:
        """When a job begins."""
        return {
            self.result: gr.update(visible=False),
            self.download: gr.update(visible=False),
            self.gallery: gr.update(value=None, visible=False),
        }

    def show(self, report: BatchReport) -> Update:
        """The photos' states, and previews of those that are done."""
        previews = [(str(one.saved.sliders[1]), words.caption(one)) for one in report.finished]
        return {
            self.result: gr.update(visible=True),
            self.states: words.table(report),
            self.gallery: gr.update(value=previews, visible=bool(previews)),
        }

    def done(self, job: Job) -> Update:
        """The zip of all that is done."""
        report = job.last(BatchReport)
        path = self.batches.archive(report) if report else None
        return {self.download: gr.update(value=str(path) if path else None, visible=bool(path))}

    def stopped(self, job: Job | None) -> Update:
        """What is done stays, and can be fetched."""
        report = job.last(BatchReport) if job else None
        if not job or not report:
            return {}
        note = html_update(notes.note("Stopped; what was done by then stays."))
        return {**self.show(report.stopped()), **self.done(job), self.job.progress: note}

    def failed(self, error: Exception) -> Update:
        """Said beneath the button."""
        text = errors.message(error) + (" Choose the compact model." if isinstance(error, UnavailableModel) else "")
        return {self.job.progress: html_update(notes.alert(text))}

    def batch(
        self,
        files: list[Upload] | None,
        scale: int | str,
        model: str,
        format: str,
        quality: float,
        self_ensemble: bool,
    ) -> Iterator[Any]:
        """Upscale many photos; one that fails is reported and does not stop the others.

        Args:
            files: photos, or zips of photos.
            scale: 2, 3 or 4.
            model: "drln-bam-compact", "drln-bam-compact-photo", "eugenesiow/drln-bam" or "eugenesiow/drln".
            format: of the results: "PNG", "JPEG", "WebP" or "TIFF".
            quality: 1 to 100, of JPEG and WebP.
            self_ensemble: average eight flips and turns of each photo, at eight times the seconds.

        Returns:
            A zip of the results, or nothing if there is none, and for each photo its name, its state and what the
            problem was.
        """
        with api_errors():
            steps = self._steps(files, whole_number(scale), model, format, quality, self_ensemble)
            report = yield from last_step(steps, BatchReport, outputs=2)
            path = self.batches.archive(report)
            states = [{"photo": one.title, "state": one.state, "problem": one.problem} for one in report.entries]
            yield str(path) if path else None, states

    def _steps(self, files: list[Upload] | None, scale: Any, model: str, *options: Any) -> Steps:
        named: list[tuple[str, Path]] = []
        for upload in files or []:
            with uploaded(upload, self.files.GRADIO_CACHE) as (path, title):
                named.append((title, path))
        yield from self.batches.stream(named, scale, model, **self.options.arguments(*options))
