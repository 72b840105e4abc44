"""What other programs can ask of the Upscale tab, and the steps of a job."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from demo.backend.service import Finished, Service
from demo.components.inputs import api_photo, api_scale
from demo.components.job_view import Steps
from demo.components.options import ResultOptions, plan_arguments, upscale_arguments
from demo.components.payloads import Upload, api_errors, endpoint, last_step, uploaded
from demo.components.size import api_size, asked_size
from drln import Progress


@dataclass(frozen=True)
class Photograph:
    """The photo of a job, for a page that is reloaded."""

    path: Path
    title: str


class UpscaleEndpoints:
    """The endpoints `/upscale` and `/estimate`.

    Args:
        service: does the work.
    """

    def __init__(self, service: Service) -> None:
        self.service, self.photo = service, api_photo()

    def connect(self, model: gr.Radio, options: ResultOptions, result: gr.DownloadButton) -> None:
        """Add the endpoints to the open Blocks."""
        scale, asked = api_scale(), api_size()
        endpoint(self.upscale, [self.photo, scale, model, *options, *asked], result, "upscale")
        inputs = [self.photo, scale, model, options.format, options.self_ensemble, *asked]
        endpoint(self.estimate, inputs, gr.JSON(visible=False, label="Estimate"), "estimate", computes=False)

    def upscale(
        self,
        image: Upload | None,
        scale: int | str,
        model: str,
        format: str,
        quality: float,
        self_ensemble: bool,
        measure: str = "",
        size: float | None = None,
    ) -> Iterator[Any]:
        """Upscale a photo and get the result's file.

        Args:
            image: the photo's file.
            scale: 2, 3 or 4.
            model: "drln-bam-compact", "drln-bam-compact-photo", "eugenesiow/drln-bam" or "eugenesiow/drln".
            format: of the result: "PNG", "JPEG", "WebP" or "TIFF".
            quality: 1 to 100, for JPEG and WebP.
            self_ensemble: average eight flips and turns of the photo, which takes eight times as long.
            measure: "width", "height", "long_side" or "megapixels" of the result, in place of the scale; or nothing.
            size: that measure, in pixels or megapixels.

        Returns:
            The upscaled photo.
        """
        with api_errors():
            asked = asked_size(scale, measure, size)
            steps = self.steps(image, asked, model, format, quality, self_ensemble, for_page=False)
            finished = yield from last_step(steps, Finished)
            yield str(finished.saved.result)

    def estimate(
        self,
        image: Upload | None,
        scale: int | str,
        model: str,
        format: str,
        self_ensemble: bool,
        measure: str = "",
        size: float | None = None,
    ) -> dict[str, Any]:
        """Estimate what an upscale would take, without doing it.

        Args:
            image: the photo's file.
            scale: 2, 3 or 4.
            model: "drln-bam-compact", "drln-bam-compact-photo", "eugenesiow/drln-bam" or "eugenesiow/drln".
            format: of the result: "PNG", "JPEG", "WebP" or "TIFF".
            self_ensemble: average eight flips and turns of the photo, which takes eight times as long.
            measure: "width", "height", "long_side" or "megapixels" of the result, in place of the scale; or nothing.
            size: that measure, in pixels or megapixels.

        Returns:
            Width and height of the result in pixels, seconds, bytes of memory, bytes that are free, whether it fits,
            whether the model must be fetched from the hub first, notes on the photo and its result, the photo's
            estimated JPEG quality from 1 to 100, and a model that suits the photo better; both may be null.
        """
        with api_errors(), uploaded(image, self.photo.GRADIO_CACHE) as (path, _):
            options = plan_arguments(format, self_ensemble)
            *_, plan = self.service.plan(path, asked_size(scale, measure, size), model, **options)
            assert plan.estimate
            absent = self.service.models.must_download(model, plan.scale)
            facts = {"fits": plan.estimate.fits, "must_download": absent, "notes": plan.notes}
            suggestion = {"jpeg_quality": plan.jpeg_quality, "suggested_model": plan.suggested}
            sizes = {"width": plan.sr_size[0], "height": plan.sr_size[1]}
            return {**asdict(plan.estimate), **sizes, **facts, **suggestion}

    def steps(self, photo: Upload | str | None, asked: Any, model: str, *options: Any, for_page: bool = True) -> Steps:
        """Check the payloads and make the steps of a job; `asked` is a scale or a `TargetSize`."""
        with uploaded(photo, self.photo.GRADIO_CACHE) as (path, title):
            yield Photograph(path, title)
            arguments = upscale_arguments(*options)
            for step in self.service.upscale(path, asked, model, title, **arguments, for_page=for_page):
                # The page may show another photo meanwhile.
                yield replace(step, stage=f"{title}: {step.stage}") if isinstance(step, Progress) else step

