"""Training as a process: killed in the middle of a save, stopped by Ctrl-C, and spread over two."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import training_run
from forked import Forked
from histories import read_history
from live_app import free_port
from terminal import read_until

ROOT = Path(__file__).parents[2]
PROGRAM = training_run.__file__


def start(*arguments: object, **variables: str) -> Forked:
    return Forked(*arguments, env=os.environ | variables, needs=["accelerate", "torch._dynamo"])


def start_two(*arguments: object) -> list[Forked]:
    """As a launcher starts them."""
    met = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    return [start(*arguments, RANK=rank, LOCAL_RANK=rank, **met) for rank in "01"]


def steps(shown: str) -> list[int]:
    """Those that the bar has shown."""
    return [int(step) for step in re.findall(r"(\d+)/5000 \[", shown)]


def columns(folder: Path, *names: str) -> list[list[float]]:
    return [[row[name] for name in names] for row in read_history(folder / "run" / "history.csv")]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return torch.load(folder / "run" / "checkpoint.pt", weights_only=True)["model"]


def same(one: dict[str, torch.Tensor], two: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(tensor, two[name]) for name, tensor in one.items())


@pytest.fixture(scope="module")
def straight(tmp_path_factory) -> Path:
    """A run of twelve steps that nothing befell."""
    folder = tmp_path_factory.mktemp("straight")
    training_run.main(str(folder), "12", "4")
    return folder


def test_a_run_killed_in_the_middle_of_a_save_is_resumed_to_the_same_weights_and_losses(straight, tmp_path):
    process = start(PROGRAM, tmp_path, "12", "4", "--slow-save")
    # The first checkpoint has its name; the second, after step 8, has none yet.
    read_until(process.stdout.fileno(), lambda shown: shown.count("saving") == 2)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    left = [path.name for path in (tmp_path / "run").iterdir() if path.name.startswith(".drln-")]
    assert len(left) == 1 and columns(tmp_path, "step") == [[4]]

    training_run.main(str(tmp_path), "12", "4", "--resume")

    assert columns(tmp_path, "step", "loss", "psnr") == columns(straight, "step", "loss", "psnr")
    assert same(weights(tmp_path), weights(straight))
    assert not [path for path in (tmp_path / "run").iterdir() if path.name.startswith(".")]


def test_a_run_that_is_stopped_saves_the_step_it_was_at(tmp_path):
    command = [sys.executable, PROGRAM, str(tmp_path), "5000", "4", "--workers"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, env=environment, start_new_session=True, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    read_until(process.stderr.fileno(), lambda shown: max(steps(shown), default=0) >= 10)
    os.killpg(process.pid, signal.SIGINT)    # as a terminal does

    errors = process.communicate(timeout=120)[1]

    checkpoint = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)
    step = int(re.findall(r"KeyboardInterrupt: step (\d+) of 5000 is saved in", errors.splitlines()[-1])[0])
    assert f'"step": {step},' in checkpoint["state"] and 10 <= step < 5000


def test_runs_stopped_at_random_moments_end_and_are_resumed_to_the_same_weights():
    runs = start(ROOT / "tests" / "support" / "stop_training.py", "--runs", "4", "--limit", "60")

    output, errors = runs.communicate(timeout=400)

    assert runs.returncode == 0, output + errors


def test_processes_that_do_not_share_a_disk_do_not_resume_apart(straight, tmp_path):
    shutil.copytree(straight / "run", f"{tmp_path}0/run")    # that of the first process alone

    processes = start_two(PROGRAM, tmp_path, "16", "2", "--resume", "--apart")
    errors = "".join([process.communicate()[1] for process in processes])

    assert all(process.returncode for process in processes) and "find checkpoints of different steps, [12, 0]" in errors
    assert "put output_dir on a disk that all machines share" in errors


def test_two_processes_have_the_losses_and_weights_of_one_with_the_same_global_batch(straight, tmp_path):
    processes = start_two(PROGRAM, tmp_path, "12", "2")
    errors = "".join([process.communicate()[1] for process in processes])
    assert [process.returncode for process in processes] == [0, 0], errors

    for ours, theirs in zip(columns(tmp_path, "loss", "psnr"), columns(straight, "loss", "psnr")):
        assert ours == pytest.approx(theirs, rel=1e-4)
    for name, tensor in weights(straight).items():
        torch.testing.assert_close(weights(tmp_path)[name], tensor, rtol=0, atol=1e-4)
