"""Seconds for a training step of `Trainer` beside super-image's, each with its own loop, one after another in one run.

    python tests/benchmarks/training_step.py                # the 34 M network, 4x, on a GPU if there is one
    python tests/benchmarks/training_step.py --device cpu --batch 2 --patch 24 --rounds 3
    python tests/benchmarks/training_step.py --compact --rounds 3

Ours cuts its patches from a store of mosaics, as a user's run does, on a GPU from its own memory. super-image's is
given tensors in memory, and so has no image to open. Both draw their weights. A step goes from one call for a batch to
the next, and on a GPU is read off the GPU's own clock, so that neither loop is made to wait for it. Waiting is the part
of it from that call until the batch is there: on a GPU, how long it was idle for want of one, or made it. Evaluations
and checkpoints are between steps that are counted, and the first steps, in which a GPU's are recorded, are not. The
peer joins in where it can be imported:

    pip install --no-deps --target peers super-image==0.2.0 h5py opencv-python-headless
    PYTHONPATH=peers python tests/benchmarks/training_step.py
"""

import argparse
import gc
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any

import torch
from loader import SCALE, mosaics
from measuring import machine, table, wait_for
from networks import COMPACT, HAS_PEER, PUBLISHED
from peer import stand_in_for_torchvision
from torch.utils.data import Subset, TensorDataset

from drln import DrlnModel, Trainer, TrainingArguments
from drln.data import ColumnPairs, PairStore, TrainDataset, build_store
from drln.samples import list_samples
from drln.training.recipes import RECIPES, Recipe

OURS = "ours"
TORCHS_OWN = (True, False)    # TF32 in convolutions, and in other products
HEADER = ("trainer", "seconds a step", "patches a second", "times as fast", "waiting for the loader")
Step = tuple[float, float]    # seconds of waiting for its batch, and in all


class Watched:
    """A loader that marks when it is asked for a batch, and when it gives one."""

    def __init__(self, loader: Any, device: str, marks: list[tuple[Any, Any, Any]]) -> None:
        self.loader, self.device, self.marks = loader, device, marks

    def __iter__(self) -> Iterator[Any]:
        asked = mark(self.device)
        for batch in self.loader:
            given = mark(self.device)
            yield batch
            done = mark(self.device)
            self.marks.append((asked, given, done))
            asked = done


def mark(device: str) -> Any:
    """A moment: on a GPU, that at which it has done what it was given so far."""
    if device == "cpu":
        return time.perf_counter()
    event = torch.cuda.Event(enable_timing=True)
    event.record()
    return event


def steps_of(trainer: Any, make_loader: str, device: str) -> list[Step]:
    """Train to the end. The loader that `trainer` makes by the method of that name is watched meanwhile."""
    make, marks = getattr(trainer, make_loader), []
    setattr(trainer, make_loader, lambda *args: Watched(make(*args), device, marks))
    with redirect_stdout(sys.stderr):
        trainer.train()
    wait_for(device)
    between = (lambda a, b: b - a) if device == "cpu" else (lambda a, b: a.elapsed_time(b) / 1000)
    return [(between(asked, given), between(asked, done)) for asked, given, done in marks]


def our_steps(store: PairStore, recipe: Recipe, bf16: bool, args: argparse.Namespace) -> list[Step]:
    """All that is not asked for is the recipe's. The last step, which saves, is one too many."""
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        settings = dict(recipe.training) | {"per_device_train_batch_size": args.batch, "bf16": bf16, "compile": True}
        arguments = TrainingArguments(
            folder, max_steps=args.steps + 1, eval_steps=args.steps + 1, dataloader_num_workers=args.workers,
            report_to="none", use_cpu=args.device == "cpu", **settings,
        )
        dataset = TrainDataset(store, **dict(recipe.patches) | {"patch_size": args.patch})
        trainer = Trainer(DrlnModel(COMPACT if args.compact else PUBLISHED), arguments, dataset)
        return steps_of(trainer, "_loader", args.device)


