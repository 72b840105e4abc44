"""The Evaluate tab's second part, benchmark sets: components and events only."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import gradio as gr

from demo import score_wording, wording
from demo.benchmark import BICUBIC_TITLE, SETS, Benchmarks, Report, Request, SetError
from demo.models import default_choice
from demo.payloads import Update, html_update
from demo.service import Service
from demo.trial_part import protocol_radio
from demo.upscale_tab import UPDATE_SECONDS
from drln import Progress
from drln.config import SCALES
from drln.data.sets import SAMPLES
from drln.evaluation import BICUBIC

LABELS = {SAMPLES: "Sample photos"}
# Its own line: it is long, and lends the device to other jobs between two images.
BENCHMARK = "benchmark"


class BenchmarkPart:
    """Components in the Blocks that are open, and what happens to them."""

    def __init__(self, service: Service, benchmarks: Benchmarks) -> None:
        self.benchmarks = benchmarks
        with gr.Row():
            with gr.Column(scale=1, min_width=300):
                sets = [(LABELS.get(name, name), name) for name in SETS]
                self.dataset = gr.Radio(sets, value=SAMPLES, label="Set", elem_id="bench-set")
                scales = [(f"{s}×", s) for s in SCALES]
                self.scales = gr.CheckboxGroup(scales, value=[4], label="Scales", elem_id="bench-scales")
            with gr.Column(scale=1, min_width=300):
                names = [(choice.label, name) for name, choice in service.models.choices.items()]
                self.models = gr.CheckboxGroup(
                    [(BICUBIC_TITLE, BICUBIC), *names],
                    value=[BICUBIC, default_choice()],
                    label="Models",
                    elem_id="bench-models",
                )
                self.protocol = protocol_radio("bench-protocol")
        self.go = gr.Button("Measure the set", variant="primary", elem_id="bench-go")
        self.stop = gr.Button("Stop", variant="stop", visible=False, elem_id="bench-stop")
        self.progress = gr.HTML(visible=False, elem_id="bench-progress", elem_classes="job-progress")
        self.samples = gr.Button("Take the sample photos instead", size="sm", visible=False, elem_id="bench-samples")
        with gr.Column(visible=False, elem_id="bench-result") as self.result:
            self.table = gr.HTML(elem_id="bench-table")
            self.chart = gr.HTML(elem_id="bench-chart")
            self.download = gr.DownloadButton("Download every image's score as CSV", size="sm", elem_id="bench-csv")
        self._connect()

    def _connect(self) -> None:
        page: dict[str, Any] = {"api_visibility": "private", "preprocess": False, "show_progress": "hidden"}
        job = [self.progress, self.go, self.stop, self.samples, self.result, self.table, self.chart, self.download]
        chosen = [self.dataset, self.scales, self.models, self.protocol]
        begun = self.go.click(self.begin, None, job, queue=False, **page)
        running = begun.then(
            self.run,
            chosen,
            job,
            concurrency_id=BENCHMARK,
            concurrency_limit=1,
            **{**page, "show_progress": "minimal", "show_progress_on": self.progress},
        )
        running.failure(self.stopped, None, job, queue=False, **page)    # and when a cancel is through
        self.stop.click(lambda: wording.note("Stopping."), None, self.progress, cancels=[running], queue=False, **page)
        self.samples.click(self.take_samples, None, [self.dataset, self.samples, self.progress], queue=False, **page)

    def begin(self) -> Update:
        """At once after the click. What an earlier run showed goes: it may be of the other protocol."""
        return {
            self.progress: html_update(wording.progress(Progress("Waiting for its turn", 0.0))),
            self.go: gr.update(visible=False),
            self.stop: gr.update(visible=True),
            self.samples: gr.update(visible=False),
            self.result: gr.update(visible=False),
        }

    def run(self, dataset: str, scales: list[int], models: list[str], protocol: str) -> Iterator[Update]:
        """Measure image by image; whatever goes wrong is said on the page, and what is done stays on it."""
        updated = 0.0
        try:
            request = Request(dataset, tuple(scales or ()), tuple(models or ()), protocol)
            for step in self.benchmarks.stream(request):
                if isinstance(step, Report):
                    yield self._show(step)
                elif time.monotonic() - updated > UPDATE_SECONDS:
                    updated = time.monotonic()
                    yield {self.progress: html_update(wording.progress(step))}
            yield self._idle()
        except Exception as error:
            offer = gr.update(visible=isinstance(error, SetError))
            yield {**self._idle(wording.alert(score_wording.message(error))), self.samples: offer}

    def stopped(self) -> Update:
        """The job was cancelled, or never began; its scores stay."""
        return self._idle(wording.note("Stopped; the scores that were measured stay."))

    def take_samples(self) -> Update:
        """Choose the set that needs no network."""
        return {self.dataset: SAMPLES, self.samples: gr.update(visible=False), self.progress: html_update("")}

    def _show(self, report: Report) -> Update:
        return {
            self.result: gr.update(visible=True),
            self.table: score_wording.benchmark_table(report.scores),
            self.chart: score_wording.chart(report.scores),
            self.download: str(report.csv),
        }

    def _idle(self, progress: str = "") -> Update:
        return {
            self.progress: html_update(progress),
            self.go: gr.update(visible=True),
            self.stop: gr.update(visible=False),
        }
