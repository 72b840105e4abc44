"""The cells of the three notebooks that the published model card links to, for DRLN, with only the imports changed.

They are of eugenesiow/super-image-notebooks: Upscale_Images_with_Pretrained_super_image_Models, Evaluate_Pretrained_
super_image_Models and Train_super_image_Models. Data sets are found in the folder where the program runs, weights on a
hub on this machine.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from forked import Forked
from hub_server import HubServer
from huggingface_hub import constants
from PIL import Image
from set_files import div2k_files, hub_files, photo, write_files
from weight_files import PUBLISHED_CONFIG, file_of, tiny_weights

from drln import DrlnModel

# With `url` of a photo on this machine.
UPSCALE = """
from drln import DrlnModel, ImageLoader
from huggingface_hub import constants
from PIL import Image
import requests

image = Image.open(requests.get(url, stream=True).raw)

model = DrlnModel.from_pretrained('eugenesiow/drln-bam', scale=2)
inputs = ImageLoader.load_image(image)
preds = model(inputs)

ImageLoader.save_image(preds, './scaled_2x.png')
ImageLoader.save_compare(inputs, preds, './scaled_2x_compare.png')
"""
EVALUATE = """
from drln.data import load_dataset

dataset = load_dataset('eugenesiow/Set5', 'bicubic_x2', split='validation')

from drln import DrlnModel
from drln.data import EvalDataset, EvalMetrics

eval_dataset = EvalDataset(dataset)
model = DrlnModel.from_pretrained('eugenesiow/drln-bam', scale=2)
EvalMetrics().evaluate(model, eval_dataset)
"""
AUGMENT = """
from drln.data import load_dataset
from drln.data import EvalDataset, TrainDataset, augment_five_crop

augmented_dataset = load_dataset('eugenesiow/Div2k', 'bicubic_x4', split='train')\\
    .map(augment_five_crop, batched=True, desc="Augmenting Dataset")
train_dataset = TrainDataset(augmented_dataset)
eval_dataset = EvalDataset(load_dataset('eugenesiow/Div2k', 'bicubic_x4', split='validation'))
"""
TRAIN = """
from drln import Trainer, TrainingArguments, DrlnModel, DrlnConfig

training_args = TrainingArguments(
    output_dir='./results',
    num_train_epochs=2,
)

config = DrlnConfig(
    scale=4,
    bam=True,
)
model = DrlnModel(config)

trainer = Trainer(
    model=model,
    args=training_args,
    train_dataset=train_dataset,
    eval_dataset=eval_dataset
)

trainer.train()
"""
# What a reader does next: a loop of their own, and the weights.
AFTERWARDS = """
from torch.utils.data import DataLoader

for inputs, labels in DataLoader(train_dataset, batch_size=5):
    assert model(inputs).shape == labels.shape == (5, 3, 256, 256)
model = DrlnModel.from_pretrained('./results', scale=4)
trainer.eval(1)
trainer.save_model('./last')
"""


@pytest.fixture
def hub() -> Iterator[HubServer]:
    server = HubServer()
    files = {"config.json": PUBLISHED_CONFIG.encode(), "pytorch_model_2x.pt": file_of(tiny_weights())}
    server.add("eugenesiow/drln-bam", files, commit="c5d6efffdb6d7ddda5909f2d9105b33b69f4039f")
    yield server
    server.close()


def run(code: str, folder: Path, hub: HubServer) -> str:
    """What a program prints that consists of these cells, with a hub."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
    program = Forked("-c", code, env=kept | {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(folder / "home")}, cwd=folder)
    output, errors = program.communicate()
    assert program.returncode == 0, errors[-3000:]
    return output


def test_the_upscale_and_the_evaluate_notebook(hub, tmp_path):
    photo(1, 40, 30).save(tmp_path / "photo.jpg")
    hub.add("datasets/me/photos", {"photo.jpg": (tmp_path / "photo.jpg").read_bytes()})
    url = f"{hub.endpoint}/datasets/me/photos/resolve/main/photo.jpg"
    # The reader has requests; here it is the copy that pip brings.
    (tmp_path / "requests.py").write_text("from pip._vendor.requests import get")
    images = {"a.png": photo(1, 40, 30), "b.png": photo(2, 41, 33)}
    write_files(tmp_path / "eugenesiow" / "Set5", hub_files("Set5", images))
    *lines, last = EVALUATE.strip().splitlines()
    cells = [f"url = {url!r}\n{UPSCALE}", "\n".join([*lines, f"print({last})"])]    # as a notebook shows the last line

    shown = run(f"for cells in {cells!r}:\n    exec(cells, {{'__name__': '__main__'}})", tmp_path, hub)

    with Image.open(tmp_path / "scaled_2x.png") as sr, Image.open(tmp_path / "scaled_2x_compare.png") as both:
        assert sr.size == (80, 60) and both.width >= 160
    assert re.match(r"PSNR \d+\.\d\d dB, SSIM 0\.\d{4} \(2x, card protocol, 2 images; eugenesiow/drln-bam", shown)


def test_the_train_notebook(tmp_path, monkeypatch):
    images = {"0801": photo(1, 520, 512)}
    for split in ("train", "valid"):
        files = {name.replace("valid", split): content for name, content in div2k_files(images).items()}
        write_files(tmp_path / "eugenesiow" / "Div2k", files)
    small = TRAIN.replace("bam=True,", "bam=True, channels=4, groups=(1,),")    # 34 M weights take minutes a step
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(constants, "HF_HOME", str(tmp_path / "home"))

    exec(AUGMENT + small + AFTERWARDS, {"__name__": "__main__"})

    assert DrlnModel.from_pretrained(tmp_path / "results", scale=4).config.bam
    assert DrlnModel.from_pretrained(tmp_path / "last", scale=4).config.bam
    assert len((tmp_path / "results" / "history.csv").read_text().splitlines()) == 2
