"""What the `upscale` command's options name: a model, loaded and on its device."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from drln.model import DrlnModel
from drln.upscaler import Upscaler


def load_upscaler(args: argparse.Namespace, device: torch.device) -> tuple[Upscaler, str]:
    """The model of the options, and a line that says where it came from."""
    model = DrlnModel.from_pretrained(
        args.model,
        args.scale,
        revision=args.revision,
        cache_dir=args.cache_dir,
        local_files_only=args.local_files_only,
    )
    return Upscaler(model, device, args.precision, args.self_ensemble), model.source


def model_name(model: str) -> str:
    """For the names of results: the last part of a repository, folder or file."""
    name = Path(model).resolve().name
    for suffix in (".pt", ".safetensors"):
        name = name.removesuffix(suffix)
    return name
