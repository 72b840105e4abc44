"""The options of the `train` command, and what they are where the user gives none."""

from __future__ import annotations

import argparse
from dataclasses import fields
from typing import Any

from drln.cli.arguments import a_name, add_download_options
from drln.data.sets import DIV2K, DRAWN, SAMPLES
from drln.network.config import SCALES
from drln.training.arguments import LOSSES, OPTIMIZERS, SCHEDULES, TRACKERS, TrainingArguments
from drln.training.recipes import COMPACT, PUBLISHED, RECIPES
from drln.weights.sources import BUNDLED, BUNDLED_PHOTO

# Options of `TrainingArguments`: the field, the option, its help.
TRAINING = (
    ("overwrite_output_dir", "--overwrite", "start again if --output holds a run"),
    ("num_train_epochs", "--epochs", "passes over the images"),
    ("max_steps", "--steps", "number of steps, instead of --epochs"),
    ("minutes", "--minutes", "train for so long, instead of --epochs; the schedule follows the clock"),
    ("per_device_train_batch_size", "--batch-size", "patches in a batch, on each device"),
    ("gradient_accumulation_steps", "--accumulate", "batches in a step"),
    ("learning_rate", "--learning-rate", "highest learning rate"),
    ("optimizer", "--optimizer", "muon: for the convolutions, with adam for the rest"),
    ("loss", "--loss", "l1-then-squared: the last quarter descends on the squared error"),
    ("schedule", "--schedule", "step: a tenth of the learning rate after 80 %% of the run; cosine: down to 0"),
    ("warmup_steps", "--warmup-steps", "steps in which the learning rate rises to its highest"),
    ("adam_beta2", "--adam-beta2", "beta2 of Adam"),
    ("max_grad_norm", "--max-grad-norm", "clip gradients to this norm"),
    ("ema_decay", "--ema-decay", "decay of a running average of the weights, such as 0.999; 0 for none"),
    ("bf16", "--bf16", "compute in bfloat16"),
    ("compile", "--compile", "on one GPU: compile the network and record the step, for more steps a minute"),
    ("eval_steps", "--eval-steps", "steps between evaluations, instead of whole epochs of at least 100 steps"),
    ("dataloader_num_workers", "--workers", "threads that cut batches ahead"),
    ("seed", "--seed", "seed of random weights, of the images' order and of the patches"),
    ("report_to", "--report-to", "where to log the history too; auto: what is installed"),
)
PATCHES = (    # of `TrainDataset`
    ("patch_size", "--patch-size", "side of the LR patches in pixels"),
    ("candidates", "--candidates", "random places for each patch, of which the most detailed is taken"),
    ("colour_orders", "--colour-orders", "share of patches whose colours change places"),
    ("flat", "--flat", "share of patches that are of one colour"),
)
NETWORK = (    # of `DrlnConfig`
    ("channels", "--channels", "from scratch: width of the network"),
    ("groups", "--groups", "from scratch: dense blocks in each group"),
    ("border", "--border", "from scratch: pixels by which the network sees images extended, and cuts results"),
)
CHOICES: dict[str, tuple[str, ...]] = {
    "optimizer": OPTIMIZERS,
    "loss": LOSSES,
    "schedule": SCHEDULES,
    "report_to": ("auto", "none", *TRACKERS),
}
DEFAULTS: dict[str, Any] = {field.name: field.default for field in fields(TrainingArguments)}
FLOATS = {field.name for field in fields(TrainingArguments) if "float" in str(field.type)} | {"colour_orders", "flat"}


def add_train_options(command: argparse.ArgumentParser) -> None:
    """Add all options. Those of a recipe are None unless the user gives them; see `fill_from_recipe`."""
    add = command.add_argument_group("data and model").add_argument
    data = f"folders of photos; {SAMPLES}; {DRAWN}: text, lines and shapes; or sets with a train split: {DIV2K}"
    add("--data", nargs="+", type=a_name, required=True, metavar="SET", help=data)
    held = "folder or set to choose the best weights by (default: images held out from --data)"
    add("--validation", type=a_name, metavar="SET", help=held)
    add("--hold-out", type=int, default=20, metavar="N", help="hold out every N-th image for that (default: 20)")
    degraded = "train on LR images as people have photos: a little blurred and noisy, and compressed as JPEG"
    add("--degraded", action="store_true", help=degraded)
    add("--scale", type=int, choices=SCALES, default=4, help="scale to train for (default: 4)")
    start = f"model to start from: hub repository, folder, file, {BUNDLED_PHOTO} or {BUNDLED} (default)"
    add("--model", type=a_name, default=BUNDLED, help=start)
    other = "scale of --model, if it is another one: all but the upsampler starts from its weights"
    add("--model-scale", type=int, choices=SCALES, help=other)
    add("--from-scratch", action="store_true", help="start from random weights")
    add("--laplacian", action="store_true", help="from scratch: the paper's attention instead of balanced attention")
    add("--push-to-hub", metavar="REPO", help="upload the best weights and their model card at the end")
    add_download_options(add, "downloads and decoded images")
    add("--device", choices=("auto", "cpu"), default="auto", help="cpu uses no GPU (default: auto)")
    add = command.add_argument_group("training").add_argument
    folder = "folder of the run (default: results)"
    add("--output", dest="output_dir", type=a_name, default="results", metavar="FOLDER", help=folder)
    add("--resume", action="store_true", help="resume the run in --output")
    recipe = f"how to train: as the {PUBLISHED} models (default) or the {COMPACT} ones; the options below change it"
    add("--recipe", choices=RECIPES, default=PUBLISHED, help=recipe)
    for name, option, text in (*TRAINING, *PATCHES, *NETWORK):
        kind: dict[str, Any] = {"type": float if name in FLOATS else int, "metavar": "N"}
        if name in CHOICES:
            kind = {"choices": CHOICES[name]}
        elif DEFAULTS.get(name) is False:
            kind = {"action": "store_const", "const": True}
        elif name == "groups":
            kind["nargs"] = "+"
        add(option, dest=name, help=text + _defaults(name), **kind)


def fill_from_recipe(args: argparse.Namespace) -> None:
    """Give all options that the user did not give their values in the recipe."""
    for name, value in (DEFAULTS | _values(args.recipe)).items():
        if getattr(args, name, None) is None:
            setattr(args, name, value)


def _values(recipe: str) -> dict[str, Any]:
    found = RECIPES[recipe]
    return {**found.training, **found.patches, **found.network}


def _defaults(name: str) -> str:
    """The values in the recipes, for the help."""
    plain, compact = (_shown((DEFAULTS | _values(recipe)).get(name)) for recipe in (PUBLISHED, COMPACT))
    values = [f"default: {plain}"] * bool(plain) + [f"{COMPACT}: {compact}"] * (compact != plain)
    return f" ({'; '.join(values)})" if values else ""


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return "" if value is None or value is False else str(value)
