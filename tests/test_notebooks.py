"""The notebooks, run from the first cell to the last, with no hub within reach.

In quick form here, and in one kernel; `make notebooks` sets NOTEBOOKS=normal, and then they run as a reader runs them.
"""

import base64
import importlib
import io
import json
import os
import re

import nbformat
import pytest
from jupyter_client.manager import AsyncKernelManager
from live_app import NO_HUB, ROOT
from nbclient.util import run_sync
from PIL import Image

from drln.samples import list_samples
from notebooks.run import NOTEBOOKS, PLACEHOLDER, QUICK, addressed, execute, figures, homepage, store, tags

QUICK_FORM = os.environ.get("NOTEBOOKS") != "normal"
LONGEST = 15    # lines of a code cell
WIDEST = 120    # characters of its lines
LARGEST = 300_000    # bytes of a stored notebook

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path):
    return json.loads(path.read_text())


def source(cell):
    return "".join(cell["source"])


def code(path):
    return [cell for cell in read(path)["cells"] if cell["cell_type"] == "code"]


@pytest.fixture(scope="module")
def kernel():
    """One for all notebooks in quick form, which takes two thirds of the time of four."""
    manager = AsyncKernelManager(kernel_name="python3")
    yield manager
    if manager.has_kernel:
        run_sync(manager.shutdown_kernel)(now=True)


@pytest.fixture(scope="module")
def executed(tmp_path_factory, kernel):
    """The cells of a notebook by their ids, with their outputs, each notebook run once."""
    done = {}

    def run(path):
        if path not in done:
            folder = tmp_path_factory.mktemp(path.stem)    # neither the checkout nor a hub's cache
            (folder / "photos").mkdir()
            with Image.open(list_samples()[0]) as photo:    # a reader's own
                photo.crop((100, 60, 200, 130)).save(folder / "photos" / "photo.png")
            environment = {"HF_ENDPOINT": NO_HUB, "HF_HOME": str(folder / "hub"), "OMP_NUM_THREADS": "1"}
            notebook = execute(path, folder, QUICK_FORM, environment, kernel if QUICK_FORM else None)
            done[path] = {cell.id: cell for cell in notebook.cells}
        return done[path]

    return run


def markdown(cell):
    return "".join(output.data.get("text/markdown", "") for output in cell.outputs if "data" in output)


def test_the_notebooks_that_are_promised_are_there():
    assert {path.stem for path in NOTEBOOKS} == {"evaluate", "inside_drln", "train", "upscale"}


@every_notebook
def test_every_cell_runs_and_what_it_asserts_holds(executed, path):
    cells = executed(path)

    counts = [cell.execution_count for cell in cells.values() if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))


@every_notebook
def test_a_code_cell_is_short_enough_to_be_read_at_once(path):
    for cell in code(path):
        lines = source(cell).splitlines()
        assert len(lines) <= LONGEST, cell["id"]
        assert max(map(len, lines)) <= WIDEST, cell["id"]


@every_notebook
def test_a_notebook_imports_public_names_from_the_faces_of_rooms(path):
    text = "\n".join(map(source, code(path)))
    imports = re.findall(r"^from (drln\S*) import (.+)$", text, re.MULTILINE)

    assert imports
    for module, names in imports:
        face = importlib.import_module(module)
        assert module.count(".") <= 1, module
        assert set(names.split(", ")) <= set(getattr(face, "__all__", dir(face))), module


@every_notebook
def test_figures_have_captions_and_room_around_them_on_white(executed, path):
    cells = [cell for cell in executed(path).values() if cell.cell_type == "code" and figures(cell)]

    assert len(cells) >= 3
    for cell in cells:
        has_words = re.search(r"""["'][^"']{25,}""", cell.source)    # that of plot_... may be left out
        plotted = re.search(r"\bplot_(?!history)\w+\(", cell.source) and has_words
        assert plotted or re.search(r"\b(caption|show|zoom|draw_network)\(", cell.source), cell.id
        for figure in figures(cell):
            corners = [figure.getpixel((x, y)) for x in (0, figure.width - 1) for y in (0, figure.height - 1)]
            assert corners == [(255, 255, 255)] * 4, cell.id


