"""The models that the demo offers, and those in memory.

Only loading a hub model contacts the hub; estimates need no weights.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Generator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import lru_cache

import torch

from demo.backend.background import wait_for
from demo.backend.errors import UnavailableModel
from drln import CheckpointError, DrlnConfig, DrlnModel, HubError, Progress, Upscaler
from drln.background import call_in_thread
from drln.upscaling.device import pick_device, pick_precision
from drln.weights.download import HubOptions, arriving
from drln.weights.sources import BUNDLED, BUNDLED_PHOTO, check_hub, fetch

HUB_MEGABYTES = 137    # of the weights for one scale
IN_MEMORY = 3          # models that stay loaded


@dataclass(frozen=True)
class Choice:
    """A model that users can choose.

    Attributes:
        title: its name in facts and on pictures.
        label: what it is for, in the list of models.
        where: as `DrlnModel.from_pretrained` takes it.
        on_hub: whether it is a hub repository of the published shape.
        bam: whether it has balanced attention; used only for hub models.
        hint: what to expect of it, in the list of models.
    """

    title: str
    label: str
    where: str
    on_hub: bool = False
    bam: bool = True
    hint: str = ""


@dataclass(frozen=True)
class Loaded:
    """A model that is ready, and one line that says where it came from."""

    upscaler: Upscaler
    source: str


# The keys are the names that other programs send.
CHOICES: dict[str, Choice] = {
    BUNDLED: Choice("DRLN-BAM compact", "Fast", BUNDLED, hint="ready to use"),
    BUNDLED_PHOTO: Choice(
        "DRLN-BAM compact for JPEG photos", "For JPEG photos", BUNDLED_PHOTO, hint="removes blocks and noise"
    ),
    "eugenesiow/drln-bam": Choice(
        "DRLN-BAM",
        "Best quality",
        "eugenesiow/drln-bam",
        on_hub=True,
        hint=f"slow on a CPU, {HUB_MEGABYTES} MB download",
    ),
    "eugenesiow/drln": Choice(
        "DRLN", "Original DRLN", "eugenesiow/drln", on_hub=True, bam=False, hint="for comparison"
    ),
}
BEST = "eugenesiow/drln-bam"


def default_choice(choices: Collection[str] = tuple(CHOICES), device: torch.device | None = None) -> str:
    """Return the best model where there is a GPU, else the quick bundled one."""
    return BEST if BEST in choices and (device or pick_device()).type != "cpu" else BUNDLED


class Models:
    """The models used last, loaded in threads so that a slow hub blocks nobody.

    Args:
        choices: the models that users can choose, by name.
        keep: how many stay in memory.
        precision: "float32", "bfloat16" or "auto".
        preloaded: models by name, scale and precision that are ready from the start and stay in memory.
    """

    def __init__(
        self,
        choices: Mapping[str, Choice] = CHOICES,
        keep: int = IN_MEMORY,
        precision: str = "auto",
        preloaded: Mapping[tuple[str, int, str], Loaded] | None = None,
    ) -> None:
        self.choices = choices
        self.precision = precision
        self._preloaded = preloaded or {}
        self._keep = keep
        self._lock = threading.Lock()
        self._loaded: OrderedDict[tuple[str, int], Future[Loaded]] = OrderedDict()
        self._in_other_precisions: dict[str, Models] = {}

    def with_precision(self, precision: str) -> Models:
        """Return models with the same choices in that precision, the same ones each time; or these, if they have it."""
        if pick_precision(pick_device(), self.precision) == precision:
            return self
        others = Models(self.choices, self._keep, precision, self._preloaded)
        return self._in_other_precisions.setdefault(precision, others)

    def load(self, name: str, scale: int) -> Future[Loaded]:
        """Start loading a model, or join a load that has started.

        Where it failed, `result()` raises what `DrlnModel.from_pretrained` raised; the next call tries again.
        """
        if ready := self._preloaded_model(name, scale):
            done: Future[Loaded] = Future()
            done.set_result(ready)
            return done
        with self._lock:
            future = self._loaded.pop((name, scale), None)
            if future is None or (future.done() and future.exception()):
                future = call_in_thread(lambda: self._load(name, scale))
            self._loaded[name, scale] = future
            while len(self._loaded) > self._keep:
                self._loaded.popitem(last=False)
        return future

    def loading(self, name: str, scale: int) -> Generator[Progress, None, Loaded]:
        """Load a model, with `Progress` until it is there.

        Raises:
            UnavailableModel: if it is on the hub and cannot be fetched or read.
            CheckpointError: if it is a file on this machine that cannot be read.
        """
        choice, must_download = self.choices[name], self.must_download(name, scale)

        def progress(seconds: float) -> Progress:
            if must_download:
                return fetching(choice, scale, arriving(choice.where), seconds)
            return Progress("Loading the model", 0.0)

        try:
            return (yield from wait_for(self.load(name, scale), progress))
        except (HubError, CheckpointError) as error:
            if not choice.on_hub:
                raise
            raise UnavailableModel(f"{choice.title} is unavailable from the hub: {error}", choice.label) from error

    def estimator(self, name: str, scale: int) -> Upscaler:
        """Return an upscaler for estimates: the model if it is in memory or bundled, else one of the same shape."""
        if ready := self._preloaded_model(name, scale):
            return ready.upscaler
        with self._lock:
            future = self._loaded.get((name, scale))
        if future and future.done() and not future.exception():
            return future.result().upscaler
        if self.choices[name].on_hub:
            with self._lock:    # so that two who ask at once make one
                return _without_weights(self.choices[name].bam, scale)
        return self.load(name, scale).result().upscaler

    def must_download(self, name: str, scale: int) -> bool:
        """Whether loading would fetch the weights from the hub; contacts no hub itself."""
        if not self.choices[name].on_hub:
            return False
        try:
            fetch(self.choices[name].where, scale, HubOptions(local_files_only=True))
        except HubError:
            return True
        return False

    def reachable(self, name: str, scale: int) -> Generator[Progress, None, str]:
        """Ask the hub for the model that would be downloaded; return why it cannot be, or nothing."""
        choice = self.choices[name]
        future = call_in_thread(lambda: check_hub(choice.where, scale))
        try:
            yield from wait_for(future, lambda seconds: Progress("Asking the hub", 0.0))
        except HubError as error:
            return str(error)
        return ""

    def _preloaded_model(self, name: str, scale: int) -> Loaded | None:
        return self._preloaded.get((name, scale, pick_precision(pick_device(), self.precision)))

    def _load(self, name: str, scale: int) -> Loaded:
        model = DrlnModel.from_pretrained(self.choices[name].where, scale=scale)
        return Loaded(Upscaler(model, precision=self.precision), model.source)


def fetching(choice: Choice, scale: int, arrived: int, seconds: float) -> Progress:
    """Return the progress of a download of which so many bytes arrived in so many seconds."""
    stage = f"Fetching {choice.title} {scale}x from the hub"
    fraction = min(arrived / (HUB_MEGABYTES * 1e6), 0.99)
    if not fraction:
        return Progress(f"{stage}, {seconds:.0f} s", 0.0)
    return Progress(stage, fraction, seconds * (1 / fraction - 1))


@lru_cache(IN_MEMORY)
def _without_weights(bam: bool, scale: int) -> Upscaler:
    """A network of the published shape, full of zeros: they take as long to compute, and no time to load."""
    with torch.device("meta"):
        model = DrlnModel(DrlnConfig(scale, bam=bam))
    model.to_empty(device="cpu")
    for parameter in model.parameters():
        parameter.data.zero_()
    return Upscaler(model)
