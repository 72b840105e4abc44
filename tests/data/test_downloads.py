"""Data sets from the hub, with its real client in a process of its own, and DIV2K from a server of large files."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import hub_server
import numpy as np
import pytest
from forked import Forked
from hub_server import HubServer
from PIL import Image
from set_files import div2k_files, hub_files, photo, shrunk
from web_server import WebServer

from drln.data import DataError, find_set, load_dataset
from drln.data.web import fetch_file
from drln.weights.download import HubError, MissingFileError

IMAGES = {"a.png": photo(1, 40, 30), "b.png": photo(2, 41, 33)}
DIV2K = {"0801": photo(1, 40, 30), "0802": photo(2, 36, 44)}
LOAD = """
import json, sys
from drln.data import load_dataset
for case in map(json.loads, sys.stdin):
    try:
        dataset = load_dataset(*case.pop("args"), **case)
        answer = [[str(image.filename) for image in dataset[column]] for column in ("lr", "hr")]
    except Exception as error:
        answer = [type(error).__name__, str(error)]
    print(json.dumps(answer), flush=True)
"""


@pytest.fixture(scope="module")
def hub() -> Iterator[HubServer]:
    with closing(HubServer()) as server:
        yield server


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def load(hub, home) -> Iterator[Callable[..., list]]:
    with loader(hub.endpoint, home) as load:
        yield load


@contextmanager
def loader(endpoint: str, home: Path) -> Iterator[Callable[..., list]]:
    """`load_dataset` in a fresh process that knows this hub and this HF_HOME: file names, or an error."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
    settings = {"HF_ENDPOINT": endpoint, "HF_HOME": str(home), "HF_HUB_DOWNLOAD_TIMEOUT": "2"}
    process = Forked("-c", LOAD, env=kept | settings)

    def load(*args: str, **case: object) -> list:
        print(json.dumps({"args": args, **case}, default=str), file=process.stdin, flush=True)
        return json.loads(process.stdout.readline())

    yield load
    process.communicate()    # it ends with its input


def same(path: str, image: Image.Image) -> bool:
    return np.array_equal(np.asarray(Image.open(path)), np.asarray(image))


def test_a_set_is_downloaded_once_and_needs_no_hub_afterwards(hub, home, load):
    hub.add("datasets/eugenesiow/Set5", hub_files("Set5", IMAGES))
    name, options = ("eugenesiow/Set5", "bicubic_x4"), {"split": "validation"}

    (lr, hr), again = load(*name, **options), load(*name, **options)
    asked = len(hub.asked("datasets/eugenesiow/Set5"))
    with loader("http://127.0.0.1:9", home) as load_offline:
        offline, other_scale = load_offline(*name, **options), load_offline("Set5", "bicubic_x3")

    assert all(same(file, image) for file, image in zip(hr, IMAGES.values()))
    assert all(same(file, shrunk(image, 4)) for file, image in zip(lr, IMAGES.values()))
    assert [lr, hr] == again == offline
    assert all(Path(file).is_relative_to(home) for file in lr + hr)
    files = [entry.path.rsplit("/", 1)[1] for entry in hub.asked("datasets/eugenesiow/Set5") if entry.host == "storage"]
    assert sorted(files) == ["Set5_HR.tar.gz", "Set5_LR_x4.tar.gz"]
    assert len(hub.asked("datasets/eugenesiow/Set5")) == asked
    assert other_scale[0] == "HubError"
    assert "127.0.0.1:9 cannot be reached for data/Set5_LR_x3.tar.gz of eugenesiow/Set5" in other_scale[1]


def test_cache_dir_holds_all_there_is(hub, home, load, tmp_path):
    hub.add("datasets/eugenesiow/Set14", hub_files("Set14", IMAGES))
    lr, hr = load("eugenesiow/Set14", "bicubic_x2", cache_dir=tmp_path)

    assert all(Path(file).is_relative_to(tmp_path) for file in lr + hr)
    assert not list(home.rglob("*Set14*"))


