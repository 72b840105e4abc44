"""A training run of seconds as a program, for tests that kill, stop or spread it.

    python tests/support/training_run.py FOLDER STEPS [BATCH] [--resume] [--slow-save] [--apart] [--workers]
"""

import os
import sys
import time
from pathlib import Path

import torch
from PIL import Image

from drln import DrlnConfig, DrlnModel, Trainer, TrainingArguments
from drln.data import EvalDataset, PhotoPairs, TrainDataset
from drln.samples import list_samples
from drln.whole_files import write_whole


def small_photos(folder: Path) -> list[Path]:
    """Pieces of the sample photos, written to the folder."""
    pieces = [folder / sample.with_suffix(".png").name for sample in list_samples()[:3]]
    for sample, piece in zip(list_samples(), pieces):
        if not piece.exists():
            with Image.open(sample) as photo:
                part = photo.crop((100, 100, 196, 180))
                write_whole(piece, lambda file, part=part: part.save(file, "PNG"))    # the program may be killed here
    return pieces


def main(folder: str, steps: str, batch: str = "2", *flags: str) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(5)
    model = DrlnModel(DrlnConfig(2, bam=True, channels=4, groups=(1,)))
    train_dataset = TrainDataset(PhotoPairs(small_photos(Path(folder)), scale=2), 16, f"{folder}/cache")
    if "--apart" in flags:    # as on machines that share no disk
        folder += os.environ["RANK"]
    args = TrainingArguments(
        f"{folder}/run", max_steps=int(steps), per_device_train_batch_size=int(batch), eval_steps=4, learning_rate=1e-3,
        ema_decay=0.9, max_grad_norm=1, warmup_steps=2, schedule="cosine", report_to="none", use_cpu=True,
        dataloader_num_workers=2 * ("--workers" in flags),
    )    # fmt: skip
    if "--slow-save" in flags:
        save, sync, packed = torch.save, os.fsync, []

        def slowly(file):    # a checkpoint is written and has no name yet: a pause in which to be killed
            if packed:
                packed.clear()
                print("saving", flush=True)
                time.sleep(1)
            sync(file)

        torch.save, os.fsync = lambda content, file: packed.append(save(content, file)), slowly
    Trainer(model, args, train_dataset, EvalDataset(train_dataset.store)).train("--resume" in flags)


if __name__ == "__main__":
    main(*sys.argv[1:])
