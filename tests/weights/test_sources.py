"""The hub's real client, in processes of its own, against a server on this machine that answers as the hub does."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import hub_server
import numpy as np
import pytest
import torch
from hub_client import HubClient, Loaded, digest
from hub_server import HubServer
from parity import SEEDS, drawn_weights, fixture, listed_shapes
from weight_files import PUBLISHED_CONFIG, TINY, Code, file_of, tiny_weights

from drln import DrlnConfig, DrlnModel
from drln.weights.checkpoint import load_checkpoint
from drln.weights.sources import BUNDLED, BUNDLED_FOLDER, scales_of

PINNED = "c5d6efffdb6d7ddda5909f2d9105b33b69f4039f"


def published(weights: object, scale: int = 2) -> dict[str, bytes]:
    """The files of a repository."""
    return {"config.json": PUBLISHED_CONFIG.encode(), f"pytorch_model_{scale}x.pt": file_of(weights)}


@pytest.fixture(scope="module")
def hub() -> Iterator[HubServer]:
    server = HubServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def client(hub, tmp_path_factory) -> Iterator[HubClient]:
    client = HubClient(hub.endpoint, tmp_path_factory.mktemp("home"))
    yield client
    client.close()


def large_files(cache: Path) -> list[str]:
    """What is in the cache but for locks, names of commits, and config.json."""
    paths = (Path(folder) / name for folder, _, names in os.walk(cache) for name in names)
    return [
        str(path.relative_to(cache))
        for path in paths
        if path.suffix in (".pt", ".safetensors", ".incomplete") or (path.is_file() and path.stat().st_size > 500)
    ]


# What is there is loaded


def test_a_model_has_the_scales_of_its_files_and_a_repository_counts_as_having_all(tmp_path):
    for scale in (4, 2):
        DrlnModel(DrlnConfig(scale, bam=True, channels=4, groups=(1,))).save_pretrained(tmp_path / "best")

    assert scales_of(tmp_path / "best") == scales_of(tmp_path) == (2, 4)    # as earlier versions kept them
    assert scales_of(tmp_path / "best" / "model_4x.safetensors") == (4,)
    assert scales_of(BUNDLED) == scales_of("someone/a-model") == (2, 3, 4)


def test_the_published_network_is_loaded_at_the_pinned_commit_and_gives_the_reference_output(hub, client, tmp_path):
    weights = drawn_weights(listed_shapes("bam_x4"), SEEDS["bam_x4"])
    hub.add("eugenesiow/drln-bam", published(weights, scale=4), commit=PINNED)
    hub.repositories["eugenesiow/drln-bam"].branches["main"] = "f" * 40    # has moved on
    image, expected = fixture("bam_x4")
    np.save(tmp_path / "image.npy", image.numpy())

    files = [tmp_path / "image.npy", tmp_path / "output.npy"]
    loaded = client.load("eugenesiow/drln-bam", scale=4, cache_dir=tmp_path / "cache", run=files)

    assert loaded.error is None, loaded.message
    assert loaded.source == "eugenesiow/drln-bam 4x, hub commit c5d6eff, pytorch_model_4x.pt"
    assert not loaded.training
    output = torch.from_numpy(np.load(tmp_path / "output.npy"))
    torch.testing.assert_close(output, expected, rtol=0, atol=1e-5)
    assert {entry.path.split("/")[-1] for entry in hub.asked("eugenesiow/drln-bam")} == {
        "config.json",
        "pytorch_model_4x.pt",
    }
    assert "pytorch_model_4x.pt: 100%" in loaded.terminal    # the progress of the download


def test_what_is_in_the_cache_needs_no_hub(hub, client, tmp_path):
    hub.add("user/cached", published(tiny_weights()))
    first = client.load("user/cached", scale=2, cache_dir=tmp_path)
    questions = len(hub.asked("user/cached"))

    again, offline, no_hub = client.load_all(
        [
            {"name_or_path": "user/cached", "scale": 2, "cache_dir": tmp_path, **more}
            for more in ({}, {"offline": True}, {"local_files_only": True})
        ]
    )

    assert again == offline == no_hub
    assert again.source == first.source and again.digest == first.digest != ""
    assert len(hub.asked("user/cached")) == questions


def test_revision_chooses_a_branch_or_a_commit(hub, client, tmp_path):
    hub.add("user/versions", published(tiny_weights(seed=1)), commit="a" * 40)
    hub.repositories["user/versions"].commits["b" * 40] = published(tiny_weights(seed=2))
    hub.repositories["user/versions"].branches["better"] = "b" * 40

    main, branch, commit, none = client.load_all(
        [
            {"name_or_path": "user/versions", "scale": 2, "cache_dir": tmp_path / str(number), **more}
            for number, more in enumerate(
                [{}, {"revision": "better"}, {"revision": "b" * 40}, {"revision": "no-such-branch"}]
            )
        ]
    )

    assert "hub commit aaaaaaa" in main.source
    assert "hub commit bbbbbbb" in branch.source
    assert (commit.source, commit.digest) == (branch.source, branch.digest) and branch.digest != main.digest
    assert none.error == "HubError" and "has no revision no-such-branch" in none.message


def test_a_repository_in_our_own_layout_loads_too(hub, client, tmp_path):
    model = DrlnModel(TINY)
    model.save_pretrained(tmp_path / "ours")
    hub.add("user/ours", {path.name: path.read_bytes() for path in (tmp_path / "ours").iterdir()})

    loaded = client.load("user/ours", scale=2, cache_dir=tmp_path / "cache")

    assert loaded.source.endswith("model_2x.safetensors"), loaded.message
    assert loaded.digest == digest(model)


def test_a_repository_without_config_json_loads_too(hub, client, tmp_path):
    hub.add("user/bare", {"pytorch_model_2x.pt": file_of(tiny_weights())})

    loaded = client.load("user/bare", scale=2, cache_dir=tmp_path)

    assert loaded.error is None, loaded.message


@pytest.mark.parametrize("fault", [hub_server.GATED, hub_server.PRIVATE])
def test_a_token_opens_what_it_is_for_and_goes_to_the_hub_only(hub, client, tmp_path, fault):
    hub.add(f"user/{fault[:3]}", published(tiny_weights()), fault)

    loaded = client.load(f"user/{fault[:3]}", scale=2, cache_dir=tmp_path, token=hub_server.TOKEN)

    assert loaded.error is None, loaded.message
    authorized = {(entry.host, entry.authorized) for entry in hub.asked(f"user/{fault[:3]}")}
    assert authorized == {("hub", True), ("storage", False)}


def test_after_a_failed_download_the_next_one_succeeds(hub, client, tmp_path):
    hub.add("user/recovers", published(tiny_weights()), hub_server.CUT_OFF)
    failed = client.load("user/recovers", scale=2, cache_dir=tmp_path)
    hub.repositories["user/recovers"].fault = None

    loaded = client.load("user/recovers", scale=2, cache_dir=tmp_path)

    assert failed.error == "HubError" and loaded.error is None, loaded.message


def test_a_file_that_was_damaged_in_the_cache_is_removed_and_comes_again(hub, client, tmp_path):
    hub.add("user/damaged", published(tiny_weights()))
    first = client.load("user/damaged", scale=2, cache_dir=tmp_path)
    [file] = tmp_path.rglob("pytorch_model_2x.pt")
    file.resolve().write_bytes(file.read_bytes()[:1000])

    damaged = client.load("user/damaged", scale=2, cache_dir=tmp_path)
    again = client.load("user/damaged", scale=2, cache_dir=tmp_path)

    assert damaged.error == "HubError" and "is damaged" in damaged.message and "removed" in damaged.message
    assert again.digest == first.digest != ""


# What is unavailable gives its own error, and leaves nothing behind

FAILURES = {    # repository: its fault, then what the message says
    "user/silent": (hub_server.SILENT, "does not answer when asked for config.json of user/silent"),
    "user/letters": (hub_server.LETTER_BY_LETTER, "does not answer when asked for config.json"),
    "user/unavailable": (hub_server.UNAVAILABLE, "answered 503"),
    "user/hotel": (hub_server.NOT_A_HUB, "does not answer as the hub does; check HF_ENDPOINT, proxy and firewall"),
    "user/gated": (hub_server.GATED, "access to user/gated must be granted"),
    "user/private": (hub_server.PRIVATE, "there is no repository user/private at"),
    "user/forbidden": (hub_server.FORBIDDEN, "refuses access to user/forbidden (403)"),
    "user/cut-off": (hub_server.CUT_OFF, "the download of pytorch_model_2x.pt of user/cut-off was cut off, twice"),
    "user/midway": (hub_server.SILENT_MIDWAY, "fell silent during the download of pytorch_model_2x.pt"),
    "user/short": (hub_server.TOO_SHORT, "the download of pytorch_model_2x.pt of user/short was cut off; try again"),
    "user/corrupt": (hub_server.CORRUPT, "the download of pytorch_model_2x.pt of user/corrupt is corrupt"),
    "user/no-file": (None, "repository user/no-file has no file pytorch_model_2x.pt"),
    "user/code": (None, "carries code (posix.mkdir), and weights need none. Nothing in it was run"),
    "user/no-room": (None, "the disk is full: there is no room for pytorch_model_2x.pt"),
    "user/bad-config": (None, "config.json is not a JSON object"),
    "user/missing": (None, "there is no repository user/missing at"),
    "user/only-cache": (None, "is not in the cache, and local_files_only forbids asking the hub"),
    "user/offline": (None, "is not in the cache, and HF_HUB_OFFLINE forbids asking the hub"),
}


@pytest.fixture(scope="module")
def failures(hub, client, tmp_path_factory) -> dict[str, tuple[Loaded, Path]]:
    """What became of each, all loaded at the same time, as some of them wait for seconds."""
    folder = tmp_path_factory.mktemp("failures")
    for name, (fault, _) in FAILURES.items():
        hub.add(name, published(tiny_weights()), fault)
    del hub.repositories["user/missing"]
    [files] = hub.repositories["user/no-file"].commits.values()
    del files["pytorch_model_2x.pt"]
    [files] = hub.repositories["user/code"].commits.values()
    files["pytorch_model_2x.pt"] = file_of({"head.weight": Code(folder / "ran")})
    [files] = hub.repositories["user/bad-config"].commits.values()
    files["config.json"] = b"{'bam': true}"
    arguments = {
        "user/no-room": {"largest_file": 20_000},
        "user/only-cache": {"local_files_only": True},
        "user/offline": {"offline": True},
    }
    caches = {name: folder / name for name in FAILURES}
    loaded = client.load_all(
        [
            {"name_or_path": name, "scale": 2, "cache_dir": caches[name], **arguments.get(name, {})}
            for name in FAILURES
        ]
    )
    return {name: (outcome, caches[name]) for name, outcome in zip(FAILURES, loaded)}


@pytest.mark.parametrize("name", FAILURES)
def test_each_failure_has_its_own_error_and_leaves_no_broken_file(failures, name):
    outcome, cache = failures[name]

    assert outcome.error in ("HubError", "MissingFileError")
    assert FAILURES[name][1] in outcome.message
    assert large_files(cache) == [] or name == "user/bad-config"    # whose weights are good
    assert "Traceback" not in outcome.terminal


def test_code_in_a_file_of_the_hub_is_not_run(failures):
    _, cache = failures["user/code"]

    assert not (cache.parent.parent / "ran").exists()


def test_whoever_cannot_reach_the_hub_is_told_of_the_bundled_model(failures):
    for name in ("user/silent", "user/hotel", "user/offline", "user/missing"):
        assert "The bundled model 'drln-bam-compact' needs no network" in failures[name][0].message


def test_a_silent_hub_is_asked_once_and_silent_storage_twice(failures, hub):
    assert len(hub.asked("user/silent")) == 1
    assert sum(entry.host == "storage" for entry in hub.asked("user/midway")) == 2


def test_where_no_hub_may_be_asked_none_is(failures, hub):
    assert hub.asked("user/only-cache") == hub.asked("user/offline") == []


def test_a_file_of_another_scale_on_the_hub_says_which_it_holds(hub, client, tmp_path):
    hub.add("user/mixed-up", published(tiny_weights(scale=4), scale=2))

    loaded = client.load("user/mixed-up", scale=2, cache_dir=tmp_path)

    assert loaded.error == "CheckpointError"
    assert "pytorch_model_2x.pt holds a 4x model, but 2x was asked for" in loaded.message


def test_a_config_on_the_hub_that_says_otherwise_than_the_weights_is_refused(hub, client, tmp_path):
    config = json.dumps({"bam": False, "data_parallel": False, "model_type": "DRLN"}).encode()
    hub.add("user/disagrees", {**published(tiny_weights()), "config.json": config})

    loaded = client.load("user/disagrees", scale=2, cache_dir=tmp_path)

    assert loaded.error == "CheckpointError" and "'bam': False" in loaded.message


def test_a_hub_name_needs_a_scale(client):
    loaded = client.load("eugenesiow/drln-bam")

    assert loaded.error == "CheckpointError" and "pass scale=2, 3 or 4" in loaded.message


def test_with_the_hub_gone_the_cache_still_serves_and_the_rest_is_an_error(tmp_path):
    hub = HubServer()
    client = HubClient(hub.endpoint, tmp_path / "home")
    hub.add("user/known", published(tiny_weights()))
    before = client.load("user/known", scale=2)    # into the cache of HF_HOME
    hub.close()

    after, unknown = client.load_all(
        [{"name_or_path": "user/known", "scale": 2}, {"name_or_path": "user/unknown", "scale": 2}]
    )
    client.close()

    assert after.error is None and (after.source, after.digest) == (before.source, before.digest)
    assert unknown.error == "HubError"
    assert f"{hub.endpoint} cannot be reached for config.json of user/unknown" in unknown.message
    assert "The bundled model 'drln-bam-compact' needs no network" in unknown.message


# The bundled model


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_bundled_model_needs_no_hub(hub, client, scale):
    requests = len(hub.log)

    loaded = client.load("drln-bam-compact", scale=scale, offline=True)

    assert loaded.source == f"drln-bam-compact {scale}x, bundled", loaded.message
    assert len(hub.log) == requests


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_bundled_model_is_small_and_stored_in_float16(scale):
    path = BUNDLED_FOLDER / "drln-bam-compact" / f"model_{scale}x.safetensors"

    config, tensors = load_checkpoint(path)

    assert config.bam and config.scale == scale
    parameters = sum(tensor.numel() for tensor in tensors.values())
    assert parameters <= 1_500_000
    assert path.stat().st_size < 2 * parameters + 100_000
