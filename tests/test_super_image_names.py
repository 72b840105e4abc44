"""Calls with the names of super-image 0.2.0, in its order: taken, or answered with what to write instead."""

import pytest
import torch
from PIL import Image

from drln import DrlnConfig, DrlnModel, ImageLoader, TrainingArguments


def small_model() -> DrlnModel:
    return DrlnModel(DrlnConfig(2, channels=4, groups=(1,)))


def test_the_training_arguments_of_super_image_at_their_defaults_change_nothing():
    theirs = TrainingArguments(
        "results",
        False,
        1e-4,
        gamma=0.5,
        num_train_epochs=1000,
        save_total_limit=None,
        no_cuda=False,
        fp16=False,
        per_device_train_batch_size=16,
        local_rank=-1,
        dataloader_num_workers=0,
        dataloader_pin_memory=True,
    )

    assert theirs == TrainingArguments("results")


def test_what_means_the_same_here_is_taken():
    args = TrainingArguments("results", True, 1e-3, no_cuda=True, save_steps=500, dataloader_pin_memory=False)

    assert args.overwrite_output_dir and args.learning_rate == 1e-3 and args.use_cpu
    assert args.save_steps == 500 and not args.dataloader_pin_memory


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: TrainingArguments("x", gamma=0.7), "takes no gamma; leave it out: it has no effect in super-image"),
        (lambda: TrainingArguments("x", fp16=True), "takes no fp16; write bf16=True"),
        (lambda: TrainingArguments("x", local_rank=0), "takes no local_rank; .* start the program with `accelerate"),
        (lambda: TrainingArguments("x", save_total_limit=2), "takes no save_total_limit; .* there is one checkpoint"),
        (lambda: TrainingArguments("x", weight_decay=0.1), "takes no weight_decay; it takes output_dir, .*, use_cpu"),
        (lambda: TrainingArguments("x", use_cpu=True, no_cuda=True), "takes no no_cuda beside use_cpu"),
        (lambda: TrainingArguments("x", True, 1e-3, 0.5), "takes output_dir, .*, learning_rate without their n"),
        (lambda: DrlnConfig(4, True, True), "DrlnConfig takes scale, bam without their names; write the names of the"),
        (lambda: DrlnConfig(4, data_parallel=True), "takes no data_parallel; .* `accelerate launch`, which"),
        (lambda: DrlnConfig(4, n_feats=32), "takes no n_feats; write channels="),
        (lambda: DrlnConfig(4, rgb_range=255), "takes no rgb_range; it takes scale, bam, channels, groups"),
        (lambda: DrlnModel.from_pretrained("x", 4, config=DrlnConfig(4)), "the weights tell their shape"),
        (lambda: small_model().save_pretrained("x", True), "takes folder without their names"),
        (lambda: small_model().save_pretrained("x", save_function=torch.save), "write published_layout=True"),
    ],
)
def test_what_is_done_otherwise_here_is_answered_with_what_to_write(call, sentence):
    with pytest.raises(TypeError, match=sentence):
        call()


def test_a_published_config_file_makes_a_config():
    facts = {"bam": True, "data_parallel": False, "model_type": "DRLN"}

    assert DrlnConfig(scale=3, **facts) == DrlnConfig(3, bam=True)


@pytest.mark.parametrize("name", ["max_steps", "num_train_epochs", "eval_steps", "seed", "dataloader_num_workers"])
@pytest.mark.parametrize("value", [1e5, True, "5"])
def test_counts_are_whole_numbers(name, value):
    with pytest.raises(ValueError, match=f"{name} is {value!r}; give a whole number"):
        TrainingArguments("x", **{name: value})


def test_images_and_weights_are_loaded_and_saved_by_the_names_of_super_image(tmp_path, tiny_model):
    inputs = ImageLoader.load_image(image=Image.new("RGB", (12, 9), "teal"))
    tiny_model.save_pretrained(save_directory=tmp_path / "model")
    preds = DrlnModel.from_pretrained(pretrained_model_name_or_path=tmp_path / "model", scale=2)(inputs)

    ImageLoader.save_image(pred=preds, output_file=str(tmp_path / "sr.png"))
    ImageLoader.save_compare(input=inputs, pred=preds, output_file=str(tmp_path / "both.png"))

    with Image.open(tmp_path / "sr.png") as sr, Image.open(tmp_path / "both.png") as both:
        assert sr.size == (24, 18) and both.width >= 48
