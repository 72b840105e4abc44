"""Photo in, photo out.

Its callers load the model and read the files.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace

import torch
from PIL import Image
from torch import Tensor

from drln.images import Photo, Picture
from drln.images.photo import check_size
from drln.model import DrlnModel
from drln.progress import Progress, Work
from drln.upscaling.device import pick_device, pick_precision
from drln.upscaling.engine import Engine, Runner
from drln.upscaling.estimate import Estimate


@dataclass(frozen=True)
class Result:
    """An upscaled photo, how it was computed, and `notes`: sentences that its owner should read."""

    picture: Picture
    device: str
    precision: str
    seconds: float
    notes: tuple[str, ...] = ()

    @property
    def image(self) -> Image.Image:
        """The picture as a PIL image. Pillow has no 16-bit colours: they are rounded to 8 bits."""
        return self.picture.to_pil()


class Upscaler:
    """Upscale photos with one model on one device.

    Args:
        model: a `DrlnModel`; it is copied, and stays as it is.
        device: "auto" (cuda, then mps, then cpu) or a device of torch.
        precision: "float32", "bfloat16", or "auto": bfloat16 on CUDA and on CPUs that compute in it, but float32 for
            photos of 16 bits, because bfloat16 would lose some of their levels.
        self_ensemble: average the results of the eight flips and turns, the paper's DRLN+, at eight times the cost;
            each call may choose otherwise.
        engine: makes what runs the network, from a model, a device and a precision.

    Raises:
        ValueError: for a device or precision that is unknown or unavailable here.
    """

    def __init__(
        self,
        model: DrlnModel,
        device: str | torch.device = "auto",
        precision: str = "auto",
        self_ensemble: bool = False,
        engine: Callable[[DrlnModel, torch.device, str], Runner] = Engine,
    ) -> None:
        self.device = pick_device(device)
        self.precision = pick_precision(self.device, precision)
        self.self_ensemble = self_ensemble
        self.scale = model.config.scale
        self.source = model.source    # where the weights came from
        self._engine = engine(model, self.device, self.precision)
        is_exact = precision != "auto" or self.precision == "float32"
        # For photos of 16 bits.
        self._exact = self._engine if is_exact else engine(model, self.device, "float32")

    def upscale(
        self, image: Image.Image | Photo, self_ensemble: bool | None = None, size: tuple[int, int] | None = None
    ) -> Image.Image:
        """Return the whole photo, `scale` times larger, in the same mode: with alpha or grey if it was.

        PIL has no 16-bit colours. For these, `stream` a `Photo.open(path)` and save the result's `picture`.

        Args:
            image: the photo.
            self_ensemble: as for the class; None takes the Upscaler's own choice.
            size: width and height in pixels to reduce the result to, by bicubic before it is rounded; at most `scale`
                times the photo's. `TargetSize` finds the size and the scale. None keeps all pixels.

        Raises:
            UpscaleError: if this machine has too little memory. The image is never shrunk for it.
            ImageError: if the image is broken or of a mode that is not supported, or `size` is larger than the result.
        """
        return Work(self.steps(image, self_ensemble, size)).finish().image

    def stream(
        self, image: Image.Image | Photo, self_ensemble: bool | None = None, size: tuple[int, int] | None = None
    ) -> Iterator[Progress | Result]:
        """As `upscale`, a step at a time: `Progress` after each strip, and last the `Result`.

        Close the generator to stop: no strip begins after that.
        """
        yield (yield from self.steps(image, self_ensemble, size))

    def steps(
        self, image: Image.Image | Photo, self_ensemble: bool | None = None, size: tuple[int, int] | None = None
    ) -> Generator[Progress, None, Result]:
        """As `stream`, for `yield from`, whose value is then the result."""
        began = time.monotonic()
        photo = image if isinstance(image, Photo) else Photo.from_pil(image)
        check_size(size, self.scale * photo.width, self.scale * photo.height)
        engine = self._for(photo.depth)
        sr, device, notes = yield from engine.run(photo.rgb, self._ensemble(self_ensemble))
        yield Progress("Finishing", 1.0, 0.0)
        picture = photo.picture(sr, size)
        return Result(picture, str(device), engine.precision, time.monotonic() - began, photo.notes + notes)

    def stream_tensor(self, rgb: Tensor, self_ensemble: bool | None = None) -> Generator[Progress, None, Tensor]:
        """As `steps`, for measuring: nothing is clamped, rounded or dropped.

        Args:
            rgb: float, (1, 3, H, W), in [0, 1].

        Returns:
            float32, (1, 3, sH, sW), about [0, 1], on the device of `rgb`.
        """
        sr, _, _ = yield from self._engine.run(rgb, self._ensemble(self_ensemble))
        return sr

    def estimate(
        self,
        width: int,
        height: int,
        depth: int = 8,
        self_ensemble: bool | None = None,
        size: tuple[int, int] | None = None,
    ) -> Estimate:
        """Return what a photo of that many pixels will take. The first call times short runs, in under a second.

        Args:
            width, height: of the photo, in pixels.
            depth: its bits per channel, 8 or 16.
            self_ensemble, size: as in `upscale`. A result that is reduced takes as much memory as the whole one.

        Raises:
            ImageError: if `size` is larger than the result.
        """
        check_size(size, self.scale * width, self.scale * height)
        estimate = self._for(depth).estimate(width, height, self._ensemble(self_ensemble))
        return replace(estimate, width=size[0], height=size[1]) if size else estimate

    def _ensemble(self, asked: bool | None) -> bool:
        return self.self_ensemble if asked is None else asked

    def _for(self, depth: int) -> Runner:
        """Return what computes photos of that depth."""
        return self._engine if depth == 8 else self._exact
