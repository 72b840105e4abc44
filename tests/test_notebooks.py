"""The notebooks, run from the first cell to the last in a kernel of their own, with no hub within reach."""

import os
from pathlib import Path

import nbformat
import pytest
from live_app import NO_HUB, ROOT
from nbclient import NotebookClient

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CELL_SECONDS = 300    # a bound for a hanging cell, and no claim
SCREEN = 30    # lines


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """The cells of a notebook by their ids, with their outputs, each notebook run once."""
    done = {}

    def execute(path: Path) -> dict[str, nbformat.NotebookNode]:
        if path not in done:
            folder = tmp_path_factory.mktemp(path.stem)    # neither the checkout nor a hub's cache
            environment = {
                "HF_ENDPOINT": NO_HUB,
                "HF_HOME": str(folder / "hub"),
                "OMP_NUM_THREADS": "1",
                "PYTHONPATH": str(ROOT),    # where the package is not installed
            }
            client = NotebookClient(
                read(path), timeout=CELL_SECONDS, kernel_name="python3", resources={"metadata": {"path": folder}}
            )
            client.execute(env={**os.environ, **environment})
            done[path] = {cell.id: cell for cell in client.nb.cells}
        return done[path]

    return execute


def markdown(cell: nbformat.NotebookNode) -> str:
    return "".join(output.data.get("text/markdown", "") for output in cell.outputs if "data" in output)


def test_there_are_notebooks():
    assert [path.stem for path in NOTEBOOKS if path.stem == "evaluate"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_runs_and_what_it_asserts_holds(executed, path):
    cells = executed(path)

    counts = [cell.execution_count for cell in cells.values() if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))


def test_evaluate_shows_a_table_of_each_protocol_and_plots(executed):
    cells = executed(ROOT / "notebooks" / "evaluate.ipynb")

    tables = markdown(cells["tables"])
    assert tables.index("Standard protocol") < tables.index("Card's protocol")
    assert tables.count("| samples | 2x |") == 2
    for name in ("plot", "look-plot"):
        assert any("image/png" in output.get("data", {}) for output in cells[name].outputs)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_stored_without_outputs(path):
    assert not [cell.id for cell in code(path) if cell.outputs or cell.execution_count]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_cells_are_short_and_define_no_classes(path):
    for cell in code(path):
        lines = cell.source.splitlines()
        assert len(lines) <= SCREEN, cell.id
        assert not [line for line in lines if line.lstrip().startswith("class ")], cell.id
