"""Model cards, and uploads by the hub's real client to a server on this machine that answers as the hub does."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from forked import Forked
from hub_server import TOKEN, HubServer
from huggingface_hub import ModelCard
from set_files import photo, write_files

from drln import CheckpointError, DrlnConfig, DrlnModel, evaluate, push_to_hub, write_card
from drln.evaluation.published import published
from drln.samples import list_samples

# Uploads whenever it is told a folder and a token, then loads what is there, or prints why not.
CLIENT = """
import json, sys
from drln import DrlnModel, HubError, push_to_hub
for folder, token in map(json.loads, sys.stdin):
    try:
        answer = [push_to_hub(folder, "me/my-drln", token=token), DrlnModel.from_pretrained("me/my-drln", 2).source]
    except HubError as error:
        answer = str(error)
    print(json.dumps(answer), flush=True)
"""


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


@pytest.fixture
def push(hub, folder, tmp_path) -> Iterator[Callable[[str | bool], list[str] | str]]:
    """Upload with a token: the address and what is loaded from there, or the error."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
    environment |= {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path / "home")}
    client = Forked("-c", CLIENT, env=environment)

    def tell(token: str | bool) -> list[str] | str:
        print(json.dumps([str(folder), token]), file=client.stdin, flush=True)
        return json.loads(client.stdout.readline())

    yield tell
    client.communicate()    # it ends with its input


def test_the_card_states_data_recipe_protocol_and_scores(folder):
    card = ModelCard.load(folder / "README.md")

    assert "One photo, CC0." in card.text and "| steps | 1200 |" in card.text
    assert "Standard protocol" in card.text and "| photos | 2x |" in card.text
    facts = yaml.safe_load(card.content.split("---")[1])
    assert (facts["license"], facts["base_model"]) == ("cc-by-4.0", "eugenesiow/drln-bam")
    results = card.data.eval_results
    assert {result.metric_type for result in results} == {"psnr", "ssim"} and len(results) == 2    # not bicubic's
    assert f"{results[0].metric_value:.2f} / " in card.text


def test_with_the_right_token_a_model_is_uploaded_and_loaded_from_the_hub_by_its_name(folder, hub, push):
    beside = ("checkpoint.pt", "history.csv", "earlier/model_2x.safetensors")    # in the folder of a training run
    write_files(folder, dict.fromkeys(beside, b"not to be uploaded"))

    wrong, none = push("hf_wrong"), push(False)
    address, source = push(TOKEN)

    assert "hf auth login" in wrong and "hf auth login" in none and "\n" not in wrong + none
    assert f"{hub.endpoint}/me/my-drln/commit/" in address and "me/my-drln 2x, hub commit" in source
    (files,) = hub.repositories["me/my-drln"].commits.values()
    assert sorted(files) == ["README.md", "config.json", "model_2x.safetensors"]
    assert files["model_2x.safetensors"] == (folder / "model_2x.safetensors").read_bytes()


def test_an_upload_to_a_hub_that_is_not_there_says_so(hub, push):
    hub.close()

    assert "cannot be reached for the upload to me/my-drln" in push(TOKEN)


def test_a_folder_without_weights_or_without_a_card_is_not_uploaded(tmp_path, tiny_model):
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
