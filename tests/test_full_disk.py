"""A disk that has no room: whatever is written, an error says so, nothing new is left, and the old file stays.

The kernel refuses, as on a full disk, what goes beyond half of the bytes that the same write takes when it may.
"""

import io
import resource
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from photo_files import noise
from PIL import Image
from set_files import photo, png

from demo.backend import results
from demo.backend.batch import DONE, Batches, BatchReport, Entry
from demo.backend.service import Finished
from drln.__main__ import main
from drln.data import PhotoPairs, build_store
from drln.data.archives import unpack
from drln.images import Picture, write_image
from drln.images.exif import PREFIX
from drln.model import DrlnModel
from drln.network.config import DrlnConfig
from drln.plots.curve import plot_history
from drln.plots.figures import write_figure
from drln.training.publishing import write_card
from drln.training.run_folder import RunFolder, RunState, write_history
from drln.weights.checkpoint import save_checkpoint

TINY = DrlnConfig(scale=2, bam=True, channels=8, groups=(2, 1))
ROW = {"step": 1.0, "loss": 0.5, "psnr": 30.0, "learning_rate": 1e-4, "seconds": 2.0}
CAMERA = PREFIX + b"II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x1a\0\0\0" + bytes(4) + (
    b"\x01\0\x9a\x82\x05\0\x01\0\0\0\x2c\0\0\0" + bytes(4) + b"\x01\0\0\0\x64\0\0\0"
)    # an exposure of 1/100 s


def image(name: str, depth: int = 8) -> Callable[[Path], None]:
    levels = noise(90, 120, 3) if depth == 8 else noise(90, 120, 6).view(np.uint16)
    return lambda folder: write_image(Picture(levels, {"exif": CAMERA, "dpi": (300, 300)}), folder / name)


def weights(name: str) -> Callable[[Path], None]:
    return lambda folder: save_checkpoint(folder / name, TINY, DrlnModel(TINY).state_dict())


def run_folder(folder: Path) -> None:
    model = torch.nn.Linear(9, 99)
    RunFolder(folder).save(RunState(history=[ROW]), model, model, torch.optim.Adam(model.parameters()))


def best_weights(folder: Path) -> None:
    DrlnModel(TINY).save_pretrained(folder)


def card(folder: Path) -> None:
    write_card(folder, "my-drln", data="photos", recipe={"steps": 9})


def result(folder: Path) -> None:
    with results.new_folder(folder) as made:
        results.save(made, "photo_tiny_2x.jpg", Picture(noise(60, 80, 3)), Picture(noise(120, 160, 3)))


def batch(folder: Path) -> None:
    saved = results.Saved(folder / "photo.png", (40, 30), (80, 60))
    done = Entry("photo", DONE, finished=Finished(saved, "Tiny", "bundled", "cpu", "float32", 1.0))
    assert Batches(None).archive(BatchReport((done, done)))


def store(folder: Path) -> None:
    build_store(PhotoPairs([folder / "hr.png"], 2), folder)


def archive(folder: Path) -> None:
    unpack(folder / "Set5_HR.tar.gz", folder / "Set5_HR")


def packed_photo(folder: Path) -> None:
    content = png(photo(1, 64, 48))
    with tarfile.open(folder / "Set5_HR.tar.gz", "w:gz") as tar:
        entry = tarfile.TarInfo("Set5_HR/baby.png")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))


