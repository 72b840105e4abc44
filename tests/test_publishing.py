"""Model cards, and uploads by the hub's real client to a server on this machine that answers as the hub does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hub_server import TOKEN, HubServer
from huggingface_hub import ModelCard
from set_files import photo, write_files

from drln import CheckpointError, DrlnConfig, DrlnModel, evaluate, write_card
from drln.published import published
from drln.samples import list_samples

ROOT = Path(__file__).parents[1]
PUSH = """
import sys
from drln import HubError, push_to_hub
try:
    print(push_to_hub(sys.argv[1], "me/my-drln", token=sys.argv[2] if len(sys.argv) > 2 else False))
except HubError as error:
    sys.exit(str(error))
"""
LOAD = "import sys; from drln import DrlnModel; print(DrlnModel.from_pretrained('me/my-drln', 2).source)"


@pytest.fixture
def hub():
    server = HubServer()
    yield server
    server.close()


@pytest.fixture
def folder(tmp_path, tiny_model) -> Path:
    """A trained model and its card."""
    tiny_model.save_pretrained(tmp_path / "model")
    photos = list_samples()[:1]
    scores = [
        evaluate("bicubic", photos, scale=2, model_name="bicubic", dataset_name="photos"),
        evaluate(tiny_model, photos, model_name="my-drln", dataset_name="photos"),
    ]
    write_card(
        tmp_path / "model", "my-drln", data="One photo, CC0.", recipe={"steps": 1200}, scores=scores,
        license="cc-by-4.0", base_model="eugenesiow/drln-bam",
    )    # fmt: skip
    return tmp_path / "model"


def program(code: str, hub: HubServer, home: Path, *arguments: str) -> subprocess.CompletedProcess:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
    environment |= {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(home), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


def test_the_card_states_data_recipe_protocol_and_scores(folder):
    card = ModelCard.load(folder / "README.md")

    assert "One photo, CC0." in card.text and "| steps | 1200 |" in card.text
    assert "Standard protocol" in card.text and "| photos | 2x |" in card.text
    facts = yaml.safe_load(card.content.split("---")[1])
    assert (facts["license"], facts["base_model"]) == ("cc-by-4.0", "eugenesiow/drln-bam")
    results = card.data.eval_results
    assert {result.metric_type for result in results} == {"psnr", "ssim"} and len(results) == 2    # not bicubic's
    assert f"{results[0].metric_value:.2f} / " in card.text


def test_an_uploaded_model_is_loaded_from_the_hub_by_its_name(folder, hub, tmp_path):
    beside = ("checkpoint.pt", "history.csv", "earlier/model_2x.safetensors")    # in the folder of a training run
    write_files(folder, dict.fromkeys(beside, b"not to be uploaded"))

    pushed = program(PUSH, hub, tmp_path / "home", str(folder), TOKEN)
    loaded = program(LOAD, hub, tmp_path / "home")

    assert pushed.returncode == 0 and f"{hub.endpoint}/me/my-drln/commit/" in pushed.stdout, pushed.stderr
    assert "me/my-drln 2x, hub commit" in loaded.stdout, loaded.stderr
    (files,) = hub.repositories["me/my-drln"].commits.values()
    assert sorted(files) == ["README.md", "config.json", "model_2x.safetensors"]
    assert files["model_2x.safetensors"] == (folder / "model_2x.safetensors").read_bytes()


@pytest.mark.parametrize("token", ["hf_wrong", None], ids=["wrong", "none"])
def test_an_upload_without_the_right_token_says_what_to_do(folder, hub, tmp_path, token):
    pushed = program(PUSH, hub, tmp_path / "home", str(folder), *([token] if token else []))

    assert pushed.returncode == 1 and len(pushed.stderr.strip().splitlines()) == 1
    assert "hf auth login" in pushed.stderr and "Traceback" not in pushed.stderr


def test_an_upload_to_a_hub_that_is_not_there_says_so(folder, hub, tmp_path):
    hub.close()

    pushed = program(PUSH, hub, tmp_path / "home", str(folder), TOKEN)

    assert pushed.returncode == 1 and "cannot be reached for the upload to me/my-drln" in pushed.stderr


def test_a_folder_without_weights_or_without_a_card_is_not_uploaded(tmp_path, tiny_model):
    from drln import push_to_hub

    with pytest.raises(CheckpointError, match="holds no weights; write them first"):
        push_to_hub(tmp_path, "me/my-drln")
    tiny_model.save_pretrained(tmp_path)
    with pytest.raises(CheckpointError, match="holds no model card; write one first"):
        push_to_hub(tmp_path, "me/my-drln")


def test_a_card_beside_published_sets_has_the_published_numbers(tmp_path):
    DrlnModel(DrlnConfig(2, bam=True, channels=4, groups=(1,))).save_pretrained(tmp_path)
    scores = evaluate("bicubic", list_samples()[:1], scale=2, model_name="mine", dataset_name="Set5")

    path = write_card(tmp_path, "mine", data="", recipe={}, scores=[scores])

    paper = next(p for p in published("standard", "Set5", 2, source="paper") if p.model == "DRLN")
    assert f"{paper.psnr:.2f}" in path.read_text()


def test_the_mean_of_a_part_of_a_set_is_no_result_on_the_hub_and_the_table_says_of_how_many(folder, tiny_model):
    with pytest.warns(UserWarning, match="not measured"):
        part = evaluate(tiny_model, [photo(1, 40, 40), photo(2, 4, 4)], model_name="mine", dataset_name="photos")

    card = write_card(folder, "mine", data="", recipe={}, scores=[part])

    assert ModelCard.load(card).data.eval_results is None and "(1 of 2 images)" in card.read_text()
