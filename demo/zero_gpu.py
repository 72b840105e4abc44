"""On a ZeroGPU Space, the network runs in a forked process that gets a GPU for some seconds.

ZeroGPU wants all models on the device before the page is served. Decoding and encoding stay outside the forked
process; only small objects and CPU tensors go in and out, as they are pickled. Elsewhere `spaces` does nothing, or is
not installed. This was not tried on such a Space: the speed below is a cautious guess.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterator
from functools import partial
from typing import Any

import gradio as gr
import torch
from torch import Tensor

from demo.backend.models import CHOICES, Loaded, Models
from drln import DrlnModel, Estimate, Progress, UpscaleError, Upscaler
from drln.network import SCALES, extended_area, network_cost
from drln.progress import Work
from drln.upscaling.device import PRECISIONS, pick_device, pick_precision
from drln.upscaling.engine import Engine, Upscaled
from drln.upscaling.turns import TURNS

try:
    from spaces import GPU
except ImportError:

    def GPU(**_: Any) -> Any:    # noqa: N802    the name that it replaces
        return lambda function: function


MULTIPLICATIONS = 5e12    # a second
START_SECONDS = 5         # until the forked process has its GPU

Key = tuple[str, int, str]    # a model's name, scale and precision


def is_active() -> bool:
    """Whether this is a ZeroGPU Space."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def preloaded_models() -> Models:
    """Load all models that are bundled or in the hub's cache.

    `preload_from_hub`, at the top of the README, has filled the cache. A model that is not there is not offered, as
    it could not be moved to the device later. Call it in the main thread, before the page is served.
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
                ENGINES[name, scale, precision] = Engine(model, pick_device(), precision)
                asked = "auto" if precision == pick_precision(pick_device()) else precision
                upscaler = Upscaler(model, precision=asked, engine=partial(ForkedEngine, name))
                loaded[name, scale, precision] = Loaded(upscaler, model.source)
    return Models(choices, preloaded=loaded)


class ForkedEngine:
    """Runs one of `ENGINES` in a forked process; holds no weights of its own."""

    def __init__(self, name: str, model: DrlnModel, device: torch.device, precision: str) -> None:
        self.precision = precision
        self._key: Key = name, model.config.scale, precision

    def estimate(self, width: int, height: int, self_ensemble: bool = False) -> Estimate:
        """Estimate from the size alone, as nothing can be timed without the GPU."""
        rgb = torch.empty(1, 3, height, width, device="meta")
        seconds = seconds_needed(self._key, rgb, self_ensemble)
        return ENGINES[self._key].memory(width, height, self_ensemble, seconds)

    def run(self, rgb: Tensor, self_ensemble: bool = False) -> Generator[Progress, None, Upscaled]:
        """Upscale like `Engine.run`.

        Raises:
            UpscaleError: if ZeroGPU provides no GPU, or not for long enough.
        """
        here, sr = ENGINES[self._key], None
        here.check_memory(rgb.shape[3], rgb.shape[2], self_ensemble)
        try:
            for step in on_the_gpu(self._key, rgb, self_ensemble):
                if isinstance(step, Progress):
                    yield step
                else:
                    sr = step
        except gr.Error as error:    # from `spaces`: a visitor's quota is used up, or the call took too long
            raise UpscaleError(f"the Space's GPU is unavailable: {re.sub('<[^>]*>', '', error.message)}") from error
        assert sr is not None, "the GPU's process ended without a result"
        return Upscaled(sr, here.device)


def seconds_needed(key: Key, rgb: Tensor, self_ensemble: bool) -> int:
    """Return for how many seconds to ask for the GPU; ZeroGPU calls it with the arguments of `on_the_gpu`."""
    engine = ENGINES[key]
    pixels = extended_area(rgb.shape[3], rgb.shape[2], engine.config) * (len(TURNS) if self_ensemble else 1)
    work = network_cost(engine.model) * pixels * (2 if key[2] == "float32" else 1)
    return START_SECONDS + round(work / MULTIPLICATIONS)


@GPU(duration=seconds_needed)
def on_the_gpu(key: Key, rgb: Tensor, self_ensemble: bool) -> Iterator[Progress | Tensor]:
    """Run the network on a CPU tensor, (1, 3, H, W) of [0, 1]; yield the result last, (1, 3, sH, sW), on the CPU."""
    work = Work(ENGINES[key].run(rgb, self_ensemble))
    yield from work
    yield work.result.sr.cpu()


# Filled in the main process and inherited by the forked ones.
ENGINES: dict[Key, Engine] = {}
