"""Files of weights in the published layout, and some that are traps, made by PyTorch alone."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path

import torch
from parity import drawn_weights
from torch import Tensor

from drln import DrlnConfig
from drln.weights.published_names import published_shapes

# The 68 bytes that are published.
PUBLISHED_CONFIG = '{\n  "bam": true,\n  "data_parallel": false,\n  "model_type": "DRLN"\n}\n'
TINY = DrlnConfig(scale=2, bam=True, channels=8, groups=(2, 2))


class Code:
    """Unpickled without care, this creates a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


def tiny_weights(scale: int = 2, seed: int = 1) -> dict[str, Tensor]:
    """Weights of a small network under their published keys."""
    return drawn_weights(published_shapes(replace(TINY, scale=scale)), seed)


def file_of(content: object) -> bytes:
    """The bytes of a `.pt` file."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()
