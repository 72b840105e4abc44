"""What the README says can be done, done as it says."""

import re
import shlex
from pathlib import Path

import pytest
from huggingface_hub import constants
from PIL import Image
from set_files import div2k_files, photo, write_files

from drln import DrlnModel
from drln.__main__ import main
from drln.samples import list_samples

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PYTHON = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
COMMANDS = re.findall(r"^python -m drln (.*)$", README, flags=re.MULTILINE)
NEEDS_HUB = re.compile("eugenesiow|Set5")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """To be in, without a hub: a photo of a few pixels, as a reader has one of many, and a folder of photos."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HOME", str(tmp_path / "home"))
    Image.open(list_samples()[0]).convert("RGB").resize((40, 30)).save("photo.jpg")
    (tmp_path / "photos").mkdir()
    for path in list_samples()[:2]:
        with Image.open(path) as photo:
            photo.resize((96, 72)).save(tmp_path / "photos" / path.name)
    return tmp_path


def run_code(code: str) -> None:
    exec(compile(code, "README.md", "exec"), {"__name__": "__main__"})


def snippet(word: str) -> str:
    (found,) = [code for code in PYTHON if word in code]
    return found


def test_the_five_lines_upscale_a_photo(folder):
    run_code(snippet("Upscaler(model).upscale"))

    with Image.open(folder / "photo_4x.png") as result:
        assert result.size == (160, 120)


def test_the_lines_from_file_to_file_upscale_a_photo(folder):
    run_code(snippet("Photo.open"))

    with Image.open(folder / "photo_2x.webp") as result:
        assert result.size == (80, 60)


def test_the_model_cards_snippet_runs_with_our_import(folder):
    run_code(snippet("ImageLoader.load_image"))

    with Image.open(folder / "scaled_2x.png") as result:
        assert result.size == (80, 60)
    with Image.open(folder / "scaled_2x_compare.png") as picture:
        assert picture.width >= 160


def test_the_client_snippet_talks_to_a_running_app(folder, app):
    code = snippet("gradio_client").replace("http://127.0.0.1:7860", app.address)

    run_code(code + "\nimport shutil; shutil.copy(path, 'result.png')")

    with Image.open(folder / "result.png") as result:
        assert result.size == (160, 120)


def test_the_train_command_fine_tunes_on_a_folder_of_photos(folder):
    (command,) = [command for command in COMMANDS if command.startswith("train ")]

    assert main([*shlex.split(command), "--steps", "1", "--patch-size", "16", "--cache-dir", "cache"]) == 0

    made = {path.name for path in (folder / "results").iterdir()}
    assert made >= {"model_4x.safetensors", "README.md", "history.csv", "curve.png"}
    assert DrlnModel.from_pretrained(folder / "results", scale=4).config.border == 4


def test_the_cards_recipe_runs_on_a_small_div2k_and_a_small_network(folder):
    images = {"0801": photo(1, 520, 512), "0802": photo(2, 512, 512)}
    for word in ("train", "valid"):
        files = {name.replace("valid", word): content for name, content in div2k_files(images).items()}
        write_files(folder / "Div2k", files)
    code = snippet("trainer.train()").replace("eugenesiow/Div2k", "./Div2k").replace("epochs=1000", "epochs=1")
    code = code.replace("bam=True", "bam=True, channels=4, groups=(1,)")

    run_code(code)

    rows = (folder / "results" / "history.csv").read_text().splitlines()
    assert len(rows) == 2    # one epoch, of ten crops
    assert len(list((folder / "home").rglob("*-4.png"))) == 4    # the fifth crop of each image, LR and HR


@pytest.mark.parametrize(
    "command", [command for command in COMMANDS if not NEEDS_HUB.search(command) and not command.startswith("train ")]
)
def test_the_commands_run(folder, command):
    output = folder / re.search(r"--output (\S+)", command)[1]

    assert main(shlex.split(command)) == 0

    if output.is_dir():
        results = {path.stem for path in output.iterdir() if path.is_file()}
        assert results == {path.stem for path in (folder / "photos").iterdir()}
    elif output.suffix in (".png", ".jpg"):
        scale = int(re.search(r"--scale (\d)", command)[1])
        with Image.open(output) as result:
            assert result.size == (40 * scale, 30 * scale)
    else:
        assert len(output.read_text().splitlines()) > len(list_samples())


def test_every_link_to_a_file_leads_somewhere():
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if not link.startswith("http")]

    missing = [link for link in links if not (ROOT / link).exists()]
    assert links and not missing


def test_every_python_snippet_is_run_here():
    words = ("Upscaler(model).upscale", "Photo.open", "ImageLoader.load_image", "gradio_client", "trainer.train()")
    run_above = [snippet(word) for word in words]

    assert sorted(PYTHON) == sorted(run_above)


def test_every_test_that_the_table_of_formats_names_is_there():
    names = re.findall(r"`(test_\w+)`", README)
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))

    assert len(names) > 15
    assert [name for name in names if f"def {name}(" not in tests] == []
