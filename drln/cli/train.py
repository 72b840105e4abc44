"""The `train` command: photos in; the best weights, their model card, a history and its curve out."""

from __future__ import annotations

import argparse
import importlib
import sys
from dataclasses import fields, replace
from pathlib import Path

import torch

from drln.cli.arguments import a_name, add_download_options, download_options
from drln.cli.evaluate import measure
from drln.data import EvalDataset, ImageSet, PhotoPairs, TrainDataset, build_store, find_set
from drln.evaluation.protocols import STANDARD
from drln.evaluation.scores import Scores
from drln.evaluation.scoring import BICUBIC
from drln.evaluation.tables import markdown_report
from drln.model import DrlnModel
from drln.network.config import SCALES, DrlnConfig
from drln.plots.curve import plot_history
from drln.plots.figures import write_figure
from drln.training.arguments import SCHEDULES, TRACKERS, TrainingArguments
from drln.training.photos import TrainingImages, check_images, choose_images
from drln.training.publishing import push_to_hub, write_card
from drln.training.run_folder import RunFolder, TrainingError
from drln.training.trainer import Trainer
from drln.upscaling.processes import Processes
from drln.upscaling.upscaler import Upscaler
from drln.weights.published_names import MODEL_CARD_FILE
from drln.weights.sources import BUNDLED, BUNDLED_PHOTO

CURVE = "curve.png"
# The arguments that a model card states, beside steps and patches.
RECIPE = ("learning_rate", "schedule", "warmup_steps", "adam_beta2", "max_grad_norm", "ema_decay", "bf16", "seed")

# An option for each of these fields of `TrainingArguments`, which has its defaults.
OPTIONS = (
    ("--overwrite", "overwrite_output_dir", "start again if --output holds a run"),
    ("--epochs", "num_train_epochs", "passes over the images (default: %(default)s)"),
    ("--steps", "max_steps", "number of steps, instead of --epochs"),
    ("--batch-size", "per_device_train_batch_size", "patches in a batch, on each device (default: %(default)s)"),
    ("--accumulate", "gradient_accumulation_steps", "batches in a step (default: %(default)s)"),
    ("--learning-rate", "learning_rate", "highest learning rate (default: %(default)s)"),
    ("--warmup-steps", "warmup_steps", "steps in which the learning rate rises to that (default: %(default)s)"),
    ("--adam-beta2", "adam_beta2", "beta2 of Adam (default: %(default)s)"),
    ("--max-grad-norm", "max_grad_norm", "clip gradients to this norm (default: no clipping)"),
    ("--ema-decay", "ema_decay", "decay of a running average of the weights, such as 0.999 (default: no average)"),
    ("--bf16", "bf16", "compute in bfloat16"),
    ("--eval-steps", "eval_steps", "steps between evaluations (default: whole epochs, together at least 100 steps)"),
    ("--workers", "dataloader_num_workers", "threads that cut patches (default: %(default)s)"),
    ("--seed", "seed", "seed of random weights, of the images' order and of the patches (default: %(default)s)"),
)


