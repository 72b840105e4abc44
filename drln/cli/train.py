"""The `train` command: photos in; the best weights, their model card, a history and its curve out."""

from __future__ import annotations

import argparse
import importlib
import itertools
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

import torch

from drln.cli.arguments import download_options
from drln.cli.evaluate import measure
from drln.cli.train_options import add_train_options, fill_from_recipe
from drln.data import DegradedPairs, EvalDataset, ImageSet, PhotoPairs, TrainDataset, build_store, find_set
from drln.evaluation.protocols import STANDARD
from drln.evaluation.scores import Scores
from drln.evaluation.scoring import BICUBIC
from drln.evaluation.tables import markdown_report
from drln.model import DrlnModel
from drln.network.config import DrlnConfig
from drln.plots.curve import plot_history
from drln.plots.figures import write_figure
from drln.training.arguments import TrainingArguments
from drln.training.photos import TrainingImages, check_images, choose_images
from drln.training.publishing import push_to_hub, write_card
from drln.training.recipes import RECIPES
from drln.training.run_folder import RunFolder, TrainingError
from drln.training.trainer import Trainer
from drln.upscaling.processes import Processes
from drln.upscaling.upscaler import Upscaler
from drln.weights.published_names import MODEL_CARD_FILE

CURVE = "curve.png"
DEGRADED_VERSIONS = 6    # of each LR image
# The arguments that a model card states, beside steps and patches.
RECIPE = (
    "learning_rate", "optimizer", "loss", "schedule", "warmup_steps", "adam_beta2", "max_grad_norm", "ema_decay",
    "bf16", "seed",
)    # fmt: skip


def add_train(commands: argparse._SubParsersAction) -> None:
    """Add the command and its options."""
    what, more = "train a model on your photos", "Train a model, and save the weights that score best."
    command = commands.add_parser("train", help=what, description=more)
    command.set_defaults(run=train)
    add_train_options(command)


def train(args: argparse.Namespace) -> None:
    """Run the `train` command. Everything that can be wrong is checked before images are decoded.

    Raises:
        TrainingError, DataError, ImageError, CheckpointError, HubError, ValueError: naming what is wrong.
        KeyboardInterrupt: after Ctrl-C; the run is saved.
    """
    check_packages()
    fill_from_recipe(args)
    output = Path(args.output_dir)
    if (output / MODEL_CARD_FILE).exists() and not (RunFolder(output).has_run or args.overwrite_output_dir):
        raise TrainingError(
            f"{output} holds a {MODEL_CARD_FILE}, which the model card would replace; choose another --output"
        )
    processes = Processes.join(args.device)
    given = {field.name: getattr(args, field.name) for field in fields(TrainingArguments) if hasattr(args, field.name)}
    starts_trained = not args.from_scratch and args.model_scale in (None, args.scale)
    arguments = TrainingArguments(**given | {"eval_on_start": starts_trained, "use_cpu": args.device == "cpu"})
    torch.manual_seed(args.seed)    # for random weights

    def find(name: str, part: str) -> ImageSet:    # HR alone; LR is made from it, as DIV2K's was
        return find_set(name, None, part, **download_options(args))

    with processes.first_goes_first():    # for downloads
        model = starting_model(args)
        images = choose_images(args.data, args.validation, args.hold_out, output / CURVE, find)
    if processes.is_first:
        for path, why in images.left_out:
            print(f"drln: {path}: left out: {why}", file=sys.stderr)
    check_images(images, args.scale, args.patch_size)
    patches = {name: getattr(args, name) for name in RECIPES[args.recipe].patches}
    # Processes that share a disk decode once; those on other machines decode for themselves.
    train_dataset = TrainDataset(pairs_of(images.used, args, DEGRADED_VERSIONS), cache_dir=args.cache_dir, **patches)
    # Stored too: an image that cannot be decoded is found now, and the others are decoded once.
    eval_dataset = EvalDataset(build_store(pairs_of(images.held, args, 1), args.cache_dir))
    trainer = Trainer(model, arguments, train_dataset, eval_dataset)
    if processes.is_first:
        counts = f"{len(images.used)} images to train on, {len(images.held)} to choose the best weights by"
        length = f"{args.minutes:g} minutes" if args.minutes else f"{trainer.total_steps} steps"
        print(f"drln: {counts}; {length}", flush=True)
    history = trainer.train(args.resume)
    if processes.is_first:
        publish(trainer, images, history, args)


