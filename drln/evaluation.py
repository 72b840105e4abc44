"""Scores of a model, or of bicubic, on a set of images, by one of the two protocols.

Is given a model and images, and loads neither; what is measured and how is `protocols`' business.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from drln.config import SCALES, is_scale
from drln.levels import to_levels
from drln.model import DrlnModel
from drln.pixels import read_pixels
from drln.protocols import (
    CARD,
    PROTOCOLS,
    STANDARD,
    ProtocolError,
    bicubic_planes,
    check_protocol,
    make_pair,
    planes,
    score,
)
from drln.upscaler import Progress, Upscaler

__all__ = [
    "BICUBIC",
    "CARD",
    "PROTOCOLS",
    "STANDARD",
    "EvalMetrics",
    "ImageScore",
    "ProtocolError",
    "Scores",
    "evaluate",
    "stream_scores",
]

BICUBIC = "bicubic"


@dataclass(frozen=True)
class ImageScore:
    """PSNR in dB, infinite for identical images, and SSIM of one image."""

    name: str
    psnr: float
    ssim: float


@dataclass(frozen=True)
class Scores:
    """The scores of one model on one set, and what they are scores of.

    Attributes:
        model, dataset: their names.
        scale: 2, 3 or 4.
        protocol: "standard" or "card".
        images: the score of each image that was measured, in order.
        total: images of the set; more than were measured where the work was stopped.
    """

    model: str
    dataset: str
    scale: int
    protocol: str
    images: tuple[ImageScore, ...]
    total: int

    @property
    def psnr(self) -> float:
        """The mean over the images, in dB; not a number before the first."""
        return _mean([image.psnr for image in self.images])

    @property
    def ssim(self) -> float:
        """The mean over the images; not a number before the first."""
        return _mean([image.ssim for image in self.images])

    @property
    def is_complete(self) -> bool:
        """Whether all images of the set were measured."""
        return len(self.images) == self.total


def evaluate(
    model: DrlnModel | Upscaler | str,
    pairs: Sequence[Any],
    protocol: str = STANDARD,
    *,
    scale: int | None = None,
    device: str | torch.device = "auto",
    precision: str = "float32",
    model_name: str = "",
    dataset_name: str = "",
) -> Scores:
    """Measure a model on whole images.

    Args:
        model: a `DrlnModel`; an `Upscaler`, which brings its own device and precision; or "bicubic".
        pairs: a data set of `load_dataset` or `find_set`; or any sequence of HR images, or of
            mappings with `hr` and perhaps `lr`. Images are of PIL, or paths. `EvalDataset` is for the card's
            protocol alone, as its HR images were already fitted to LR.
        protocol: "standard", which makes LR from HR, or "card", which takes the set's LR where it has one.
        scale: for bicubic, where no LR tells it; else the model's.
        device: as in `Upscaler`.
        precision: "float32", "bfloat16" or "auto".
        model_name, dataset_name: for tables; by default "bicubic" or the model's source, with a plus for the
            self-ensemble, and the name of `pairs`.

    Raises:
        ProtocolError: if the images cannot be measured: too small, or an LR that does not fit its HR or the model.
        ImageError: if one cannot be read.
        UpscaleError: if one is too large for this machine.
    """
    steps = stream_scores(model, pairs, protocol, scale=scale, device=device, precision=precision)
    images = [step for step in steps if isinstance(step, ImageScore)]
    return Scores(
        model_name or _name_of(model),
        dataset_name or getattr(pairs, "name", ""),
        scale_of(model, pairs, scale),
        protocol,
        tuple(images),
        len(pairs),
    )


def stream_scores(
    model: DrlnModel | Upscaler | str,
    pairs: Sequence[Any],
    protocol: str = STANDARD,
    *,
    scale: int | None = None,
    device: str | torch.device = "auto",
    precision: str = "float32",
) -> Iterator[Progress | ImageScore]:
    """As `evaluate`, a step at a time: `Progress` after each strip, and the `ImageScore` of each image.

    Closing the generator cancels the work: no strip is begun after that. Scores that were
    yielded stand.
    """
    check_protocol(protocol)
    if not len(pairs):
        raise ProtocolError("there are no images to measure")
    scale = scale_of(model, pairs, scale)
    run: Callable[[Tensor], Generator[Progress, None, Tensor]] | None = None
    if model != BICUBIC:
        upscaler = model if isinstance(model, Upscaler) else Upscaler(model, device, precision)    # type: ignore[arg-type]
        run = upscaler.stream_tensor
    for index in range(len(pairs)):
        name, lr, hr = _read(pairs[index], index, protocol)
        try:
            lr, hr = make_pair(hr, scale, protocol, lr)
        except ProtocolError as error:
            raise ProtocolError(f"{name}: {error}") from error
        yield Progress(name, index / len(pairs))
        if run is None:
            measured = bicubic_planes(lr, hr, scale, protocol)
        else:
            steps = run(_tensor(lr))
            while True:
                try:
                    step = next(steps)
                except StopIteration as done:
                    measured = planes(done.value, hr, scale, protocol)
                    break
                yield Progress(name, (index + step.fraction) / len(pairs))
        yield ImageScore(name, *score(*measured))
    yield Progress("Done", 1.0, 0.0)


def scale_of(model: DrlnModel | Upscaler | str, pairs: Sequence[Any], scale: int | None = None) -> int:
    """The scale to measure at: the model's; for bicubic the one that is given, or that of the first pair."""
    if isinstance(model, str):
        if model != BICUBIC:
            raise ValueError(f"the model is {model!r}; give {BICUBIC!r}, or a loaded model: DrlnModel.from_pretrained")
        if scale is None:
            _, lr, hr = _read(pairs[0], 0, CARD)
            scale = 0 if lr is None else round(hr.shape[1] / lr.shape[1])
        if not is_scale(scale):
            raise ValueError(f"bicubic has no scale of its own; pass scale= one of {SCALES}")
        return scale
    own = model.scale if isinstance(model, Upscaler) else model.config.scale
    if scale not in (None, own):
        raise ValueError(f"the model is {own}x, but scale={scale} was asked for")
    return own


