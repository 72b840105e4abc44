"""Weights that anyone can draw again, and what the reference implementation made of an image with them.

Each `fixtures/drln_*.npz` holds an `input` (1, 3, 19, 26) and the `output` (1, 3, 19s, 26s) that
super-image 0.2.0, the library that the published weights were trained with, computed from it on a
CPU in float32 with the weights that `drawn_weights` gives. `fixtures/published_keys.txt` lists
every key of the published files, its shape, and in which of these networks it is.
"""

from __future__ import annotations

from math import prod
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from drln import DrlnConfig

FIXTURES = Path(__file__).parents[1] / "fixtures"
CONFIGS = {
    "bam_x2": DrlnConfig(scale=2, bam=True),
    "bam_x3": DrlnConfig(scale=3, bam=True),
    "bam_x4": DrlnConfig(scale=4, bam=True),
    "plain_x4": DrlnConfig(scale=4, bam=False),
}
SEEDS = {"bam_x2": 2, "bam_x3": 3, "bam_x4": 4, "plain_x4": 9}
PARAMETERS = {"bam_x2": 34_163_455, "bam_x3": 34_348_095, "bam_x4": 34_311_167, "plain_x4": 34_577_867}


def fixture(network: str) -> tuple[Tensor, Tensor]:
    """The input, and the output of the reference implementation."""
    with np.load(FIXTURES / f"drln_{network}.npz") as arrays:
        return torch.from_numpy(arrays["input"]), torch.from_numpy(arrays["output"])


def listed_shapes(network: str) -> dict[str, tuple[int, ...]]:
    """{key: shape} of its published file."""
    shapes = {}
    for line in (FIXTURES / "published_keys.txt").read_text().splitlines():
        key, shape, networks = line.split()
        if networks == "*" or network in networks.split(","):
            shapes[key] = tuple(int(side) for side in shape.split("x"))
    return shapes


def drawn_weights(shapes: dict[str, tuple[int, ...]], seed: int) -> dict[str, Tensor]:
    """Weights for published keys, drawn from one generator in the order of the sorted keys."""
    generator = np.random.default_rng(seed)
    return {key: torch.from_numpy(_draw(key, shapes[key], generator)) for key in sorted(shapes)}


def _draw(key: str, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
    if key == "sub_mean.shifter.bias":
        return -np.array([0.4488, 0.4371, 0.4040], np.float32)
    if key == "add_mean.shifter.bias":
        return np.array([0.4488, 0.4371, 0.4040], np.float32)
    if key.endswith("shifter.weight"):
        return np.eye(3, dtype=np.float32)[:, :, None, None]
    normal = generator.standard_normal(shape, dtype=np.float32)    # drawn for the PReLU too, and thrown away
    if key.endswith(".relu1.weight"):
        return np.full(shape, 0.25, np.float32)
    spread = 0.02 if len(shape) == 1 else 0.7 / prod(shape[1:]) ** 0.5
    return normal * np.float32(spread)