def peer_steps(args: argparse.Namespace) -> list[Step]:
    """super-image's. Its trainer divides by zero if it has one epoch, and so has two."""
    import super_image

    patches, side = (args.steps + 1) // 2 * args.batch, args.patch
    data = TensorDataset(torch.rand(patches, 3, side, side), torch.rand(patches, 3, SCALE * side, SCALE * side))
    with tempfile.TemporaryDirectory() as folder:
        arguments = super_image.TrainingArguments(
            folder, num_train_epochs=2, per_device_train_batch_size=args.batch, no_cuda=args.device == "cpu"
        )
        model = super_image.DrlnModel(super_image.DrlnConfig(scale=SCALE, bam=True))
        trainer = super_image.Trainer(model, arguments, data, Subset(data, [0]))
        return steps_of(trainer, "get_train_dataloader", args.device)


def ways(store: PairStore, args: argparse.Namespace) -> dict[str, tuple[tuple[bool, bool], Callable[[], list[Step]]]]:
    """By name: whether TF32 is allowed in convolutions and in other products, and what trains."""
    on_gpu, found = args.device == "cuda", {}
    if HAS_PEER and not args.compact:
        stand_in_for_torchvision()
        for name, allowed in {", TF32 off": (False, False), ", TF32 on": (True, True)}.items():
            found[f"super-image 0.2.0{name if on_gpu else ''}"] = (allowed, partial(peer_steps, args))
    recipe = RECIPES["compact" if args.compact else "published"]
    for bf16 in (False, True) if on_gpu or args.bf16 else (False,):
        found["ours, bf16=True" if bf16 else OURS] = (TORCHS_OWN, partial(our_steps, store, recipe, bf16, args))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("auto", "cuda", "cpu"), default="auto", help="(default: a GPU if any)")
    parser.add_argument("--batch", type=int, help="patches a step (default: 16, on a CPU 2)")
    parser.add_argument("--patch", type=int, help="side of the LR patches (default: 64, on a CPU 24)")
    parser.add_argument("--steps", type=int, help="the first quarter is left out (default: 20, on a CPU 4)")
    parser.add_argument("--rounds", type=int, default=1, help="through all trainers, of --steps each (default: 1)")
    parser.add_argument("--workers", type=int, default=0, help="threads that cut patches for ours (default: 0)")
    parser.add_argument("--bf16", action="store_true", help="ours with bf16=True, too; on a GPU it always is")
    compact = "the compact network by its recipe; super-image cannot build it"
    parser.add_argument("--compact", action="store_true", help=compact)
    args = parser.parse_args()
    if args.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""    # super-image's model goes to a GPU whatever its arguments say
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")    # its batches are multiplied where there are many
    if args.device == "auto":
        args.device = "cuda" if torch.cuda.is_available() else "cpu"
    for name, defaults in {"batch": (2, 16), "patch": (24, 64), "steps": (4, 20)}.items():
        setattr(args, name, getattr(args, name) or defaults[args.device == "cuda"])
    if args.steps < 2:
        parser.error("--steps: give at least 2, of which one is left out")
    found: dict[str, list[Step]] = {}
    with tempfile.TemporaryDirectory() as folder:
        store = build_store(ColumnPairs(mosaics(list_samples(), 4, Path(folder))), folder)
        for name, (tf32, run) in [*ways(store, args).items()] * args.rounds:
            torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = tf32
            found.setdefault(name, []).extend(run()[max(1, args.steps // 4) : args.steps])
            gc.collect()    # what one trainer holds would be missing to the next
            torch.cuda.empty_cache()
    medians = {name: statistics.median(whole for _, whole in steps) for name, steps in found.items()}
    base = min((medians[name] for name in found if name.startswith("super-image")), default=medians[OURS])
    rows = []
    for name, steps in found.items():
        waiting, whole = map(sum, zip(*steps))
        cells = (f"{medians[name]:.3g}", f"{args.batch / medians[name]:.3g}", f"{base / medians[name]:.2f}")
        rows.append((name, *cells, f"{waiting / whole:.2%}"))
    print(f"{'Compact' if args.compact else '34 M'} network, {SCALE}x, batches of {args.batch} LR patches of "
          f"{args.patch}x{args.patch},\nmedian of {len(steps)} steps; {machine(args.device)}\n\n{table(HEADER, rows)}")


if __name__ == "__main__":
    main()
