from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING

# Tiny networks gain nothing from threads, and threads of OpenMP that wait for one another spin: beside other
# tests they take many times as long. Before torch is imported, and for the programs that the tests start.
os.environ["OMP_NUM_THREADS"] = "1"

import psutil
import pytest
from live_app import WAITING, App, running_app
from xdist.scheduler import LoadFileScheduling

if TYPE_CHECKING:
    from drln import DrlnModel

# What uses the one app. Beside these run all others.
OF_THE_APP = (
    "browser/", "demo/test_endpoints", "demo/test_faults", "demo/test_interface", "demo/test_mcp",
    "demo/test_several_users", "test_readme",
)


def pytest_configure() -> None:
    """Let Ctrl-C arrive: whoever starts the tests in a shell's background hands down that it is ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Import the tests, which stay, without looking for garbage: it takes a fourth of the time."""
    gc.disable()
    collected = yield
    gc.freeze()
    gc.enable()
    return collected


class Scheduling(LoadFileScheduling):
    """Gives a file to one process as a whole, and all files that use the one app to the same, so that it is one."""

    def _split_scope(self, nodeid: str) -> str:
        return "app" if nodeid.removeprefix("tests/").startswith(OF_THE_APP) else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)    # of the plugin, which may be left out
def pytest_xdist_make_scheduler(config: pytest.Config, log) -> Scheduling | None:
    return Scheduling(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def app(tmp_path_factory) -> Iterator[App]:
    """One running app for all tests that need no settings of their own; others may have used it before."""
    with running_app(tmp_path_factory.mktemp("app"), DRLN_QUEUE=str(WAITING)) as app:
        yield app


@pytest.fixture
def free_bytes(monkeypatch) -> Callable[[int], None]:
    """Have the system say that so many bytes of memory are free."""
    return lambda free: monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=free))


@pytest.fixture
def tiny_model() -> DrlnModel:
    """A network small enough to run in milliseconds, in eval mode, whose every part shows in its output.

    Fresh weights would nearly hide the attentions and give a flat grey image. These are drawn so
    that features keep their size from layer to layer and gates stand well apart from one another.
    """
    # Not at the top: the process that gives the tests to others does without them, and starts sooner.
    import torch

    from drln import DrlnConfig, DrlnModel

    model = DrlnModel(DrlnConfig(scale=2, bam=True, channels=8, groups=(2, 2)))
    generator = torch.Generator().manual_seed(20)
    for name, weights in model.named_parameters():
        if "mean" in name or "prelu" in name:
            continue
        gain = 8.0 if "attention" in name else 2.0
        spread = (gain / weights[0].numel()) ** 0.5 if weights.dim() == 4 else 0.1
        if name.startswith("tail"):
            spread *= 0.05
        with torch.no_grad():
            weights.copy_(torch.randn(weights.shape, generator=generator) * spread)
    return model.eval()
