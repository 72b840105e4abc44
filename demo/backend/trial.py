"""A sharp photo made smaller, restored by bicubic and by a model, and measured: scores, and files of the pictures.

Knows no gradio. The rules are those of `drln.evaluation.protocols` and `degradations`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from demo.backend import error_map, previews, results
from demo.backend.errors import UploadError
from demo.backend.limits import LIMITS, Limits, check_photo, check_scale
from demo.backend.models import Models
from demo.backend.service import Service
from drln import Progress
from drln.evaluation.degradations import check_degradation, degrade
from drln.evaluation.metrics import SSIM_WINDOW, measure
from drln.evaluation.protocols import bicubic, bicubic_planes, make_pair, planes
from drln.images import write_image
from drln.images.pixels import read_pixels
from drln.images.tensors import to_pixels, to_rgb_tensor
from drln.upscaling.device import free_memory

SHARP_LIMITS = replace(LIMITS, megapixels=min(16, LIMITS.megapixels))
MEASURING_BYTES = 150    # of memory for each pixel; 100 to 120 were seen


@dataclass(frozen=True)
class Restored:
    """What one method made of LR: its scores, and the files of its picture and its error map."""

    title: str
    psnr: float    # dB, infinite where no pixel differs
    ssim: float
    picture: Path
    errors: Path


@dataclass(frozen=True)
class Trial:
    """A photo that was measured; sizes in pixels, after the protocol has cropped or resized the photo."""

    protocol: str
    degradation: str    # of LR; empty for none
    scale: int
    hr_size: tuple[int, int]
    lr_size: tuple[int, int]
    hr: Path
    lr: Path
    bicubic: Restored
    drln: Restored
    source: str
    device: str
    precision: str


class Trials:
    """Photos measured one at a time on the service's device.

    Args:
        service: for its models' names, device and folder.
        models: in float32, as for published scores.
        limits: on uploads.
    """

    def __init__(self, service: Service, models: Models, limits: Limits = SHARP_LIMITS) -> None:
        self._service = service
        self._models = models
        self._limits = limits

    def plan(
        self, photo: str | Path, scale: int, protocol: str, degradation: str = ""
    ) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return width and height of the photo, and of LR.

        Raises:
            UploadError: for a photo or scale that the demo does not take.
            ProtocolError: for a protocol or degradation that does not exist, or a degradation that is not of this
                protocol or scale.
        """
        check_scale(scale)
        check_degradation(degradation, scale, protocol)
        header, smallest = check_photo(photo, 1, self._limits), smallest_side(scale)
        width, height = header.width, header.height
        if min(width, height) < smallest:
            raise UploadError(
                f"The photo has {width} × {height} pixels, too small to be measured at {scale}×: "
                f"both sides must have {smallest} pixels or more."
            )
        needed, free = width * height * MEASURING_BYTES, free_memory(torch.device("cpu"))
        if needed > free:
            raise UploadError(
                f"Measuring {width} × {height} pixels needs about {needed / 1e9:.1f} GB of memory, and "
                f"{free / 1e9:.1f} GB are free on this machine; crop the photo."
            )
        return (width, height), (width // scale, height // scale)

    def stream(
        self, photo: str | Path, scale: int, name: str, protocol: str, degradation: str = ""
    ) -> Iterator[Progress | Trial]:
        """Load the model, upscale, measure, write the files: yield `Progress`, and the `Trial` at the end.

        Closing the generator stops the work at the next strip and leaves no files.

        Raises:
            UploadError, ProtocolError, ImageError, HubError, CheckpointError, UpscaleError: as the message says.
        """
        title = self._service.choice(name).title
        self.plan(photo, scale, protocol, degradation)
        loaded = yield from self._models.loading(name, scale)
        lr, hr = make_pair(read_pixels(photo), scale, protocol)
        lr = degrade(lr, hr, degradation)
        sr = yield from self._service.with_device(loaded.upscaler.stream_tensor(to_rgb_tensor(lr)))
        yield Progress("Measuring", 1.0)
        pictures = [("Bicubic", bicubic(lr, scale, protocol)), (title, to_pixels(sr, grey=hr.ndim == 2, depth=8))]
        compared = [bicubic_planes(lr, hr, scale, protocol), planes(sr, hr, scale, protocol)]
        with results.new_folder(self._service.folder) as folder:
            by_bicubic, by_drln = (_save(folder, *picture, *pair) for picture, pair in zip(pictures, compared))
            for name, image in (("hr", hr), ("lr", lr)):
                write_image(previews.capped(Image.fromarray(image)), folder / f"{name}.png")
        sizes = (hr.shape[1], hr.shape[0]), (lr.shape[1], lr.shape[0])
        how = loaded.source, str(loaded.upscaler.device), loaded.upscaler.precision
        files = folder / "hr.png", folder / "lr.png"
        yield Trial(protocol, degradation, scale, *sizes, *files, by_bicubic, by_drln, *how)


def smallest_side(scale: int) -> int:
    """Return the pixels that each side needs so that SSIM's window fits inside the borders that are cut off."""
    return scale * (-(-SSIM_WINDOW // scale) + 2)


def _save(folder: Path, title: str, image: np.ndarray, sr_luma: np.ndarray, hr_luma: np.ndarray) -> Restored:
    name = "bicubic" if title == "Bicubic" else "drln"
    picture, errors = folder / f"{name}.png", folder / f"{name}-errors.png"
    write_image(previews.capped(Image.fromarray(image)), picture)
    write_image(error_map.in_colours(previews.capped(error_map.grey_map(sr_luma, hr_luma))), errors)
    psnr, ssim = measure(sr_luma, hr_luma)
    return Restored(title, psnr, ssim, picture, errors)
