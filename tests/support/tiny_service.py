"""The demo without its page, with a tiny network in place of its models."""

import os
from pathlib import Path

from demo.backend.models import Choice, Models
from demo.backend.service import Finished, Service
from drln import DrlnModel, Progress


def tiny_service(model: DrlnModel, folder: Path) -> Service:
    """A service whose only model is called tiny; its weights and results lie in the folder."""
    model.save_pretrained(folder / "weights")
    return Service(folder / "results", Models({"tiny": Choice("Tiny", "Tiny", str(folder / "weights"))}))


def finish(service: Service, photo: Path, **changes) -> Finished:
    """Upscale to the end."""
    *steps, last = service.upscale(photo, **{"scale": 2, "name": "tiny", **changes})
    assert all(isinstance(step, Progress) for step in steps) and isinstance(last, Finished)
    return last


def left_over(service: Service) -> list[str]:
    """The folders of results that there are."""
    return os.listdir(service.folder) if service.folder.exists() else []
