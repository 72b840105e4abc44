"""On a ZeroGPU Space: the network runs in a process that is forked for it, with a GPU lent for some seconds.

All models lie on the device before the page is served, which ZeroGPU asks for. Decoding and encoding stay outside the
call; what goes into it and comes out of it is small objects and CPU tensors, for it is pickled. Elsewhere `spaces` does
nothing, or is not installed. No such Space was at hand: the speed below is a guess on the safe side.
"""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr
import torch
from torch import Tensor

from demo.models import CHOICES, Loaded, Models, averaging
from drln import DrlnModel, Estimate, Progress, UpscaleError, Upscaler
from drln.border import extended_area
from drln.config import SCALES
from drln.cost import network_cost
from drln.device import PRECISIONS, pick_device

try:
    from spaces import GPU
except ImportError:

    def GPU(**_: Any) -> Any:    # noqa: N802    the name that it stands in for
        return lambda function: function


MULTIPLICATIONS = 5e12    # a second
START_SECONDS = 5         # until the forked process has its GPU
TURNS = 8                 # of the self-ensemble

Key = tuple[str, int, str]    # a model's name, its scale, its precision


@dataclass(frozen=True)
class Finished:
    """What came out of the call."""

    sr: Tensor    # float32, (1, 3, sH, sW), on the CPU


def is_here() -> bool:
    """Whether this is such a Space."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def preloaded_models() -> Models:
    """All models that are bundled or in the hub's cache; call it in the main thread, before the page is served.

    `preload_from_hub`, in the README's first lines, has filled the cache. A model that is not there is not offered:
    it could not be moved to the device later.
    """
    known = Models()
    choices = {
        name: choice
        for name, choice in CHOICES.items()
        if not any(known.must_download(name, scale) for scale in SCALES)
    }
    loaded: dict[Key, Loaded] = {}
    for name, choice in choices.items():
        for scale in SCALES:
            model = DrlnModel.from_pretrained(choice.where, scale=scale, local_files_only=choice.on_hub)
            for precision in PRECISIONS:
                key = name, scale, precision
                UPSCALERS[key] = Upscaler(model, precision=precision)
                loaded[key] = Loaded(LentGpu(model, key), model.source)
    return Models(choices, preloaded=loaded)


class LentGpu(Upscaler):
    """As the upscaler of that key, whose network it calls in the forked process; it holds no weights of its own."""

    def __init__(self, model: DrlnModel, key: Key) -> None:
        self.device, self.precision, self.scale = pick_device(), key[2], key[1]
        self.self_ensemble = False
        self._model = UPSCALERS[key]._model
        self._key = key

    def estimate(self, width: int, height: int, depth: int = 8) -> Estimate:
        """From the size alone: nothing can be timed outside the call."""
        own = self._for(depth)
        memory = own._memory_estimate(width, height)
        seconds = seconds_needed(own._key, torch.empty(1, 3, height, width, device="meta"), self.self_ensemble)
        return Estimate(memory.width, memory.height, seconds, memory.memory, memory.available)

    def _for(self, depth: int) -> LentGpu:
        if depth == 8 or self.precision == "float32":
            return self
        own = copy.copy(self)
        own.precision = "float32"
        own._key = *self._key[:2], own.precision
        own._model = UPSCALERS[own._key]._model
        return own

    def _sr(self, rgb: Tensor) -> Generator[Progress, None, tuple[Tensor, torch.device, tuple[str, ...]]]:
        try:
            for step in on_the_gpu(self._key, rgb, self.self_ensemble):
                if isinstance(step, Finished):
                    return step.sr, self.device, ()
                yield step
        except gr.Error as error:    # of `spaces`: a visitor's share is used up, or the call took too long
            raise UpscaleError(f"the Space's GPU is unavailable: {re.sub('<[^>]*>', '', error.message)}") from error
        raise AssertionError("the call ended without a result")


def seconds_needed(key: Key, rgb: Tensor, self_ensemble: bool) -> int:
    """For how long the GPU is asked, from the image's size; ZeroGPU hands over the arguments of `on_the_gpu`."""
    model = UPSCALERS[key]._model
    pixels = extended_area(rgb.shape[3], rgb.shape[2], model.config) * (TURNS if self_ensemble else 1)
    work = network_cost(model) * pixels * (2 if key[2] == "float32" else 1)
    return START_SECONDS + round(work / MULTIPLICATIONS)


@GPU(duration=seconds_needed)
def on_the_gpu(key: Key, rgb: Tensor, self_ensemble: bool) -> Iterator[Progress | Finished]:
    """The network alone: a tensor in, (1, 3, H, W) of [0, 1] on the CPU, and a tensor out."""
    upscaler = averaging(UPSCALERS[key]) if self_ensemble else UPSCALERS[key]
    steps = upscaler.stream_tensor(rgb)
    while True:
        try:
            yield next(steps)
        except StopIteration as done:
            yield Finished(done.value.cpu())
            return


# Filled in the main process and inherited by the forked ones.
UPSCALERS: dict[Key, Upscaler] = {}
