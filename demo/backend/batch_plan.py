"""What a batch would take, from the headers of its photos.

Knows no gradio; contacts no hub.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from demo.backend import errors
from demo.backend.batch_items import Item, items
from demo.backend.limits import check_photo, check_scale, result_size
from demo.backend.service import Service
from drln import TargetSize, UpscaleError

PLAN_SECONDS = 2.0    # for looking at photos; the rest are taken to be like those, byte by byte


@dataclass(frozen=True)
class BatchPlan:
    """What a batch would take.

    Attributes:
        photos: that can be upscaled, as far as is known.
        skipped: the user's names for files that are no photos.
        refused: the user's name for each photo that cannot be upscaled, and why.
        seconds: for all photos; None until they are estimated, or where there are none.
        must_download: whether the model must be fetched from the hub first; False until they are estimated.
    """

    photos: int
    skipped: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    seconds: float | None = None
    must_download: bool = False


def plan(
    service: Service,
    files: Sequence[tuple[str, Path]],
    scale: int | TargetSize,
    name: str,
    extension: str = ".png",
    self_ensemble: bool = False,
    within: float = PLAN_SECONDS,
) -> Iterator[BatchPlan]:
    """Yield the numbers of files at once, then also the seconds and what cannot be upscaled.

    Args:
        service: whose limits and models count.
        files, scale, name: as for `Batches.stream`.
        extension, self_ensemble: as for `Service.plan`.
        within: seconds, after the first photo, in which others are looked at.

    Raises:
        UploadError: as `Batches.stream` does.
    """
    service.choice(name)
    check_scale(scale)
    found = items(files)
    photos = [item for item in found if not item.refused]
    skipped = tuple(item.title for item in found if item.skipped)
    refused = [(item.title, item.refused) for item in found if item.refused and not item.skipped]
    known = BatchPlan(len(photos), skipped, tuple(refused))
    yield known
    began, seconds, seen, unseen = 0.0, 0.0, 0, sum(item.size + 1 for item in photos)
    factors = set()
    for item in photos:
        unseen -= item.size + 1
        try:
            factor, estimate = _estimate(service, item, scale, name, extension, self_ensemble)
            factors.add(factor)
            seconds += estimate
            seen += item.size + 1
        except Exception as error:
            refused.append((item.title, errors.message(error)))
        began = began or time.monotonic()    # the first one may have had to wait for the model
        if time.monotonic() >= began + within:
            break
    yield BatchPlan(
        len(photos) - len(refused) + len(known.refused),
        skipped,
        tuple(refused),
        seconds * (1 + unseen / seen) if seen else None,
        any(service.models.must_download(name, factor) for factor in factors),
    )


def _estimate(
    service: Service, item: Item, scale: int | TargetSize, name: str, extension: str, self_ensemble: bool
) -> tuple[int, float]:
    """Return the scale of the model and the seconds for a photo, which is checked as its batch would, by its header."""
    with item.file(service.limits.megabytes) as photo:
        header = check_photo(photo, scale, service.limits, extension)
    size = header.width, header.height
    factor, _ = result_size(scale, *size)
    estimate = service.models.estimator(name, factor).estimate(*size, header.depth, self_ensemble)
    if not estimate.fits:
        raise UpscaleError(estimate.refusal(*size))
    return factor, estimate.seconds