def add_train(commands: argparse._SubParsersAction) -> None:
    """Add the command and its options."""
    what, more = "train a model on your photos", "Train a model, and save the weights that score best."
    command = commands.add_parser("train", help=what, description=more)
    command.set_defaults(run=train)
    add = command.add_argument_group("data and model").add_argument
    data = "folders of photos, or sets with a train split: Div2k, samples"
    add("--data", nargs="+", type=a_name, required=True, metavar="SET", help=data)
    held = "folder or set to choose the best weights by (default: images held out from --data)"
    add("--validation", type=a_name, metavar="SET", help=held)
    add("--hold-out", type=int, default=20, metavar="N", help="hold out every N-th image for that (default: 20)")
    add("--patch-size", type=int, default=64, metavar="N", help="side of the LR patches in pixels (default: 64)")
    add("--scale", type=int, choices=SCALES, default=4, help="scale to train for (default: 4)")
    start = f"model to start from: hub repository, folder, file, {BUNDLED_PHOTO} or {BUNDLED} (default)"
    add("--model", type=a_name, default=BUNDLED, help=start)
    other = "scale of --model, if it is another one: all but the upsampler starts from its weights"
    add("--model-scale", type=int, choices=SCALES, help=other)
    add("--from-scratch", action="store_true", help="start from random weights")
    add("--channels", type=int, default=64, metavar="N", help="from scratch: width of the network (default: 64)")
    groups = "from scratch: dense blocks in each group (default: 3 3 3 3 4 4)"
    add("--groups", type=int, nargs="+", default=[3, 3, 3, 3, 4, 4], metavar="N", help=groups)
    add("--laplacian", action="store_true", help="from scratch: the paper's attention instead of balanced attention")
    add("--push-to-hub", metavar="REPO", help="upload the best weights and their model card at the end")
    add_download_options(add, "downloads and decoded images")
    add("--device", choices=("auto", "cpu"), default="auto", help="cpu uses no GPU (default: auto)")
    defaults = TrainingArguments("results")
    add = command.add_argument_group("training").add_argument
    folder = "folder of the run (default: results)"
    add("--output", dest="output_dir", type=a_name, default=defaults.output_dir, metavar="FOLDER", help=folder)
    add("--resume", action="store_true", help="resume the run in --output")
    types = {field.name: str(field.type) for field in fields(TrainingArguments)}
    for option, field, text in OPTIONS:
        if types[field] == "bool":
            add(option, dest=field, action="store_true", help=text)
        else:
            number = float if "float" in types[field] else int
            add(option, dest=field, type=number, default=getattr(defaults, field), metavar="N", help=text)
    schedule = "step: a tenth of the learning rate after 80 %% of the steps (default); cosine: down to 0"
    add("--schedule", choices=SCHEDULES, default=defaults.schedule, help=schedule)
    trackers = "where to log the history too (default: auto, what is installed of the two)"
    add("--report-to", choices=("auto", "none", *TRACKERS), default=defaults.report_to, help=trackers)


def train(args: argparse.Namespace) -> None:
    """Run the `train` command. Everything that can be wrong is checked before images are decoded.

    Raises:
        TrainingError, DataError, ImageError, CheckpointError, HubError, ValueError: naming what is wrong.
        KeyboardInterrupt: after Ctrl-C; the run is saved.
    """
    check_packages()
    output = Path(args.output_dir)
    if (output / MODEL_CARD_FILE).exists() and not (RunFolder(output).has_run or args.overwrite_output_dir):
        raise TrainingError(
            f"{output} holds a {MODEL_CARD_FILE}, which the model card would replace; choose another --output"
        )
    processes = Processes.join(args.device)
    given = {field.name: getattr(args, field.name) for field in fields(TrainingArguments) if hasattr(args, field.name)}
    starts_trained = not args.from_scratch and args.model_scale in (None, args.scale)
    arguments = TrainingArguments(**given, eval_on_start=starts_trained, use_cpu=args.device == "cpu")
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
    # Processes that share a disk decode once; those on other machines decode for themselves.
    train_dataset = TrainDataset(PhotoPairs(images.used, args.scale), args.patch_size, args.cache_dir)
    # Stored too: an image that cannot be decoded is found now, and the others are decoded once.
    eval_dataset = EvalDataset(build_store(PhotoPairs(images.held, args.scale), args.cache_dir))
    trainer = Trainer(model, arguments, train_dataset, eval_dataset)
    if processes.is_first:
        counts = f"{len(images.used)} images to train on, {len(images.held)} to choose the best weights by"
        print(f"drln: {counts}; {trainer.total_steps} steps", flush=True)
    history = trainer.train(args.resume)
    if processes.is_first:
        publish(trainer, images, history, args)


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
        return DrlnModel(DrlnConfig(args.scale, not args.laplacian, channels=args.channels, groups=args.groups))
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
    for name, model in ((BICUBIC, BICUBIC), (title, best)):
        entry = Scores(name, "held out", args.scale, STANDARD, (), len(images.held))
        held = ImageSet(entry.dataset, tuple(images.held))
        scores.append(replace(entry, measured=tuple(measure(entry, model, held, f"Measuring {name}"))))
    write_card(
        output,
        title,
        data=f"{len(images.used)} images of {', '.join(Path(name).name for name in args.data)}; held out, to choose "
        f"the best weights by: {len(images.held)}. LR images by MATLAB's bicubic.\n\n"
        "(To be added: where the images come from, and under which licences.)",
        recipe=recipe(trainer, args, history),
        scores=scores,
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
        "steps": trainer.total_steps,
        "LR patch": f"{args.patch_size}x{args.patch_size}",
        "patches a step": trainer.step_patches,
        **{name: getattr(trainer.args, name) for name in RECIPE},
        "device": f"{trainer.accelerator.num_processes} x {trainer.accelerator.device.type}",
        "minutes": round(history[-1]["seconds"] / 60, 1),
    }
