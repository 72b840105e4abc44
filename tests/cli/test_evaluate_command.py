"""The evaluate command."""

import csv
import os
import signal
import sys
import threading
from pathlib import Path

import numpy as np
import photo_files
import pillow_heif
import pytest
import torch
from forked import Forked
from photo_files import HEIC_LOSSLESS
from PIL import Image
from set_files import hub_files, photo, png, write_files
from tqdm import tqdm

from drln import DrlnConfig, DrlnModel
from drln.__main__ import main
from drln.data import find_set
from drln.evaluation.scoring import evaluate

ROOT = Path(__file__).parents[2]
IMAGES = {"a.png": photo(1, 40, 36), "b.png": photo(2, 45, 38), "c.png": photo(3, 48, 40, "L")}


@pytest.fixture
def place(tmp_path, tiny_model, monkeypatch) -> Path:
    """A folder to work in, with models, a set as the hub has it and photos of one's own."""
    tiny_model.save_pretrained(tmp_path / "tiny")
    torch.manual_seed(3)
    DrlnModel(DrlnConfig(scale=3, bam=True, channels=8, groups=(2, 2))).save_pretrained(tmp_path / "tiny")
    write_files(tmp_path / "Set5", hub_files("Set5", IMAGES))
    (tmp_path / "holiday").mkdir()
    photo(4, 50, 44).save(tmp_path / "holiday" / "beach.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> int:
    return main(["evaluate", "--cache-dir", "cache", "--device", "cpu", *arguments])


def lines_of(path: Path) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_several_models_sets_scales_and_protocols_in_one_call(place, capsys):
    models, sets = ["bicubic", "tiny"], ["Set5", "holiday"]

    code = run("--model", *models, "--dataset", *sets, "--scale", "2", "3", "--protocol", "standard", "card",
               "--output", "scores.csv")    # fmt: skip

    printed = capsys.readouterr().out
    means = [line for line in lines_of(place / "scores.csv") if line["image"] == "mean"]
    assert code == 0 and len(means) == 2 * 2 * 2 * 2
    for line in means:
        scale, protocol = int(line["scale"]), line["protocol"]
        model = "bicubic" if line["model"] == "bicubic" else DrlnModel.from_pretrained("tiny", scale)
        pairs = find_set(line["dataset"], f"bicubic_x{scale}", cache_dir="cache")
        wanted = evaluate(model, pairs, protocol, scale=scale)
        assert line["psnr"] == f"{wanted.psnr:.4f}" and line["ssim"] == f"{wanted.ssim:.6f}"
        assert f"{wanted.psnr:.2f} / {wanted.ssim:.4f}" in printed
    assert len(lines_of(place / "scores.csv")) == 16 + 8 * 3 + 8 * 1


def test_the_tables_are_printed_and_written_as_markdown(place, capsys):
    code = run("--model", "bicubic", "tiny", "--dataset", "Set5", "holiday", "--scale", "2", "--output", "scores.csv")

    printed = capsys.readouterr()
    assert code == 0 and (place / "scores.md").read_text() == printed.out
    assert printed.out.splitlines()[:3] == [
        "Standard protocol (of the papers): PSNR in dB / SSIM",
        "",
        "| Set | Scale | bicubic | tiny | Bicubic (card) | DRLN (paper) | DRLN+ (paper) |",
    ]
    assert [line.split("|")[1].strip() for line in printed.out.splitlines()[4:]] == ["Set5", "holiday/"]
    assert printed.err.startswith("drln: 8 scores in ") and printed.err.endswith("on cpu, float32, 1 process\n")
    assert {path.name for path in place.iterdir() if path.is_file()} == {"scores.csv", "scores.md"}


def test_several_degradations_in_one_call_have_a_table_each(place, capsys):
    names = ["jpeg40", "bd", "clean", "noise10", "jpeg40"]

    code = run("--model", "bicubic", "tiny", "--dataset", "Set5", "--scale", "3", "--degradation", *names,
               "--output", "scores.csv")    # fmt: skip

    printed = capsys.readouterr().out
    means = [line for line in lines_of(place / "scores.csv") if line["image"] == "mean"]
    assert code == 0 and len(means) == 4 * 2 and {line["degradation"] for line in means} == set(names)
    for line in means:
        model = "bicubic" if line["model"] == "bicubic" else DrlnModel.from_pretrained("tiny", 3)
        pairs = find_set("Set5", cache_dir="cache")
        wanted = evaluate(model, pairs, scale=3, degradation=line["degradation"])
        assert line["psnr"] == f"{wanted.psnr:.4f}" and line["ssim"] == f"{wanted.ssim:.6f}"
        assert f"{wanted.psnr:.2f} / {wanted.ssim:.4f}" in printed
    titles = [line for line in printed.splitlines() if line.startswith("Standard protocol")]
    assert [title.partition("LR degraded by ")[2].partition(":")[0] for title in titles] == [
        "", "JPEG of quality 40 (jpeg40)", "a blur of sigma 1.6 (bd)", "noise of sigma 10 (noise10)"
    ]
    assert printed.count("DRLN (paper)") == 1 and (place / "scores.md").read_text() == printed


def test_scores_are_of_clean_lr_unless_a_degradation_is_named(place, capsys):
    outputs = []
    for options in ([], ["--degradation", "clean"]):
        assert run("--model", "bicubic", "--dataset", "Set5", "--scale", "2", *options) == 0
        outputs.append(capsys.readouterr().out)

    assert outputs[0] == outputs[1] and "degraded" not in outputs[0]


def test_without_an_output_nothing_is_written_but_the_cache(place):
    before = set(place.iterdir())

    assert run("--model", "bicubic", "--dataset", "Set5") == 0

    assert set(place.iterdir()) - before == {place / "cache"}


def test_the_samples_are_measured_with_no_network(place, capsys):
    code = run("--model", "bicubic", "--local-files-only")

    assert code == 0 and "| samples | 4x |" in capsys.readouterr().out


def test_the_self_ensemble_is_marked_with_a_plus(place, capsys):
    run("--model", "bicubic", "tiny", "--dataset", "holiday", "--scale", "2", "--self-ensemble")

    assert "| bicubic | tiny+ |" in capsys.readouterr().out


def test_the_standard_protocol_needs_no_lr_archive(place):
    for archive in (place / "Set5" / "data").glob("*_LR_*"):
        archive.write_bytes(b"damaged")

    assert run("--model", "bicubic", "--dataset", "Set5") == 0
    assert run("--model", "bicubic", "--dataset", "Set5", "--protocol", "card") == 1


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--dataset", "Set6"], "no folder Set6 and no such data set"),
        (["--dataset", "Set5", "--split", "train"], "no split 'train'; choose validation"),
        (["--dataset", "someone/a-set", "--local-files-only"], "more. The set 'samples' needs no network"),
        (["--model", "absent"], "no file or folder absent"),
        (["--model", "tiny", "--scale", "4"], "holds no 4x model"),
        (["--device", "toaster"], "'toaster'"),
        (["--output", "scores.txt"], "ends in .csv"),
        (["--output", "absent/scores.csv"], "no folder absent"),
        (["--dataset", "tiny"], "holds no photos"),
        (["--degradation", "jpeg40", "jpg40"], "degradation is 'jpg40'; write clean, or one such as jpeg40"),
        (["--degradation", "jpeg0"], "write jpeg1 to jpeg100"),
        (["--scale", "3", "4", "--degradation", "bd"], "bd is for 3x alone, and the scale is 4; take scale 3"),
        (["--protocol", "standard", "card", "--degradation", "noise10"], "noise10 belongs to the standard protocol"),
    ],
)
def test_what_goes_wrong_is_one_line_before_the_work_begins(place, capsys, arguments, message):
    options = {"--model": "bicubic", "--dataset": "holiday", "--scale": "2", "--output": "scores.csv"}
    kept = [word for key, value in options.items() if key not in arguments for word in (key, value)]

    code = run(*kept, *arguments)

    printed = capsys.readouterr()
    assert code == 1 and printed.out == ""
    assert message in printed.err and printed.err.count("\n") == 1
    assert not list(place.glob("scores.*"))


