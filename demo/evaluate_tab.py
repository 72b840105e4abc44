"""The Evaluate tab: a photo of one's own, and benchmark sets."""

from __future__ import annotations

import gradio as gr

from demo import score_wording
from demo.benchmark import Benchmarks
from demo.benchmark_part import BenchmarkPart
from demo.jobs import Jobs
from demo.service import Service
from demo.trial import Trials
from demo.trial_part import TrialPart


class EvaluateTab:
    """Components in the Blocks that are open; both parts compute in float32, as published scores are."""

    def __init__(self, service: Service, jobs: Jobs) -> None:
        models = service.models.with_precision("float32")
        gr.Markdown(score_wording.INTRO)
        gr.Markdown("## Your own photo")
        self.trial = TrialPart(service, Trials(service, models), jobs)
        gr.Markdown("## A benchmark set")
        self.benchmark = BenchmarkPart(service, Benchmarks(service, models), jobs)
