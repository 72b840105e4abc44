"""One network on one device in one precision: tensors in, tensors out.

Checks the memory and reports progress. Knows no photos.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Generator
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from drln.network.border import extended_area
from drln.network.cost import network_cost
from drln.network.plain import Drln
from drln.network.strips import MIN_ROWS, stream_strips, strips_memory, upscale_in_strips
from drln.progress import Progress, Work
from drln.upscaling.device import PRECISIONS, free_memory, is_out_of_memory
from drln.upscaling.estimate import Estimate, Speed
from drln.upscaling.turns import TURNS, turned, turned_back

PROBE_MULTIPLICATIONS = 8e9    # in the short run that finds this machine's speed


class UpscaleError(RuntimeError):
    """The photo cannot be upscaled on this machine, or to the size that was asked for; the message says why."""


class Upscaled(NamedTuple):
    """A result, float32, (1, 3, sH, sW), about [0, 1]; where it was computed; notes for its owner."""

    sr: Tensor
    device: torch.device
    notes: tuple[str, ...] = ()


class Runner(Protocol):
    """What an `Upscaler` needs: an `Engine`, or something that runs the network elsewhere."""

    precision: str

    def run(self, rgb: Tensor, self_ensemble: bool = False) -> Generator[Progress, None, Upscaled]:
        """Upscale (1, 3, H, W)."""

    def estimate(self, width: int, height: int, self_ensemble: bool = False) -> Estimate:
        """What an image of that many pixels will take."""


class Engine:
    """Run a network in this process.

    Args:
        model: the network; it is copied, and stays as it is.
        device: where to compute.
        precision: "float32" or "bfloat16".
    """

    def __init__(self, model: Drln, device: torch.device, precision: str) -> None:
        self.device, self.precision, self.config = device, precision, model.config
        model = copy.deepcopy(model).eval().requires_grad_(False)
        model.to(memory_format=torch.channels_last)    # type: ignore[call-overload]    # torch's stubs lack it
        self.model = model.set_trunk_dtype(PRECISIONS[precision]).to(device)
        self._speed: Speed | None = None    # of one pass, by LR pixels

    def run(self, rgb: Tensor, self_ensemble: bool = False) -> Generator[Progress, None, Upscaled]:
        """Upscale (1, 3, H, W). If memory runs out, try thinner strips, then the CPU.

        Raises:
            UpscaleError: if this machine has too little memory.
        """
        height, width = rgb.shape[2:]
        self.check_memory(width, height, self_ensemble)
        yield Progress("Upscaling", 0.0)
        attempts: list[tuple[torch.device, int | None]] = [(self.device, None), (self.device, MIN_ROWS)]
        if self.device.type != "cpu":
            attempts.append((torch.device("cpu"), None))
        notes: tuple[str, ...] = ()
        for device, rows in attempts:
            model = self.model if device == self.device else copy.deepcopy(self.model).to(device)
            try:
                return Upscaled((yield from self._passes(model, rgb, rows, self_ensemble)), device, notes)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
            if device.type == "cuda":
                torch.cuda.empty_cache()
            notes = (f"Memory ran out on {device}; the work started again in smaller pieces or on the CPU.",)
        raise UpscaleError(
            f"memory ran out upscaling {width}x{height} pixels {self.config.scale}x on {self.device}, also in the "
            "thinnest strips; close other programs, choose a smaller scale or model, or crop the photo"
        )

    def estimate(self, width: int, height: int, self_ensemble: bool = False) -> Estimate:
        """Return what an image of that many pixels will take. The first call times short runs, in under a second.

        Every upscaled image that is large enough corrects the seconds.
        """
        if self._speed is None:
            side = int(min(256, max(32, (PROBE_MULTIPLICATIONS / network_cost(self.model)) ** 0.5)))
            self._speed = Speed.measured(self._probe, side)
        seconds = self._speed.seconds(extended_area(width, height, self.config))
        return self.memory(width, height, self_ensemble, seconds * (len(TURNS) if self_ensemble else 1))

    def memory(self, width: int, height: int, self_ensemble: bool = False, seconds: float = 0.0) -> Estimate:
        """Return the estimate of the memory, with those seconds in it."""
        scale = self.config.scale
        result = extended_area(width, height, self.config) * scale**2
        output = result * 3 * 4 * (2 if self_ensemble else 1) + result * 8    # float32, then the photo's bytes
        features = strips_memory(self.model, width, height)
        if self.device.type != "cpu" and features <= free_memory(self.device):    # else the CPU takes over
            features = 0
        # On the CPU features and result share the memory, but two thirds of the features are gone by then.
        memory = max(features, features // 3 + output)
        return Estimate(width * scale, height * scale, seconds, memory, free_memory(torch.device("cpu")))

    def check_memory(self, width: int, height: int, self_ensemble: bool = False) -> None:
        """Raise `UpscaleError`, with the numbers, unless an image of that many pixels fits."""
        memory = self.memory(width, height, self_ensemble)
        if not memory.fits:
            raise UpscaleError(memory.refusal(width, height))

    def _probe(self, side: int) -> Tensor:
        side = max(1, side - 2 * self.config.border)
        return upscale_in_strips(self.model, torch.full((1, 3, side, side), 0.5))

    def _passes(
        self, model: Drln, rgb: Tensor, rows: int | None, self_ensemble: bool
    ) -> Generator[Progress, None, Tensor]:
        """Run the network on the image, or on its eight turns and average."""
        began = time.monotonic()
        turns = TURNS if self_ensemble else TURNS[:1]
        total: Tensor | None = None
        for number, (turn, flip) in enumerate(turns):
            strips = Work(stream_strips(model, turned(rgb, turn, flip), rows))
            for fraction in strips:
                yield Progress.since(began, "Upscaling", (number + fraction) / len(turns))
            sr = turned_back(strips.result, turn, flip)
            total = sr if total is None else total.add_(sr)
        assert total is not None
        if self._speed and model is self.model:    # not if the CPU stood in
            area = extended_area(rgb.shape[3], rgb.shape[2], self.config)
            self._speed.correct(area, (time.monotonic() - began) / len(turns))
        return total if len(turns) == 1 else total.div_(len(turns))