@pytest.mark.parametrize(
    "arguments, message",
    [(["--scale", "5"], "invalid choice: 5"), (["--protocol", "matlab"], "matlab"), (["--model"], "--model")],
)
def test_an_ill_formed_command_is_one_line_and_exit_code_2(place, capsys, arguments, message):
    with pytest.raises(SystemExit) as stop:
        run(*arguments)

    line = capsys.readouterr().err
    assert stop.value.code == 2 and message in line and line.count("\n") == 1


def test_every_format_and_every_folder_below_is_measured_as_upscale_reads_it(place):
    folder = place / "mixed"
    (folder / "day 1").mkdir(parents=True)
    (folder / "day 2").mkdir()
    photo(1, 40, 36).save(folder / "a.avif", quality=90)
    photo(2, 40, 36).save(folder / "b.gif")
    pillow_heif.from_pillow(photo(3, 40, 36)).save(folder / "c.heic", **HEIC_LOSSLESS)
    deep = photo_files.noise(36, 40, 3, high=65_536, dtype=np.uint16)
    (folder / "day 1" / "d.png").write_bytes(photo_files.png(deep))
    photo(4, 40, 36).save(folder / "day 2" / "d.png")
    by_others = {
        "a.avif": np.asarray(Image.open(folder / "a.avif")),
        "b.gif": np.asarray(Image.open(folder / "b.gif").convert("RGB")),
        "c.heic": np.asarray(photo(3, 40, 36)),
        "day 1/d.png": np.round(deep / 257).astype(np.uint8),
        "day 2/d.png": np.asarray(photo(4, 40, 36)),
    }

    code = run("--model", "bicubic", "--dataset", "mixed", "--scale", "2", "--output", "scores.csv")

    lines = lines_of(place / "scores.csv")
    assert code == 0 and [line["image"] for line in lines] == [*by_others, "mean"]
    for line, pixels in zip(lines, by_others.values()):
        assert line["psnr"] == f"{evaluate('bicubic', [Image.fromarray(pixels)], scale=2).psnr:.4f}"


