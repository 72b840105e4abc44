import ast
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import requires
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SOURCES = sorted((ROOT / "drln").rglob("*.py"))
CARRIED = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("weights/**/*", "samples/**/*", "evaluation/*.csv", "plots/viewer.*")
    for path in (ROOT / "drln").glob(pattern)
    if path.is_file() and "__pycache__" not in path.parts
)


def run_python(code: str, folder: Path, *path: Path) -> str:
    """What a fresh interpreter prints that has `folder` as its home, and just `path` to find drln on."""
    environment = {"HOME": str(folder), "PYTHONPATH": ":".join(map(str, path)), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def imported_modules(path: Path) -> set[str]:
    """Every module that a file names in an import, at its top or inside a function."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add("." * node.level + (node.module or ""))
    return names


def requirement_names(requirements: list[str]) -> set[str]:
    names = (re.match(r"[A-Za-z0-9._-]+", requirement) for requirement in requirements)
    return {re.sub(r"[-_.]+", "-", name[0]).lower() for name in names if name}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    """The wheel, built from a copy, so that nothing is left in the checkout."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT / "drln", source / "drln", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"    # as pip calls it
    subprocess.run([sys.executable, "-c", build, target], cwd=source, check=True)
    return zipfile.ZipFile(next(target.glob("*.whl")))


def test_the_wheel_carries_weights_samples_and_published_scores_and_no_tests(wheel):
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}

    assert {Path(name).suffix for name in CARRIED} >= {".safetensors", ".md", ".csv"}
    assert names >= set(CARRIED)
    assert names >= {path.relative_to(ROOT).as_posix() for path in SOURCES}
    assert {name.split("/")[0] for name in names} == {"drln"}


def test_the_wheel_upscales_with_no_checkout_no_network_no_extra_and_makes_no_file(wheel, tmp_path):
    wheel.extractall(tmp_path / "site")
    (tmp_path / "home").mkdir()
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in SOURCES]
    imports = "\n".join(f"import {name.removesuffix('.__init__')}" for name in modules if "__main__" not in name)
    code = f"""
import os
os.environ["HF_HUB_OFFLINE"] = "1"
import sys
{imports}
import torch
print(*sys.modules)
from drln.samples import list_samples
models = [drln.DrlnModel.from_pretrained("drln-bam-compact", scale=scale) for scale in (2, 3)]
models += [drln.DrlnModel.from_pretrained("drln-bam-compact-photo", scale=4)]
print(drln.__file__, sum(path.is_file() for path in list_samples()))
print(*[side for model in models for side in model(torch.rand(1, 3, 5, 4)).shape[2:]])
"""

    loaded, found, sides = run_python(code, tmp_path / "home", tmp_path / "site").splitlines()

    assert "drln.model" in loaded.split()
    assert not {"gradio", "datasets", "matplotlib", "accelerate"} & set(loaded.split())
    file, samples = found.split()
    assert Path(file).is_relative_to(tmp_path) and int(samples) >= 3
    assert sides.split() == ["10", "8", "15", "12", "20", "16"]
    assert not list((tmp_path / "home").iterdir())


def test_a_network_is_built_and_trained_without_codecs_and_other_packages(tmp_path):
    """With torch, numpy, Pillow, safetensors, huggingface_hub and what that asks for itself."""
    extras = sum(PROJECT["optional-dependencies"].values(), [])
    needed = {"torch", "numpy", "pillow", "safetensors", "huggingface-hub"}
    needed |= requirement_names([one for one in requires("huggingface_hub") if "extra ==" not in one])
    others = {name.replace("-", "_") for name in requirement_names(PROJECT["dependencies"] + extras) - needed}
    code = f"""
import sys
sys.modules.update(dict.fromkeys({others}))    # so that importing one of them fails
import torch
from drln import DrlnConfig, DrlnModel
model = DrlnModel(DrlnConfig(2, bam=True, channels=4, groups=(1,)))
before = [weights.clone() for weights in model.parameters()]
model(torch.rand(1, 3, 6, 6)).mean().backward()
with torch.no_grad():    # a step by hand: torch's optimizers import a compiler
    for weights in model.parameters():
        if weights.grad is not None:
            weights -= 0.1 * weights.grad
print(any(not torch.equal(*pair) for pair in zip(before, model.parameters())))
print(*model.eval()(torch.rand(1, 3, 5, 4)).shape)
"""

    assert others >= {"imagecodecs", "tifffile", "pi_heif", "psutil", "accelerate", "matplotlib", "gradio", "datasets"}
    assert run_python(code, tmp_path, ROOT).split() == ["True", "1", "3", "10", "8"]


def test_the_wheel_states_version_and_licence(wheel):
    metadata = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))

    lines = wheel.read(metadata).decode().splitlines()

    assert f"Version: {PROJECT['version']}" in lines
    assert "License-Expression: Apache-2.0" in lines
    assert any(name.endswith("/LICENSE") for name in wheel.namelist())


def test_a_space_installs_what_the_demo_extra_installs():
    lines = (ROOT / "requirements.txt").read_text().splitlines()

    required = {line for line in lines if line and not line.startswith("#")}

    assert required == {*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["demo"]}


def test_constraints_pin_all_that_is_asked_for_and_no_local_build():
    pins = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]

    extras = sum(PROJECT["optional-dependencies"].values(), [])
    assert requirement_names(pins) >= requirement_names(PROJECT["dependencies"] + extras)
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9a-z.]*", pin) for pin in pins)
