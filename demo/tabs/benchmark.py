"""The Benchmark tab: components and events only."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Any

import gradio as gr

from demo.backend import errors
from demo.backend.benchmark import BICUBIC_TITLE, SETS, Benchmarks, Report, Request
from demo.backend.errors import SetError, UnavailableModel
from demo.backend.jobs import Job, Jobs
from demo.backend.models import default_choice
from demo.backend.service import Service
from demo.components.inputs import whole_number
from demo.components.job_view import JobView, Steps
from demo.components.measuring import api_degradation, measuring_options, without_clean
from demo.components.payloads import PAGE, Update, api_errors, endpoint, html_update, last_step
from demo.wording import benchmark as words
from demo.wording import notes
from drln.data.sets import SAMPLES
from drln.evaluation.degradations import CLEAN
from drln.evaluation.scores import Scores
from drln.evaluation.scoring import BICUBIC
from drln.network.config import SCALES


class BenchmarkTab:
    """Components in the open Blocks, and their events; computes in float32, as for published scores."""

    def __init__(self, service: Service, jobs: Jobs) -> None:
        self.benchmarks = Benchmarks(service, service.models.with_precision("float32"))
        gr.Markdown(words.INTRO)
        with gr.Row():
            with gr.Column(scale=1, min_width=300):
                sets = [(words.set_label(name), name) for name in SETS]
                self.dataset = gr.Radio(sets, value=SAMPLES, label="Set", elem_id="bench-set")
                scales = [(f"{s}×", s) for s in SCALES]
                self.scales = gr.CheckboxGroup(scales, value=[4], label="Scales", elem_id="bench-scales")
            with gr.Column(scale=1, min_width=300):
                names = [(f"{choice.label} ({choice.title})", name) for name, choice in service.models.choices.items()]
                self.models = gr.CheckboxGroup(
                    [(BICUBIC_TITLE, BICUBIC), *names],
                    value=[BICUBIC, default_choice(service.models.choices)],
                    label="Models",
                    elem_id="bench-models",
                )
                self.protocol, self.degradation = measuring_options("bench")
        self.job = JobView(jobs, "bench", "Measure the set", ready=True)
        self.samples = gr.Button("Use the sample photos instead", size="sm", visible=False, elem_id="bench-samples")
        with gr.Column(visible=False, elem_id="bench-result") as self.result:
            self.table = gr.HTML(elem_id="bench-table")
            self.download = gr.DownloadButton("Download every image's score as CSV", size="sm", elem_id="bench-csv")
        self._connect()

    def _connect(self) -> None:
        inputs = [self.dataset, self.scales, self.models, self.protocol, self.degradation]
        outputs = [self.samples, self.table, self.download]
        self.job.connect(
            inputs, [self.result, *outputs], self._steps, self._show,
            begin=self.hide_offer, failed=self.failed, stopped=self.stopped, scroll_to="bench-result",
        )
        api_scales = gr.CheckboxGroup(list(map(str, SCALES)), value=["4"], label="Scales", visible=False)
        answer = [gr.JSON(visible=False, label="Scores"), self.download]
        api_inputs = [self.dataset, api_scales, self.models, self.protocol, api_degradation()]
        endpoint(self.benchmark, api_inputs, answer, "benchmark")
        chosen = [self.dataset, self.samples, self.job.progress]
        self.samples.click(self.use_samples, None, chosen, queue=False, **PAGE)

    def benchmark(
        self, dataset: str, scales: list[Any], models: list[str], protocol: str, degradation: str = CLEAN
    ) -> Iterator[Any]:
        """Measure models on a benchmark set, image by image.

        Args:
            dataset: "samples", "Set5", "Set14", "BSD100" or "Urban100"; all but "samples" are fetched from the hub.
            scales: one or more of 2, 3 and 4.
            models: "bicubic", "drln-bam-compact", "drln-bam-compact-photo", "eugenesiow/drln-bam" or
                "eugenesiow/drln".
            protocol: "standard" (the papers') or "card" (the published models').
            degradation: of the LR images, in the standard protocol: "clean" for none, "jpeg1" to "jpeg100", "noise1" to
                "noise100", or at scale 3 "bd" or "dn".

        Returns:
            The mean PSNR in dB and SSIM of each model and scale, and a CSV file with the scores of every image.
        """
        with api_errors():
            numbers = [whole_number(scale) for scale in scales or ()]
            steps = self._steps(dataset, numbers, models, protocol, degradation)
            report = yield from last_step(steps, Report, outputs=2)
            yield [_mean(scores) for scores in report.scores], str(report.csv)

    def hide_offer(self) -> Update:
        """Remove the offer of an earlier job."""
        return {self.samples: gr.update(visible=False)}

    def failed(self, error: Exception) -> Update:
        """Show an error, and offer the sample photos in place of a set that is unavailable."""
        shown = self.job.alert(error)
        if isinstance(error, UnavailableModel):
            text = notes.unavailable(error.model, words.TAKE_OUT, errors.message(error))
            shown = {self.job.progress: html_update(text)}
        return {**shown, self.samples: gr.update(visible=isinstance(error, SetError))}

    def stopped(self, job: Job) -> Update:
        """Keep the scores."""
        report = job.last(Report)
        if report is None:
            return {}
        note = notes.note("Stopped; the scores so far are kept.")
        return {self.job.progress: html_update(note), **self._show(report)}

    def _steps(self, dataset: str, scales: Any, models: Any, protocol: str, degradation: str = CLEAN) -> Steps:
        request = Request(dataset, tuple(scales or ()), tuple(models or ()), protocol, without_clean(degradation))
        yield from self.benchmarks.stream(request)

    def use_samples(self) -> Update:
        """Choose the set that needs no network."""
        return {self.dataset: SAMPLES, self.samples: gr.update(visible=False), self.job.progress: html_update("")}

    def _show(self, report: Report) -> Update:
        return {
            self.result: gr.update(visible=True),
            self.table: words.benchmark_table(report.scores),
            self.download: str(report.csv),
        }


def _mean(scores: Scores) -> dict[str, Any]:
    psnr = scores.psnr if isfinite(scores.psnr) else None
    return {"model": scores.model, "scale": scores.scale, "psnr": psnr, "ssim": scores.ssim}
