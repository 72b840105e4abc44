"""Run the notebooks from the first cell to the last, each in a kernel and a folder of its own.

    python notebooks/run.py [NAME ...]            all of them, or those named, as a reader runs them
    python notebooks/run.py [NAME ...] --store    and keep the pictures of the cells tagged "picture"
    python notebooks/run.py --address             write the project's address into badges and setup cells

Of a cell that is tagged "picture" the last figure stays in the notebook, made small, so that the notebook
can be read on the web; all other outputs are left out. The README shows that of the cell tagged "cover".
"""

from __future__ import annotations

import argparse
import base64
import io
import os
import re
import tempfile
import time
import tomllib
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbformat import NotebookNode
from PIL import Image

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
COVERS = ROOT / "demo" / "images"
PLACEHOLDER = "https://github.com/OWNER/drln"    # until [project.urls] in pyproject.toml has an address
CELL_SECONDS = 900    # a bound for a hanging cell, and no claim
PICTURE_WIDTH, COVER_WIDTH = 720, 840    # pixels

# What the quick form, of the tests, sets after the cell "knobs": less of the same.
QUICK = {
    "evaluate": "DATASETS, SCALES = ['photos'], [4]",
    "inside_drln": (
        "VIEW, SIDE, TILE, OVERLAPS, AROUND, JUDGED_BY = (72, 108), 40, 20, [0, 16], 34, find_set('photos')"
    ),
    "train": "PATCH, BATCH, STAGES = 16, 2, [10, 30]",
    "upscale": "PHOTO, JUDGED_BY, SIDES = 'photos/photo.png', ['photos/photo.png'], [64]",
}


def execute(
    path: Path,
    folder: Path,
    quick: bool = False,
    environment: Mapping[str, str] | None = None,
    kernel: AsyncKernelManager | None = None,
) -> NotebookNode:
    """The notebook with the outputs of all its cells.

    Args:
        path: of the notebook, which is not written.
        folder: where its kernel runs, and leaves what it saves.
        quick: set what `QUICK` says.
        environment: variables for the kernel, beside those of this process, where it is not running yet.
        kernel: started where it is not running, emptied first, and left running; by default one of its own.

    Raises:
        nbclient.exceptions.CellExecutionError: at the first cell that fails.
    """
    notebook = nbformat.read(path, as_version=4)
    if quick and path.stem in QUICK:
        (knobs,) = [cell for cell in notebook.cells if cell.id == "knobs"]
        knobs.source += f"\n\n{QUICK[path.stem]}"
    variables = {"PYTHONPATH": str(ROOT), **os.environ, **(environment or {})}    # the package may not be installed
    resources = {"metadata": {"path": folder}}
    client = partial(NotebookClient, km=kernel, timeout=CELL_SECONDS, kernel_name="python3", resources=resources)
    if kernel:
        emptied = nbformat.v4.new_code_cell(f"import os; os.chdir({str(folder)!r}); get_ipython().reset()")
        client(nbformat.v4.new_notebook(cells=[emptied])).execute(env=variables)
    client(notebook).execute(env=variables)
    return notebook


def tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def figures(cell: NotebookNode) -> list[Image.Image]:
    """The pictures among the outputs of a cell."""
    encoded = [output.data["image/png"] for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]
    return [Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB") for data in encoded]


def homepage() -> str:
    """The address of the project, or a placeholder while there is none."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return project.get("urls", {}).get("Homepage", PLACEHOLDER).rstrip("/")


def addressed(text: str, address: str) -> str:
    """A cell with the address in a badge of Colab, which opens notebooks of GitHub, and in a pip command; with
    a real address, without the remark on the placeholder."""
    repository = address.removeprefix("https://github.com/")
    text = re.sub(r"(colab\.research\.google\.com/github/)[^/]+/[^/]+/", rf"\g<1>{repository}/", text)
    text = re.sub(r'(@ git\+)[^"\s]+', rf"\g<1>{address}", text)
    return text if address == PLACEHOLDER else re.sub(r" \(While the address says `OWNER`[^)]*\)", "", text)


def store(notebook: NotebookNode, path: Path, covers: Path = COVERS) -> None:
    """Write the notebook with its small pictures, and its cover for the README into `covers`."""
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        shown, cell.execution_count = figures(cell)[-1:], None
        cell.outputs = [_small(shown[0])] if shown and "picture" in tags(cell) else []
        if "cover" in tags(cell):
            _narrowed(shown[0], COVER_WIDTH).save(covers / f"{path.stem}.webp", quality=82, method=6)
    _write(notebook, path)


def _small(picture: Image.Image) -> NotebookNode:
    data = io.BytesIO()
    _narrowed(picture, PICTURE_WIDTH).save(data, "JPEG", quality=80, optimize=True)
    encoded = base64.b64encode(data.getvalue()).decode()
    return nbformat.v4.new_output("display_data", {"image/jpeg": encoded, "text/plain": "a figure, made small"})


def _narrowed(picture: Image.Image, width: int) -> Image.Image:
    if picture.width <= width:
        return picture
    return picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)


def _write(notebook: NotebookNode, path: Path) -> None:
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    nbformat.write(notebook, path)


def main() -> None:
    parser = argparse.ArgumentParser(description="Run the notebooks.")
    parser.add_argument("names", nargs="*", choices=[[], *(path.stem for path in NOTEBOOKS)], metavar="NAME")
    parser.add_argument("--store", action="store_true", help='keep the pictures of cells tagged "picture"')
    parser.add_argument("--address", action="store_true", help="write the project's address into the notebooks")
    arguments = parser.parse_args()
    for path in NOTEBOOKS:
        if arguments.names and path.stem not in arguments.names:
            continue
        if arguments.address:
            notebook = nbformat.read(path, as_version=4)
            for cell in notebook.cells:
                cell.source = addressed(cell.source, homepage())
            _write(notebook, path)
            continue
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            notebook = execute(path, Path(folder))
        if arguments.store:
            store(notebook, path)
        print(f"{path.stem}: {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
