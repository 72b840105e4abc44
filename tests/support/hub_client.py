"""Loads models in processes of their own, as a user's program does, against a hub of the test's choice.

The hub's client reads `HF_ENDPOINT` once, when it is imported. So one process imports it with
that endpoint and then forks for every load: run as a program this file is that process, imported
it is the test's side.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import signal
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from forked import Forked
from huggingface_hub import constants

from drln import DrlnModel

HANGS = 120.0    # seconds without an answer, many times what any load takes


@dataclass(frozen=True)
class Loaded:
    """What became of one load: an error, or the model's source, a digest of its weights, its output."""

    error: str | None = None    # the name of its class
    message: str = ""
    source: str = ""
    training: bool = False
    digest: str = ""
    terminal: str = ""    # the end of what the user saw


class HubClient:
    """Starts and stops the process; `load` and `load_all` let it load."""

    def __init__(self, endpoint: str, home: Path) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
        settings = {
            "HF_ENDPOINT": endpoint,
            "HF_HOME": str(home),
            "HF_HUB_DOWNLOAD_TIMEOUT": "2",    # seconds, for 10, to keep the tests short
            "TQDM_POSITION": "-1",    # progress bars although there is no terminal
        }
        self._process = Forked(__file__, env=kept | settings)

    def load(self, name: str, **arguments: Any) -> Loaded:
        """`DrlnModel.from_pretrained(name, **arguments)`; see `_load` for the arguments that are not of it."""
        return self.load_all([{"name_or_path": name, **arguments}])[0]

    def load_all(self, cases: list[dict[str, Any]]) -> list[Loaded]:
        """All at the same time, each in a process of its own; one that hangs ends the test."""
        self._process.stdin.write(json.dumps(cases, default=str) + "\n")
        self._process.stdin.flush()
        alarm = threading.Timer(HANGS, os.killpg, (self._process.pid, signal.SIGKILL))    # it and its forks
        alarm.start()
        answers = dict(json.loads(self._process.stdout.readline()) for _ in cases)
        alarm.cancel()
        return [Loaded(**answers[number]) for number in range(len(cases))]

    def close(self) -> None:
        self._process.communicate()    # it ends with its input


def digest(model: Any) -> str:
    """One for each set of weights."""
    tensors = model.state_dict()
    return hashlib.sha256(b"".join(tensors[name].numpy().tobytes() for name in sorted(tensors))).hexdigest()


def _load(case: dict[str, Any]) -> dict[str, Any]:
    """
    Args:
        case: the arguments of `from_pretrained`, and further
            offline: as if HF_HUB_OFFLINE was set;
            largest_file: in bytes, as if the disk had room for no more;
            run: [file of an image, file for the output], both .npy.
    """
    constants.HF_HUB_OFFLINE = case.pop("offline", False)
    largest, run = case.pop("largest_file", None), case.pop("run", None)
    if largest:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    try:
        model = DrlnModel.from_pretrained(**case)
    except Exception as error:
        return {"error": type(error).__name__, "message": str(error)}
    if run:
        np.save(run[1], model(torch.from_numpy(np.load(run[0]))).numpy())
    return {"source": model.source, "training": model.training, "digest": digest(model)}


def _serve() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        for number, case in enumerate(json.loads(line)):
            if os.fork() == 0:
                terminal = tempfile.TemporaryFile()
                os.dup2(terminal.fileno(), sys.stderr.fileno())
                answer = _load(case)
                sys.stderr.flush()
                terminal.seek(0)
                answer["terminal"] = terminal.read()[-1000:].decode(errors="replace")
                os.write(sys.stdout.fileno(), (json.dumps([number, answer]) + "\n").encode())
                os._exit(0)


if __name__ == "__main__":
    _serve()
