"""Measure a model, or bicubic, on a set of images by one of the two protocols.

Takes a loaded model and images. What is compared, and how, is in `protocols`.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from drln.evaluation.degradations import check_degradation, degrade
from drln.evaluation.metrics import measure
from drln.evaluation.protocols import (
    CARD,
    STANDARD,
    ProtocolError,
    bicubic_planes,
    check_protocol,
    make_pair,
    planes,
    scale_between,
)
from drln.evaluation.scores import ImageFailure, ImageScore, Scores
from drln.images import ImageError
from drln.images.pixels import read_pixels
from drln.images.tensors import to_pixels, to_rgb_tensor
from drln.model import DrlnModel
from drln.network.config import SCALES, is_scale
from drln.progress import Progress, Work
from drln.upscaling.engine import UpscaleError
from drln.upscaling.upscaler import Upscaler

BICUBIC = "bicubic"

# Errors of one image, which do not stop the others. Pillow's are here because `datasets` decodes with Pillow.
FAILURES = (ImageError, ProtocolError, UpscaleError, OSError, SyntaxError, MemoryError, Image.DecompressionBombError)


def evaluate(
    model: DrlnModel | Upscaler | str,
    pairs: Sequence[Any],
    protocol: str = STANDARD,
    *,
    scale: int | None = None,
    degradation: str | None = None,
    device: str | torch.device = "auto",
    precision: str = "float32",
    model_name: str = "",
    dataset_name: str = "",
) -> Scores:
    """Measure a model on whole images.

    An image that cannot be measured does not stop the others. A warning names it, and it is among the scores'
    `failures`. Transparency is ignored, and 16 bits are rounded to 8.

    Args:
        model: a `DrlnModel`; an `Upscaler`, which has its own device and precision; or "bicubic".
        pairs: a data set from `load_dataset` or `find_set`; or any sequence of HR images, or of mappings with `hr` and
            perhaps `lr` and `name`. An image is a PIL image or a path. `EvalDataset` is for the card's protocol alone,
            because its HR images were fitted to LR.
        protocol: "standard", which makes LR from HR, or "card", which takes the set's LR if it has one.
        scale: for bicubic on images without LR. A model has its own scale.
        degradation: of LR, in the standard protocol: "jpeg1" to "jpeg100", "noise1" to "noise100", and at 3x "bd" and
            "dn"; None or "clean" for none. `drln.evaluation.degradations` has the rules.
        device: as for `Upscaler`.
        precision: "float32", "bfloat16" or "auto".
        model_name: name in tables; by default "bicubic" or the model's source, with a plus for the self-ensemble.
        dataset_name: name in tables; by default that of `pairs`.

    Raises:
        ProtocolError: if no image can be measured: unreadable, too small, too large for this machine, or with an LR
            that does not fit its HR or the model; or for an unknown protocol, or a degradation that is unknown, of
            another scale or not of this protocol.
        ValueError: if the model or the scale is unsuitable.
    """
    options: dict[str, Any] = {"scale": scale, "degradation": degradation, "device": device, "precision": precision}
    steps = stream_scores(model, pairs, protocol, **options)
    measured = tuple(step for step in steps if not isinstance(step, Progress))
    names = model_name or _name_of(model), dataset_name or getattr(pairs, "name", "")
    scale = scale_of(model, pairs, scale)
    degradation = check_degradation(degradation, scale, protocol)
    scores = Scores(*names, scale, protocol, measured, len(pairs), degradation)
    if not scores.images:
        raise ProtocolError(str(scores.failures[0]))
    if scores.failures:
        named = "; ".join(map(str, scores.failures))
        warnings.warn(f"the scores are of {scores.count}; not measured: {named}", stacklevel=2)
    return scores


def stream_scores(
    model: DrlnModel | Upscaler | str,
    pairs: Sequence[Any],
    protocol: str = STANDARD,
    *,
    scale: int | None = None,
    degradation: str | None = None,
    device: str | torch.device = "auto",
    precision: str = "float32",
) -> Iterator[Progress | ImageScore | ImageFailure]:
    """Do as `evaluate` does, and yield `Progress` after each strip, and an `ImageScore` or `ImageFailure` per image.

    To stop the work at the next strip, close the generator. Scores that were yielded stay valid.

    Args:
        model, pairs, protocol, scale, degradation, device, precision: as for `evaluate`.

    Raises:
        ProtocolError: if there are no images, for an unknown protocol, for an `EvalDataset` by the standard one, or for
            a degradation that is unknown, of another scale or not of this protocol.
        ValueError: if the model or the scale is unsuitable.
    """
    check_protocol(protocol)
    if isinstance(pairs, (str, os.PathLike)) or not hasattr(pairs, "__len__"):
        raise ProtocolError(f"the images are {pairs!r}; give a list of images or paths, or find_set(folder)")
    if not len(pairs):
        raise ProtocolError("there are no images to measure")
    scale = scale_of(model, pairs, scale)
    degradation = check_degradation(degradation, scale, protocol)
    run: Callable[[Tensor], Generator[Progress, None, Tensor]] | None = None
    if model != BICUBIC:
        upscaler = model if isinstance(model, Upscaler) else Upscaler(model, device, precision)    # type: ignore[arg-type]
        run = upscaler.stream_tensor
    for index in range(len(pairs)):
        name, path = f"image {index + 1}", ""
        try:
            item = pairs[index]
            path = _path_of(item)
            given = item.get("name") if isinstance(item, Mapping) else None
            name = given or Path(path).name or name
            work = Work(_measure(item, run, scale, protocol, degradation))
            for step in work:
                yield Progress(name, (index + step.fraction) / len(pairs))
            yield ImageScore(name, *work.result)
        except _FittedHr:
            raise
        except FAILURES as error:
            reason = " ".join(str(error).split()).removeprefix(f"{path} ")    # the image's name precedes it
            yield ImageFailure(name, reason or "memory ran out")
    yield Progress("Done", 1.0, 0.0)


def scale_of(model: DrlnModel | Upscaler | str, pairs: Sequence[Any], scale: int | None = None) -> int:
    """The scale to measure at: the model's own; for bicubic the given one, or that of the first pair.

    Raises:
        ValueError: if bicubic has no scale, or the model has another one than the given scale.
    """
    if isinstance(model, str):
        if model != BICUBIC:
            raise ValueError(f"the model is {model!r}; give {BICUBIC!r}, or a loaded model: DrlnModel.from_pretrained")
        if scale is None:
            lr, hr = _read(pairs[0], CARD)
            scale = None if lr is None else scale_between(lr.shape[1::-1], hr.shape[1::-1])
        if not is_scale(scale):
            raise ValueError(f"bicubic has no scale of its own; pass scale= one of {SCALES}")
        assert scale is not None
        return scale
    own = model.scale if isinstance(model, Upscaler) else model.config.scale
    if scale not in (None, own):
        raise ValueError(f"the model is {own}x, but scale={scale} was asked for")
    return own


class EvalMetrics:
    """Measures as the published models' card shows: `EvalMetrics().evaluate(model, EvalDataset(dataset))`."""

    def evaluate(self, model: DrlnModel | Upscaler | str, dataset: Sequence[Any], scale: int | None = None) -> Scores:
        """Measure a model by the card's protocol, in float32, as the function `evaluate` does. Prints nothing.

        Raises:
            ProtocolError, ValueError: as `evaluate`.
        """
        return evaluate(model, dataset, CARD, scale=scale)


