"""Models measured on benchmark sets, image by image; the scores so far stay when the work is stopped.

Knows no gradio. `drln.evaluation.scoring` does the measuring.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.backend import results
from demo.backend.background import wait_for
from demo.backend.errors import SetError, UploadError
from demo.backend.models import Models
from demo.backend.service import Service
from drln import HubError, Progress, Upscaler
from drln.background import call_in_thread
from drln.data import DataError, ImageSet, find_set
from drln.data.sets import HUB_SETS, SAMPLES
from drln.evaluation.degradations import check_degradation
from drln.evaluation.protocols import CARD, ProtocolError, check_protocol
from drln.evaluation.scores import ImageFailure, ImageScore, Scores
from drln.evaluation.scoring import BICUBIC, stream_scores
from drln.evaluation.tables import csv_report
from drln.network.config import SCALES
from drln.whole_files import write_bytes_whole

SETS = (SAMPLES, *HUB_SETS)
BICUBIC_TITLE = "Bicubic"

FindSet = Callable[[str, str | None], ImageSet]


@dataclass(frozen=True)
class Request:
    """What to measure; `models` are names of the service's models, and "bicubic"."""

    dataset: str
    scales: tuple[int, ...]
    models: tuple[str, ...]
    protocol: str
    degradation: str = ""    # of LR; empty for none

    def check(self, known: tuple[str, ...]) -> None:
        """Raise `UploadError` or `ProtocolError` unless set, scales, models, protocol and degradation exist."""
        check_protocol(self.protocol)
        if self.dataset not in SETS:
            raise UploadError(f"There is no set {self.dataset!r}; choose one of {', '.join(SETS)}.")
        if not self.scales or not all(scale in SCALES for scale in self.scales):
            raise UploadError(f"The scales are {list(self.scales)}; choose one or more of 2, 3, 4.")
        known = (BICUBIC, *known)
        if not self.models or not all(model in known for model in self.models):
            raise UploadError(f"The models are {list(self.models)}; choose one or more of {', '.join(known)}.")
        for scale in self.scales:
            check_degradation(self.degradation, scale, self.protocol)


@dataclass(frozen=True)
class Report:
    """The scores so far, in the order of the table, and their CSV file."""

    scores: tuple[Scores, ...]
    csv: Path


class Benchmarks:
    """Sets measured on the service's device, which others may use between two images.

    Args:
        service: for its device and folder.
        models: in float32, as for published scores.
        find: finds the images by the set's name and configuration, like `drln.data.find_set`.
    """

    def __init__(self, service: Service, models: Models, find: FindSet = find_set) -> None:
        self._service = service
        self._models = models
        self._find = find

    def stream(self, request: Request) -> Iterator[Progress | Report]:
        """Yield `Progress`, and a `Report` after each image. Closing the generator stops it at the next strip.

        Raises:
            UploadError, ProtocolError: for a set, scale, model, protocol or degradation that does not exist, or a
                degradation that is not of this protocol or scale.
            SetError, UnavailableModel: before any image is measured, if the set or a hub model is unavailable.
            CheckpointError, ImageError, UpscaleError: if a bundled model cannot be read, or an image measured.
        """
        request.check(tuple(self._models.choices))
        sets = {}
        for scale in sorted(set(request.scales)):
            sets[scale] = yield from self._images(request, scale)
        cells = [(scale, model) for scale in sets for model in dict.fromkeys(request.models)]
        # All downloads come first, so that no long run ends for want of the hub.
        for scale, model in filter(self._is_on_hub, cells):
            yield from self._models.loading(model, scale)
        with results.new_folder(self._service.folder) as folder:
            parts = filter(None, ("scores", request.dataset, request.protocol, request.degradation))
            csv = folder / f"{'_'.join(parts)}.csv"
        done: dict[tuple[int, str], list[ImageScore]] = {cell: [] for cell in cells}
        total = sum(len(sets[scale]) for scale, _ in cells)

        def report() -> Report:
            scores = tuple(
                Scores(
                    self.title(model),
                    sets[scale].name,
                    scale,
                    request.protocol,
                    tuple(images),
                    len(sets[scale]),
                    request.degradation,
                )
                for (scale, model), images in done.items()
            )
            write_bytes_whole(csv, csv_report(scores).encode())    # a user may download it at any time
            return Report(scores, csv)

        for scale, model in sorted(cells, key=self._is_on_hub):    # the large models come last
            upscaler: Upscaler | str = BICUBIC
            if model != BICUBIC:
                loaded = yield from self._models.loading(model, scale)
                upscaler = loaded.upscaler
            for row in sets[scale]:
                count = sum(map(len, done.values()))
                stage = f"{request.dataset} {scale}×, {self.title(model)}: {row['hr'].name} ({count + 1} of {total})"
                steps = _measure(upscaler, row, scale, request, stage, count, total)
                image = yield from self._service.with_device(steps)
                done[scale, model].append(image)
                yield report()

    def title(self, model: str) -> str:
        """Return a model's name in tables."""
        return BICUBIC_TITLE if model == BICUBIC else self._models.choices[model].title

    def _images(self, request: Request, scale: int) -> Generator[Progress, None, ImageSet]:
        """Find the set, in a thread, so that whoever waits can be stopped."""
        config = f"bicubic_x{scale}" if request.protocol == CARD else None    # the standard protocol needs only HR
        future = call_in_thread(lambda: self._find(request.dataset, config))
        try:
            return (yield from wait_for(future, lambda s: Progress(f"Getting {request.dataset}, {s:.0f} s", 0.0)))
        except (HubError, DataError) as error:
            raise SetError(f"{request.dataset} is unavailable: {error}") from error

    def _is_on_hub(self, cell: tuple[int, str]) -> bool:
        return cell[1] != BICUBIC and self._models.choices[cell[1]].on_hub


def _measure(
    model: Upscaler | str, row: Any, scale: int, request: Request, stage: str, count: int, total: int
) -> Generator[Progress, None, ImageScore]:
    """Measure one image after `count` of `total`."""
    scores = []
    for step in stream_scores(model, [row], request.protocol, scale=scale, degradation=request.degradation):
        if isinstance(step, Progress):
            yield Progress(stage, (count + step.fraction) / total)
        elif isinstance(step, ImageFailure):
            raise ProtocolError(str(step))
        else:
            scores.append(step)
    [score] = scores
    return score