def test_a_bad_image_is_named_and_the_rest_is_measured_and_written(place, capsys):
    folder = place / "holiday"
    photo(5, 50, 44).save(folder / "sea.png")
    (folder / "cut.png").write_bytes((folder / "sea.png").read_bytes()[:300])
    photo(6, 12, 12).save(folder / "tiny.png")
    (folder / "notes.txt").write_text("no photo")

    code = run("--model", "bicubic", "tiny", "--dataset", "holiday", "Set5", "--scale", "2", "--output", "scores.csv")

    printed, lines = capsys.readouterr(), lines_of(place / "scores.csv")
    assert code == 1 and printed.err.splitlines()[-1].startswith("drln: 2 of 7 images could not be measured")
    assert "notes.txt: left out: no image" in printed.err and "bicubic: not measured: cut.png: " in printed.err
    ours = [line for line in lines if (line["model"], line["dataset"]) == ("tiny", "holiday/")]
    good = evaluate(DrlnModel.from_pretrained("tiny", 2), [folder / "beach.png", folder / "sea.png"])
    assert [line["image"] for line in ours] == ["beach.png", "sea.png", "cut.png", "tiny.png", "mean"]
    assert [line["psnr"] for line in ours] == [f"{i.psnr:.4f}" for i in good.images] + ["", "", f"{good.psnr:.4f}"]
    assert "cannot be decoded" in ours[2]["note"] and "codec" not in ours[2]["note"]
    assert "12x12 pixels, too small" in ours[3]["note"] and ours[4]["note"] == "over 2 of 4 images"
    report = (place / "scores.md").read_text()
    assert f"{good.psnr:.2f} / {good.ssim:.4f} (2 of 4 images)" in report and report == printed.out
    assert report.count("holiday/ 2x: 2 of 4 images were measured. Not measured: cut.png: ") == 1
    assert [line["image"] for line in lines if line["dataset"] == "Set5"] == [*IMAGES, "mean"] * 2


