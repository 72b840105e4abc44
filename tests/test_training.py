"""The trainer on a network and photos small enough for seconds."""

import math

import numpy as np
import pytest
import torch
from PIL import Image

from drln import DrlnConfig, DrlnModel
from drln.data import EvalDataset, TrainDataset, build_store
from drln.resize import imresize
from drln.samples import list_samples
from drln.training import Trainer, TrainingArguments, learning_rate_at


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return build_store(list_samples()[:3], scale=2, folder=tmp_path_factory.mktemp("pairs") / "x2")


def small_model() -> DrlnModel:
    torch.manual_seed(5)
    return DrlnModel(DrlnConfig(2, bam=True, channels=4, groups=(1, 2)))


def arguments(folder, **changes) -> TrainingArguments:
    facts = dict(max_steps=8, per_device_batch_size=2, eval_steps=4, learning_rate=1e-3, ema_decay=0.9)
    return TrainingArguments(str(folder), **{**facts, **changes})


class Interrupted(Exception):
    pass


def test_stored_pairs_are_the_photo_and_its_lr_by_matlabs_bicubic(store):
    with Image.open(list_samples()[0]) as photo:
        hr = np.asarray(photo.convert("RGB"))

    lr_stored, hr_stored = store.pair(0)

    assert np.array_equal(hr_stored, hr)
    assert np.array_equal(lr_stored, imresize(hr, scale=1 / 2))


def test_patches_of_lr_and_hr_show_the_same_place_whatever_the_turn(store):
    dataset = TrainDataset(store, patch_size=24)
    rng = np.random.default_rng(0)

    for _ in range(20):
        patch = dataset.patch(0, rng)

        again = imresize(patch["hr"].permute(1, 2, 0).numpy(), scale=1 / 2).astype(int)
        difference = np.abs(again - patch["lr"].permute(1, 2, 0).numpy().astype(int))
        assert difference[3:-3, 3:-3].max() <= 1    # the border saw other neighbours


def test_patches_larger_than_an_image_are_refused(store):
    with pytest.raises(ValueError, match="LR patches of 5000 pixels do not fit"):
        TrainDataset(store, patch_size=5000)


def test_training_lowers_the_loss_and_keeps_the_best_weights(store, tmp_path):
    args = arguments(tmp_path, max_steps=60, eval_steps=20, learning_rate=3e-3)

    history = Trainer(small_model(), args, TrainDataset(store, 16), EvalDataset(store)).train()

    assert history[-1]["loss"] < 0.7 * history[0]["loss"]
    best = DrlnModel.from_pretrained(tmp_path / "best", scale=2)
    pair = EvalDataset(store)[0]
    assert best(pair["lr"][None] / 255).shape[1:] == pair["hr"].shape
    assert (tmp_path / "history.csv").read_text().count("\n") == 4


def test_a_resumed_run_ends_with_the_weights_of_one_that_was_not_interrupted(store, tmp_path):
    dataset = TrainDataset(store, 16)
    straight = small_model()
    Trainer(straight, arguments(tmp_path / "straight"), dataset).train()
    drawn = 0

    def patch(index, rng):
        nonlocal drawn
        drawn += 1
        if drawn > 2 * 6:    # in the seventh of eight steps, two after the checkpoint
            raise Interrupted
        return dataset.patch(index, rng)

    stopped = type("Stopped", (), {"patch": staticmethod(patch), "__len__": lambda self: len(dataset)})()
    with pytest.raises(Interrupted):
        Trainer(small_model(), arguments(tmp_path / "resumed"), stopped).train()

    resumed = small_model()
    Trainer(resumed, arguments(tmp_path / "resumed"), dataset).train(resume_from_checkpoint=True)

    assert all(torch.equal(a, b) for a, b in zip(straight.state_dict().values(), resumed.state_dict().values()))


def test_a_loss_that_is_no_number_stops_the_run(store, tmp_path):
    with pytest.raises(FloatingPointError, match="the loss became nan"):
        Trainer(small_model(), arguments(tmp_path, learning_rate=math.inf), TrainDataset(store, 16)).train()


def test_the_learning_rate_follows_its_schedule(tmp_path):
    step, cosine = arguments(tmp_path), arguments(tmp_path, schedule="cosine", warmup_steps=10)

    assert learning_rate_at(79, 100, step) == 1e-3
    assert learning_rate_at(80, 100, step) == pytest.approx(1e-4)
    assert learning_rate_at(4, 100, cosine) == pytest.approx(5e-4)
    assert learning_rate_at(10, 100, cosine) == pytest.approx(1e-3)
    assert learning_rate_at(55, 100, cosine) == pytest.approx(5e-4)
