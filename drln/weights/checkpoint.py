"""Read and write files of weights, with the keys of the published ones.

The keys and shapes in a file give the width, groups, attention and scale of its network. A border, which changes no
key, is a tensor of its own. Builds no network and asks no hub.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from drln.network.config import DrlnConfig
from drln.weights.published_names import (
    BORDER,
    CONFIG_FILE,
    Shape,
    config_facts,
    infer_config,
    published_config,
    published_names,
    published_shapes,
    weights_files,
)
from drln.whole_files import write_bytes_whole


class CheckpointError(ValueError):
    """A file or folder without the weights that were asked for; the message says what it holds instead."""


class UnreadableCheckpoint(CheckpointError):
    """A file that is damaged, or holds code instead of plain weights. None of the code was run."""


def load_checkpoint(path: str | Path, scale: int | None = None) -> tuple[DrlnConfig, dict[str, Tensor]]:
    """Read and check a `.safetensors` file or a PyTorch state dict, with or without `module.` before its keys.

    Args:
        path: the file.
        scale: the scale that it must have; None takes any.

    Returns:
        The config of the network, and its tensors in float32 on the CPU, named as in `DrlnModel.state_dict()`.

    Raises:
        UnreadableCheckpoint: if the file cannot be read.
        CheckpointError: if the file has another scale, a border that is no whole number, missing, unexpected or
            misshapen keys, or values that are not finite.
    """
    path = Path(path)
    tensors = _read(path)
    border: Any = tensors.pop(BORDER, torch.tensor(0)).tolist()
    found = {key: tuple(tensor.shape) for key, tensor in tensors.items()}
    try:
        config = replace(infer_config(found), border=border)
    except ValueError as error:
        holds = _some([f"{key} {shape}" for key, shape in found.items()])
        raise CheckpointError(f"{path.name} holds no DRLN weights: {error}. It holds {holds or 'nothing'}") from error
    _check_shapes(found, published_shapes(config), path.name)
    if scale is not None and scale != config.scale:
        raise CheckpointError(
            f"{path.name} holds a {config.scale}x model, but {scale}x was asked for; "
            f"pass scale={config.scale} or another file"
        )
    broken = [key for key, tensor in tensors.items() if not all(edge.isfinite() for edge in tensor.aminmax())]
    if broken:
        raise CheckpointError(f"{path.name} holds values that are not finite, in {_some(broken)}; use another file")
    return config, {ours: tensors[theirs].float() for ours, theirs in published_names(config).items()}


def save_checkpoint(
    path: str | Path, config: DrlnConfig, tensors: Mapping[str, Tensor], dtype: torch.dtype = torch.float32
) -> None:
    """Write a file of weights, whole or not at all.

    Args:
        path: ends in `.safetensors`, or the file is a PyTorch state dict.
        config: of the network.
        tensors: a `DrlnModel.state_dict()`.
        dtype: to store them in.

    Raises:
        WriteError: if the file cannot be written.
    """
    path = Path(path)
    file = {theirs: tensors[ours].to("cpu", dtype).contiguous() for ours, theirs in published_names(config).items()}
    if config.border:
        file[BORDER] = torch.tensor(config.border)
    if path.suffix == ".safetensors":
        content = save(file, metadata={"format": "pt"})    # `save_file` forbids other users to read it
        write_bytes_whole(path, content)
    else:
        write_torch(path, file)


def write_torch(path: str | os.PathLike[str], content: Any) -> None:
    """Save as `torch.save` does, whole or not at all. Goes through memory, because torch hides why a write failed.

    Raises:
        WriteError: if the file cannot be written.
    """
    packed = io.BytesIO()
    torch.save(content, packed)
    write_bytes_whole(path, packed.getbuffer())


def save_folder(folder: str | Path, config: DrlnConfig, tensors: Mapping[str, Tensor], published: bool = False) -> Path:
    """Write `config.json` and the weights of one scale, beside those of other scales, and return the weights' path.

    Args:
        folder: created unless it exists.
        config: of the network.
        tensors: a `DrlnModel.state_dict()`.
        published: use the published layout, which super-image loads, instead of ours.

    Raises:
        CheckpointError: if the folder holds a model of another shape, or this scale in the other layout; or if the
            published layout does not fit this shape.
        OSError: if the disk refuses a file.
    """
    folder = Path(folder)
    if published and DrlnConfig(config.scale, config.bam) != config:
        raise CheckpointError(f"the published layout is for the published shape only, and this is {config}")
    folder.mkdir(parents=True, exist_ok=True)
    names = weights_files(config.scale)
    config_path, weights_path, other = folder / CONFIG_FILE, folder / names[published], folder / names[not published]
    if other.is_file():
        raise CheckpointError(f"{folder} holds {other.name} already; remove it, or use another folder")
    there = config_path.is_file()
    if there:
        check_config(config_path, config, assumed=DrlnConfig(config.scale))    # for what published files leave out
    save_checkpoint(weights_path, config, tensors)
    if published or not there:
        facts = published_config(config) if published else config_facts(config)
        write_bytes_whole(config_path, json.dumps(facts, indent=2).encode() + b"\n")
    return weights_path


def check_config(path: Path, config: DrlnConfig, assumed: DrlnConfig | None = None) -> None:
    """Check that a `config.json` agrees with `config`. A scale in it is ignored, because three scales share the file.

    Args:
        path: of the `config.json`.
        config: of the network.
        assumed: what the file leaves out is as here; None lets it agree.

    Raises:
        UnreadableCheckpoint: if the file is no JSON object.
        CheckpointError: unless they agree.
    """
    try:
        facts = {**(config_facts(assumed) if assumed else {}), **json.loads(path.read_text())}
    except (ValueError, TypeError) as error:
        raise UnreadableCheckpoint(f"{path.name} is not a JSON object: {error}") from error
    wanted = config_facts(config)
    disagree = {key: facts[key] for key in wanted if facts.get(key, wanted[key]) != wanted[key]}
    if disagree:
        weights = {key: wanted[key] for key in disagree}
        raise CheckpointError(f"{path.name} says {disagree}, but the weights have {weights}; use one folder a shape")


def _read(path: Path) -> dict[str, Tensor]:
    """The tensors of a file by its keys, without a `module.` before all of them.

    Raises:
        UnreadableCheckpoint: if the file is damaged or holds code.
        CheckpointError: if it cannot be opened, or holds anything else than named float tensors.
    """
    try:
        if path.suffix == ".safetensors":
            content: Any = load_file(path)
        else:
            content = torch.load(path, map_location="cpu", weights_only=True)
    except (FileNotFoundError, IsADirectoryError, PermissionError, MemoryError) as error:
        raise CheckpointError(f"{path} cannot be opened: {_reason(error)}") from error
    except pickle.UnpicklingError as error:
        code = re.search(r"GLOBAL (\S+)", str(error))
        if code:
            what = f"carries code ({code[1]}), and weights need none. Nothing in it was run"
        else:
            what = "is damaged, or no file of weights. Nothing in it was run"
        raise UnreadableCheckpoint(f"{path.name} {what}; use another file, best a .safetensors") from error
    except Exception as error:    # damage leads to any error of the readers, such as OSError and IndexError
        raise UnreadableCheckpoint(f"{path.name} is damaged, or no file of weights: {_reason(error)}") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path.name} holds a {type(content).__name__}, and not the named tensors of a network")
    other = [
        key
        for key, value in content.items()
        if not isinstance(value, Tensor) or not (value.is_floating_point() or key == BORDER)
    ]
    if other or not all(isinstance(key, str) for key in content):
        raise CheckpointError(f"{path.name} holds more than the named float tensors of a network: {_some(other)}")
    if content and all(key.startswith("module.") for key in content):
        content = {key.removeprefix("module."): tensor for key, tensor in content.items()}
    return content


def _check_shapes(found: dict[str, Shape], wanted: dict[str, Shape], name: str) -> None:
    """Raise CheckpointError unless both are the same."""
    faults = {
        "missing": [f"{key} {shape}" for key, shape in wanted.items() if key not in found],
        "unexpected": [f"{key} {shape}" for key, shape in found.items() if key not in wanted],
        "misshapen": [
            f"{key} {found[key]} instead of {shape}" for key, shape in wanted.items() if found.get(key, shape) != shape
        ],
    }
    if any(faults.values()):
        listed = "; ".join(f"{len(keys)} {fault}: {_some(keys)}" for fault, keys in faults.items() if keys)
        raise CheckpointError(f"{name} does not fit the network: {listed}")


def _some(names: list[Any]) -> str:
    """The first three names, and the number of the others."""
    return ", ".join(map(str, names[:3])) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _reason(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
