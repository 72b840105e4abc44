"""Load the model that the options of the `upscale` command name."""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import torch

from drln.cli.arguments import download_options
from drln.model import DrlnModel
from drln.upscaling.target import TargetSize
from drln.upscaling.upscaler import Upscaler


def load_upscaler(
    args: argparse.Namespace, scale: int, device: torch.device, target: TargetSize | None = None
) -> tuple[Upscaler, str]:
    """Load the model of a scale, and describe all that changes the pixels or bytes of a result."""
    model = DrlnModel.from_pretrained(args.model, scale, revision=args.revision, **download_options(args))
    upscaler = Upscaler(model, device, args.precision, args.self_ensemble)
    deep = ", 16 bits in float32" * (args.precision == "auto" and upscaler.precision != "float32")
    options = [f"{scale}x", *([f"reduced to {target}"] if target else [])]
    options += [f"weights {weights_hash(model)}", upscaler.precision + deep]
    options += ["self-ensemble"] * args.self_ensemble + [f"quality {args.quality}"] * (args.quality is not None)
    return upscaler, ", ".join(options)


def weights_hash(model: DrlnModel) -> str:
    """Twelve letters that change with the weights, wherever they come from."""
    digest = hashlib.sha256()
    if model.config.border:
        digest.update(f"border {model.config.border}".encode())
    for name, tensor in model.state_dict().items():
        digest.update(f"{name} {tuple(tensor.shape)}".encode())
        digest.update(tensor.contiguous().numpy())
    return digest.hexdigest()[:12]


def model_name(model: str) -> str:
    """The model's name in the names of results: the last part of a repository, folder or file."""
    name = Path(model).resolve().name
    for suffix in (".pt", ".safetensors"):
        name = name.removesuffix(suffix)
    return name