def test_evaluate_shows_a_table_of_each_protocol(executed):
    cells = executed(ROOT / "notebooks" / "evaluate.ipynb")

    ours, theirs = markdown(cells["tables"]), markdown(cells["theirs"])
    assert ours.index("Standard protocol") < ours.index("Card's protocol")
    assert ours.count("| photos/ | 4x |" if QUICK_FORM else "| samples | 4x |") == 2
    assert theirs.count("| BSD100 | 4x |") == 2


@every_notebook
def test_stored_notebooks_are_small_and_keep_tagged_pictures_alone(path):
    assert path.stat().st_size < LARGEST
    for cell in code(path):
        assert cell["execution_count"] is None, cell["id"]
        kept = [output["data"] for output in cell["outputs"]]
        if "picture" in cell["metadata"].get("tags", []):
            (data,) = kept
            with Image.open(io.BytesIO(base64.b64decode("".join(data["image/jpeg"])))) as picture:
                assert picture.width <= 800
        else:
            assert not kept, cell["id"]


@every_notebook
def test_a_few_pictures_make_a_notebook_readable_on_the_web_and_the_readme_shows_one(path):
    tagged = [tags for cell in code(path) if (tags := cell["metadata"].get("tags"))]

    assert 2 <= sum("picture" in tags for tags in tagged) <= 6
    assert sum("cover" in tags for tags in tagged) == 1
    assert f"(demo/images/{path.stem}.webp)](notebooks/{path.name})" in (ROOT / "README.md").read_text()


@every_notebook
def test_a_badge_opens_the_notebook_at_the_projects_address_and_the_setup_installs_from_there(path):
    cells = read(path)["cells"]
    repository = homepage().removeprefix("https://github.com/")

    first, setup = source(cells[0]), next(source(cell) for cell in cells if cell["id"] == "setup")

    assert f"(https://colab.research.google.com/github/{repository}/blob/main/notebooks/{path.name})" in first
    assert f"@ git+{homepage()}\"" in setup
    assert ("OWNER" in "".join(map(source, cells))) == (homepage() == PLACEHOLDER)


def test_another_address_is_written_into_badges_and_setup_cells():
    badge = "(https://colab.research.google.com/github/OWNER/drln/blob/main/notebooks/upscale.ipynb)"
    remark = "this installs it. (While the address says `OWNER`, run `pip install`\n in the checkout.)"
    install = '%pip install -q "drln[train] @ git+https://github.com/OWNER/drln"'

    assert addressed(remark, "https://github.com/someone/sharp") == "this installs it."
    assert addressed(remark, PLACEHOLDER) == remark
    assert "/github/someone/sharp/blob/main/" in addressed(badge, "https://github.com/someone/sharp")
    assert addressed(install, "https://github.com/someone/sharp").endswith('@ git+https://github.com/someone/sharp"')


@pytest.mark.parametrize("name", QUICK)
def test_the_quick_form_sets_knobs_that_the_notebook_has(name):
    (knobs,) = [source(cell) for cell in code(ROOT / "notebooks" / f"{name}.ipynb") if cell["id"] == "knobs"]

    names = re.match(r"[\w, ]+(?= =)", QUICK[name])[0].split(", ")
    assert names and all(re.search(rf"\b{knob}\b.* = ", knobs) for knob in names)
    assert re.search(r"^FULL = False$", knobs, flags=re.MULTILINE)


def test_storing_keeps_the_tagged_figure_small_and_strips_the_rest(executed, tmp_path):
    path = ROOT / "notebooks" / "evaluate.ipynb"
    notebook = nbformat.v4.new_notebook(cells=list(executed(path).values()))

    store(notebook, tmp_path / "evaluate.ipynb", covers=tmp_path)

    stored = code(tmp_path / "evaluate.ipynb")
    assert {cell["id"] for cell in stored if cell["outputs"]} == {
        cell.id for cell in notebook.cells if "picture" in tags(cell)
    }
    with Image.open(tmp_path / "evaluate.webp") as cover:
        assert cover.width <= 840
