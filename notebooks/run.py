"""Run the notebooks, each in a new kernel and a new folder.

    python notebooks/run.py [NAME ...]            run all notebooks, or those named, as a reader does
    python notebooks/run.py [NAME ...] --store    also store the figures of the cells tagged "picture"
    python notebooks/run.py --address             write the project's address into badges and setup cells

Storing keeps the last figure of each cell tagged "picture" in the notebook, made small, so that it can be read on the
web. All other outputs are dropped. The figure of the cell tagged "cover" is also stored for the README.
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
CELL_SECONDS = 900    # longer than any cell takes; stops one that hangs
PICTURE_WIDTH, COVER_WIDTH = 800, 840    # pixels

# Added to the cell "knobs" in the quick form, for the tests: the same with less work.
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
    """Run a notebook and return it with the outputs of all its cells. The file does not change.

    Args:
        path: the notebook.
        folder: the kernel runs here and writes its files here.
        quick: use the quick form.
        environment: more variables for the kernel, if it has to be started.
        kernel: one to share; it is started if needed, emptied first, and keeps running. By default a new one.

    Raises:
        nbclient.exceptions.CellExecutionError: if a cell fails.
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
    """The figures among the outputs of a cell."""
    encoded = [output.data["image/png"] for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]
    return [Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB") for data in encoded]


def homepage() -> str:
    """The project's address, or a placeholder until it has one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return project.get("urls", {}).get("Homepage", PLACEHOLDER).rstrip("/")


def addressed(text: str, address: str) -> str:
    """The text of a cell with the address in its Colab badge and its pip command.

    A real address also removes the remark about the placeholder. Colab opens notebooks from GitHub only.
    """
    repository = address.removeprefix("https://github.com/")
    text = re.sub(r"(colab\.research\.google\.com/github/)[^/]+/[^/]+/", rf"\g<1>{repository}/", text)
    text = re.sub(r'(@ git\+)[^"\s]+', rf"\g<1>{address}", text)
    return text if address == PLACEHOLDER else re.sub(r"\s\(While the address says `OWNER`[^)]*\)", "", text)


def store(notebook: NotebookNode, path: Path, covers: Path = COVERS) -> None:
    """Write the notebook with its small figures, and its cover for the README into the folder `covers`."""
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        if "cover" in tags(cell):
            _narrowed(figures(cell)[-1], COVER_WIDTH).save(covers / f"{path.stem}.webp", quality=82, method=6)
        cell.outputs = [_small(figures(cell)[-1])] if "picture" in tags(cell) and figures(cell) else []
        cell.execution_count = None
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
    parser.add_argument("--store", action="store_true", help='store the figures of the cells tagged "picture"')
    parser.add_argument("--address", action="store_true", help="write the project's address into the notebooks")
    arguments = parser.parse_args()
    for path in NOTEBOOKS:
        if arguments.names and path.stem not in arguments.names:
            continue
        if arguments.address:
            write_address(path)
        else:
            run(path, arguments.store)


def write_address(path: Path) -> None:
    """Write the project's address into the notebook."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.source = addressed(cell.source, homepage())
    _write(notebook, path)


def run(path: Path, is_stored: bool) -> None:
    """Run the notebook as a reader does and print how long it took."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        notebook = execute(path, Path(folder))
    if is_stored:
        store(notebook, path)
    print(f"{path.stem}: {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
