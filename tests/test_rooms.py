"""Imports go one way: no circle of files, none of rooms, and nothing below knows what lies above it."""

import ast
from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in [ROOT / "app.py", *ROOT.glob("drln/**/*.py"), *ROOT.glob("demo/**/*.py")]
}


def imported(name: str) -> set[str]:
    """Every module that a file imports, at its top or inside a function, for types too; as it names it."""
    path, found = FILES[name], set()
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*parents, *filter(None, [node.module])])
            found |= {sub if (sub := f"{module}.{alias.name}") in FILES else module for alias in node.names}
    return found


IMPORTS = {name: imported(name) for name in FILES}


def room(name: str) -> str:
    """The folder below `drln` or `demo` in which a file lies; files beside these folders are rooms of their own."""
    parts = name.split(".")
    is_folder = len(parts) > 1 and (ROOT / parts[0] / parts[1]).is_dir()
    return ".".join(parts[:2]) if is_folder or len(parts) < 3 else name


def circle(arrows: dict[str, Iterable[str]]) -> list[str]:
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_the_reader_of_imports_sees_them():
    assert "drln.network.blocks" in IMPORTS["drln.network.plain"]
    assert "drln.model" in IMPORTS["drln"] and "demo.interface" in IMPORTS["app"]
    assert "matplotlib" in {name.split(".")[0] for name in IMPORTS["drln.plots.figures"]}    # within a function
    assert circle({"a": ["b"], "b": ["a"]}) and not circle({"a": ["b"], "b": []})


def test_no_files_import_one_another_in_a_circle():
    assert circle({name: IMPORTS[name] & FILES.keys() for name in FILES}) == []


def test_no_rooms_import_one_another_in_a_circle():
    """So there is an order of rooms in which every import goes down."""
    arrows: dict[str, set[str]] = {}
    for name, names in IMPORTS.items():
        arrows.setdefault(room(name), set()).update({room(one) for one in names & FILES.keys()} - {room(name)})

    assert len(arrows) > 15
    assert circle(arrows) == []


@pytest.mark.parametrize("face", [name for name in FILES if name in ("drln", "demo")])
def test_nothing_in_a_package_imports_its_face(face):
    assert [name for name in FILES if name.startswith(f"{face}.") and face in IMPORTS[name]] == []


@pytest.mark.parametrize(
    ("below", "above"),
    [
        ("drln", {"demo", "gradio", "spaces"}),
        ("drln.network", {"drln.weights", "drln.images", "drln.model", "PIL", "numpy", "huggingface_hub"}),
        ("drln.weights", {"drln.model", "drln.images", "PIL"}),
        ("demo.backend", {"gradio", "demo.wording", "html"}),
        ("demo.wording", {"gradio"}),
    ],
)
def test_a_room_does_not_know(below, above):
    known = {
        (name, other)
        for name in FILES
        if name == below or name.startswith(f"{below}.")
        for other in IMPORTS[name]
        if any(other == one or other.startswith(f"{one}.") for one in above)
    }

    assert any(name == below or name.startswith(f"{below}.") for name in FILES)
    assert known == set()