def pairs_of(photos: Sequence[Path], args: argparse.Namespace, versions: int) -> PhotoPairs | DegradedPairs:
    """The pairs of some photos; degraded ones, if they are asked for, in so many versions."""
    pairs = PhotoPairs(photos, args.scale)
    return DegradedPairs(pairs, versions) if args.degraded else pairs


def check_packages() -> None:
    """Raise TrainingError if a package is missing that the end of a run needs."""
    for package in ("accelerate", "matplotlib"):
        try:
            importlib.import_module(package)
        except ModuleNotFoundError as error:
            raise TrainingError(f"training needs the package {package}: pip install 'drln[train]'") from error


def starting_model(args: argparse.Namespace) -> DrlnModel:
    """The network to train, with the weights that it starts from."""
    if args.from_scratch:
        network = {name: getattr(args, name) for name in RECIPES[args.recipe].network}
        return DrlnModel(DrlnConfig(args.scale, not args.laplacian, **network))
    scale = args.model_scale or args.scale
    model = DrlnModel.from_pretrained(args.model, scale, **download_options(args))
    return model if scale == args.scale else model.at_scale(args.scale)


def publish(
    trainer: Trainer, images: TrainingImages, history: list[dict[str, float]], args: argparse.Namespace
) -> None:
    """Draw the curve, measure the best weights on the held-out images, write the model card, and upload them."""
    output = Path(args.output_dir)
    write_figure(output / CURVE, plot_history(history))
    best = Upscaler(DrlnModel.from_pretrained(output, args.scale), trainer.accelerator.device, "float32")
    title, scores = args.push_to_hub or output.resolve().name, []
    held = ImageSet("held out", tuple(images.held))
    degradations = ("", "jpeg40") if args.degraded else ("",)
    for degradation, (name, model) in itertools.product(degradations, ((BICUBIC, BICUBIC), (title, best))):
        entry = Scores(name, held.name, args.scale, STANDARD, (), len(held), degradation)
        scores.append(replace(entry, measured=tuple(measure(entry, model, held, f"Measuring {name}"))))
    write_card(
        output,
        title,
        data=f"{len(images.used)} images of {', '.join(Path(name).name for name in args.data)}; held out, to choose "
        f"the best weights by: {len(images.held)}. LR images by MATLAB's bicubic{', degraded' * args.degraded}.\n\n"
        "(To be added: where the images come from, and under which licences.)",
        recipe=recipe(trainer, args, history),
        scores=scores,
        degraded=args.degraded,
        base_model=args.model if "/" in args.model and not Path(args.model).exists() else None,
    )
    print(markdown_report(scores), end="")
    print(f"drln: weights, model card and {CURVE} are in {output}")
    if args.push_to_hub:
        print(f"drln: uploaded as {push_to_hub(output, args.push_to_hub)}")


def recipe(trainer: Trainer, args: argparse.Namespace, history: list[dict[str, float]]) -> dict[str, object]:
    """What the model card says about the training, and about where and how long it ran."""
    return {
        "started from": "random weights" if args.from_scratch else f"{args.model} {args.model_scale or args.scale}x",
        "steps": int(history[-1]["step"]),
        "LR patch": f"{args.patch_size}x{args.patch_size}",
        "patches a step": trainer.step_patches,
        **{name: getattr(trainer.args, name) for name in RECIPE},
        "device": f"{trainer.accelerator.num_processes} x {trainer.accelerator.device.type}",
        "minutes": round(history[-1]["seconds"] / 60, 1),
    }