class EvalMetrics:
    """The card's way to measure: `EvalMetrics().evaluate(model, EvalDataset(load_dataset(...)))`."""

    def evaluate(self, model: DrlnModel | Upscaler | str, dataset: Sequence[Any], scale: int | None = None) -> Scores:
        """`evaluate` in the card's protocol and in float32; nothing is printed."""
        return evaluate(model, dataset, CARD, scale=scale)


def _read(item: Any, index: int, protocol: str) -> tuple[str, np.ndarray | None, np.ndarray]:
    """A name, LR where there is one and it is wanted, and HR: uint8 (H, W, 3) or (H, W)."""
    if isinstance(item, tuple):    # of EvalDataset
        if protocol != CARD:
            raise ProtocolError(
                "EvalDataset fits HR to LR, as the card's protocol does; give the data set itself for the standard one"
            )
        small, sharp = (to_levels(torch.as_tensor(image)[None], grey=False, depth=8) for image in item)
        return f"image {index + 1}", small, sharp
    row = item if isinstance(item, Mapping) else {"hr": item}
    hr, lr = row["hr"], row.get("lr")
    name = Path(getattr(hr, "filename", "") or "" if isinstance(hr, Image.Image) else hr).name
    lr = None if lr is None or protocol != CARD else read_pixels(lr)
    return name or f"image {index + 1}", lr, read_pixels(hr)


def _tensor(image: np.ndarray) -> Tensor:
    """uint8 (H, W, 3) or (H, W) to float32 (1, 3, H, W) in [0, 1]."""
    rgb = image if image.ndim == 3 else np.repeat(image[:, :, None], 3, axis=2)
    return torch.from_numpy(rgb.astype(np.float32)).div_(255).permute(2, 0, 1)[None].contiguous()


def _name_of(model: DrlnModel | Upscaler | str) -> str:
    """As the paper, which marks the self-ensemble with a plus."""
    if isinstance(model, str):
        return model
    return f"{model.source}+" if isinstance(model, Upscaler) and model.self_ensemble else model.source


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else math.nan
