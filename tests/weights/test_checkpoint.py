import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from parity import CONFIGS, SEEDS, drawn_weights, listed_shapes
from safetensors.torch import save_file
from weight_files import PUBLISHED_CONFIG, TINY, Code, tiny_weights

from drln import DrlnConfig, DrlnModel
from drln.weights.checkpoint import CheckpointError, UnreadableCheckpoint, load_checkpoint, save_checkpoint
from drln.weights.published_names import published_shapes


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(a[key].dtype == b[key].dtype and torch.equal(a[key], b[key]) for key in a)


# What is saved loads back


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("bam", [True, False])
@pytest.mark.parametrize("channels, groups", [(1, (1,)), (8, (2, 3)), (20, (1, 1, 2))])
def test_every_shape_of_network_loads_back_from_its_folder(tmp_path, scale, bam, channels, groups):
    model = DrlnModel(DrlnConfig(scale, bam, channels=channels, groups=groups))

    path = model.save_pretrained(tmp_path / "new" / "folder")
    loaded = DrlnModel.from_pretrained(tmp_path / "new" / "folder")

    assert loaded.config == model.config
    assert same(loaded.state_dict(), model.state_dict())
    assert not loaded.training
    assert loaded.source == str(path)
    trained = {name for name, weights in model.named_parameters() if weights.requires_grad}
    assert {name for name, weights in loaded.named_parameters() if weights.requires_grad} == trained


def test_three_scales_share_a_folder(tmp_path):
    models = {scale: DrlnModel(DrlnConfig(scale, bam=True, channels=8, groups=(2, 2))) for scale in (2, 3, 4)}
    for model in models.values():
        model.save_pretrained(tmp_path)

    for scale, model in models.items():
        assert same(DrlnModel.from_pretrained(tmp_path, scale=scale).state_dict(), model.state_dict())
    with pytest.raises(CheckpointError, match=r"holds the scales \[2, 3, 4\]; pass scale="):
        DrlnModel.from_pretrained(tmp_path)


def test_config_json_tells_the_shape_and_no_scale(tmp_path, tiny_model):
    tiny_model.save_pretrained(tmp_path)

    facts = json.loads((tmp_path / "config.json").read_text())

    assert facts == {"model_type": "DRLN", "bam": True, "channels": 8, "groups": [2, 2], "border": 0}


BORDERED = replace(TINY, border=4)


@pytest.mark.parametrize("name", [None, "alone.safetensors", "alone.pt"])
def test_a_border_is_saved_with_the_weights(tmp_path, name):
    model = DrlnModel(BORDERED).eval()
    if name is None:
        path = model.save_pretrained(tmp_path / "folder").parent
        assert json.loads((path / "config.json").read_text())["border"] == 4
    else:
        path = tmp_path / name
        save_checkpoint(path, BORDERED, model.state_dict(), dtype=torch.float16)
        model.load_state_dict({key: weights.half() for key, weights in model.state_dict().items()})
    image = torch.rand(1, 3, 5, 4)

    loaded = DrlnModel.from_pretrained(path)

    assert loaded.config == BORDERED
    assert torch.equal(loaded(image), model(image))


def test_the_weights_of_a_folder_know_their_border_without_its_config(tmp_path):
    path = DrlnModel(BORDERED).save_pretrained(tmp_path)

    assert DrlnModel.from_pretrained(path).config == BORDERED
    (tmp_path / "config.json").unlink()
    assert DrlnModel.from_pretrained(tmp_path).config == BORDERED


@pytest.mark.parametrize("border", [torch.tensor(-1), torch.tensor(4.5), torch.tensor([4, 4]), torch.tensor(True)])
def test_a_border_that_is_no_whole_number_is_refused(tmp_path, border):
    torch.save({**tiny_weights(), "border": border}, tmp_path / "model.pt")

    with pytest.raises(CheckpointError, match=r"border is .*; give a whole number of at least 0"):
        load_checkpoint(tmp_path / "model.pt")


def test_weights_in_float16_load_as_float32(tmp_path, tiny_model):
    save_checkpoint(tmp_path / "half.safetensors", TINY, tiny_model.state_dict(), dtype=torch.float16)

    _, tensors = load_checkpoint(tmp_path / "half.safetensors")

    assert same(tensors, {name: weights.half().float() for name, weights in tiny_model.state_dict().items()})


def test_a_model_with_a_bfloat16_trunk_is_saved_in_float32(tmp_path, tiny_model):
    tiny_model.set_trunk_dtype(torch.bfloat16).save_pretrained(tmp_path)

    loaded = DrlnModel.from_pretrained(tmp_path)

    assert same(loaded.state_dict(), {name: weights.float() for name, weights in tiny_model.state_dict().items()})


def test_published_files_load_with_and_without_the_prefix_of_dataparallel(tmp_path):
    weights = tiny_weights()
    torch.save(weights, tmp_path / "plain.pt")
    torch.save({f"module.{key}": tensor for key, tensor in weights.items()}, tmp_path / "parallel.pt")
    save_file(weights, tmp_path / "plain.safetensors")

    config, plain = load_checkpoint(tmp_path / "plain.pt")

    assert config == TINY
    assert torch.equal(plain["groups.1.blocks.0.attention.reduce.weight"], weights["b3.ca.ca.fc1.weight"])
    for other in ("parallel.pt", "plain.safetensors"):
        config, tensors = load_checkpoint(tmp_path / other)
        assert config == TINY and same(tensors, plain)


