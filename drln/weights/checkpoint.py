"""Files to tensors and back, under the key names of the published weights.

A file tells its own shape: width, groups, attention and scale are read from its keys. A border, which changes no key,
is a tensor of its own.
Builds no network and asks no hub.
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
    """A file or folder does not hold the weights that were asked for; the message says what it does hold."""


class UnreadableCheckpoint(CheckpointError):
    """A file that is damaged, or that holds code instead of plain weights; none of that code was run."""


def load_checkpoint(path: str | Path, scale: int | None = None) -> tuple[DrlnConfig, dict[str, Tensor]]:
    """Read and check a `.safetensors` file or a PyTorch state dict, with or without `module.` before its keys.

    Args:
        path: the file.
        scale: the scale it must have; None takes what is there.

    Returns:
        The config that the file tells, and its tensors in float32 on the CPU, under
        the names of `DrlnModel.state_dict()`.

    Raises:
        CheckpointError: for a file of another scale or with a border that is no whole number, for a missing,
            unexpected or misshapen key and for values that are not finite; `UnreadableCheckpoint` where nothing
            can be read.
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
    """Write `tensors`, a `DrlnModel.state_dict()`, as safetensors where `path` says so, else as a PyTorch state dict.

    The file appears under its name only when it is whole.

    Raises:
        WriteError: if it cannot be written.
    """
    path = Path(path)
    file = {theirs: tensors[ours].to("cpu", dtype).contiguous() for ours, theirs in published_names(config).items()}
    if config.border:
        file[BORDER] = torch.tensor(config.border)
    if path.suffix == ".safetensors":
        content = save(file, metadata={"format": "pt"})    # `save_file` would shut out other users
        write_bytes_whole(path, content)
    else:
        write_torch(path, file)


def write_torch(path: str | os.PathLike[str], content: Any) -> None:
    """`torch.save`, whole or not at all; into memory first, for torch does not pass on why a file takes no more.

    Raises:
        WriteError: if it cannot be written.
    """
    packed = io.BytesIO()
    torch.save(content, packed)
    write_bytes_whole(path, packed.getbuffer())


def save_folder(folder: str | Path, config: DrlnConfig, tensors: Mapping[str, Tensor], published: bool = False) -> Path:
    """Write a `config.json` and one scale's weights, beside those of other scales; returns the path of the weights.

    Args:
        folder: made where it is not there.
        published: the published layout, which the super-image library loads, instead of ours.

    Raises:
        CheckpointError: if the folder belongs to a model of another shape, or has this scale in
            the other layout, or this shape has no published layout.
        OSError: if the disk refuses it.
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
        check_config(config_path, config, assumed=DrlnConfig(config.scale))    # what published ones leave out
    save_checkpoint(weights_path, config, tensors)
    if published or not there:
        facts = published_config(config) if published else config_facts(config)
        write_bytes_whole(config_path, json.dumps(facts, indent=2).encode() + b"\n")
    return weights_path


def check_config(path: Path, config: DrlnConfig, assumed: DrlnConfig | None = None) -> None:
    """Raise `CheckpointError` where a `config.json` says otherwise than `config`.

    What it leaves out agrees, or is that of `assumed`. A scale in it is passed over: three
    scales share the file.
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
    """The tensors of a file under the keys it has, less a `module.` before each of them."""
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
    except Exception as error:    # a damaged file makes the readers fail in any way, OSError and IndexError among them
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
    """The first few, and how many there are."""
    return ", ".join(map(str, names[:3])) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _reason(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
