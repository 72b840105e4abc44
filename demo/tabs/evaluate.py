"""The Evaluate tab: a photo of one's own, and benchmark sets."""

from __future__ import annotations

import gradio as gr

from demo.backend.benchmark import Benchmarks
from demo.backend.jobs import Jobs
from demo.backend.service import Service
from demo.backend.trial import Trials
from demo.tabs.evaluate_photo import TrialPart
from demo.tabs.evaluate_set import BenchmarkPart
from demo.wording import scores as words


class EvaluateTab:
    """Components in the Blocks that are open; both parts compute in float32, as published scores are."""

    def __init__(self, service: Service, jobs: Jobs) -> None:
        models = service.models.with_precision("float32")
        gr.Markdown(words.INTRO)
        gr.Markdown("## Your own photo")
        self.trial = TrialPart(service, Trials(service, models), jobs)
        gr.Markdown("## A benchmark set")
        self.benchmark = BenchmarkPart(service, Benchmarks(service, models), jobs)
