"""Recipes: how the published models were trained, and how the compact ones were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PUBLISHED, COMPACT = "published", "compact"


@dataclass(frozen=True)
class Recipe:
    """How to train: `TrainDataset(pairs, **recipe.patches)`, `TrainingArguments("results", **recipe.training)`."""

    training: Mapping[str, Any]    # of `TrainingArguments`, whose defaults are the published models'
    patches: Mapping[str, Any]     # of `TrainDataset`
    network: Mapping[str, Any]     # of `DrlnConfig`


RECIPES = {
    PUBLISHED: Recipe(
        training={},
        patches={"patch_size": 64, "candidates": 1, "colour_orders": 0.0, "flat": 0.0},
        network={"channels": 64, "groups": (3, 3, 3, 3, 4, 4), "border": 0},
    ),
    COMPACT: Recipe(
        training={
            "learning_rate": 2e-3,
            "per_device_train_batch_size": 64,
            "optimizer": "muon",
            "loss": "l1-then-squared",
            "schedule": "cosine",
            "warmup_steps": 200,
            "adam_beta2": 0.99,
            "max_grad_norm": 1.0,
            "ema_decay": 0.999,
        },
        patches={"patch_size": 40, "candidates": 3, "colour_orders": 0.3, "flat": 0.05},
        network={"channels": 32, "groups": (3,), "border": 4},
    ),
}