WRITERS = {
    **{f"image{suffix}": image(f"out{suffix}") for suffix in (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff")},
    "deep.png": image("out.png", 16),
    "deep.tiff": image("out.tiff", 16),
    "weights.pt": weights("model.pt"),
    "weights.safetensors": weights("model.safetensors"),
    "checkpoint and history": run_folder,
    "history": lambda folder: write_history(folder / "history.csv", [ROW] * 9),
    "best weights": best_weights,
    "model card": card,
    "curve": lambda folder: write_figure(folder / "curve.png", plot_history([ROW, ROW | {"step": 2.0}])),
    "result of the app": result,
    "zip of the app": batch,
    "store": store,
    "archive": archive,
}
BEFORE = {    # what some of them read
    "model card": weights("model_2x.safetensors"),
    "zip of the app": lambda folder: write_image(Image.fromarray(noise(60, 80, 3)), folder / "photo.png"),
    "store": lambda folder: (folder / "hr.png").write_bytes(png(photo(1, 64, 48))),
    "archive": packed_photo,
}
# What takes what is there, or is given a new folder each time.
ONCE = ("result of the app", "zip of the app", "store", "archive")


@pytest.mark.parametrize("name", WRITERS)
def test_a_writer_that_finds_no_room_says_so_and_leaves_no_part_of_it(tmp_path, name):
    free, full = prepared(tmp_path / "free", name), prepared(tmp_path / "full", name)
    before = content_of(free)
    WRITERS[name](free)
    new = {path: content for path, content in content_of(free).items() if path not in before}

    with pytest.raises((OSError, ValueError), match="(cannot be written: |the disk is full).*; "):
        with may_write(max(map(len, new.values())) // 2):
            WRITERS[name](full)

    left = {path: len(content) for path, content in content_of(full).items() if path not in before}
    assert len(left) < len(new) and all(size == len(new[path]) for path, size in left.items())


@pytest.mark.parametrize("name", [name for name in WRITERS if name not in ONCE])
def test_a_writer_that_finds_no_room_leaves_the_files_that_were_there(tmp_path, name):
    folder = prepared(tmp_path / "results", name)
    before = content_of(folder)
    WRITERS[name](folder)
    there = content_of(folder)
    largest = max(there.keys() - before, key=lambda path: len(there[path]))
    (folder / largest).write_bytes(b"old")

    with pytest.raises((OSError, ValueError), match="cannot be written: "):
        with may_write(len(there[largest]) // 2):
            WRITERS[name](folder)

    assert content_of(folder) == there | {largest: b"old"}


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff"])
@pytest.mark.parametrize("old", [None, b"an older result"])
def test_upscale_on_a_full_disk_ends_in_one_sentence_and_leaves_what_was_there(tmp_path, capsys, suffix, old):
    DrlnModel(TINY).save_pretrained(tmp_path / "tiny")
    Image.fromarray(noise(60, 80, 3)).save(tmp_path / "photo.png")
    output = new_folder(tmp_path / "results") / f"out{suffix}"
    if old:
        output.write_bytes(old)

    with may_write(5_000):
        code = main(
            ["upscale", f"{tmp_path}/photo.png", "--scale", "2", "--model", f"{tmp_path}/tiny", "--output", str(output)]
        )

    message = f"drln: {output} cannot be written: File too large; choose another place\n"
    assert code == 1 and capsys.readouterr().err == message
    assert content_of(output.parent) == ({output.name: old} if old else {})


def test_evaluate_on_a_full_disk_ends_in_one_sentence(tmp_path, capsys):
    new_folder(tmp_path / "photos").joinpath("a.png").write_bytes(png(photo(1, 40, 36)))
    output = new_folder(tmp_path / "results") / "scores.csv"
    command = ["evaluate", "--model", "bicubic", "--dataset", f"{tmp_path}/photos", "--output", str(output)]

    with may_write(9):
        code = main(command)

    message = f"drln: {output} cannot be written: File too large; choose another place\n"
    assert code == 1 and capsys.readouterr().err.endswith(message) and content_of(output.parent) == {}


def prepared(folder: Path, name: str) -> Path:
    """A new folder with what that writer reads."""
    folder.mkdir()
    BEFORE.get(name, lambda _: None)(folder)
    return folder


def new_folder(path: Path) -> Path:
    path.mkdir()
    return path


def content_of(folder: Path) -> dict[str, bytes]:
    """Of all files in it but locks, by their paths."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".lock")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@contextmanager
def may_write(most: int) -> Iterator[None]:
    """No file of this process may be larger than that, in bytes; Python has the kernel's signal ignored."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
