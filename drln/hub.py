"""Where weights come from: bundled, a file, a folder, the hub or its cache.

Builds no network.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from drln.checkpoint import CheckpointError, check_config, load_checkpoint
from drln.config import SCALES, DrlnConfig
from drln.layout import CONFIG_FILE, weights_files

BUNDLED = "drln-bam-compact"
BUNDLED_FOLDER = Path(__file__).parent / "weights"


class HubError(OSError):
    """The hub's file cannot be had; the message says why and what to do."""


@dataclass(frozen=True)
class Source:
    """Files on this machine, and a line that tells the user where they came from."""

    weights: Path
    config: Path | None
    label: str


def load_weights(
    name_or_path: str | Path,
    scale: int | None = None,
    *,
    revision: str | None = None,
    cache_dir: str | Path | None = None,
    token: str | bool | None = None,
    local_files_only: bool = False,
) -> tuple[DrlnConfig, dict[str, Tensor], str]:
    """Find, read and check weights: their config, their tensors, and where they came from."""
    source = fetch(
        name_or_path,
        scale,
        revision=revision,
        cache_dir=cache_dir,
        token=token,
        local_files_only=local_files_only,
    )
    config, tensors = load_checkpoint(source.weights, scale)
    if source.config is not None:
        check_config(source.config, config)
    return config, tensors, source.label


def fetch(
    name_or_path: str | Path,
    scale: int | None = None,
    *,
    revision: str | None = None,
    cache_dir: str | Path | None = None,
    token: str | bool | None = None,
    local_files_only: bool = False,
) -> Source:
    """Find the files of one scale, and download them where they are not here yet."""
    if scale is not None and scale not in SCALES:
        raise CheckpointError(f"scale is {scale!r}; choose one of {SCALES}")
    if name_or_path == BUNDLED:
        source = _in_folder(BUNDLED_FOLDER, scale)
        return Source(source.weights, source.config, f"{BUNDLED} {_scale_of(source.weights)}x, bundled")
    path = Path(name_or_path).expanduser()
    if path.is_file():
        return Source(path, None, str(path))
    if path.is_dir():
        return _in_folder(path, scale)
    raise HubError(f"there is no file or folder {path}")


def _in_folder(folder: Path, scale: int | None) -> Source:
    there = {s: folder / name for s in SCALES for name in reversed(weights_files(s)) if (folder / name).is_file()}
    if scale is None and len(there) == 1:
        scale = next(iter(there))
    if scale not in there:
        wanted = "no scale was asked for" if scale is None else f"{scale}x was asked for"
        holds = f"the scales {sorted(there)}" if there else f"none of the files {weights_files(scale or 4)}"
        raise CheckpointError(f"{wanted}, and {folder} holds {holds}")
    config = folder / CONFIG_FILE
    return Source(there[scale], config if config.is_file() else None, str(there[scale]))


def _scale_of(path: Path) -> str:
    return path.stem[-2]
