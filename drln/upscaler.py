"""Photo in, photo out: device, precision, memory, progress.

Is given a model and loads none; knows PIL images and no files.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import torch
from PIL import Image
from torch import Tensor

from drln.border import extended_area
from drln.cost import network_cost
from drln.device import PRECISIONS, free_memory, is_out_of_memory, pick_device, pick_precision
from drln.estimate import Estimate
from drln.images import Photo, Picture
from drln.model import DrlnModel
from drln.speed import Speed
from drln.strips import MIN_ROWS, stream_strips, strips_memory, upscale_in_strips
from drln.turns import TURNS, turned, turned_back

PROBE_MULTIPLICATIONS = 8e9    # of the short run that finds this machine's speed


class UpscaleError(RuntimeError):
    """The photo cannot be upscaled on this machine; the message says what was missing."""


@dataclass(frozen=True)
class Progress:
    """How far an upscale is: what it does now, the fraction done in [0, 1], and seconds left where they are known."""

    stage: str
    fraction: float
    seconds_left: float | None = None

    @classmethod
    def since(cls, began: float, stage: str, fraction: float) -> Progress:
        """With the seconds left if the work goes on as it did since `began`, of `time.monotonic()`."""
        return cls(stage, fraction, (time.monotonic() - began) * (1 / fraction - 1) if fraction else None)


@dataclass(frozen=True)
class Result:
    """An upscaled photo, and how it came about; `notes` are sentences that its owner should read."""

    picture: Picture
    device: str
    precision: str
    seconds: float
    notes: tuple[str, ...] = ()

    @property
    def image(self) -> Image.Image:
        """The picture as a PIL image, which holds 16 bits of grey alone: of other 16 bits 8 are left."""
        return self.picture.to_pil()


class Upscaler:
    """Upscale photos with one model on one device.

    Args:
        model: a `DrlnModel`; it is copied, and stays as it is.
        device: "auto" (cuda, then mps, then cpu) or a device of torch.
        precision: "float32", "bfloat16", or "auto": bfloat16 on CUDA and on CPUs that compute in it, but float32 for
            photos of 16 bits, of whose levels bfloat16 would lose some.
        self_ensemble: average the results of the eight flips and turns, the paper's DRLN+, at
            eight times the cost.

    Raises:
        ValueError: for a device or precision that is unknown or unavailable here.
    """

    def __init__(
        self,
        model: DrlnModel,
        device: str | torch.device = "auto",
        precision: str = "auto",
        self_ensemble: bool = False,
    ) -> None:
        self.device = pick_device(device)
        self.precision = pick_precision(self.device, precision)
        self.self_ensemble = self_ensemble
        self.scale = model.config.scale
        self.source = model.source    # where its weights came from
        self._model = copy.deepcopy(model).eval().requires_grad_(False)
        self._exact = copy.deepcopy(self._model) if precision == "auto" and self.precision == "bfloat16" else None
        self._model.to(memory_format=torch.channels_last)    # type: ignore[call-overload]    # torch's stubs lack it
        self._model.set_trunk_dtype(PRECISIONS[self.precision])
        self._model.to(self.device)
        self._speeds: dict[str, Speed] = {}    # of one pass over LR, by precision

    def upscale(self, image: Image.Image | Photo) -> Image.Image:
        """The whole photo, `scale` times larger, in the same mode: with its alpha, or grey, if it was so.

        PIL has no 16-bit colours: for these `stream` a `Photo.open(path)`, and save the result's `picture`.

        Raises:
            UpscaleError: if this machine has too little memory for it. The image is never shrunk.
        """
        for step in self.stream(image):
            if isinstance(step, Result):
                return step.image
        raise AssertionError("the stream ended without a result")

    def stream(self, image: Image.Image | Photo) -> Iterator[Progress | Result]:
        """As `upscale`, a step at a time: `Progress` after each strip, and last the `Result`.

        Closing the generator cancels the work: no strip is begun after that.
        """
        began = time.monotonic()
        photo = image if isinstance(image, Photo) else Photo.from_pil(image)
        own = self._for(photo.depth)
        own._check_memory(photo.width, photo.height)
        yield Progress("Upscaling", 0.0)
        sr, device, notes = yield from own._sr(photo.rgb)
        yield Progress("Finishing", 1.0, 0.0)
        picture = photo.picture(sr)
        del sr    # the largest tensor, before the caller writes the picture
        yield Result(picture, str(device), own.precision, time.monotonic() - began, photo.notes + notes)

    def stream_tensor(self, rgb: Tensor) -> Generator[Progress, None, Tensor]:
        """As `stream`, for those who measure: nothing is clamped, rounded or dropped.

        Args:
            rgb: float, (1, 3, H, W), in [0, 1].

        Returns:
            float32, (1, 3, sH, sW), about [0, 1], on the device of `rgb`.
        """
        self._check_memory(rgb.shape[3], rgb.shape[2])
        sr, _, _ = yield from self._sr(rgb)
        return sr

    def estimate(self, width: int, height: int, depth: int = 8) -> Estimate:
        """What a photo of that many pixels will take; the first call times short runs, well under a second's work.

        `depth` is the photo's bits a channel, 8 or 16. The seconds are for the whole image on this device as it
        is now, and are corrected by every photo that is upscaled and not too small to tell.
        """
        own = self._for(depth)
        if own.precision not in self._speeds:
            side = int(min(256, max(32, (PROBE_MULTIPLICATIONS / network_cost(own._model)) ** 0.5)))
            border = self._model.config.border

            def run(side: int) -> Tensor:
                side = max(1, side - 2 * border)
                return upscale_in_strips(own._model, torch.full((1, 3, side, side), 0.5))

            self._speeds[own.precision] = Speed.measured(run, side)
        memory = own._memory_estimate(width, height)
        runs = len(TURNS) if self.self_ensemble else 1
        seconds = self._speeds[own.precision].seconds(extended_area(width, height, self._model.config)) * runs
        return Estimate(memory.width, memory.height, seconds, memory.memory, memory.available)

    def _for(self, depth: int) -> Upscaler:
        """The one that photos of that depth are computed by: this, or one in float32 that shares all else."""
        if depth == 8 or self._exact is None:
            return self
        own = copy.copy(self)
        own.precision = "float32"
        own._model = self._exact.to(self.device, memory_format=torch.channels_last)    # type: ignore[call-overload]
        return own

    def _check_memory(self, width: int, height: int) -> None:
        estimate = self._memory_estimate(width, height)
        if not estimate.fits:
            raise UpscaleError(estimate.refusal(width, height))

    def _memory_estimate(self, width: int, height: int) -> Estimate:
        """The estimate with no seconds in it. On the CPU features and result share the memory."""
        result = extended_area(width, height, self._model.config) * self.scale**2
        output = result * 3 * 4 * (2 if self.self_ensemble else 1) + result * 8    # float32, then the photo's bytes
        features = strips_memory(self._model, width, height)
        if self.device.type != "cpu":
            here = torch.device("cpu")
            if features <= free_memory(self.device):    # else the CPU takes over
                features = 0
        else:
            here = self.device
        # The features have gone, but for two maps in six, when the result is made.
        memory = max(features, features // 3 + output)
        return Estimate(width * self.scale, height * self.scale, 0.0, memory, free_memory(here))

    def _sr(self, rgb: Tensor) -> Generator[Progress, None, tuple[Tensor, torch.device, tuple[str, ...]]]:
        """Upscale, and where memory runs out try thinner strips, then the CPU."""
        attempts: list[tuple[torch.device, int | None]] = [(self.device, None), (self.device, MIN_ROWS)]
        if self.device.type != "cpu":
            attempts.append((torch.device("cpu"), None))
        notes: tuple[str, ...] = ()
        for device, rows in attempts:
            model = self._model if device == self.device else copy.deepcopy(self._model).to(device)
            try:
                sr = yield from self._run(model, rgb, rows)
                return sr, device, notes
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
            if device.type == "cuda":
                torch.cuda.empty_cache()
            notes = (f"Memory ran out on {device}; the work was begun again in smaller pieces or on the CPU.",)
        height, width = rgb.shape[2:]
        raise UpscaleError(
            f"memory ran out upscaling {width}x{height} pixels {self.scale}x on {self.device}, also in the thinnest "
            "strips; close other programs, choose a smaller scale or model, or crop the photo"
        )

    def _run(self, model: DrlnModel, rgb: Tensor, rows: int | None) -> Generator[Progress, None, Tensor]:
        """One image through the network, or its eight turns averaged."""
        began = time.monotonic()
        turns = TURNS if self.self_ensemble else TURNS[:1]
        total: Tensor | None = None
        for number, (turn, flip) in enumerate(turns):
            steps = stream_strips(model, turned(rgb, turn, flip), rows)
            while True:
                try:
                    fraction = (number + next(steps)) / len(turns)
                except StopIteration as done:
                    sr = done.value
                    break
                yield Progress.since(began, "Upscaling", fraction)
            sr = turned_back(sr, turn, flip)
            total = sr if total is None else total.add_(sr)
        assert total is not None
        speed = self._speeds.get(self.precision)
        if speed and model is self._model:    # and not a CPU that stood in
            area = extended_area(rgb.shape[3], rgb.shape[2], model.config)
            speed.correct(area, (time.monotonic() - began) / len(turns))
        return total if len(turns) == 1 else total.div_(len(turns))
