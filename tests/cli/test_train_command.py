"""The `train` command, called as the shell calls it."""

import sys

import numpy as np
import pillow_heif
import pytest
import torch
from histories import read_history
from huggingface_hub import ModelCard
from matplotlib.figure import Figure
from PIL import Image
from set_files import div2k_files, photo, png, write_files

from drln import DrlnConfig, DrlnModel
from drln.__main__ import main
from drln.cli import train as train_command
from drln.plots.curve import plot_history

SMALL = ["--scale", "2", "--patch-size", "12", "--batch-size", "2", "--steps", "4", "--eval-steps", "2"]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder to be in: five photos, and a model to start from."""
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path / "photos", {f"{name}.png": png(photo(seed, 60, 50)) for seed, name in enumerate("abcde")})
    torch.manual_seed(1)
    DrlnModel(DrlnConfig(2, bam=True, channels=4, groups=(1, 2))).save_pretrained("tiny")
    monkeypatch.setattr(train_command, "plot_history", lambda history: Figure((1, 1)))    # which takes as long as a run
    return tmp_path


def train(*arguments: str, data: tuple[str, ...] = ("photos",)) -> int:
    options = ["--device", "cpu", "--report-to", "none", "--cache-dir", "cache", "--output", "run"]
    return main(["train", "--data", *data, *options, *SMALL, *arguments])


def test_fine_tuning_leaves_weights_card_history_and_curve(place, capsys, monkeypatch):
    monkeypatch.setattr(train_command, "plot_history", plot_history)
    assert train("--model", "tiny", "--learning-rate", "1e-3") == 0

    shown = capsys.readouterr().out
    assert "4 images to train on, 1 to choose the best weights by; 4 steps" in shown and "| held out | 2x |" in shown
    assert [row["step"] for row in read_history("run/history.csv")] == [0, 2, 4]
    with Image.open("run/curve.png") as curve:
        assert curve.width > 600
    best, start = DrlnModel.from_pretrained("run", 2), DrlnModel.from_pretrained("tiny", 2)
    assert best.config == start.config
    card = (place / "run" / "README.md").read_text()
    for fact in ("| started from | tiny 2x |", "| steps | 4 |", "| learning_rate | 0.001 |", "| held out | 2x |"):
        assert fact in card


def test_training_from_scratch_builds_the_network_that_is_asked_for(place):
    assert train("--from-scratch", "--channels", "6", "--groups", "1", "1", "--laplacian") == 0

    config = DrlnModel.from_pretrained("run", 2).config
    assert config == DrlnConfig(2, bam=False, channels=6, groups=(1, 1))


def test_a_recipe_gives_what_is_not_given_otherwise(place, capsys):
    assert train("--recipe", "compact", "--from-scratch", "--channels", "8", "--bf16") == 0

    assert "4 images to train on, 1 to choose the best weights by; 4 steps" in capsys.readouterr().out
    config = DrlnModel.from_pretrained("run", 2).config
    assert config == DrlnConfig(2, bam=True, channels=8, groups=(3,), border=4)
    card = (place / "run" / "README.md").read_text()
    assert "in groups of 3, and a border of 4 LR pixels." in card
    for fact in ("| LR patch | 12x12 |", "| optimizer | muon |", "| learning_rate | 0.002 |", "| schedule | cosine |",
                 "| loss | l1-then-squared |", "| ema_decay | 0.999 |", "| bf16 | True |"):    # fmt: skip
        assert fact in card


def test_a_run_by_the_clock_says_how_long_it_is(place, capsys):
    options = ["--device", "cpu", "--report-to", "none", "--cache-dir", "cache", "--output", "run", "--minutes", "0.02"]
    small = ["--scale", "2", "--patch-size", "12", "--batch-size", "2", "--model", "tiny"]
    assert main(["train", "--data", "photos", *options, *small]) == 0

    assert "1 to choose the best weights by; 0.02 minutes" in capsys.readouterr().out
    steps = read_history("run/history.csv")[-1]["step"]
    assert steps >= 1 and f"| steps | {steps:.0f} |" in (place / "run" / "README.md").read_text()


def test_degraded_images_are_trained_on_and_the_card_says_so(place, capsys):
    assert train("--model", "tiny", "--degraded", data=("photos", "drawn")) == 0

    shown = capsys.readouterr().out
    assert "31 images to train on, 2 to choose the best weights by" in shown
    card = (place / "run" / "README.md").read_text()
    assert "MATLAB's bicubic, degraded" in card and card.count("| held out | 2x |") == 2
    results = ModelCard(card).data.eval_results
    assert {result.dataset_name for result in results} == {
        "held out 2x, standard protocol", "held out 2x, standard protocol, jpeg40"
    }    # fmt: skip
    assert "Trained on photos that were scaled down, a little blurred and noisy" in card


def test_another_scale_starts_from_all_but_the_upsampler(place):
    assert train("--model", "tiny", "--model-scale", "2", "--scale", "3", "--learning-rate", "1e-9") == 0

    trained = DrlnModel.from_pretrained("run", 3).state_dict()
    for name, tensor in DrlnModel.from_pretrained("tiny", 2).state_dict().items():
        if not name.startswith("upsampler"):
            torch.testing.assert_close(trained[name], tensor, rtol=0, atol=1e-6)


def test_a_run_is_resumed_and_not_overwritten_unasked(place, capsys):
    assert train("--model", "tiny") == 0

    assert train("--model", "tiny") == 1
    assert "run holds a run already; resume it" in capsys.readouterr().err
    assert train("--model", "tiny", "--resume", "--steps", "6") == 0
    assert [row["step"] for row in read_history("run/history.csv")] == [0, 2, 4, 6]
    assert train("--model", "tiny", "--overwrite") == 0
    assert [row["step"] for row in read_history("run/history.csv")] == [0, 2, 4]


def test_a_readme_of_the_reader_is_not_replaced_by_the_card(place, capsys):
    write_files(place, {"README.md": b"# My project"})

    assert train("--model", "tiny", "--output", ".") == 1

    assert "holds a README.md, which the model card would replace; choose another --output" in capsys.readouterr().err
    assert (place / "README.md").read_bytes() == b"# My project" and not (place / "checkpoint.pt").exists()


def test_held_out_images_are_not_trained_on(place, capsys):
    for name, level in (("a", 0), ("c", 128), ("e", 255)):    # every second one is flat, and flat images are easy
        Image.fromarray(np.full((50, 60, 3), level, np.uint8)).save(place / "photos" / f"{name}.png")

    assert train("--from-scratch", "--channels", "4", "--groups", "1", "--hold-out", "2") == 0

    assert "2 images to train on, 3 to choose" in capsys.readouterr().out
    assert read_history("run/history.csv")[-1]["loss"] > 0.02    # of b and d


def test_a_set_with_a_split_of_its_own_is_validated_on_that(place, capsys):
    files = div2k_files({"0801": photo(7, 60, 50)}, scale=2)
    more = {name.replace("valid", "train"): data for name, data in div2k_files({"0001": photo(8, 60, 50)}, 2).items()}
    write_files(place / "div2k", files | more)

    assert train("--model", "tiny", data=("div2k", "photos")) == 0

    assert "6 images to train on, 1 to choose" in capsys.readouterr().out


def test_no_image_is_in_both_however_the_folder_is_named(place, capsys):
    write_files(place / "more", {"x.png": png(photo(9, 60, 50))})

    code = train("--model", "tiny", "--validation", str(place / "photos"), data=("photos", "more", "./photos"))

    assert code == 0 and "1 images to train on, 5 to choose" in capsys.readouterr().out


def test_the_same_seed_draws_the_same_weights(place):
    arguments = ("--from-scratch", "--channels", "4", "--groups", "1", "--seed", "7")
    train(*arguments)
    first = (place / "run" / "model_2x.safetensors").read_bytes()

    train(*arguments, "--overwrite")

    assert (place / "run" / "model_2x.safetensors").read_bytes() == first


def test_images_for_validation_may_be_named(place, capsys):
    write_files(place / "others", {"x.png": png(photo(9, 60, 50)), "y.png": png(photo(10, 60, 50))})

    assert train("--model", "tiny", "--validation", "others") == 0

    assert "5 images to train on, 2 to choose" in capsys.readouterr().out


def test_every_format_and_every_folder_below_is_trained_on_and_the_rest_is_named(place, capsys):
    more = place / "photos" / "more"
    more.mkdir()
    photo(6, 60, 50).save(more / "a.avif")
    photo(7, 60, 50).save(more / "b.gif")
    pillow_heif.from_pillow(photo(8, 60, 50)).save(more / "c.heic")
    (more / "notes.txt").write_text("no photo")
    run = place / "photos" / "run"    # whose curve is no photo
    train("--model", "tiny", "--output", str(run))

    code = train("--model", "tiny", "--output", str(run), "--overwrite")

    shown = capsys.readouterr()
    assert code == 0 and shown.out.count("7 images to train on, 1 to choose") == 2
    assert "notes.txt: left out: no image that can be read here" in shown.err


def test_all_images_that_cannot_be_read_are_named_before_anything_is_decoded(place, capsys):
    for name in "bd":
        (place / "photos" / f"{name}.png").write_text("no image")

    assert train("--model", "tiny") == 1

    error = capsys.readouterr().err
    assert "2 of 5 images cannot be read: " in error and "b.png is no image" in error and "d.png is no image" in error
    assert error.count("\n") == 1 and not (place / "cache").exists() and not (place / "run").exists()


def test_all_images_that_cannot_be_decoded_are_named_before_the_training(place, capsys):
    whole = png(photo(1, 60, 50))
    for name in "bd":
        (place / "photos" / f"{name}.png").write_bytes(whole[: len(whole) // 2])

    assert train("--model", "tiny") == 1

    error = capsys.readouterr().err
    assert "2 of 4 images fail: " in error and "b.png cannot be decoded" in error and "d.png cannot be" in error
    assert not (place / "run").exists()


def test_a_held_out_image_that_cannot_be_decoded_is_named_before_the_training(place, capsys):
    whole = png(photo(1, 60, 50))
    (place / "photos" / "a.png").write_bytes(whole[: len(whole) // 2])

    assert train("--model", "tiny") == 1

    assert "a.png cannot be decoded" in capsys.readouterr().err and not (place / "run").exists()


def test_images_too_small_for_patches_or_to_be_measured_are_named_at_the_start(place, capsys):
    write_files(place / "others", {"x.png": png(photo(9, 13, 40)), "y.png": png(photo(9, 60, 14))})

    assert train("--model", "tiny", "--validation", "others") == 1
    held = capsys.readouterr().err
    assert train("--model", "tiny", "--validation", "photos", data=("others",)) == 1
    used = capsys.readouterr().err

    for error in (held, used):
        assert "x.png (13x40); " in error and "y.png (60x14)" in error and error.count("\n") == 1
    assert "are too small to be measured at 2x; leave them out, or name others with --validation" in held
    assert "LR patches of 12 pixels do not fit an LR image with a side of 6; make the patches smaller, or" in used
    assert not (place / "run").exists() and not (place / "cache").exists()


@pytest.mark.parametrize("package", ["accelerate", "matplotlib"])
def test_a_package_that_is_missing_is_named_before_the_work(place, capsys, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)    # as Python has one that cannot be imported

    assert train("--model", "tiny") == 1

    assert f"training needs the package {package}: pip install 'drln[train]'" in capsys.readouterr().err
    assert not (place / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "data", "message"),
    [
        ([], ("absent",), "there is no folder absent and no such data set"),
        (["--patch-size", "64"], ("photos",), "LR patches of 64 pixels do not fit an LR image with a side of 25"),
        (["--hold-out", "1"], ("photos",), "there are 5 images, and --hold-out is 1: none is left"),
        (["--validation", "photos"], ("photos",), "all images of photos are in --validation"),
        (["--learning-rate", "0"], ("photos",), "learning_rate is 0.0; give a positive number"),
        (["--scale", "3"], ("photos",), "holds no 3x model"),
        (["--minutes", "1"], ("photos",), "minutes is 1.0; leave it out, or leave out max_steps"),
        (["--flat", "2"], ("photos",), "flat is 2.0; give a share from 0 to 1"),
        (["--candidates", "0"], ("photos",), "candidates is 0; give a whole number of at least 1"),
    ],
    ids=lambda case: " ".join(case) if isinstance(case, (list, tuple)) else None,
)
def test_bad_input_is_told_in_one_line_before_anything_is_decoded(place, capsys, arguments, data, message):
    assert train("--model", "tiny", *arguments, data=data) == 1

    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not (place / "cache").exists() and not (place / "run").exists()