def test_what_is_unavailable_from_the_hub_says_why_and_leaves_no_images(hub, load, tmp_path):
    good = hub_files("Set", IMAGES)
    cut = {name: content[: len(content) // 2] for name, content in good.items()}
    hub.add("datasets/user/Set", {name: content for name, content in good.items() if "LR" not in name})
    hub.add("datasets/user/Cut", {name.replace("Set_", "Cut_"): content for name, content in cut.items()})
    hub.add("datasets/user/Silent", hub_files("Silent", IMAGES), hub_server.SILENT_MIDWAY)
    hub.add("datasets/user/Corrupt", hub_files("Corrupt", IMAGES), hub_server.CORRUPT)
    hub.add("datasets/user/Other", {"README.json": b"{}"})
    names = ["user/Cut", "user/Silent", "user/Corrupt", "user/Other", "user/None", "user/Set"]

    *failed, made = (load(name, "bicubic_x2", cache_dir=tmp_path) for name in names)
    unasked = load("BSD100", "bicubic_x2", cache_dir=tmp_path, local_files_only=True)

    messages = dict(zip(names, (message for _, message in failed)))
    assert "Cut_HR.tar.gz is cut off or damaged" in messages["user/Cut"] and "removed from the" in messages["user/Cut"]
    assert "fell silent during the download of data/Silent_HR.tar.gz" in messages["user/Silent"]
    assert "the download of data/Corrupt_HR.tar.gz of user/Corrupt is corrupt" in messages["user/Corrupt"]
    assert "user/Other has no data/Other_HR.tar.gz, and so is not laid out as" in messages["user/Other"]
    assert "there is no repository user/None" in messages["user/None"]
    assert unasked[0] == "HubError" and "local_files_only forbids more" in unasked[1]
    assert all("\n" not in message for message in messages.values())
    assert all(same(file, shrunk(image, 2)) for file, image in zip(made[0], IMAGES.values()))    # LR from HR
    assert {path.parent.name.split("-")[0] for path in tmp_path.rglob("*.png")} == {"Set_HR", "x2"}
    assert not list(tmp_path.rglob("*.incomplete")) and not list(tmp_path.rglob("Cut_HR.tar.gz"))


# DIV2K, from a server without a hub


@pytest.fixture
def web(monkeypatch) -> Iterator[WebServer]:
    with closing(WebServer(div2k_files(DIV2K))) as server:
        monkeypatch.setenv("DRLN_DIV2K_URL", server.address)
        yield server


def test_div2k_is_downloaded_from_its_own_server_and_its_zips_are_removed(web, tmp_path):
    dataset = load_dataset("eugenesiow/Div2k", "bicubic_x4", split="validation", cache_dir=tmp_path)
    asked = len(web.log)
    web.close()
    offline = load_dataset("eugenesiow/Div2k", "bicubic_x4", split="validation", cache_dir=tmp_path)

    for row, again, hr in zip(dataset, offline, DIV2K.values()):
        assert np.array_equal(np.asarray(row["hr"]), np.asarray(hr))
        assert np.array_equal(np.asarray(row["lr"]), np.asarray(shrunk(hr, 4)))
        assert again["hr"].filename == row["hr"].filename
    assert len(dataset) == 2 and asked == 2
    assert not list(tmp_path.rglob("*.zip")) and not list(tmp_path.rglob("*.part"))


def test_a_file_is_resumed_where_it_was_cut_off(web, tmp_path):
    web.files["large"] = content = np.random.default_rng(1).bytes(100_000)
    web.cut_after = 30_000

    path = fetch_file(web.address + "large", tmp_path / "large")

    assert path.read_bytes() == content
    assert [wanted for _, wanted in web.log] == [f"bytes={start}-" for start in (0, 30_000, 60_000, 90_000)]


def test_a_later_call_goes_on_with_what_an_earlier_one_left(web, tmp_path):
    web.files["large"] = content = np.random.default_rng(1).bytes(100_000)
    (tmp_path / "large.part").write_bytes(content[:70_000])

    path = fetch_file(web.address + "large", tmp_path / "large")

    assert path.read_bytes() == content and web.log == [("large", "bytes=70000-")]
    assert not (tmp_path / "large.part").exists()


def test_a_server_that_knows_no_ranges_sends_it_all_again(web, tmp_path):
    web.files["large"], web.knows_ranges = (content := np.random.default_rng(1).bytes(100_000)), False
    (tmp_path / "large.part").write_bytes(b"x" * 170_000)

    assert fetch_file(web.address + "large", tmp_path / "large").read_bytes() == content


def test_a_part_that_is_longer_than_the_file_is_thrown_away(web, tmp_path):
    web.files["large"] = content = np.random.default_rng(1).bytes(1000)
    (tmp_path / "large.part").write_bytes(b"x" * 2000)

    assert fetch_file(web.address + "large", tmp_path / "large").read_bytes() == content


def test_a_part_that_was_whole_needs_no_more_bytes(web, tmp_path):
    web.files["large"] = content = np.random.default_rng(1).bytes(1000)
    (tmp_path / "large.part").write_bytes(content)

    assert fetch_file(web.address + "large", tmp_path / "large").read_bytes() == content


def test_a_connection_that_brings_nothing_ends_with_what_there_is_kept(web, tmp_path):
    web.files["large"] = np.random.default_rng(1).bytes(100_000)
    (tmp_path / "large.part").write_bytes(web.files["large"][:50_000])
    web.cut_after = 0

    with pytest.raises(HubError, match="large was cut off after 0 MB; the next call goes on from there"):
        fetch_file(web.address + "large", tmp_path / "large")

    assert (tmp_path / "large.part").stat().st_size == 50_000


def test_a_zip_that_is_damaged_is_removed_and_comes_again(web, tmp_path):
    good = web.files["DIV2K_valid_HR.zip"]
    web.files["DIV2K_valid_HR.zip"] = good[: len(good) // 2]
    with pytest.raises(DataError, match="DIV2K_valid_HR.zip is cut off or damaged .* removed from the cache"):
        load_dataset("Div2k", "bicubic_x4", cache_dir=tmp_path)
    web.files["DIV2K_valid_HR.zip"] = good

    assert len(load_dataset("Div2k", "bicubic_x4", cache_dir=tmp_path)) == 2


def test_div2k_that_is_unavailable_says_why(web, tmp_path):
    with pytest.raises(HubError, match="DIV2K_valid_HR.zip of DIV2K is not in the cache, and local_files_only forbids"):
        load_dataset("Div2k", "bicubic_x4", cache_dir=tmp_path, local_files_only=True)
    del web.files["DIV2K_valid_HR.zip"]
    with pytest.raises(MissingFileError, match="there is no http://.*/DIV2K/DIV2K_valid_HR.zip"):
        load_dataset("Div2k", "bicubic_x4", cache_dir=tmp_path)
    web.close()
    with pytest.raises(HubError, match="127.0.0.1 cannot be reached for DIV2K_valid_HR.zip"):
        load_dataset("Div2k", "bicubic_x4", cache_dir=tmp_path)


def test_without_the_package_datasets_sets_are_still_found(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)    # as Python has one that cannot be imported

    assert len(find_set("samples", "bicubic_x2")) == 5
    with pytest.raises(ValueError, match=r"load_dataset needs the package datasets: pip install 'drln\[train\]'"):
        load_dataset("samples", "bicubic_x2")
