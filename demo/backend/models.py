"""Which models the demo offers, and those in memory.

A hub is asked by `load` of a hub model alone; estimates need no weights.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Generator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import lru_cache

import torch

from demo.backend.background import call_in_thread, wait_for
from demo.backend.errors import UnavailableModel
from drln import CheckpointError, DrlnConfig, DrlnModel, HubError, Progress, Upscaler
from drln.upscaling.device import pick_device, pick_precision
from drln.weights.download import HubOptions, arriving
from drln.weights.sources import BUNDLED, BUNDLED_PHOTO, fetch

HUB_MEGABYTES = 138    # of one scale's weights
KEPT = 3               # models in memory


@dataclass(frozen=True)
class Choice:
    """A model that can be chosen.

    Attributes:
        title: for the facts beneath a result.
        label: for the choice itself.
        where: for `DrlnModel.from_pretrained`.
        on_hub: whether it is a hub repository of the published shape.
        bam: balanced attention; read only where `on_hub`.
    """

    title: str
    label: str
    where: str
    on_hub: bool = False
    bam: bool = True


@dataclass(frozen=True)
class Loaded:
    """A model that is ready, and one line that says where it came from."""

    upscaler: Upscaler
    source: str

# The keys are what the API takes.
CHOICES: dict[str, Choice] = {
    "eugenesiow/drln-bam": Choice("DRLN-BAM", "DRLN-BAM (34 M, from the hub)", "eugenesiow/drln-bam", on_hub=True),
    "eugenesiow/drln": Choice("DRLN", "DRLN (35 M, from the hub)", "eugenesiow/drln", on_hub=True, bam=False),
    BUNDLED: Choice("DRLN-BAM compact", "Compact (1.3 M, bundled)", BUNDLED),
    BUNDLED_PHOTO: Choice("DRLN-BAM compact for photos", "Compact for JPEG photos (1.3 M, bundled)", BUNDLED_PHOTO),
}
BEST = "eugenesiow/drln-bam"


def default_choice(choices: Collection[str] = tuple(CHOICES), device: torch.device | None = None) -> str:
    """The best model where there is a GPU, else the quick one that is bundled; for the device that is picked here."""
    return BEST if BEST in choices and (device or pick_device()).type != "cpu" else BUNDLED


class Models:
    """The models used last, loaded in threads of their own, so that nobody hangs on a slow hub."""

    def __init__(
        self,
        choices: Mapping[str, Choice] = CHOICES,
        keep: int = KEPT,
        precision: str = "auto",
        preloaded: Mapping[tuple[str, int, str], Loaded] | None = None,
    ) -> None:
        self.choices = choices
        self.precision = precision
        self._preloaded = preloaded or {}    # by name, scale and precision: never loaded and never dropped
        self._keep = keep
        self._lock = threading.Lock()
        self._loaded: OrderedDict[tuple[str, int], Future[Loaded]] = OrderedDict()

    def with_precision(self, precision: str) -> Models:
        """The same choices computed in that precision; these models themselves if they are."""
        if pick_precision(pick_device(), self.precision) == precision:
            return self
        return Models(self.choices, self._keep, precision, self._preloaded)

    def load(self, name: str, scale: int) -> Future[Loaded]:
        """The model, or its loading: begun now, or before by this or another call.

        Its `result()` raises what `DrlnModel.from_pretrained` raises; the next call then tries again.
        """
        key = (name, scale)
        if ready := self._ready(name, scale):
            done: Future[Loaded] = Future()
            done.set_result(ready)
            return done
        with self._lock:
            future = self._loaded.pop(key, None)
            if future is None or (future.done() and future.exception()):
                future = call_in_thread(lambda: self._load(name, scale))
            self._loaded[key] = future
            while len(self._loaded) > self._keep:
                self._loaded.popitem(last=False)
        return future

    def loading(self, name: str, scale: int) -> Generator[Progress, None, Loaded]:
        """As `load`, with `Progress` until it is there; whoever waits can be stopped."""
        choice, fetches = self.choices[name], self.must_download(name, scale)

        def progress(seconds: float) -> Progress:
            if fetches:
                return fetching(choice, scale, arriving(choice.where), seconds)
            return Progress("Loading the model", 0.0)

        try:
            return (yield from wait_for(self.load(name, scale), progress))
        except (HubError, CheckpointError) as error:
            if not choice.on_hub:
                raise
            raise UnavailableModel(f"{choice.title} is unavailable from the hub: {error}") from error

    def yardstick(self, name: str, scale: int) -> Upscaler:
        """An upscaler for estimates: the model itself if it is in memory or bundled, else one like it."""
        key = (name, scale)
        if ready := self._ready(name, scale):
            return ready.upscaler
        with self._lock:
            future = self._loaded.get(key)
            if future and future.done() and not future.exception():
                return future.result().upscaler
        if not self.choices[name].on_hub:
            return self.load(name, scale).result().upscaler
        return _without_weights(self.choices[name].bam, scale)

    def must_download(self, name: str, scale: int) -> bool:
        """Whether loading would ask the hub for the weights; asks no hub itself."""
        if not self.choices[name].on_hub:
            return False
        try:
            fetch(self.choices[name].where, scale, HubOptions(local_files_only=True))
        except HubError:
            return True
        return False

    def _ready(self, name: str, scale: int) -> Loaded | None:
        return self._preloaded.get((name, scale, pick_precision(pick_device(), self.precision)))

    def _load(self, name: str, scale: int) -> Loaded:
        model = DrlnModel.from_pretrained(self.choices[name].where, scale=scale)
        return Loaded(Upscaler(model, precision=self.precision), model.source)


def fetching(choice: Choice, scale: int, arrived: int, seconds: float) -> Progress:
    """The share of the file's bytes that arrived in so many seconds, and the seconds that the rest takes."""
    stage = f"Fetching {choice.title} {scale}x from the hub"
    fraction = min(arrived / (HUB_MEGABYTES * 1e6), 0.99)
    if not fraction:
        return Progress(f"{stage}, {seconds:.0f} s", 0.0)
    return Progress(stage, fraction, seconds * (1 / fraction - 1))


@lru_cache(KEPT)
def _without_weights(bam: bool, scale: int) -> Upscaler:
    """A network of the published shape. Zeros take as long as weights, and nothing to load."""
    with torch.device("meta"):
        model = DrlnModel(DrlnConfig(scale, bam=bam))
    model.to_empty(device="cpu")
    for parameter in model.parameters():
        parameter.data.zero_()
    return Upscaler(model)