def test_the_published_layout_holds_the_published_keys_and_values(tmp_path):
    """What super-image gives with files saved here needs no super-image to be known: the parity
    fixtures are its own outputs for these keys and these values, and the file holds just those."""
    weights = drawn_weights(listed_shapes("bam_x4"), SEEDS["bam_x4"])
    torch.save(weights, tmp_path / "pytorch_model_4x.pt")
    model = DrlnModel.from_pretrained(tmp_path)

    path = model.save_pretrained(tmp_path / "again", published_layout=True)

    assert {file.name for file in path.parent.iterdir()} == {"config.json", "pytorch_model_4x.pt"}
    assert same(torch.load(path, weights_only=True), weights)
    assert (tmp_path / "again" / "config.json").read_text() == PUBLISHED_CONFIG
    assert DrlnModel.from_pretrained(tmp_path / "again").config == CONFIGS["bam_x4"]


def test_a_network_with_a_border_has_no_published_layout(tmp_path):
    model = DrlnModel(DrlnConfig(4, bam=True, border=4))

    with pytest.raises(CheckpointError, match="published shape only, .*border=4"):
        model.save_pretrained(tmp_path, published_layout=True)

    assert not list(tmp_path.iterdir())


def test_a_network_of_another_shape_has_no_published_layout(tmp_path, tiny_model):
    with pytest.raises(CheckpointError, match="published shape only"):
        tiny_model.save_pretrained(tmp_path, published_layout=True)

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "there",
    [
        {"bam": True, "groups": (2, 3)},
        {"bam": False, "groups": (2, 2)},
        {"bam": True, "groups": (2, 2), "border": 4},
        "published",
    ],
)
def test_a_folder_takes_no_second_shape(tmp_path, tiny_model, there):
    if there == "published":
        (tmp_path / "config.json").write_text(PUBLISHED_CONFIG)
    else:
        DrlnModel(DrlnConfig(3, channels=8, **there)).save_pretrained(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}

    with pytest.raises(CheckpointError, match="one folder a shape"):
        tiny_model.save_pretrained(tmp_path)

    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_folder_takes_no_second_file_of_one_scale(tmp_path, tiny_model):
    (tmp_path / "pytorch_model_2x.pt").write_bytes(b"of the other layout")

    with pytest.raises(CheckpointError, match="holds pytorch_model_2x.pt already"):
        tiny_model.save_pretrained(tmp_path)

    assert [file.name for file in tmp_path.iterdir()] == ["pytorch_model_2x.pt"]


# What does not fit is refused


def test_missing_unexpected_and_misshapen_keys_are_named_with_their_shapes(tmp_path):
    weights = tiny_weights()
    del weights["b2.r1.body.0.bias"]
    weights["b9.extra"] = torch.zeros(3, 5)
    weights["tail.weight"] = torch.zeros(3, 8, 1, 1)
    torch.save(weights, tmp_path / "model.pt")

    with pytest.raises(CheckpointError) as refused:
        load_checkpoint(tmp_path / "model.pt")

    message = str(refused.value)
    assert "1 missing: b2.r1.body.0.bias (8,)" in message
    assert "1 unexpected: b9.extra (3, 5)" in message
    assert "1 misshapen: tail.weight (3, 8, 1, 1) instead of (3, 8, 3, 3)" in message


@pytest.mark.parametrize("key", sorted(published_shapes(TINY)))
def test_whatever_key_is_missing_it_is_named(tmp_path, key):
    weights = tiny_weights()
    del weights[key]
    torch.save(weights, tmp_path / "model.pt")

    with pytest.raises(CheckpointError, match=rf"missing.*{key}|{key}.*missing"):
        load_checkpoint(tmp_path / "model.pt")


def test_long_lists_of_keys_are_counted_and_cut_short(tmp_path):
    weights = {key: tensor for key, tensor in tiny_weights().items() if "r1" not in key}
    torch.save(weights, tmp_path / "model.pt")

    with pytest.raises(CheckpointError, match=r"16 missing: b1\.r1\.body\.0\.weight .* and 13 more"):
        load_checkpoint(tmp_path / "model.pt")


