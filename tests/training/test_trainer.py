"""The trainer on a network and photos small enough for seconds; `test_training_runs.py` kills and spreads it."""

import csv
import io
import math
import shutil
import signal
import time
from contextlib import redirect_stderr
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from histories import read_history
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn
from torch.nn import functional as F

from drln import DrlnConfig, DrlnModel, write_card
from drln.data import EvalDataset, PhotoPairs, TrainDataset, build_store
from drln.evaluation.resize import imresize
from drln.evaluation.scoring import evaluate
from drln.plots.curve import plot_history
from drln.samples import list_samples
from drln.training.arguments import TrainingArguments, learning_rate_at
from drln.training.length import RunLength
from drln.training.loss import patch_loss, squared_share
from drln.training.recipes import RECIPES
from drln.training.run_folder import RunState, TrainingError
from drln.training.trainer import Trainer


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Pieces of three sample photos."""
    folder = tmp_path_factory.mktemp("photos")
    for path in [path for path in list_samples() if path.stem != "cameraman"][:3]:
        with Image.open(path) as photo:
            photo.crop((100, 100, 196, 180)).save(folder / f"{path.stem}.png")
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def store(photos, tmp_path_factory):
    return build_store(PhotoPairs(photos, scale=2), tmp_path_factory.mktemp("cache"))


class Finished(NamedTuple):
    folder: Path
    history: list[dict[str, float]]
    shown: str
    model: DrlnModel


@pytest.fixture(scope="module")
def finished(store, tmp_path_factory):
    """A run of eight steps, to read: `again` is a copy, to write to."""
    folder, model, shown = tmp_path_factory.mktemp("run"), small_model(), io.StringIO()
    with redirect_stderr(shown):
        args = arguments(folder, report_to="tensorboard")
        trainer = Trainer(model, args, TrainDataset(store, 16), EvalDataset(store))
        return Finished(folder, trainer.train(), shown.getvalue(), model)


@pytest.fixture
def again(finished, tmp_path):
    return shutil.copytree(finished.folder, tmp_path / "again")


def small_model(scale: int = 2) -> DrlnModel:
    torch.manual_seed(5)
    return DrlnModel(DrlnConfig(scale, bam=True, channels=4, groups=(1,)))


def arguments(folder, **changes) -> TrainingArguments:
    facts = dict(max_steps=8, per_device_train_batch_size=2, eval_steps=4, learning_rate=1e-3, ema_decay=0.9)
    return TrainingArguments(str(folder), **{**facts, **changes})


def same_weights(model: nn.Module, other: nn.Module) -> bool:
    return all(torch.equal(a, b) for a, b in zip(model.state_dict().values(), other.state_dict().values()))


class Patches:
    """A data set that says which patches were asked for, and fails where it is told to."""

    def __init__(self, dataset: TrainDataset, fails_at: int | None = None) -> None:
        self.dataset, self.fails_at, self.asked = dataset, fails_at, []

    def __len__(self) -> int:
        return len(self.dataset)

    def __getattr__(self, name: str):
        return getattr(self.dataset, name)

    def batch(self, items, chance, border=0):
        self.asked += items.tolist()
        if self.fails_at and len(self.asked) >= self.fails_at:
            raise Interrupted
        return self.dataset.batch(items, chance, border)


class Interrupted(Exception):
    pass


# Data


def test_patches_of_lr_and_hr_show_the_same_place_whatever_the_turn(store):
    dataset = TrainDataset(store, patch_size=24)
    chance = torch.rand(40, dataset.chances, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    for lr, hr in zip(*dataset.batch(torch.arange(40) % 3, chance)):
        again = imresize(hr.permute(1, 2, 0).numpy(), scale=1 / 2).astype(int)
        difference = np.abs(again - lr.permute(1, 2, 0).numpy().astype(int))
        assert difference[3:-3, 3:-3].max() <= 1    # the border saw other neighbours


def test_each_epoch_has_every_image_once_in_an_order_of_its_own(store, tmp_path):
    patches = Patches(TrainDataset(store, 16))
    args = arguments(tmp_path, max_steps=None, num_train_epochs=4, per_device_train_batch_size=3)

    Trainer(small_model(), args, patches).train()

    epochs = [tuple(patches.asked[i : i + 3]) for i in range(0, 12, 3)]
    assert len(patches.asked) == 12 and {tuple(sorted(epoch)) for epoch in epochs} == {(0, 1, 2)}
    assert len(set(epochs)) > 1


def test_any_data_set_of_pairs_trains_and_chooses(store, tmp_path):
    class Pairs:
        """As a program written for super-image has them: NumPy arrays of float32 in [0, 1]."""

        def __len__(self) -> int:
            return 3

        def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
            lr, hr = (image.astype(np.float32).transpose(2, 0, 1) / 255 for image in store.pair(index))
            return lr[:, :16, :16], hr[:, :32, :32]

    model = small_model()
    history = Trainer(model, arguments(tmp_path, ema_decay=0, max_steps=4), Pairs(), Pairs()).train()

    with torch.no_grad():
        errors = [F.mse_loss(luma_of(model(torch.from_numpy(lr)[None])), luma_of(torch.from_numpy(hr)[None]))
                  for lr, hr in Pairs()]
    assert history[-1]["psnr"] == pytest.approx(np.mean([10 * math.log10(255**2 / e) for e in errors]), abs=0.05)


def luma_of(image: torch.Tensor) -> torch.Tensor:
    """Rec. 601, of 0 to 255, without two pixels at each border."""
    weights = torch.tensor([65.481, 128.553, 24.966]).reshape(1, 3, 1, 1)
    return (image.clamp(0, 1) * weights).sum(1)[:, 2:-2, 2:-2]


def test_short_epochs_are_evaluated_together(store, tmp_path):
    dataset = TrainDataset(store, 16)    # three images: an epoch is three steps of one patch

    def steps(**changes) -> list[float]:
        args = arguments(tmp_path / str(changes), per_device_train_batch_size=1, ema_decay=0, **changes)
        return [row["step"] for row in Trainer(small_model(), args, dataset).train()]

    assert steps(max_steps=205, eval_steps=None) == [102, 204, 205]    # 34 epochs are the first to make 100 steps
    assert steps(max_steps=None, num_train_epochs=2, eval_steps=3) == [3, 6]


def test_a_long_epoch_is_evaluated_at_its_end(tmp_path):
    images = [{"lr": Image.new("RGB", (16, 16)), "hr": Image.new("RGB", (32, 32))}] * 130
    epochs = {"max_steps": None, "num_train_epochs": 2, "per_device_train_batch_size": 1, "eval_steps": None}

    history = Trainer(small_model(), arguments(tmp_path, **epochs), TrainDataset(images, 16, tmp_path)).train()

    assert [row["step"] for row in history] == [130, 260]


def test_checkpoints_between_evaluations_are_resumed(store, tmp_path):
    dataset = TrainDataset(store, 16)
    straight, resumed = small_model(), small_model()
    args = {"save_steps": 3, "eval_steps": 8}
    history = Trainer(straight, arguments(tmp_path / "straight", **args), dataset).train()
    broken = Patches(dataset, fails_at=2 * 7 + 1)    # in the eighth step, after the checkpoint of the sixth
    with pytest.raises(Interrupted):
        Trainer(small_model(), arguments(tmp_path / "resumed", **args), broken).train()
    rest = Patches(dataset)

    again = Trainer(resumed, arguments(tmp_path / "resumed", **args), rest).train(True)

    assert len(rest.asked) == 4 and same_weights(straight, resumed)
    assert [row["loss"] for row in again] == [row["loss"] for row in history]


# Beside a run


def test_weights_are_measured_and_saved_as_they_are_without_a_run(photos, store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = small_model()
    trainer = Trainer(model, eval_dataset=EvalDataset(store))

    score = trainer.eval(0)
    trainer.save_model()
    trainer.save_model("elsewhere")

    assert score == pytest.approx(evaluate(model.eval(), photos).psnr, abs=1e-3)
    assert same_weights(model, DrlnModel.from_pretrained("tmp_trainer", scale=2))
    assert same_weights(model, DrlnModel.from_pretrained("elsewhere", scale=2))


def test_the_best_weights_stay_where_others_are_saved_after_training(store, tmp_path):
    model = small_model()
    trainer = Trainer(model, arguments(tmp_path / "run"), TrainDataset(store, 16), EvalDataset(store))
    trainer.train()
    with torch.no_grad():
        model.tail.bias += 1

    with pytest.warns(UserWarning, match="holds the best weights of its run, and they stay; pass save_model"):
        trainer.save_model()
    trainer.save_model(tmp_path / "now")

    best, now = (DrlnModel.from_pretrained(tmp_path / name, scale=2) for name in ("run", "now"))
    torch.testing.assert_close(best.tail.bias + 1, model.tail.bias)
    assert same_weights(now, model)


def test_what_a_trainer_was_not_given_is_asked_for(store, tmp_path):
    trainer = Trainer(small_model(), arguments(tmp_path))

    with pytest.raises(TrainingError, match="there is no train_dataset; give Trainer one"):
        trainer.train()
    with pytest.raises(TrainingError, match="there is no eval_dataset; give Trainer one"):
        trainer.eval()
    with pytest.raises(TrainingError, match="resume_from_checkpoint is 'run/checkpoint-500'; write True"):
        Trainer(small_model(), arguments(tmp_path), TrainDataset(store, 16)).train("run/checkpoint-500")


# Training


def test_one_step_is_that_of_plain_pytorch(store, tmp_path):
    ours, plain = small_model().train(), small_model().train()
    dataset = TrainDataset(store, 16)
    seen = []
    patches = Patches(dataset)
    patches.batch = lambda *given: seen.append(dataset.batch(*given)) or seen[-1]
    args = arguments(tmp_path, max_steps=1, ema_decay=0, channels_last=False)

    Trainer(ours, args, patches).train()

    optimizer = torch.optim.Adam([p for p in plain.parameters() if p.requires_grad], lr=1e-3)
    lr, hr = (images.contiguous() / 255 for images in seen[0])
    F.l1_loss(plain(lr), hr).backward()
    optimizer.step()
    for ours_now, plain_now in zip(ours.parameters(), plain.parameters()):
        torch.testing.assert_close(ours_now, plain_now, rtol=0, atol=1e-7)


def test_training_lowers_the_loss_and_keeps_the_best_weights(photos, store, tmp_path):
    args = arguments(tmp_path, max_steps=60, eval_steps=20, learning_rate=3e-3)

    history = Trainer(small_model(), args, TrainDataset(store, 16), EvalDataset(store)).train()

    assert history[-1]["loss"] < 0.7 * history[0]["loss"]
    assert [row["step"] for row in history] == [20, 40, 60]
    assert read_history(tmp_path / "history.csv") == history
    best = DrlnModel.from_pretrained(tmp_path, scale=2)
    by_evaluate = evaluate(best, photos).psnr    # the standard protocol
    assert max(row["psnr"] for row in history) == pytest.approx(by_evaluate, abs=1e-3)


def test_fine_tuning_keeps_what_it_began_with_where_nothing_better_came(store, tmp_path):
    model = DrlnModel.from_pretrained("drln-bam-compact", scale=2)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    args = arguments(tmp_path, max_steps=1, eval_steps=1, learning_rate=0.05, ema_decay=0, eval_on_start=True)

    history = Trainer(model, args, TrainDataset(store, 16), EvalDataset(store)).train()

    assert history[0]["step"] == 0 and history[-1]["psnr"] < history[0]["psnr"] - 1
    best = DrlnModel.from_pretrained(tmp_path, scale=2).state_dict()
    assert all(torch.equal(best[name], tensor) for name, tensor in before.items())


def test_the_average_of_the_weights_is_what_is_saved_and_left_in_the_model(store, tmp_path):
    with_average, without = small_model(), small_model()
    dataset = TrainDataset(store, 16)

    Trainer(with_average, arguments(tmp_path / "a", ema_decay=0.99), dataset).train()
    Trainer(without, arguments(tmp_path / "b", ema_decay=0), dataset).train()

    assert not same_weights(with_average, without)
    assert same_weights(with_average, DrlnModel.from_pretrained(tmp_path / "a", scale=2))
    assert not with_average.training


def test_accumulated_batches_are_one_large_batch(store, tmp_path):
    whole, parts = small_model(), small_model()
    dataset = TrainDataset(store, 16)
    sizes = {"per_device_train_batch_size": 2, "gradient_accumulation_steps": 2}

    one = Trainer(whole, arguments(tmp_path / "a", per_device_train_batch_size=4), dataset).train()
    two = Trainer(parts, arguments(tmp_path / "b", **sizes), dataset).train()

    assert [row["loss"] for row in one] == pytest.approx([row["loss"] for row in two], rel=1e-5)
    assert [row["step"] for row in two] == [4, 8]


def test_bfloat16_trains_float32_weights(store, tmp_path):
    model = small_model()
    args = arguments(tmp_path, bf16=True, max_steps=20, eval_steps=10)

    history = Trainer(model, args, TrainDataset(store, 16)).train()

    assert history[-1]["loss"] < history[0]["loss"]
    assert {tensor.dtype for tensor in model.state_dict().values()} == {torch.float32}
    assert model(torch.rand(1, 3, 8, 8)).dtype == torch.float32


def test_threads_cut_the_same_patches(store, tmp_path):
    one, two = small_model(), small_model()

    Trainer(one, arguments(tmp_path / "a"), TrainDataset(store, 16)).train()
    Trainer(two, arguments(tmp_path / "b", dataloader_num_workers=2), TrainDataset(store, 16)).train()

    assert same_weights(one, two)


def test_the_learning_rate_follows_its_schedule(tmp_path):
    published = TrainingArguments(str(tmp_path))    # "1e-4, a tenth after 80 % of the epochs", says their card
    cosine = arguments(tmp_path, schedule="cosine", warmup_steps=10)

    assert [learning_rate_at(step, 100, published) for step in (0, 79)] == [1e-4, 1e-4]
    assert [learning_rate_at(step, 100, published) for step in (80, 99)] == pytest.approx([1e-5, 1e-5])
    assert learning_rate_at(4, 100, cosine) == pytest.approx(5e-4)
    assert learning_rate_at(10, 100, cosine) == pytest.approx(1e-3)
    assert learning_rate_at(55, 100, cosine) == pytest.approx(5e-4)


# Resuming


def test_a_resumed_run_ends_as_one_that_was_not_interrupted(store, finished, tmp_path):
    dataset = TrainDataset(store, 16)
    resumed = small_model()
    broken = Patches(dataset, fails_at=2 * 6 + 1)    # in the seventh of eight steps, two after the checkpoint
    with pytest.raises(Interrupted):
        Trainer(small_model(), arguments(tmp_path / "resumed"), broken, EvalDataset(store)).train()

    history = Trainer(resumed, arguments(tmp_path / "resumed"), dataset, EvalDataset(store)).train(True)

    assert same_weights(finished.model, resumed)
    assert figures(history) == figures(finished.history)    # bit for bit


def figures(history: list[dict[str, float]]) -> list[tuple[float, float, float]]:
    return [(row["step"], row["loss"], row["psnr"]) for row in history]


def test_a_run_stopped_between_two_evaluations_is_resumed_to_the_same_losses(store, finished, tmp_path):
    dataset, resumed = TrainDataset(store, 16), small_model()
    stopped = Patches(dataset)
    stopped.batch = lambda *given: press_ctrl_c(stopped) or Patches.batch(stopped, *given)
    with pytest.raises(KeyboardInterrupt, match="step [567] of 8 is saved in .*; resume it"):
        Trainer(small_model(), arguments(tmp_path), stopped, EvalDataset(store)).train()

    history = Trainer(resumed, arguments(tmp_path), dataset, EvalDataset(store)).train(True)

    assert len(stopped.asked) < 16    # no step was begun after it
    assert same_weights(finished.model, resumed)
    assert figures(history) == figures(finished.history)


def press_ctrl_c(patches: Patches) -> None:
    """In the sixth of eight steps."""
    if len(patches.asked) == 2 * 5:
        signal.raise_signal(signal.SIGINT)


class StoppedAt(EvalDataset):
    """Whoever asks for the image of this number, counted over all evaluations, is asked to stop then."""

    def __init__(self, store, number: int) -> None:
        super().__init__(store)
        self.number, self.asked = number, 0

    def __getitem__(self, index):
        self.asked += 1
        if self.asked == self.number:
            signal.raise_signal(signal.SIGTERM)
        return super().__getitem__(index)


@pytest.mark.parametrize(("number", "step"), [(2, 4), (5, 8)], ids=["first evaluation", "last evaluation"])
def test_an_evaluation_ends_when_the_run_is_stopped_and_is_made_again(store, finished, tmp_path, number, step):
    dataset, images, resumed = TrainDataset(store, 16), StoppedAt(store, number), small_model()
    with pytest.raises(KeyboardInterrupt, match=f"step {step} of 8 is saved"):
        Trainer(small_model(), arguments(tmp_path), dataset, images).train()
    left = len(read_history(tmp_path / "history.csv"))

    history = Trainer(resumed, arguments(tmp_path), dataset, EvalDataset(store)).train(True)

    assert images.asked == number and left == step // 4 - 1
    assert same_weights(finished.model, resumed)
    assert figures(history) == figures(finished.history)


def test_a_run_stopped_before_its_first_step_says_that_there_is_none(store, tmp_path):
    images = StoppedAt(store, 1)

    with pytest.raises(KeyboardInterrupt, match="no step was made yet"):
        Trainer(small_model(), arguments(tmp_path, eval_on_start=True), TrainDataset(store, 16), images).train()

    assert not (tmp_path / "checkpoint.pt").exists()


def test_ctrl_c_works_as_before_when_the_run_has_ended(finished):
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_a_finished_run_is_resumed_to_its_end(store, finished, again):
    model = small_model()

    history = Trainer(model, arguments(again), TrainDataset(store, 16)).train(resume_from_checkpoint=True)

    assert figures(history) == figures(finished.history)
    assert same_weights(finished.model, model)


def test_a_run_is_not_overwritten_unasked(store, again):
    dataset = TrainDataset(store, 16)
    before = (again / "checkpoint.pt").read_bytes()

    with pytest.raises(TrainingError, match="holds a run already; resume it"):
        Trainer(small_model(), arguments(again), dataset).train()

    assert (again / "checkpoint.pt").read_bytes() == before
    Trainer(small_model(), arguments(again, overwrite_output_dir=True, max_steps=4), dataset).train()
    assert len(read_history(again / "history.csv")) == 1


def test_a_checkpoint_of_another_network_or_a_damaged_one_is_refused(store, again):
    dataset = TrainDataset(store, 16)
    other = DrlnModel(DrlnConfig(2, bam=True, channels=6, groups=(1,)))

    with pytest.raises(TrainingError, match="checkpoint.pt cannot be resumed with this model"):
        Trainer(other, arguments(again), dataset).train(resume_from_checkpoint=True)
    (again / "checkpoint.pt").write_bytes(b"no checkpoint")
    with pytest.raises(TrainingError, match="checkpoint.pt cannot be resumed with this model"):
        Trainer(small_model(), arguments(again), dataset).train(resume_from_checkpoint=True)


def test_a_run_is_not_resumed_with_other_patches_a_step_images_or_seed(store, again, tmp_path):
    dataset = TrainDataset(store, 16)

    for change, words in (
        ({"per_device_train_batch_size": 4}, "with 2 as its patches a step, and this one has 4"),
        ({"seed": 3}, "with 0 as its seed, and this one has 3"),
    ):
        with pytest.raises(TrainingError, match=words):
            Trainer(small_model(), arguments(again, **change), dataset).train(resume_from_checkpoint=True)
    fewer = TrainDataset([{"lr": Image.new("RGB", (20, 20)), "hr": Image.new("RGB", (40, 40))}], 16, tmp_path)
    with pytest.raises(TrainingError, match="with 3 as its number of images, and this one has 1"):
        Trainer(small_model(), arguments(again), fewer).train(resume_from_checkpoint=True)


def test_a_run_keeps_the_border_of_its_network(store, tmp_path):
    dataset, config = TrainDataset(store, 16), DrlnConfig(2, bam=True, channels=4, groups=(1,), border=2)
    Trainer(DrlnModel(config), arguments(tmp_path, max_steps=1), dataset).train()

    assert DrlnModel.from_pretrained(tmp_path / "model_2x.safetensors").config == config
    with pytest.raises(TrainingError, match="with 2 as its border, and this one has 0"):
        Trainer(small_model(), arguments(tmp_path, max_steps=1), dataset).train(resume_from_checkpoint=True)


def test_an_overwritten_run_leaves_nothing_of_the_old_one(store, again):
    write_card(again, "me/old", data="", recipe={})
    wider = DrlnModel(DrlnConfig(2, bam=True, channels=6, groups=(1,)))

    Trainer(wider, arguments(again, overwrite_output_dir=True), TrainDataset(store, 16)).train()

    assert DrlnModel.from_pretrained(again).config == wider.config
    assert not (again / "README.md").exists()


def test_a_readme_that_is_no_model_card_is_not_removed(store, tmp_path):
    (tmp_path / "README.md").write_text("# My project")

    Trainer(small_model(), arguments(tmp_path, overwrite_output_dir=True), TrainDataset(store, 16)).train()

    assert (tmp_path / "README.md").read_text() == "# My project"


def test_weights_in_the_folder_are_not_replaced_unasked(store, tmp_path):
    wider = DrlnModel(DrlnConfig(2, bam=True, channels=6, groups=(1,)))
    weights = wider.save_pretrained(tmp_path)
    before = weights.read_bytes()

    for resume in (False, True):
        with pytest.raises(TrainingError, match="holds config.json; choose another output_dir, or set overwrite_outp"):
            Trainer(small_model(), arguments(tmp_path), TrainDataset(store, 16)).train(resume)

    assert weights.read_bytes() == before and not (tmp_path / "checkpoint.pt").exists()


def test_a_run_that_kept_its_weights_in_best_loads_and_is_resumed(store, finished, again):
    best = DrlnModel.from_pretrained(finished.folder, scale=2)
    (again / "best").mkdir()
    for name in ("config.json", "model_2x.safetensors"):
        (again / name).rename(again / "best" / name)

    earlier = DrlnModel.from_pretrained(again, scale=2)
    Trainer(small_model(), arguments(again), TrainDataset(store, 16)).train(resume_from_checkpoint=True)

    assert same_weights(earlier, best) and same_weights(DrlnModel.from_pretrained(again), best)
    assert (again / "model_2x.safetensors").is_file() and not list((again / "best").iterdir())


# What goes wrong


def test_results_that_are_no_numbers_stop_the_run(store, tmp_path):
    model = small_model()
    average = TrainingArguments(str(tmp_path), max_steps=2, per_device_train_batch_size=2, eval_on_start=True)
    with torch.no_grad():
        model.tail.bias.fill_(math.nan)

    with pytest.raises(TrainingError, match="the model's results became NaN by step 0; there is no checkpoint yet"):
        Trainer(model, average, TrainDataset(store, 16), EvalDataset(store)).train()


def test_too_little_memory_is_told_with_what_to_do(store, tmp_path):
    class Greedy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(1))

        def forward(self, x):
            return torch.empty(2**60) * self.weight    # really asked for, and refused

    with pytest.raises(TrainingError, match="memory ran out on cpu; .* Try a smaller per_device_train_batch_size"):
        Trainer(Greedy(), arguments(tmp_path, ema_decay=0), TrainDataset(store, 16)).train()


def test_a_loss_that_is_no_number_stops_the_run_and_leaves_the_last_good_checkpoint(store, again):
    good = (again / "checkpoint.pt").read_bytes()
    args = arguments(again, max_steps=12, learning_rate=1e30)

    with pytest.raises(TrainingError, match="the loss became nan in step 10, .* last good checkpoint is kept in"):
        Trainer(small_model(), args, TrainDataset(store, 16)).train(resume_from_checkpoint=True)

    assert (again / "checkpoint.pt").read_bytes() == good


def test_model_and_data_of_different_scales_are_refused(store, tmp_path):
    message = "of an LR patch of 16x16 pixels the model makes 64x64, but the HR patch has 32x32; .* of one scale"

    with pytest.raises(TrainingError, match=message):
        Trainer(small_model(scale=4), arguments(tmp_path), TrainDataset(store, 16)).train()


def test_empty_data_sets_are_refused(store, tmp_path):
    with pytest.raises(TrainingError, match="the data set is empty"):
        Trainer(small_model(), arguments(tmp_path), [])
    with pytest.raises(TrainingError, match="the data set is empty"):
        Trainer(small_model(), arguments(tmp_path), TrainDataset(store, 16), [])


@pytest.mark.parametrize(
    "wrong",
    [
        {"learning_rate": 0},
        {"schedule": "linear"},
        {"per_device_train_batch_size": 0},
        {"max_steps": 0},
        {"ema_decay": 1.0},
        {"max_grad_norm": -1},
        {"report_to": "wandb"},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_arguments_out_of_range_are_named_with_their_value(tmp_path, wrong):
    ((name, value),) = wrong.items()

    with pytest.raises(ValueError, match=f"{name} is {value!r}; (give|choose) "):
        arguments(tmp_path, **wrong)


def test_a_folder_that_cannot_be_written_to_is_told_before_the_work(store, tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(TrainingError, match="file/run cannot be written to"):
        Trainer(small_model(), arguments(tmp_path / "file" / "run"), TrainDataset(store, 16)).train()


# What is shown


def test_the_bar_tells_loss_psnr_and_speed(finished):
    shown = finished.shown

    assert "8/8" in shown and "loss=0." in shown and " dB" in shown and "images/s=" in shown


def test_the_bar_moves_with_each_step_that_takes_its_time(store, tmp_path, capsys):
    patches = Patches(TrainDataset(store, 16))
    patches.batch = lambda *given: time.sleep(0.12) or patches.dataset.batch(*given)
    Trainer(small_model(), arguments(tmp_path, eval_steps=8), patches).train()

    shown = capsys.readouterr().err
    assert all(f" {step}/8 " in shown for step in range(9))


def test_tensorboard_gets_each_row_of_the_history(finished):
    read = EventAccumulator(str(finished.folder / "drln")).Reload()

    for name in ("loss", "psnr", "learning_rate"):
        rows = [(event.step, event.value) for event in read.Scalars(name)]
        assert rows == [(row["step"], pytest.approx(row[name])) for row in finished.history]


def test_the_curve_shows_loss_and_psnr(tmp_path):
    history = [dict(step=s, loss=1 / s, psnr=20.0 + s % 3, learning_rate=1e-3, seconds=s) for s in (1, 2, 3)]

    figure = plot_history(history)

    loss, psnr = figure.axes
    assert list(loss.lines[0].get_ydata()) == [1, 1 / 2, 1 / 3] and list(psnr.lines[0].get_ydata()) == [21, 22, 20]
    assert psnr.get_title().endswith("best 22.00 dB in step 2")
    assert len(plot_history([{**row, "psnr": math.nan} for row in history]).axes) == 1
    with pytest.raises(ValueError, match="the history is empty"):
        plot_history([])


def test_the_history_is_a_table_that_others_can_read(finished):
    with open(finished.folder / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))

    assert [row["step"] for row in rows] == ["4", "8"] and float(rows[0]["seconds"]) > 0


def test_a_sample_is_as_the_photo_says(photos, store):
    with Image.open(photos[0]) as photo:
        hr = np.asarray(photo.convert("RGB"))

    assert torch.equal(EvalDataset(store)[0][1], torch.from_numpy(hr.transpose(2, 0, 1) / np.float32(255)))


# By the clock


def test_a_run_by_the_clock_ends_when_its_time_is_over(store, tmp_path):
    args = arguments(tmp_path, max_steps=None, eval_steps=None, minutes=0.05, schedule="cosine", warmup_steps=2)
    trainer = Trainer(small_model(), args, TrainDataset(store, 16), EvalDataset(store))

    history = trainer.train()

    assert trainer.total_steps is None and 3 <= history[-1]["seconds"]
    rates = [row["learning_rate"] for row in history]
    assert rates == sorted(rates, reverse=True)
    assert read_history(tmp_path / "history.csv") == history
    assert trainer.train(True) == history    # its time is over


def test_the_schedule_of_a_run_by_the_clock_follows_the_share_of_its_time(tmp_path):
    args = arguments(tmp_path, max_steps=None, eval_steps=None, minutes=2, schedule="cosine")
    length = RunLength(args, epoch_steps=10)

    def state(step: int, seconds: float, *evaluated: float) -> RunState:
        history = [{"step": 10.0 * number, "seconds": at} for number, at in enumerate(evaluated)]
        return RunState(step=step, seconds=seconds, history=history)

    assert length.done(state(77, 30)) == 0.25 and length.total(state(77, 30)) == 4 * 77
    assert learning_rate_at(77, length.total(state(77, 30)), args) == pytest.approx(1e-3 * (2 + 2**0.5) / 4)
    assert [length.is_due(state(77, at)) for at in (0, 23.9, 24.1)] == [False, False, True]
    assert [length.is_due(state(77, at, 0, 25)) for at in (47, 49)] == [False, True]    # once in each fifth
    assert length.is_due(state(77, 120.1, 0, 100)) and not length.is_due(state(10, 120.1, 0, 120.1))


def test_a_run_of_minutes_and_steps_is_refused(tmp_path):
    with pytest.raises(ValueError, match="minutes is 4; leave it out, or leave out max_steps"):
        arguments(tmp_path, minutes=4)


# Recipes


def test_the_compact_recipe_trains_and_is_resumed_to_the_same_weights(store, tmp_path):
    recipe = RECIPES["compact"]
    changes = {**recipe.training, "per_device_train_batch_size": 2, "warmup_steps": 2, "max_steps": 8, "eval_steps": 4}
    dataset = TrainDataset(store, **{**recipe.patches, "patch_size": 12})
    network = DrlnConfig(2, bam=True, **{**recipe.network, "channels": 8})

    def trained(folder: str, *fails_at: int, resume: bool = False) -> DrlnModel:
        torch.manual_seed(5)
        model = DrlnModel(network)
        patches = Patches(dataset, *fails_at)
        Trainer(model, TrainingArguments(str(tmp_path / folder), **changes), patches).train(resume)
        return model

    straight = trained("straight")
    with pytest.raises(Interrupted):
        trained("stopped", 2 * 6)
    resumed = trained("stopped", resume=True)

    assert same_weights(straight, resumed) and straight.config.border == 4
    assert len(read_history(tmp_path / "stopped" / "history.csv")) == 2


def test_the_squared_error_takes_the_place_of_the_absolute_one_in_the_last_quarter(tmp_path):
    args = arguments(tmp_path, loss="l1-then-squared")
    lr, hr = torch.rand(2, 3, 4, 4), torch.rand(2, 3, 8, 8)
    model = nn.Upsample(scale_factor=2)
    difference = model(lr) - hr

    descended = [patch_loss(model, (lr, hr), args, torch.tensor(squared)) for squared in (0.0, 0.25, 1.0)]

    absolute, squares = difference.abs().mean(), 10 * difference.square().mean()
    expected = [absolute, 0.75 * absolute + 0.25 * squares, squares]
    for (loss, shown), right in zip(descended, expected):
        torch.testing.assert_close(loss, right)
        torch.testing.assert_close(shown, absolute)
    assert [squared_share(done, args) for done in (0.5, 0.75, 0.8, 1.0)] == pytest.approx([0, 0, 1, 1])
    assert squared_share(1.0, arguments(tmp_path)) == 0
