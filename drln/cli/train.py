"""The `train` command: photos in; a checkpoint, the best weights with their model card, a history and its curve out."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import torch

from drln.cli.arguments import a_name, a_path, add_download_options, download_options
from drln.cli.evaluate import Task, measure
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
from drln.training.photos import check_images, choose_images
from drln.training.publishing import push_to_hub, write_card
from drln.training.run_folder import RunFolder, TrainingError
from drln.training.trainer import Trainer
from drln.upscaling.processes import Processes
from drln.upscaling.upscaler import Upscaler
from drln.weights.published_names import CARD_FILE
from drln.weights.sources import BUNDLED, BUNDLED_PHOTO

CURVE = "curve.png"
# Of the arguments, what a model card tells beside steps and patches.
RECIPE = ("learning_rate", "schedule", "warmup_steps", "adam_beta2", "max_grad_norm", "ema_decay", "bf16", "seed")


def add_train(commands: argparse._SubParsersAction) -> None:
    """The command and its options; those of `TrainingArguments` have its names and defaults."""
    command = commands.add_parser("train", help="train a model on your own photos, or from scratch")
    command.set_defaults(run=train)
    add = command.add_argument_group("data and model").add_argument
    data = "folders of photos, or sets with a train split: Div2k, samples"
    add("--data", nargs="+", type=a_name, required=True, help=data)
    add("--scale", type=int, choices=SCALES, default=4, help="to train for (default: 4)")
    held = "folder or set to choose the best weights by (default: held-out images of --data)"
    add("--validation", type=a_name, help=held)
    add("--hold-out", type=int, default=20, metavar="N", help="hold out every N-th image for that (default: 20)")
    start = f"start from: hub repository, folder, file, {BUNDLED_PHOTO} or {BUNDLED} (default)"
    add("--model", type=a_name, default=BUNDLED, help=start)
    add("--model-scale", type=int, choices=SCALES, help="scale of --model, if another: only its upsampler is new then")
    add("--from-scratch", action="store_true", help="start from random weights, of --channels and --groups")
    add("--channels", type=int, default=64, help="with --from-scratch (default: 64)")
    add("--groups", type=int, nargs="+", default=[3, 3, 3, 3, 4, 4], help="with --from-scratch (default: 3 3 3 3 4 4)")
    add("--laplacian", action="store_true", help="with --from-scratch: the paper's attention, not balanced attention")
    add("--patch-size", type=int, default=64, help="side of the LR patches (default: 64)")
    add("--output", type=a_path, default=Path("results"), help="folder of the run (default: results)")
    add("--resume", action="store_true", help="go on where the run in --output stopped")
    add("--overwrite", action="store_true", help="begin again where --output holds a run")
    add("--push-to-hub", metavar="REPO", help="upload the best weights and their card at the end")
    add_download_options(add)
    defaults = TrainingArguments("")
    add = command.add_argument_group("training").add_argument
    add("--epochs", type=int, default=defaults.num_train_epochs, help="passes over the images (default: 1000)")
    add("--steps", type=int, help="steps in all, instead of epochs")
    add("--batch-size", type=int, default=defaults.per_device_train_batch_size, help="on each device (default: 16)")
    add("--accumulate", type=int, default=1, help="batches that make a step (default: 1)")
    add("--learning-rate", type=float, default=defaults.learning_rate, help="its peak (default: 1e-4)")
    add("--schedule", choices=SCHEDULES, default=defaults.schedule, help="step: times 0.1 after 80 %% (default)")
    add("--warmup-steps", type=int, default=0, help="of linear rise to the peak (default: 0)")
    add("--adam-beta2", type=float, default=defaults.adam_beta2, help="(default: 0.999)")
    add("--max-grad-norm", type=float, help="clip gradients to this norm (default: not)")
    add("--ema-decay", type=float, default=0.0, help="of the running average of the weights, as 0.999 (default: none)")
    add("--bf16", action="store_true", help="compute in bfloat16")
    add("--eval-steps", type=int, help="between evaluations and checkpoints (default: whole epochs of 100 or more)")
    add("--workers", type=int, default=0, help="threads that cut patches (default: 0)")
    add("--seed", type=int, default=0, help="of drawn weights, order and patches (default: 0)")
    add("--report-to", choices=("auto", "none", *TRACKERS), default="auto", help="(default: what is installed)")
    add("--device", choices=("auto", "cpu"), default="auto", help="cpu: use no GPU")


def train(args: argparse.Namespace) -> None:
    """The `train` command: what can be refused is refused before images are decoded."""
    check_packages()
    if (args.output / CARD_FILE).exists() and not (RunFolder(args.output).has_run or args.overwrite):
        raise TrainingError(
            f"{args.output} holds a {CARD_FILE}, which the model card would replace; choose another --output"
        )
    processes = Processes.join(args.device)
    arguments = TrainingArguments(
        output_dir=str(args.output),
        num_train_epochs=args.epochs,
        max_steps=args.steps,
        per_device_train_batch_size=args.batch_size,
        gradient_accumulation_steps=args.accumulate,
        learning_rate=args.learning_rate,
        schedule=args.schedule,
        warmup_steps=args.warmup_steps,
        adam_beta2=args.adam_beta2,
        max_grad_norm=args.max_grad_norm,
        ema_decay=args.ema_decay,
        bf16=args.bf16,
        eval_steps=args.eval_steps,
        eval_on_start=not args.from_scratch and args.model_scale in (None, args.scale),
        dataloader_num_workers=args.workers,
        seed=args.seed,
        report_to=args.report_to,
        use_cpu=args.device == "cpu",
        overwrite_output_dir=args.overwrite,
    )
    torch.manual_seed(args.seed)    # of weights that are drawn
    with processes.first_goes_first():    # and downloads
        model = starting_model(args)
        images = choose_images(args.data, args.validation, args.hold_out, args.output / CURVE, finder(args))
    if processes.is_first:
        for path, why in images.left_out:
            print(f"drln: {path}: left out: {why}", file=sys.stderr)
    check_images(images, args.scale, args.patch_size)
    used, held = images.used, images.held
    # Processes that share a disk agree on who decodes; those of other machines decode for themselves.
    train_dataset = TrainDataset(PhotoPairs(used, args.scale), args.patch_size, args.cache_dir)
    # Stored too, so that one that cannot be decoded is told now, and the others are decoded once.
    eval_dataset = EvalDataset(build_store(PhotoPairs(held, args.scale), args.cache_dir))
    trainer = Trainer(model, arguments, train_dataset, eval_dataset)
    if processes.is_first:
        counts = f"{len(used)} images to train on, {len(held)} to choose the best weights by"
        print(f"drln: {counts}; {trainer.total_steps} steps", flush=True)
    history = trainer.train(args.resume)
    if processes.is_first:
        write_figure(args.output / CURVE, plot_history(history))
        scores = measure_best(trainer, held, args)
        write_card(
            args.output,
            card_name(args),
            data=card_data(args, used, held),
            recipe=recipe(trainer, args, history),
            scores=scores,
            base_model=args.model if "/" in args.model and not Path(args.model).exists() else None,
        )
        print(markdown_report(scores), end="")
        print(f"drln: weights, model card and {CURVE} are in {args.output}")
        if args.push_to_hub:
            print(f"drln: uploaded as {push_to_hub(args.output, args.push_to_hub)}")


def check_packages() -> None:
    """What a run needs to its very end, the curve."""
    for package in ("accelerate", "matplotlib"):
        try:
            importlib.import_module(package)
        except ModuleNotFoundError as error:
            raise TrainingError(f"training needs the package {package}: pip install 'drln[train]'") from error


def starting_model(args: argparse.Namespace) -> DrlnModel:
    """The network to train, with the weights it starts from."""
    if args.from_scratch:
        return DrlnModel(DrlnConfig(args.scale, not args.laplacian, channels=args.channels, groups=args.groups))
    scale = args.model_scale or args.scale
    model = DrlnModel.from_pretrained(args.model, scale, **download_options(args))
    return model if scale == args.scale else model.at_scale(args.scale)


def finder(args: argparse.Namespace) -> Callable[[str, str], ImageSet]:
    """The HR images of a set's split; LR is made from them, as DIV2K's was."""
    return lambda name, part: find_set(name, None, part, **download_options(args))


def measure_best(trainer: Trainer, held: list[Path], args: argparse.Namespace) -> list[Scores]:
    """Bicubic and the best weights on the held-out images, in float32."""
    best = DrlnModel.from_pretrained(args.output, args.scale)
    found, scores = ImageSet("held out", tuple(held)), []
    for name, model in ((BICUBIC, BICUBIC), (card_name(args), Upscaler(best, trainer.accelerator.device, "float32"))):
        task = Task(found.name, args.scale, STANDARD, name)
        measured = measure(task, model, found, Processes(), f"Measuring {name}")
        scores.append(Scores.of(name, found.name, args.scale, STANDARD, measured, len(held)))
    return scores


def card_name(args: argparse.Namespace) -> str:
    return args.push_to_hub or args.output.resolve().name


def card_data(args: argparse.Namespace, used: list[Path], held: list[Path]) -> str:
    names = ", ".join(Path(name).name for name in args.data)
    return (
        f"{len(used)} images of {names}; held out, to choose the best weights by: {len(held)}. "
        "LR images by MATLAB's bicubic.\n\n(To be added: where the images come from, and under which licences.)"
    )


def recipe(trainer: Trainer, args: argparse.Namespace, history: list[dict[str, float]]) -> dict[str, object]:
    """What the model card says of the training: all that is not the default, and where and how long it ran."""
    start = "random weights" if args.from_scratch else f"{args.model} {args.model_scale or args.scale}x"
    chosen = {field.name: getattr(trainer.args, field.name) for field in fields(trainer.args) if field.name in RECIPE}
    return {
        "started from": start,
        "steps": trainer.total_steps,
        "LR patch": f"{args.patch_size}x{args.patch_size}",
        "patches a step": trainer.step_patches,
        **chosen,
        "device": f"{trainer.accelerator.num_processes} x {trainer.accelerator.device.type}",
        "minutes": round(history[-1]["seconds"] / 60, 1),
    }