def test_a_set_of_which_nothing_can_be_measured_does_not_stop_the_others(place, capsys):
    write_files(place / "bad", {"a.jpg": b"no image"})

    code = run("--model", "bicubic", "--dataset", "bad", "holiday", "--scale", "2", "--output", "scores.csv")

    assert code == 1 and "| bad/ | 2x | – (0 of 1 images) |" in capsys.readouterr().out
    assert [line["image"] for line in lines_of(place / "scores.csv")] == ["a.jpg", "beach.png", "mean"]


def test_file_names_that_are_no_utf_8_are_written_readably(place):
    latin = Path(os.fsdecode(b"caf\xe9"))
    latin.mkdir()
    photo(4, 50, 44).save(latin / os.fsdecode(b"\xfc|ber.png"), "PNG")

    code = run("--model", "bicubic", "--dataset", str(latin), "--scale", "2", "--output", "scores.csv")

    [image, _] = lines_of(place / "scores.csv")
    assert code == 0 and (image["dataset"], image["image"]) == (r"caf\xe9/", r"\xfc|ber.png")
    assert r"| caf\xe9/ | 2x |" in (place / "scores.md").read_text()


def test_two_folders_of_one_name_have_a_row_each(place, capsys):
    for number, name in enumerate(("one", "two")):
        write_files(place / name / "photos", {"a.png": png(photo(number, 40, 40))})

    run("--model", "bicubic", "--dataset", "one/photos", "two/photos", "two/photos/", "--scale", "2")

    rows = [row.split("|")[1].strip() for row in capsys.readouterr().out.splitlines()[4:]]
    assert rows[:2] == ["one/photos", "two/photos"]


def test_ctrl_c_keeps_what_is_done_and_says_what_is_not(place, capsys, monkeypatch):
    for number in range(3):
        photo(number, 50, 44).save(place / "holiday" / f"large{number}.png")
    write = sys.stderr.write
    # A bar that is interrupted while it is drawn keeps tqdm's lock, for which the threads of other tests would wait.
    monkeypatch.setattr(tqdm, "_lock", threading.RLock(), raising=False)

    def interrupted(shown: str) -> int:
        return signal.raise_signal(signal.SIGINT) if "large1.png" in shown else write(shown)

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(sys.stderr, "write", interrupted)    # beach and large0 are measured then

    code = run("--model", "tiny", "--dataset", "Set5", "holiday", "--scale", "2", "--output", "scores.csv")

    shown = capsys.readouterr().err
    assert code == 130 and "Set5 2x standard, tiny: a.png" in shown    # the progress
    assert "stopped; what was done is above and in scores.csv" in shown.splitlines()[-1]
    images = [(line["dataset"], line["image"]) for line in lines_of(place / "scores.csv")]
    done = {"Set5": (*IMAGES, "mean"), "holiday/": ("beach.png", "large0.png")}
    assert images == [(name, image) for name in done for image in done[name]]
    assert "(2 of 4 images)" in (place / "scores.md").read_text()


LAUNCHER = [
    "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1",
    "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0",
]    # fmt: skip


def test_two_processes_of_a_launcher_give_the_scores_of_one(place, capsys):
    what = ["--model", "bicubic", "tiny", "--dataset", "Set5", "holiday", "--protocol", "standard", "card"]
    where = ["--scale", "2", "--cache-dir", "cache", "--device", "cpu", "--output"]

    code, one = run(*what, *where, "one.csv"), capsys.readouterr()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}    # for the two programs that it starts
    two = Forked(*LAUNCHER, "-m", "drln", "evaluate", *what, *where, "two.csv", env=environment, needs=["accelerate"])
    output, errors = two.communicate()

    assert code == two.returncode == 0, errors
    assert "1 process\n" in one.err and "2 processes\n" in errors
    assert lines_of(place / "one.csv") == lines_of(place / "two.csv") and one.out == output
