"""Find weights: those bundled with the package, in a file or a folder, on the hub or in its cache.

Builds no network.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id
from torch import Tensor

from drln.network.config import SCALES, DrlnConfig, is_scale
from drln.weights.checkpoint import CheckpointError, UnreadableCheckpoint, check_config, load_checkpoint
from drln.weights.download import HubError, HubOptions, MissingFileError, ask, cached, download, forget
from drln.weights.published_names import CONFIG_FILE, EARLIER_BEST, weights_files

BUNDLED, BUNDLED_PHOTO = "drln-bam-compact", "drln-bam-compact-photo"    # names of folders
BUNDLED_FOLDER = Path(__file__).parent / "bundled"
# The commit whose files this package was written for. For other repositories the main branch is the default.
PINNED = {"eugenesiow/drln-bam": "c5d6efffdb6d7ddda5909f2d9105b33b69f4039f"}


@dataclass(frozen=True)
class Source:
    """Files on this machine.

    Attributes:
        weights: the file of weights.
        config: its `config.json`; None if there is none.
        label: a line that says where they came from.
        in_cache: whether they are in the hub's cache, from which a broken file may be removed.
    """

    weights: Path
    config: Path | None
    label: str
    in_cache: bool = False


def load_weights(
    name_or_path: str | Path, scale: int | None, options: HubOptions
) -> tuple[DrlnConfig, dict[str, Tensor], str]:
    """Find, read and check weights.

    Args:
        name_or_path, scale: as for `DrlnModel.from_pretrained`.
        options: for a hub repository.

    Returns:
        Their config, their tensors named as in `DrlnModel.state_dict()`, and a line that says where they came from.

    Raises:
        CheckpointError: if there are no such weights.
        HubError: if the hub's file is unavailable or broken.
    """
    source = fetch(name_or_path, scale, options)
    with _no_broken_file_stays(source, source.weights):
        config, tensors = load_checkpoint(source.weights, scale)
    if source.config is not None:
        with _no_broken_file_stays(source, source.config):
            check_config(source.config, config)
    return config, tensors, source.label


def fetch(name_or_path: str | Path, scale: int | None, options: HubOptions) -> Source:
    """Find the files of one scale, and download them unless they are on this machine. Reads none of them.

    Args:
        name_or_path, scale: as for `DrlnModel.from_pretrained`.
        options: for a hub repository.

    Raises:
        CheckpointError: if there are no such files.
        HubError: if the hub's file is unavailable.
    """
    if scale is not None and not is_scale(scale):
        raise CheckpointError(f"scale is {scale!r}; choose one of {SCALES}")
    if name_or_path in (BUNDLED, BUNDLED_PHOTO):
        return _in_folder(BUNDLED_FOLDER / name_or_path, scale, f"{name_or_path} {{scale}}x, bundled")
    path = Path(name_or_path).expanduser()
    if path.is_file():
        return Source(path, None, str(path))
    if path.is_dir():
        return _in_folder(path, scale, "{path}")
    if isinstance(name_or_path, Path) or not _is_hub_name(name_or_path):
        raise CheckpointError(
            f"there is no file or folder {path}; give one, a hub repository such as 'eugenesiow/drln-bam', "
            f"or '{BUNDLED}'"
        )
    if scale is None:
        raise CheckpointError(f"{name_or_path} may hold several scales; pass scale=2, 3 or 4")
    revision = options.revision or PINNED.get(name_or_path, "main")
    try:
        return _on_hub(name_or_path, scale, replace(options, revision=revision))
    except HubError as error:
        raise type(error)(f"{error}. The bundled model '{BUNDLED}' needs no network") from error


def check_hub(repo: str, scale: int) -> None:
    """Raise a `HubError` unless the hub offers weights of that scale now. Downloads nothing."""
    options = HubOptions(revision=PINNED.get(repo, "main"))
    ours, published = weights_files(scale)
    try:
        ask(repo, published, options)
    except MissingFileError:
        ask(repo, ours, options)


def scales_of(name_or_path: str | Path) -> tuple[int, ...]:
    """Return the scales that a model has, rising. A hub repository is not asked; it counts as having all.

    Raises:
        CheckpointError: if it is a file that holds no weights.
    """
    path = Path(name_or_path).expanduser()
    if name_or_path in (BUNDLED, BUNDLED_PHOTO):
        path = BUNDLED_FOLDER / name_or_path
    if path.is_file():
        return (load_checkpoint(path)[0].scale,)
    return tuple(_weights_in(path) or _weights_in(path / EARLIER_BEST)) or SCALES


def _is_hub_name(name: str) -> bool:
    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return "/" in name and not name.endswith((".pt", ".safetensors"))


def _in_folder(folder: Path, scale: int | None, label: str) -> Source:
    """Our file of that scale, else the published one; `label` has places for {scale} and {path}."""
    there = _weights_in(folder)
    if not there and (folder / EARLIER_BEST).is_dir():
        return _in_folder(folder / EARLIER_BEST, scale, label)
    if not there:
        names = " or ".join(weights_files(scale or SCALES[0]))
        raise CheckpointError(f"{folder} holds no weights: there is no {names}, nor one of another scale")
    if scale is None and len(there) > 1:
        raise CheckpointError(f"{folder} holds the scales {sorted(there)}; pass scale= to choose one")
    scale = scale or next(iter(there))
    if scale not in there:
        raise CheckpointError(f"{folder} holds no {scale}x model; pass scale= one of {sorted(there)}")
    config = folder / CONFIG_FILE
    label = label.format(scale=scale, path=there[scale])
    return Source(there[scale], config if config.is_file() else None, label)


def _weights_in(folder: Path) -> dict[int, Path]:
    """The file of each scale in a folder: ours, else the published one."""
    return {s: folder / name for s in SCALES for name in reversed(weights_files(s)) if (folder / name).is_file()}


def _on_hub(repo: str, scale: int, options: HubOptions) -> Source:
    """The published file of that scale, else ours. If one is in the cache, the hub is not asked."""
    names = weights_files(scale)[::-1]
    weights = next((path for name in names if (path := cached(repo, name, options))), None)
    config = cached(repo, CONFIG_FILE, options)
    if weights is None:
        if options.local_files_only:
            raise HubError(f"{names[0]} of {repo} is not in the cache, and local_files_only forbids asking the hub")
        with suppress(MissingFileError):    # the weights alone say all that is needed
            config = config or download(repo, CONFIG_FILE, options)
        try:
            weights = download(repo, names[0], options)
        except MissingFileError as error:
            try:
                weights = download(repo, names[1], options)
            except MissingFileError:
                raise error from None
    commit = weights.parent.name    # the cache has a folder for each
    return Source(weights, config, f"{repo} {scale}x, hub commit {commit[:7]}, {weights.name}", in_cache=True)


@contextmanager
def _no_broken_file_stays(source: Source, path: Path) -> Iterator[None]:
    """Remove the file from the hub's cache if it cannot be read."""
    try:
        yield
    except UnreadableCheckpoint as error:
        if not source.in_cache:
            raise
        forget(path)
        raise HubError(f"{source.label}: {error}. It was removed from the cache") from error
