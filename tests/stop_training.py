"""Stop training runs at random moments, many times: each has to end soon, and to go on from the step it reached.

    python tests/stop_training.py --runs 200
    python tests/stop_training.py --runs 40 --real

A run gets SIGTERM or Ctrl-C, in turn; half of the runs get it with their whole process group, as terminals and
clusters send it, the others alone, and every fourth gets another one later. Then it is resumed, and has to
end with the weights of a run that was not stopped. A run that does not end prints its stacks.

Importing torch takes longer than a run. So this process imports it once and forks, before it has any threads,
a child for each run; `--real` starts a program for each.
"""

import argparse
import faulthandler
import gc
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import accelerate  # noqa: F401    # imported here, so that no run has to
import torch
import torch._dynamo  # noqa: F401
import training_run

STEPS, LIMIT, RESUME_LIMIT = 24, 10, 120    # seconds
PROGRAM, ROOT = training_run.__file__, str(Path(__file__).parents[1])


class Child(Exception):
    """Raised in a forked child, to leave all that is its parent's."""


def start(folder: Path, resume: bool, real: bool) -> int:
    """Begin a run of `STEPS` steps in a session of its own, and give its process id."""
    arguments = [str(folder), str(STEPS), "2", "--workers", *["--resume"] * resume]
    log = folder / ("resumed.log" if resume else "log")
    if real:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": ROOT, "TQDM_MININTERVAL": "0"}
        with open(log, "w") as out:
            return subprocess.Popen(
                [sys.executable, PROGRAM, *arguments], env=environment, start_new_session=True, stdout=out, stderr=out
            ).pid
    log.touch()
    child = os.fork()
    os.setpgid(child, child)    # by whichever of the two comes first
    if child:
        return child
    out = os.open(log, os.O_WRONLY)
    os.dup2(out, 1)
    os.dup2(out, 2)
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    raise Child(*arguments)


def ended(process: int, limit: float) -> int | None:
    """The exit code, less than 0 for a signal; None if it still runs after `limit` seconds."""
    until = time.monotonic() + limit
    while True:
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > until:
            return None
        time.sleep(0.005)


def is_gone(group: int) -> bool:
    """Whether no process of it is left; workers may take a moment."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def kill(process: int, log: Path, real: bool) -> str:
    """End a run that does not end; give what it printed, its stacks last."""
    if not real:
        os.kill(process, signal.SIGUSR1)
        time.sleep(1)
    os.killpg(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return log.read_text()


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return torch.load(folder / "run" / "checkpoint.pt", weights_only=True)["model"]


def steps_shown(log: str) -> int:
    return max([int(step) for step in re.findall(rf"(\d+)/{STEPS} \[", log)], default=0)


def stop_one(folder: Path, chance: random.Random, number: int, longest: float, real: bool) -> tuple[str, float]:
    """Stop one run and give what became of it, and the seconds that it took to end.

    Raises:
        AssertionError: if it does not end in time, or a step that it reached is lost.
    """
    first, moment = (signal.SIGTERM, signal.SIGINT)[number % 2], chance.uniform(0, longest)
    send = os.killpg if number % 4 < 2 else os.kill
    again = chance.uniform(0, 5) if number % 4 == chance.randrange(4) else None
    case = f"run {number}: {first.name} by {send.__name__} after {moment:.3f} s, again after {again}"
    process = start(folder, False, real)
    code = ended(process, moment)
    if code is not None:
        assert code == 0, f"{case}: failed by itself\n{(folder / 'log').read_text()}"
        return "had ended before", 0.0
    began = time.monotonic()
    send(process, first)
    if again is not None:
        code = ended(process, again)
        if code is None:
            send(process, signal.SIGINT)
    if code is None:
        code = ended(process, LIMIT - (time.monotonic() - began))
    seconds = time.monotonic() - began
    assert code is not None, f"{case}: did not end in {LIMIT} s\n{kill(process, folder / 'log', real)}"
    log = (folder / "log").read_text()
    assert is_gone(process), f"{case}: left processes behind\n{log}"
    saved = [int(step) for step in re.findall(rf"KeyboardInterrupt: .*?step (\d+) of {STEPS} is saved", log)]
    has_checkpoint = (folder / "run" / "checkpoint.pt").exists()
    if again is None:
        assert steps_shown(log) <= (saved or [0])[0], f"{case}: lost a step\n{log}"
    if saved:
        state = torch.load(folder / "run" / "checkpoint.pt", weights_only=True)["state"]
        assert f'"step": {saved[0]},' in state, f"{case}: {state}\n{log}"
        return f"{first.name}, saved", seconds
    return f"{first.name}, {'an older checkpoint' if has_checkpoint else 'no step yet'}", seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="of the moments (default: 0)")
    parser.add_argument("--real", action="store_true", help="start a program for each run, instead of forking")
    args = parser.parse_args()
    chance, counts, slowest, failures = random.Random(args.seed), Counter(), 0.0, []
    parent = os.getpid()
    gc.freeze()    # what is imported is not collected at the end of each child
    os.environ["TQDM_MININTERVAL"] = "0"    # the bar shows each step
    place = tempfile.mkdtemp()
    try:
        straight = Path(place, "straight")
        straight.mkdir()
        began = time.monotonic()
        assert ended(start(straight, False, args.real), RESUME_LIMIT) == 0, (straight / "log").read_text()
        longest = 1.1 * (time.monotonic() - began)
        print(f"seed {args.seed}; a run takes {longest / 1.1:.1f} s; load {os.getloadavg()[0]:.1f}", flush=True)
        for number in range(args.runs):
            folder = Path(place, str(number))
            folder.mkdir()
            try:
                became, seconds = stop_one(folder, chance, number, longest, args.real)
                if became != "had ended before":
                    code = ended(start(folder, True, args.real), RESUME_LIMIT)
                    log = (folder / "resumed.log").read_text()
                    assert code == 0, f"run {number}: cannot be resumed\n{log}"
                expected = weights(straight)
                assert all(torch.equal(tensor, expected[name]) for name, tensor in weights(folder).items()), (
                    f"run {number}: was resumed to other weights"
                )
            except AssertionError as failure:
                became, seconds = "failed", 0.0
                failures.append(str(failure))
                print(failure, flush=True)
            counts[became] += 1
            slowest = max(slowest, seconds)
            shutil.rmtree(folder)
    finally:
        if os.getpid() == parent:
            shutil.rmtree(place, ignore_errors=True)
    for became, count in sorted(counts.items()):
        print(f"{count:4} {became}")
    print(f"{args.runs - len(failures)} of {args.runs} ended within {LIMIT} s and were resumed to the same weights; "
          f"slowest {slowest:.1f} s, load {os.getloadavg()[0]:.1f}")
    sys.exit(bool(failures))


if __name__ == "__main__":
    try:
        main()
        arguments = None
    except Child as child:
        arguments = child.args
    if arguments:
        training_run.main(*arguments)