class _FittedHr(ProtocolError):
    """The protocol does not suit images of this kind."""


def _measure(
    item: Any,
    run: Callable[[Tensor], Generator[Progress, None, Tensor]] | None,
    scale: int,
    protocol: str,
    degradation: str,
) -> Generator[Progress, None, tuple[float, float]]:
    """Return PSNR in dB and SSIM of one image."""
    lr, hr = _read(item, protocol)
    lr, hr = make_pair(hr, scale, protocol, lr)
    lr = degrade(lr, hr, degradation)
    yield Progress("Measuring", 0.0)
    if run is None:
        return measure(*bicubic_planes(lr, hr, scale, protocol))
    sr = yield from run(to_rgb_tensor(lr))
    return measure(*planes(sr, hr, scale, protocol))


def _read(item: Any, protocol: str) -> tuple[np.ndarray | None, np.ndarray]:
    """LR, if there is one and the protocol takes it, and HR: uint8, (H, W, 3) or (H, W)."""
    if isinstance(item, tuple):    # from EvalDataset
        if protocol != CARD:
            raise _FittedHr(
                "EvalDataset fits HR to LR, as the card's protocol does; give the data set itself for the standard one"
            )
        small, sharp = (to_pixels(torch.as_tensor(image)[None], grey=False, depth=8) for image in item)
        return small, sharp
    row = item if isinstance(item, Mapping) else {"hr": item}
    hr, lr = row.get("hr"), row.get("lr")
    if not isinstance(hr, (str, os.PathLike, Image.Image)):
        raise ProtocolError(f"its hr is {type(hr).__name__}; give a PIL image or a path")
    return None if lr is None or protocol != CARD else read_pixels(lr), read_pixels(hr)


def _path_of(item: Any) -> str:
    """The path of an image; empty if it has none."""
    hr = item.get("hr") if isinstance(item, Mapping) else item
    path = getattr(hr, "filename", "") if isinstance(hr, Image.Image) else hr
    return str(Path(path)) if path and isinstance(path, (str, os.PathLike)) else ""


def _name_of(model: DrlnModel | Upscaler | str) -> str:
    """The model's name in tables. A plus marks the self-ensemble, as in the paper."""
    if isinstance(model, str):
        return model
    return f"{model.source}+" if isinstance(model, Upscaler) and model.self_ensemble else model.source