@pytest.mark.parametrize("held, wanted", [(2, 4), (4, 2), (3, 4), (2, 3)])
def test_a_file_of_another_scale_says_which_it_holds(tmp_path, held, wanted):
    torch.save(tiny_weights(scale=held), tmp_path / "model.pt")

    with pytest.raises(CheckpointError, match=f"holds a {held}x model, but {wanted}x was asked for; pass scale={held}"):
        DrlnModel.from_pretrained(tmp_path / "model.pt", scale=wanted)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_values_that_are_not_finite_are_refused(tmp_path, value):
    weights = tiny_weights()
    weights["c2.body.0.weight"][0, 0, 0, 0] = value
    torch.save(weights, tmp_path / "model.pt")

    with pytest.raises(CheckpointError, match=r"not finite, in c2\.body\.0\.weight"):
        load_checkpoint(tmp_path / "model.pt")


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_pickle_is_refused_and_not_run(tmp_path, zipped):
    weights = {**tiny_weights(), "more": Code(tmp_path / "ran")}
    torch.save(weights, tmp_path / "model.pt", _use_new_zipfile_serialization=zipped)

    with pytest.raises(UnreadableCheckpoint, match=r"model.pt carries code \(\w+\.mkdir\), and weights need none"):
        load_checkpoint(tmp_path / "model.pt")

    assert not (tmp_path / "ran").exists()


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_a_bare_pickle_of_code_is_refused_and_not_run(tmp_path):
    (tmp_path / "model.pt").write_bytes(pickle.dumps(Code(tmp_path / "ran")))

    with pytest.raises(UnreadableCheckpoint):
        load_checkpoint(tmp_path / "model.pt")

    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["model.pt", "model.safetensors"])
@pytest.mark.parametrize("kept", [0, 1, 100, 0.5, 0.99])
def test_a_file_that_was_cut_off_is_refused(tmp_path, name, kept):
    save_checkpoint(tmp_path / name, TINY, DrlnModel(TINY).state_dict())
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: kept if isinstance(kept, int) else int(kept * len(content))])

    with pytest.raises(UnreadableCheckpoint, match=f"{name} is damaged, or no file of weights"):
        load_checkpoint(tmp_path / name)


@pytest.mark.parametrize("name", ["model.pt", "model.safetensors"])
@pytest.mark.parametrize("seed", range(20))
def test_any_bytes_at_all_are_refused_with_the_same_error(tmp_path, name, seed):
    (tmp_path / name).write_bytes(b"\x80\x02" * (seed % 2) + np.random.default_rng(seed).bytes(2000))

    with pytest.raises(UnreadableCheckpoint, match=name):
        load_checkpoint(tmp_path / name)


@pytest.mark.parametrize(
    "content, says",
    [
        ({"model": {"head.weight": torch.zeros(1)}, "step": 3}, "more than the named float tensors.*model, step"),
        ({"head.weight": torch.zeros(8, 3, 3, 3, dtype=torch.int8)}, "more than the named float tensors"),
        ({3: torch.zeros(1)}, "more than the named float tensors"),
        ([torch.zeros(1)], "holds a list"),
        ({}, "no DRLN weights.*nothing"),
        ({"layer1.conv1.weight": torch.zeros(8, 3, 3, 3)}, r"no DRLN weights.*layer1\.conv1\.weight \(8, 3, 3, 3\)"),
        ({"head.weight": torch.tensor(1.0), "c1.body.0.weight": torch.zeros(0, 3, 3, 3)}, "no DRLN weights"),
    ],
)
def test_a_file_of_something_else_says_what_it_holds(tmp_path, content, says):
    torch.save(content, tmp_path / "model.pt")

    with pytest.raises(CheckpointError, match=says):
        load_checkpoint(tmp_path / "model.pt")


@pytest.mark.parametrize(
    "config, says",
    [
        ('{"bam": false, "data_parallel": false, "model_type": "DRLN"}', "'bam': False.*the weights have.*'bam': True"),
        ('{"bam": true, "model_type": "EDSR"}', "EDSR"),
        ('{"bam": true, "channels": 64}', "'channels': 64"),
        ('{"bam": true, "border": 4}', "'border': 4.*the weights have.*'border': 0"),
        ("[true]", "not a JSON object"),
        ('{"bam": tr', "not a JSON object"),
    ],
)
def test_a_config_that_says_otherwise_than_the_weights_is_refused(tmp_path, config, says):
    torch.save(tiny_weights(), tmp_path / "pytorch_model_2x.pt")
    (tmp_path / "config.json").write_text(config)

    with pytest.raises(CheckpointError, match=says):
        DrlnModel.from_pretrained(tmp_path, scale=2)


def test_a_folder_without_the_scale_names_those_it_has(tmp_path):
    torch.save(tiny_weights(), tmp_path / "pytorch_model_2x.pt")

    with pytest.raises(CheckpointError, match=r"holds no 4x model; pass scale= one of \[2\]"):
        DrlnModel.from_pretrained(tmp_path, scale=4)


def test_an_empty_folder_says_what_is_looked_for(tmp_path):
    with pytest.raises(CheckpointError, match="no weights: there is no model_3x.safetensors or pytorch_model_3x.pt"):
        DrlnModel.from_pretrained(tmp_path, scale=3)


@pytest.mark.parametrize("name", ["a/none.pt", "none.safetensors", "./no/folder", "drln-compact", "a/b/c", "user/a--b"])
def test_a_path_that_is_not_there_is_no_question_for_the_hub(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(CheckpointError, match="no file or folder"):
        DrlnModel.from_pretrained(name, scale=2)


def test_scales_that_no_model_has_are_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"scale is 8; choose one of \(2, 3, 4\)"):
        DrlnModel.from_pretrained(tmp_path, scale=8)
