"""What the READMEs say can be done, done as they say."""

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
MAIN = ROOT / "README.md"
READMES = [MAIN, *sorted(path for room in ("demo", "drln", "tests") for path in (ROOT / room).rglob("README.md"))]
TEXT = "\n".join(path.read_text() for path in READMES)
PYTHON = list(dict.fromkeys(re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)))
COMMANDS = list(dict.fromkeys(re.findall(r"^python -m drln (.*)$", TEXT, flags=re.MULTILINE)))
TRAIN = [command for command in COMMANDS if command.startswith("train ")]
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


def links(path: Path) -> list[tuple[Path, str]]:
    """The files that a README leads to, as seen from its own folder, and the heading in each, or ""."""
    found = [link for link in re.findall(r"\]\(([^)]+)\)", path.read_text()) if not link.startswith("http")]
    return [((path.parent / file).resolve(), anchor) for file, _, anchor in (link.partition("#") for link in found)]


def anchors(path: Path) -> set[str]:
    """What a link may name of a file's headings."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


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


def test_the_lines_that_measure_give_a_score_of_bicubic_and_of_the_model(folder, capsys):
    run_code(snippet("evaluate(model"))

    scores = re.findall(r"^(\S+).*: (\d+\.\d\d) dB / 0\.\d{4}$", capsys.readouterr().out, flags=re.MULTILINE)
    (bicubic, low), (model, high) = scores
    assert (bicubic, model) == ("bicubic", "drln-bam-compact")
    assert float(high) > float(low)


def test_the_client_snippet_talks_to_a_running_app(folder, app):
    code = snippet("gradio_client").replace("http://127.0.0.1:7860", app.address)

    run_code(code + "\nimport shutil; shutil.copy(path, 'result.png')")

    with Image.open(folder / "result.png") as result:
        assert result.size == (160, 120)


def test_the_train_command_fine_tunes_on_a_folder_of_photos(folder):
    (command,) = [command for command in TRAIN if "--recipe" not in command]

    assert main([*shlex.split(command), "--steps", "1", "--patch-size", "16", "--cache-dir", "cache"]) == 0

    made = {path.name for path in (folder / "results").iterdir()}
    assert made >= {"model_4x.safetensors", "README.md", "history.csv", "curve.png"}
    assert DrlnModel.from_pretrained(folder / "results", scale=4).config.border == 4


def test_the_commands_of_a_recipe_make_models_one_from_the_other(folder):
    small = "--channels 4 --groups 1 --steps 1 --patch-size 8 --batch-size 2 --overwrite --cache-dir cache".split()

    for command in (command for command in TRAIN if "--recipe" in command):
        words = shlex.split(command.replace(" drawn ", " "))    # which is there, but takes its time
        minutes = words.index("--minutes")
        assert main([*words[:minutes], *words[minutes + 2 :], *small]) == 0

    scales = {"x2": 2, "x4": 4, "photo-x4": 4, "x3": 3}
    assert all(DrlnModel.from_pretrained(folder / name, scale).config.border == 4 for name, scale in scales.items())


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
    output, width = folder / re.search(r"--output (\S+)", command)[1], re.search(r"--width (\d+)", command)
    if width:    # a photo that is wide enough, and low, so that it takes no time
        Image.new("RGB", (int(width[1]) * 2 // 5, 10), "teal").save("photo.jpg")

    assert main(shlex.split(command)) == 0

    if output.is_dir():
        results = {path.stem for path in output.iterdir() if path.is_file()}
        assert results == {path.stem for path in (folder / "photos").iterdir()}
    elif width:
        with Image.open(output) as result:
            assert result.size == (int(width[1]), 25)
    elif output.suffix in (".png", ".jpg"):
        scale = int(re.search(r"--scale (\d)", command)[1])
        with Image.open(output) as result:
            assert result.size == (40 * scale, 30 * scale)
    else:
        assert len(output.read_text().splitlines()) > len(list_samples())


@pytest.mark.parametrize("path", READMES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(path):
    found = links(path)

    missing = [file for file, _ in found if not file.exists()]
    unnamed = [(file, anchor) for file, anchor in found if anchor and file.is_file() and anchor not in anchors(file)]
    assert found and not missing and not unnamed


def test_the_main_readme_leads_to_all_others():
    assert {path.resolve() for path in READMES[1:]} <= {file for file, _ in links(MAIN)}


def test_every_python_snippet_is_run_here():
    words = (
        "Upscaler(model).upscale",
        "Photo.open",
        "ImageLoader.load_image",
        "evaluate(model",
        "gradio_client",
        "trainer.train()",
    )
    run_above = [snippet(word) for word in words]

    assert sorted(PYTHON) == sorted(run_above)


def test_every_test_that_is_named_is_there():
    names = re.findall(r"`(test_\w+)`", TEXT)
    tests = "".join(path.read_text() for path in Path(__file__).parent.rglob("test_*.py"))

    assert len(names) > 50
    assert [name for name in names if f"def {name}(" not in tests] == []
