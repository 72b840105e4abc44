"""Publish a trained model: write a model card beside its weights, and upload the folder to the hub.

Trains and measures nothing; the caller says what the card should state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from huggingface_hub import EvalResult, HfApi, ModelCard, ModelCardData

from drln.evaluation.scores import Scores
from drln.evaluation.scoring import BICUBIC
from drln.evaluation.tables import markdown_report
from drln.network.config import SCALES, DrlnConfig
from drln.weights.checkpoint import CheckpointError, load_checkpoint
from drln.weights.download import HubError, explain
from drln.weights.published_names import CONFIG_FILE, MODEL_CARD_FILE, weights_files
from drln.whole_files import write_bytes_whole

WEIGHTS_FILES = [name for scale in SCALES for name in weights_files(scale)]
LIMITS = (
    "Trained on clean photos that were scaled down: noise and JPEG blocks in a photo get sharper too.",
    "Trained on photos that were scaled down, a little blurred and noisy, and compressed as JPEG: some detail of a "
    "clean photo is taken for noise.",
)    # by whether LR was degraded
FILES = [*WEIGHTS_FILES, CONFIG_FILE, MODEL_CARD_FILE]    # to upload; no checkpoints, no caches


def write_card(
    folder: str | Path,
    name: str,
    *,
    data: str,
    recipe: Mapping[str, object],
    scores: Sequence[Scores] = (),
    license: str | None = None,
    base_model: str | None = None,
    degraded: bool = False,
) -> Path:
    """Write a model card, README.md, beside the weights in a folder, and return its path.

    Args:
        folder: of a training run, or from `save_pretrained`.
        name: the model's name.
        data: what it was trained on, where that comes from, and its licences, as Markdown.
        recipe: names and values of the training, for a table.
        scores: from `evaluate`; those of this model have `name` as its name.
        license: the weights' licence in the hub's words, such as "apache-2.0"; None states none.
        base_model: hub repository of the weights that training started from.
        degraded: whether LR images were degraded; the card's limits say so.

    Raises:
        CheckpointError: if there are no weights in the folder.
        WriteError: if the card cannot be written.
    """
    folder = Path(folder)
    configs = _configs(folder)
    facts = ModelCardData(
        license=license,
        library_name="drln",
        pipeline_tag="image-to-image",
        tags=["image-super-resolution", "drln"],
        metrics=["psnr", "ssim"],
        base_model=base_model,
        model_name=name,
        eval_results=_results(scores) or None,
    )
    path = folder / MODEL_CARD_FILE
    card = ModelCard(f"---\n{facts.to_yaml()}\n---\n\n{_text(name, configs, data, recipe, scores, LIMITS[degraded])}")
    write_bytes_whole(path, str(card).encode(errors="backslashreplace"))    # a folder's name may be no UTF-8
    return path


def push_to_hub(
    folder: str | Path, repo_id: str, *, token: str | bool | None = None, private: bool | None = None
) -> str:
    """Upload the weights, config and model card in a folder, and create the repository unless it exists.

    Args:
        folder: of a training run, or from `save_pretrained`, with a card from `write_card`. Other files stay here.
        repo_id: such as "you/your-model".
        token: access token that may write; None uses that of the logged-in user.
        private: whether a new repository is private; None for the account's default.

    Returns:
        The address of the commit.

    Raises:
        CheckpointError: if there are no weights, or no card, in the folder.
        HubError: if the hub refuses the upload or cannot be reached.
    """
    folder = Path(folder)
    _configs(folder)
    if not (folder / MODEL_CARD_FILE).is_file():
        raise CheckpointError(f"{folder} holds no model card; write one first: write_card(folder, ...)")
    api = HfApi(token=token, library_name="drln")
    try:
        api.create_repo(repo_id, private=private, exist_ok=True)
        commit = api.upload_folder(
            repo_id=repo_id, folder_path=folder, allow_patterns=FILES, commit_message="Upload model with drln"
        )
    except Exception as error:
        raise HubError(explain(error, f"the upload to {repo_id}", repo_id, "main")) from error
    return str(commit.commit_url)


def _configs(folder: Path) -> list[DrlnConfig]:
    """The configs of all weights in a folder. Loads the weights, so that none are published that do not load."""
    files = [folder / file for file in WEIGHTS_FILES if (folder / file).is_file()]
    if not files:
        raise CheckpointError(f"{folder} holds no weights; write them first: model.save_pretrained(folder)")
    return [load_checkpoint(file)[0] for file in files]


def _text(
    name: str,
    configs: Sequence[DrlnConfig],
    data: str,
    recipe: Mapping[str, object],
    scores: Sequence[Scores],
    limits: str,
) -> str:
    config, scales = configs[0], " / ".join(f"{config.scale}x" for config in configs)
    border = f", and a border of {config.border} LR pixels" * bool(config.border)
    attention = "balanced attention" if config.bam else "Laplacian attention"
    rows = "\n".join(f"| {key} | {value} |" for key, value in recipe.items())
    table = markdown_report(list(scores)).strip() or "Not measured."
    return f"""# {name}

DRLN, the Densely Residual Laplacian Network for image super-resolution, with {attention}: {scales},
{config.channels} channels, dense blocks in groups of {", ".join(map(str, config.groups))}{border}.

```python
from PIL import Image
from drln import DrlnModel, Upscaler

model = DrlnModel.from_pretrained("{name}", scale={config.scale})
Upscaler(model).upscale(Image.open("photo.jpg")).save("photo_{config.scale}x.png")
```

## Data

{data}

## Training

| | |
|---|---|
{rows}

## Scores

{table}

## Limits

{limits} Detail that a photo does not hold is guessed.
"""


def _results(scores: Sequence[Scores]) -> list[EvalResult]:
    """The scores of complete sets, without bicubic's, in the hub's own form."""
    return [
        EvalResult(
            task_type="image-to-image",
            dataset_type=entry.dataset,
            dataset_name=f"{entry.dataset} {rules}",
            dataset_config=rules,    # without it, the hub's library takes all scores of a set for one
            metric_type=metric,
            metric_value=round(value, digits),
        )
        for entry in scores
        if entry.model != BICUBIC and entry.is_complete
        for rules in [", ".join(filter(None, (f"{entry.scale}x", f"{entry.protocol} protocol", entry.degradation)))]
        for metric, value, digits in (("psnr", entry.psnr, 2), ("ssim", entry.ssim, 4))
    ]
